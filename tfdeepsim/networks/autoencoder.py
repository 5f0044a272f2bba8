"""The generator that is an encoder followed by a decoder."""

from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.networks.noise import standard_normal


@keras.saving.register_keras_serializable("tfdeepsim")
class Autoencoder(keras.Model):
    """An autoencoder, or a variational autoencoder if the encoder returns a posterior.

    Maps images [B, H, W, C] in [0, 1] to a dictionary: `image` (the reconstruction, of the same
    shape), `latent` [B, Z], and `log_variance` [B, Z] for a variational encoder. In training the
    decoder sees z = μ + σ ε with ε ~ N(0, 1) from a seeded generator; at inference z = μ.

    Args:
        encoder: Maps images to a dictionary with `latent` and, if variational, `log_variance`.
        decoder: Maps latents [B, Z] to images.
        seed: Seed of the noise ε.

    Example:
        >>> encoder, decoder = tds.Encoder(latent_dim=8), tds.Decoder(latent_dim=8)
        >>> tds.Autoencoder(encoder, decoder)(images)["image"].shape
        TensorShape([4, 64, 64, 3])
    """

    def __init__(self, encoder: keras.Model, decoder: keras.Model, seed: int = 0, **kwargs: Any):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.seed = seed
        self.noise = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, images: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        posterior = self.encoder(images, training=training)
        latent = posterior["latent"]
        if training and "log_variance" in posterior:
            latent = self.sample(latent, posterior["log_variance"])
        return {**posterior, "image": self.decoder(latent, training=training)}

    def sample(self, mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
        """Draw from the posterior N(mean, exp(log_variance)).

        Args:
            mean: float32 [B, Z].
            log_variance: float32 [B, Z], natural logarithm of the variance.

        Returns:
            float32 [B, Z].
        """
        return mean + tf.exp(0.5 * log_variance) * standard_normal(self.noise, tf.shape(mean))

    def get_config(self) -> dict[str, Any]:
        return {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "seed": self.seed,
            "name": self.name,
            "dtype": self.dtype_policy.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Autoencoder":
        networks = {
            part: keras.saving.deserialize_keras_object(config[part], custom_objects=custom_objects)
            for part in ("encoder", "decoder")
        }
        return cls(**{**config, **networks})
