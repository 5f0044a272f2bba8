"""From a run to an encoder or generator that needs nothing but TensorFlow."""

from collections.abc import Callable

import keras
import tensorflow as tf

from tfdeepsim.arrays import assign, load_arrays
from tfdeepsim.config import TrainConfig
from tfdeepsim.files import replacing
from tfdeepsim.networks.generators import generator_of
from tfdeepsim.networks.inversion_generator import InversionGenerator, inversion_generator_of
from tfdeepsim.networks.precision import float32
from tfdeepsim.run import RunDirectory


class EncoderModule(tf.Module):
    """What is saved: `embed`, from images to embeddings, and of a VAE also `posterior`.

    Both take uint8 images in 0 to 255, or float32 or float64 images in [0, 1], as [B, H, W, C].
    `embed` gives float32 [B, Z]: the latent, which of a VAE is the mean of the posterior.
    `posterior` gives `{"mean": [B, Z], "log_variance": [B, Z]}`, float32.

    Args:
        encoder: Float images in [0, 1] to a dictionary with `latent`, and of a VAE `log_variance`.
        image_shape: (H, W, C).
    """

    def __init__(self, encoder: keras.Model, image_shape: tuple[int, int, int]):
        super().__init__()
        # As constants, the weights live as long as `embed` does: `load(path).embed(images)` works,
        # where the variables of a loaded model are gone with the model.
        weights = [
            [tf.constant(variable.numpy()) for variable in variables]
            for variables in (encoder.trainable_variables, encoder.non_trainable_variables)
        ]

        def encode(images: tf.Tensor) -> dict[str, tf.Tensor]:
            scale = 255.0 if images.dtype == tf.uint8 else 1.0
            floats = tf.cast(images, tf.float32) / scale
            return encoder.stateless_call(*weights, floats, training=False)[0]

        def embed(images: tf.Tensor) -> tf.Tensor:
            return encode(images)["latent"]

        def posterior(images: tf.Tensor) -> dict[str, tf.Tensor]:
            outputs = encode(images)
            return {"mean": outputs["latent"], "log_variance": outputs["log_variance"]}

        self.embed = _traced(embed, image_shape)
        if "log_variance" in encoder.output_names:
            self.posterior = _traced(posterior, image_shape)


def _traced(
    function: Callable, image_shape: tuple[int, int, int]
) -> tf.types.experimental.PolymorphicFunction:
    """`function` with one trace a type, so that bytes and floats are told apart and never silently
    cast."""
    traced = tf.function(function)
    for dtype in (tf.uint8, tf.float32, tf.float64):
        traced.get_concrete_function(tf.TensorSpec((None, *image_shape), dtype, "images"))
    return traced


class GeneratorModule(tf.Module):
    """What is saved of an inversion: `generate`, from features of the inverted network to images.

    Takes float32 features [B, n] or [B, h, w, c], and of a generator with noise also float32 noise
    [B, noise_dim]; gives float32 images [B, H, W, 3] in [0, 1].

    Args:
        inverter: Features to a dictionary with `image`.
    """

    def __init__(self, inverter: InversionGenerator):
        super().__init__()
        weights = [
            [tf.constant(variable.numpy()) for variable in variables]
            for variables in (inverter.trainable_variables, inverter.non_trainable_variables)
        ]
        signature = [tf.TensorSpec((None, *inverter.feature_shape), tf.float32, "features")]
        if inverter.noise_dim:
            signature.append(tf.TensorSpec((None, inverter.noise_dim), tf.float32, "noise"))

        @tf.function(input_signature=signature)
        def generate(features: tf.Tensor, noise: tf.Tensor | None = None) -> tf.Tensor:
            given = {} if noise is None else {"noise": noise}
            outputs = inverter.stateless_call(*weights, features, training=False, **given)[0]
            return tf.clip_by_value(outputs["image"], 0.0, 1.0)

        self.generate = generate


def load_generator(run: RunDirectory) -> keras.Model:
    """A run's generator with its best weights, in float32: an `Autoencoder`, of an inversion an
    `InversionGenerator`.

    Raises:
        InputError: If the run was not trained, or its files are damaged.
    """
    config = TrainConfig.from_dict(run.read_config())
    record = run.read_environment()
    with float32():
        if config.task == "inversion":
            generator = inversion_generator_of(config, record)
        else:
            generator = generator_of(config, tuple(record["dataset"]["image_shape"]))
    assign(generator.weights, load_arrays(run.best)[0], run.best)
    return generator


def export(run: RunDirectory) -> None:
    """Write what a run was trained for, as a SavedModel in float32: `encoder/`, of an inversion
    `generator/`.

    Raises:
        InputError: If the run was not trained, or its files are damaged.
    """
    generator = load_generator(run)
    if isinstance(generator, InversionGenerator):
        module = GeneratorModule(generator)
        with replacing(run.generator) as new:
            tf.saved_model.save(module, str(new), signatures=module.generate)
    else:
        _export_encoder(generator.encoder, run)


def _export_encoder(encoder: keras.Model, run: RunDirectory) -> None:
    """Write the encoder with the run's best weights as the SavedModel `encoder/`.

    `tf.saved_model.load(...).embed(images)` works without tfdeepsim. The signature
    `serving_default` takes uint8 `images` and gives `embedding`.
    """
    image_shape = encoder.image_shape
    module = EncoderModule(encoder, image_shape)

    @tf.function(input_signature=[tf.TensorSpec((None, *image_shape), tf.uint8, "images")])
    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": module.embed(images)}

    with replacing(run.encoder) as new:
        tf.saved_model.save(module, str(new), signatures=serve)
