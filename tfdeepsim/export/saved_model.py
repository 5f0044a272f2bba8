"""Export a trained encoder or generator as a SavedModel that needs nothing but TensorFlow."""

from collections.abc import Callable
from pathlib import Path

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
    """An exported encoder: `embed` maps images to embeddings, and of a VAE `posterior` to both
    parameters of the posterior.

    Both take images [B, H, W, C], uint8 in 0 to 255, or float32 or float64 in [0, 1]. `embed`
    returns the latent, float32 [B, Z], which is the mean of the posterior of a VAE. `posterior`
    returns `{"mean": [B, Z], "log_variance": [B, Z]}`, float32.

    Args:
        encoder: Maps float images in [0, 1] to a dictionary with `latent`, and of a VAE also
            `log_variance`.
        image_shape: (H, W, C) of the images.

    Example:
        >>> module = EncoderModule(Encoder((64, 64, 3), latent_dim=8), (64, 64, 3))
        >>> embeddings = module.embed(images)
    """

    def __init__(self, encoder: keras.Model, image_shape: tuple[int, int, int]):
        super().__init__()
        # Constants live as long as `embed`, so that `load(path).embed(images)` works in one line.
        # Variables are gone as soon as nothing refers to the loaded model.
        weights = _constants(encoder)

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


def _constants(network: keras.Model) -> list[list[tf.Tensor]]:
    """Trainable and non-trainable weights, as `stateless_call` takes them."""
    return [
        [tf.constant(variable.numpy()) for variable in variables]
        for variables in (network.trainable_variables, network.non_trainable_variables)
    ]


def _traced(
    function: Callable, image_shape: tuple[int, int, int]
) -> tf.types.experimental.PolymorphicFunction:
    """`function` with one trace per dtype, so that images are never cast to another dtype."""
    traced = tf.function(function)
    for dtype in (tf.uint8, tf.float32, tf.float64):
        traced.get_concrete_function(tf.TensorSpec((None, *image_shape), dtype, "images"))
    return traced


class GeneratorModule(tf.Module):
    """An exported generator of an inversion: `generate` maps features of the inverted network to
    images.

    `generate` takes float32 features [B, n] or [B, h, w, c], and for a generator with noise also
    float32 noise [B, noise_dim]. It returns float32 images [B, H, W, 3], clipped to [0, 1].

    Args:
        generator: Maps features to a dictionary with `image`.

    Example:
        >>> module = GeneratorModule(InversionGenerator((4096,), (64, 64, 3)))
        >>> images = module.generate(features)
    """

    def __init__(self, generator: InversionGenerator):
        super().__init__()
        weights = _constants(generator)
        signature = [tf.TensorSpec((None, *generator.feature_shape), tf.float32, "features")]
        if generator.noise_dim:
            signature.append(tf.TensorSpec((None, generator.noise_dim), tf.float32, "noise"))

        @tf.function(input_signature=signature)
        def generate(features: tf.Tensor, noise: tf.Tensor | None = None) -> tf.Tensor:
            options = {} if noise is None else {"noise": noise}
            outputs = generator.stateless_call(*weights, features, training=False, **options)[0]
            return tf.clip_by_value(outputs["image"], 0.0, 1.0)

        self.generate = generate


def load_generator(run: RunDirectory) -> keras.Model:
    """Build the generator of a run from its files.

    Returns:
        The generator with the run's best weights, in float32: an `InversionGenerator` of
        `--task inversion`, else an `Autoencoder`.

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


def export(run: RunDirectory, generator: keras.Model | None = None) -> None:
    """Write the result of a run as a SavedModel that computes in float32.

    `encoder/` of an autoencoder: `tf.saved_model.load(...).embed(images)` works without tfdeepsim,
    and the signature `serving_default` maps uint8 `images` to `embedding`. `generator/` of an
    inversion: `tf.saved_model.load(...).generate(features)`.

    Args:
        run: The run directory, to which the SavedModel is written.
        generator: The trained generator that `train` returned; None to build it from the files of
            a run that was trained earlier.

    Raises:
        InputError: If there is no generator and the run was not trained, or its files are damaged.
    """
    generator = load_generator(run) if generator is None else generator
    if isinstance(generator, InversionGenerator):
        with replacing(run.generator) as path:
            save_generator(_in_float32(generator), path)
    else:
        encoder = _in_float32(generator.encoder)
        with replacing(run.encoder) as path:
            save_encoder(encoder, encoder.image_shape, path)


def _in_float32(network: keras.Model) -> keras.Model:
    """The network itself if it computes in float32, else a copy of it that does.

    Variables are float32 under mixed precision too, so the copy has the same weights.
    """
    if network.compute_dtype == "float32":
        return network
    copy = type(network).from_config(network.get_config() | {"dtype": "float32"})
    copy.set_weights(network.get_weights())
    return copy


def save_encoder(encoder: keras.Model, image_shape: tuple[int, int, int], path: Path) -> None:
    """Write a SavedModel of an `EncoderModule`.

    Args:
        encoder, image_shape: As `EncoderModule` takes them.
        path: The folder.
    """
    module = EncoderModule(encoder, image_shape)

    @tf.function(input_signature=[tf.TensorSpec((None, *image_shape), tf.uint8, "images")])
    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": module.embed(images)}

    tf.saved_model.save(module, str(path), signatures=serve)


def save_generator(generator: InversionGenerator, path: Path) -> None:
    """Write a SavedModel of a `GeneratorModule`.

    Args:
        generator: As `GeneratorModule` takes it.
        path: The folder.
    """
    module = GeneratorModule(generator)
    tf.saved_model.save(module, str(path), signatures=module.generate)
