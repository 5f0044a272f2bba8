"""Memory of devices, and what the plan and its limits make of it."""

import dataclasses
import io

import pytest
import rich.console
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.training import memory_limit, trainer
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.build import build_model
from tfdeepsim.training.gpu_memory import DeviceMemory, gpu_memory, smallest_gpu
from tfdeepsim.training.plan import Plan, show_plan

CONFIG = TrainConfig(network="dosovitskiy", width=0.05)


def test_devices_are_counted():
    assert gpu_memory() == []
    assert smallest_gpu() is None
    devices = gpu_memory("CPU")
    assert devices[0].device == "CPU:0"
    assert len(devices) == len(tf.config.list_logical_devices("CPU"))
    # TensorFlow's own number for a CPU.
    assert devices[0].total == smallest_gpu("CPU") == 2**28


def test_the_plan_shows_it_beside_what_was_used():
    task = AutoencoderTask(CONFIG)
    plan = Plan(
        images=640, steps_per_epoch=10, steps=10, batch_size=64, seconds_per_step=1.0,
        peak_bytes=2**30, data_bytes=0,
    )  # fmt: skip
    gpus = (DeviceMemory("GPU:0", 3 * 2**29, 16 * 2**30),)

    def shown(plan):
        console = rich.console.Console(file=io.StringIO(), width=120)
        show_plan(console, task, plan, build_model(task), "runs/a")
        return console.file.getvalue()

    assert "about 1.0 GiB" in shown(plan)
    assert "GPU" not in shown(plan)
    assert "1.5 of 16.0 GiB on GPU:0" in shown(dataclasses.replace(plan, gpus=gpus))


def test_weights_must_fit_into_a_gpu(monkeypatch):
    monkeypatch.setattr(memory_limit, "smallest_gpu", lambda: 2**20)
    with pytest.raises(InputError, match=r"moments of the networks must .* up to 0.0 GiB"):
        build_model(AutoencoderTask(TrainConfig()))


def test_images_of_a_batch_must_fit_into_the_gpus(monkeypatch):
    monkeypatch.setattr(trainer, "smallest_gpu", lambda: 12 * 100)
    trainer._check_batch(200, replicas=2)
    with pytest.raises(InputError, match=r"images of a batch must fit .* smaller --batch-size"):
        trainer._check_batch(201, replicas=2)
