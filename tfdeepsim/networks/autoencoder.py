"""The generator that is an encoder followed by a decoder."""

from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.networks.noise import standard_normal


class Autoencoder(keras.Model):
    """Encode, sample where there is a posterior, decode.

    Calling it on images [B, H, W, C] in [0, 1] returns a dictionary: `image` (the reconstruction,
    same shape), `latent` [B, Z], and `log_variance` [B, Z] for a variational encoder. In training
    the decoder sees z = μ + σ ε with seeded ε ~ N(0, 1); at inference z = μ.

    Args:
        encoder: Images to a dictionary with `latent` and perhaps `log_variance`.
        decoder: Latents to images.
        seed: Of the noise.
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
        """Draw from the posterior N(mean, exp(log_variance)): [B, Z] each, and so is what is
        returned."""
        return mean + tf.exp(0.5 * log_variance) * standard_normal(self.noise, tf.shape(mean))

    def get_config(self) -> dict[str, Any]:
        return {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "decoder": keras.saving.serialize_keras_object(self.decoder),
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Autoencoder":
        networks = {
            key: keras.saving.deserialize_keras_object(config[key], custom_objects=custom_objects)
            for key in ("encoder", "decoder")
        }
        return cls(**{**config, **networks})
