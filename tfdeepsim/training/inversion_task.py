"""The task of inverting a network: a generator of images from its features."""

import math
from typing import Any

import numpy as np

from tfdeepsim.data.pipeline import batches
from tfdeepsim.data.splits.split import Split
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.external.from_config import extractor_of
from tfdeepsim.networks.discriminator import Discriminator, check_image_shape
from tfdeepsim.networks.inversion_generator import InversionGenerator
from tfdeepsim.networks.precision import float32
from tfdeepsim.networks.upconv_generator import plan
from tfdeepsim.training.generator_task import GeneratorTask

MEASURED = 256
"""Training images whose features tell the scale of a layer's features."""


class InversionTask(GeneratorTask):
    """Table 5's generator on the features of a frozen network: Dosovitskiy & Brox 2016, Sec.
    4.3."""

    def extractor(self) -> Any:
        config, shape = self.config, self.description.image_shape
        # Features are inverted as they are used later, not as training rounds.
        with float32():
            found = extractor_of(config)
        self.feature_shape = found.feature_shapes(shape[:2])[0]
        # Before the data are made, which may take long.
        plan(self.feature_shape, shape)
        if "adversarial" in config.loss_weights:
            check_image_shape(shape)
        self.feature_scale = self._scale(found)
        return found

    def _scale(self, extractor: Any) -> float:
        """What brings the mean square of the features near 1: a power of two, which is exact."""
        images = self.splits["encoder_train"].images[:MEASURED]
        data = batches(Split(images, {}), self.config.batch_size)
        features = np.concatenate([extractor(batch["image"]).numpy() for batch in data])
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

    def described(self) -> str:
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
