"""Networks of the package, built from stock layers of Keras, so that any Keras loads them."""

from collections.abc import Sequence

import keras
import numpy as np

from tfdeepsim.networks.inversion_generator import InversionGenerator
from tfdeepsim.networks.normalization import BatchNormalization
from tfdeepsim.networks.upconvolution import UpConvolution


def with_stock_layers(network: keras.Model) -> keras.Model:
    """A copy of a functional network in which stock layers of Keras compute the same.

    `BatchNormalization` of the package becomes Keras' own, and `UpConvolution` a
    `keras.layers.Conv2DTranspose` with the kernel turned by 180 degrees.

    Args:
        network: A functional network, e.g. an encoder, that computes in float32.

    Returns:
        A `keras.Model` with inputs, outputs and weights of its own.

    Example:
        >>> encoder = with_stock_layers(Encoder((64, 64, 3), latent_dim=8))
        >>> encoder.save("encoder.keras")
    """
    stock = keras.models.clone_model(network, clone_function=_stock_layer)
    # The input layer, which has none, gets another name.
    for layer in filter(lambda layer: layer.weights, network.layers):
        stock.get_layer(layer.name).set_weights(_stock_weights(layer))
    return stock


def _stock_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
    if isinstance(layer, UpConvolution):
        return keras.layers.Conv2DTranspose(
            layer.filters, layer.kernel_size, strides=2, padding="same", name=layer.name
        )
    if isinstance(layer, BatchNormalization):
        return keras.layers.BatchNormalization.from_config(layer.get_config())
    if isinstance(layer, keras.layers.Normalization):
        return standardization(
            [*np.ravel(layer.mean)], [*np.sqrt(np.ravel(layer.variance))], layer.name
        )
    return type(layer).from_config(layer.get_config())


def standardization(mean: Sequence[float], std: Sequence[float], name: str) -> keras.Layer:
    """A layer that subtracts the mean of each channel and divides by its deviation.

    `keras.layers.Normalization` does the same, but the converter to ONNX does not find its numbers.

    Args:
        mean, std: One number for each channel.
        name: Name of the layer.
    """
    offset = [-float(center) / float(width) for center, width in zip(mean, std, strict=True)]
    return keras.layers.Rescaling([1 / float(width) for width in std], offset, name=name)


def _stock_weights(layer: keras.layers.Layer) -> list[np.ndarray]:
    weights = layer.get_weights()
    if isinstance(layer, UpConvolution):
        kernel, bias = weights
        return [kernel[::-1, ::-1].transpose(0, 1, 3, 2), bias]
    return weights


def embedding_of_bytes(network: keras.Model) -> keras.Model:
    """A model that takes bytes, scales them itself, and returns the embedding alone.

    Args:
        network: Maps float images in [0, 1] to a dictionary with `latent`, in stock layers.

    Returns:
        A model from `images`, uint8 [B, H, W, C], to the latent.

    Example:
        >>> encoder = with_stock_layers(Encoder((64, 64, 3), latent_dim=8))
        >>> model = embedding_of_bytes(encoder)
        >>> embeddings = model(np.zeros((5, 64, 64, 3), np.uint8))
    """
    embed = keras.Model(network.input, network.output["latent"], name=network.name)
    images = keras.Input(network.input_shape[1:], dtype="uint8", name="images")
    return keras.Model(images, embed(keras.layers.Rescaling(1 / 255)(images)))


def inversion_generator(generator: InversionGenerator) -> keras.Model:
    """A generator of stock layers that inverts features.

    Args:
        generator: A trained generator, in float32.

    Returns:
        A model from `features`, float32 [B, n] or [B, h, w, c], to images, float32 [B, H, W, C],
        clipped to [0, 1]. If the generator has noise, the model takes a dictionary of `features`
        and `noise`, float32 [B, noise_dim].

    Example:
        >>> model = inversion_generator(InversionGenerator((4096,), (64, 64, 3)))
        >>> images = model(features)
    """
    features = keras.Input(generator.feature_shape, name="features")
    x = keras.layers.Rescaling(generator.feature_scale)(features)
    inputs = features
    if generator.noise_dim:
        noise = keras.Input((generator.noise_dim,), name="noise")
        inputs = {"features": features, "noise": noise}
        x = keras.layers.Concatenate()([x, _at_positions(noise, generator.feature_shape)])
    images = with_stock_layers(generator.decoder)(x)
    clipped = keras.layers.ReLU(max_value=1.0)(images)
    return keras.Model(inputs, clipped)


def _at_positions(noise: keras.KerasTensor, feature_shape: tuple[int, ...]) -> keras.KerasTensor:
    """Noise [B, n] itself for vectors, and at each position of a map [B, h, w, n]."""
    if len(feature_shape) == 1:
        return noise
    pixel = keras.layers.Reshape((1, 1, noise.shape[1]))(noise)
    return keras.layers.UpSampling2D(feature_shape[:2])(pixel)
