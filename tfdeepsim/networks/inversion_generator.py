"""Generator from a network's features back to the image: Dosovitskiy & Brox 2016, Sec. 4.3."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.networks.noise import standard_normal
from tfdeepsim.networks.upconv_generator import UpConvGenerator


class InversionGenerator(keras.Model):
    """The generator of Table 5 on scaled features, and on noise where it shall give several images.

    Calling it on features [B, n] or [B, h, w, c] returns a dictionary: `image`, float32 [B, H, W,
    C], linear and so in [0, 1] up to the error, and with noise `noise`, float32 [B, noise_dim].

    Noise is appended to a vector, and to each position of a map. In training it is drawn from N(0,
    1); at inference it is 0 unless it is given.

    Args:
        feature_shape: (n,) or (h, w, c).
        image_shape: (height, width, channels).
        width: Factor of all channels and units, see `UpConvGenerator`.
        feature_scale: What features are multiplied by, so that their mean square is about 1.
        noise_dim: Size of the noise; 0 for none.
        seed: Of the noise.

    Raises:
        InputError: As `UpConvGenerator`.
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
        taken = (*self.feature_shape[:-1], self.feature_shape[-1] + noise_dim)
        self.decoder = UpConvGenerator(taken, image_shape, width)
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
        everywhere = noise
        if len(self.feature_shape) == 3:
            height, width, _ = self.feature_shape
            everywhere = tf.tile(noise[:, None, None], [1, height, width, 1])
        return {
            "image": self.decoder(tf.concat([x, everywhere], -1), training=training),
            "noise": noise,
        }

    def get_config(self) -> dict[str, Any]:
        names = (
            "feature_shape",
            "image_shape",
            "width",
            "feature_scale",
            "noise_dim",
            "seed",
            "name",
        )
        return {name: getattr(self, name) for name in names}


def inversion_generator_of(config: TrainConfig, record: Mapping[str, Any]) -> InversionGenerator:
    """The generator of a run of `--task inversion`, untrained.

    Args:
        config: Of the run.
        record: Its `environment.json`.
    """
    known = record["inverted"]
    shape = tuple(record["dataset"]["image_shape"])
    features = tuple(known["feature_shape"])
    return InversionGenerator(
        features, shape, config.width, known["feature_scale"], config.noise_dim, config.seed
    )
