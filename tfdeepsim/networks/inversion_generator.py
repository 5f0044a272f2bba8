"""Generator from a network's features back to the image: Dosovitskiy & Brox 2016, Sec. 4.3."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.networks.noise import standard_normal
from tfdeepsim.networks.precision import precision
from tfdeepsim.networks.upconv_generator import UpConvGenerator


@keras.saving.register_keras_serializable("tfdeepsim")
class InversionGenerator(keras.Model):
    """The generator of Table 5 on scaled features, with optional noise for several images of the
    same features.

    Maps features [B, n] or [B, h, w, c] to a dictionary: `image`, float32 [B, H, W, C], without a
    final activation and therefore in [0, 1] only up to the error; and, with noise, `noise`, float32
    [B, noise_dim].

    Noise is appended to a vector, and to each position of a map. In training it is drawn from
    N(0, 1); at inference it is 0 unless the argument `noise` is passed to the call.

    Args:
        feature_shape: (n,) or (h, w, c) of the features.
        image_shape: (height, width, channels).
        width: Multiplies the number of channels and units, see `UpConvGenerator`.
        feature_scale: Multiplies the features, so that their mean square is about 1.
        noise_dim: Size of the noise vector; 0 for a generator without noise.
        seed: Seed of the noise.

    Raises:
        InputError: As `UpConvGenerator`.

    Example:
        >>> generator = tds.InversionGenerator((32,), (64, 64, 3), width=0.1)
        >>> generator(tf.zeros((4, 32)))["image"].shape
        TensorShape([4, 64, 64, 3])
    """

    def __init__(
        self,
        feature_shape: tuple[int, ...],
        image_shape: tuple[int, int, int],
        width: float = 1.0,
        feature_scale: float = 1.0,
        noise_dim: int = 0,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.feature_shape = tuple(feature_shape)
        self.image_shape = tuple(image_shape)
        self.width = width
        self.feature_scale = feature_scale
        self.noise_dim = noise_dim
        self.seed = seed
        input_shape = (*self.feature_shape[:-1], self.feature_shape[-1] + noise_dim)
        self.decoder = UpConvGenerator(input_shape, image_shape, width)
        self.noise = keras.random.SeedGenerator(seed) if noise_dim else None
        self.built = True

    def call(
        self, features: tf.Tensor, training: bool = False, noise: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        x = self.feature_scale * tf.cast(features, tf.float32)
        if not self.noise_dim:
            return {"image": self.decoder(x, training=training)}
        if noise is None:
            shape = tf.stack([tf.shape(x)[0], self.noise_dim])
            noise = standard_normal(self.noise, shape) if training else tf.zeros(shape)
        noise_of_positions = noise
        if len(self.feature_shape) == 3:
            height, width, _ = self.feature_shape
            noise_of_positions = tf.tile(noise[:, None, None], [1, height, width, 1])
        return {
            "image": self.decoder(tf.concat([x, noise_of_positions], -1), training=training),
            "noise": noise,
        }

    def get_config(self) -> dict[str, Any]:
        arguments = ("feature_shape", "image_shape", "width", "feature_scale", "noise_dim", "seed")
        config = {name: getattr(self, name) for name in arguments}
        return config | {"name": self.name, "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        with precision(config.get("dtype")):
            return cls(**config)


def inversion_generator_of(config: TrainConfig, record: Mapping[str, Any]) -> InversionGenerator:
    """Build the untrained generator of a run of `--task inversion`.

    Args:
        config: The run's config.
        record: Content of the run's `environment.json`.
    """
    inverted = record["inverted"]
    return InversionGenerator(
        tuple(inverted["feature_shape"]),
        tuple(record["dataset"]["image_shape"]),
        config.width,
        inverted["feature_scale"],
        config.noise_dim,
        config.seed,
    )
