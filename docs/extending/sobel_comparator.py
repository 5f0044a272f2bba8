"""A comparator of your own: edges of images, by Sobel's two filters."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

import tfdeepsim as tds


@keras.saving.register_keras_serializable("sobel_comparator")
class SobelComparator(tds.Comparator):
    """Differences of each pixel's neighbours, downwards and to the right.

    Args:
        **options: Options that all comparators have.
    """

    def __init__(self, **options: Any):
        # A network with weights would create them here, and name their source and digest.
        options = {"layers": ("edges",), "source": "fixed filters", "sha256": "none", **options}
        super().__init__(minimum_size=3, **options)
        self.built = True

    def extract(self, images: tf.Tensor) -> list[tf.Tensor]:
        # float32 [B, H, W, 3] in [0, 1] in; a list with the features of each layer out.
        edges = tf.image.sobel_edges(images)
        return [tf.reshape(edges, (*tf.unstack(tf.shape(images)[:3]), 6))]

    def feature_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        return [(*size, 6)]

    def receptive_fields(self) -> list[tuple[int, int] | None]:
        return [(3, 1)]


def main() -> None:
    loss = tds.PerceptualLoss(SobelComparator())
    images = np.random.default_rng(0).uniform(0.2, 0.8, (4, 64, 64, 3)).astype(np.float32)
    print(f"brighter by 0.1: {loss(images, images + 0.1):.4f}")
    print(f"mirrored:        {loss(images, images[:, :, ::-1]):.4f}")
    model = keras.Sequential([keras.Input((64, 64, 3)), keras.layers.Conv2D(3, 3, padding="same")])
    model.compile("adam", loss=loss)
    model.fit(images, images, verbose=0)


if __name__ == "__main__":
    main()
