"""Task: train a generator that inverts a network, from its features back to the image."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.batches import over_batches
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.external.from_config import extractor_of
from tfdeepsim.networks.discriminator import Discriminator, check_image_shape
from tfdeepsim.networks.inversion_generator import InversionGenerator
from tfdeepsim.networks.precision import float32
from tfdeepsim.networks.upconv_generator import plan
from tfdeepsim.pixels import to_floats
from tfdeepsim.training.generator_task import GeneratorTask

SCALE_IMAGES = 256
"""Number of training images that the scale of the features is measured on."""


class InversionTask(GeneratorTask):
    """Training of a generator from the features of a frozen network to the image (Dosovitskiy &
    Brox 2016, Sec. 4.3 and Table 5).

    Args:
        config, data: As `Task` takes them.

    Example:
        >>> task = InversionTask(TrainConfig(task="inversion", invert="alexnet:relu6"))
        >>> model = build_model(task)
    """

    def extractor(self) -> Any:
        config, shape = self.config, self.description.image_shape
        # In float32 whatever the precision of training, since later uses compute features so.
        with float32():
            extractor = extractor_of(config)
        self.feature_shape = extractor.feature_shapes(shape[:2])[0]
        # Checked before the dataset is created, which may take long.
        plan(self.feature_shape, shape)
        if "adversarial" in config.loss_weights:
            check_image_shape(shape)
        self.feature_scale = self._scale(extractor)
        return extractor

    def _scale(self, extractor: Any) -> float:
        """Factor that brings the mean square of the features near 1; a power of two, so that
        multiplying by it is exact."""
        images = self.splits["encoder_train"].images[:SCALE_IMAGES]
        features = over_batches(
            lambda batch: extractor(tf.constant(to_floats(batch))),
            images,
            batch_size=self.config.batch_size,
        )
        square = float(np.mean(np.square(features, dtype=np.float64)))
        if not math.isfinite(square) or not square:
            raise InputError(
                "features that are inverted must be finite and not all 0",
                got=f"mean square {square:g} over {len(images)} training images",
                accepted="another network or layer",
            )
        return 2.0 ** -round(math.log2(square) / 2)

    def generator(self) -> InversionGenerator:
        config = self.config
        return InversionGenerator(
            self.feature_shape,
            self.description.image_shape,
            config.width,
            self.feature_scale,
            config.noise_dim,
            config.seed,
        )

    def discriminator(self) -> Discriminator:
        config, shape = self.config, self.description.image_shape
        return Discriminator(
            shape, self.feature_shape, config.width, config.seed, self.feature_scale
        )

    def generator_summary(self) -> str:
        features = "x".join(map(str, self.feature_shape))
        noise = f" and {self.config.noise_dim} of noise" if self.config.noise_dim else ""
        return f"generator from {features} features of {self.config.invert}{noise}"

    def record(self, model: DeePSiM) -> dict[str, Any]:
        extractor = model.extractor
        return super().record(model) | {
            "inverted": {
                **{
                    name: getattr(extractor, name) for name in ("name", "layer", "source", "sha256")
                },
                "feature_shape": list(self.feature_shape),
                "feature_scale": self.feature_scale,
            }
        }
