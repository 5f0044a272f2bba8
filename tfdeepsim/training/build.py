"""Builds the compiled model of a task."""

import contextlib

import keras
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.training.memory_limit import weights_within_memory
from tfdeepsim.training.task import Task
from tfdeepsim.training.workers import Workers

_JIT = {"auto": "auto", "on": True, "off": False}
"""Values of `--jit` in Keras' words."""


def make_strategy(config: TrainConfig, workers: Workers | None = None) -> tf.distribute.Strategy:
    """The `tf.distribute` strategy that `config.strategy` names.

    Args:
        config: Config of the run.
        workers: With `--strategy multiworker`, the workers of the run, which are waited for; None
            for those of the environment.

    Raises:
        InputError: If the batch cannot be split evenly over the devices, or a worker does not
            start.
    """
    if config.strategy == "multiworker":
        return (workers or Workers.of(config)).strategy()
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if config.strategy == "single" or (config.strategy == "auto" and len(devices) == 1):
        return tf.distribute.get_strategy()
    if config.batch_size % len(devices):
        raise InputError(
            "--batch-size must be a multiple of the number of devices",
            got=f"{config.batch_size} for {len(devices)} devices",
            accepted=f"{len(devices)}, {2 * len(devices)}, ... or --strategy single",
        )
    return tf.distribute.MirroredStrategy([device.name for device in devices])


def build_model(task: Task, strategy: tf.distribute.Strategy | None = None) -> keras.Model:
    """Build and compile the model of a task, with all its variables.

    Sets the global random seed and Keras' dtype policy to those of the task's config.

    Args:
        task: The task whose model to build.
        strategy: Strategy in whose scope variables are created; None for the default one.

    Raises:
        InputError: If the networks do not suit the images, or do not fit into memory, or XLA shall
            compile the step of several devices.
    """
    config = task.config
    if config.jit == "on" and strategy not in (None, tf.distribute.get_strategy()):
        raise InputError(
            "XLA compiles the training step of one device",
            got="--jit on for several",
            accepted="--strategy single, or --jit auto",
        )
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(config.precision)
    with strategy.scope() if strategy else contextlib.nullcontext():
        with weights_within_memory():
            model = task.model()
        steps = config.total_steps(max(1, task.examples // config.batch_size))
        model.compile(optimizer=task.optimizer(steps), jit_compile=_JIT[config.jit])
    return model
