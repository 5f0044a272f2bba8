"""From a config to a compiled model."""

import contextlib

import keras
import tensorflow as tf

from tfdeepsim.comparators import make_comparator
from tfdeepsim.config import TrainConfig
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.networks.pihlgren import make_autoencoder


def make_strategy(config: TrainConfig) -> tf.distribute.Strategy:
    """The `tf.distribute` strategy that `config.strategy` names.

    Raises:
        InputError: If the batch cannot be split evenly over the devices.
    """
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


def build_model(
    config: TrainConfig,
    image_shape: tuple[int, int, int],
    strategy: tf.distribute.Strategy | None = None,
) -> DeePSiM:
    """Build, seed and compile the model; nothing is left to be built by the first step.

    Sets the global random seed and dtype policy to those of `config`.

    Args:
        config: What to build.
        image_shape: (height, width, channels) of the data.
        strategy: In whose scope variables are made; None for the default one.

    Raises:
        InputError: If the networks do not allow the image shape.
    """
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(config.precision)
    with strategy.scope() if strategy else contextlib.nullcontext():
        generator = make_autoencoder(image_shape, config.latent_dim, config.model == "vae", config.seed)
        model = DeePSiM(generator, config.loss_weights, _comparator(config), config.image_loss)
        model.compile(optimizer=keras.optimizers.Adam(config.learning_rate, beta_1=0.9, beta_2=0.999))
        model.optimizer.build(generator.trainable_variables)
    return model


def _comparator(config: TrainConfig) -> keras.layers.Layer | None:
    if config.comparator is None:
        return None
    return make_comparator(
        config.comparator,
        weights=config.comparator_weights,
        seed=config.seed,
        feature_activation=config.feature_activation,
    )
