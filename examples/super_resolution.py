"""Enlarge photographs four times with an own generator, trained once with the mean squared error of
pixels and once with DeePSiM: features of AlexNet, a discriminator, and pixels.

    python examples/super_resolution.py zip:photos.zip

It prints LPIPS (lower is better) and PSNR (higher is better) on images that were not trained on,
and draws them. It needs matplotlib.
"""

import argparse

import keras
import matplotlib
import numpy as np
import tensorflow as tf

import tfdeepsim as tds

matplotlib.use("Agg")
import matplotlib.pyplot as plt

SHOWN = 4
LOSSES = {
    "pixel loss": ({"image": 1.0}, None),
    "DeePSiM": ({"feature": 0.01, "adversarial": 0.005, "image": 10.0}, "alexnet:relu2"),
}
"""Weight of each term, and the network whose features are compared."""


def make_generator() -> keras.Model:
    """A plain Keras model from small images [B, 16, 16, 3] to images [B, 64, 64, 3]."""
    small = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(64, 5, padding="same", activation="relu")(small)
    x = keras.layers.Conv2D(64, 3, padding="same", activation="relu")(x)
    x = keras.layers.Conv2DTranspose(32, 4, strides=2, padding="same", activation="relu")(x)
    x = keras.layers.Conv2DTranspose(32, 4, strides=2, padding="same", activation="relu")(x)
    details = keras.layers.Conv2D(3, 3, padding="same")(x)
    blurred = keras.layers.UpSampling2D(4, interpolation="bilinear")(small)
    return keras.Model(small, keras.layers.Add()([blurred, details]))


def load_images(dataset: str, split: str, count: int) -> np.ndarray:
    """The first images of a split, float32 [N, 64, 64, 3] in [0, 1]."""
    return np.stack(
        [x["image"] for x in tds.open_dataset(dataset, split, image_size=64).take(count)]
    )


parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
parser.add_argument("dataset", help="images, e.g. zip:photos.zip or folder:photos")
parser.add_argument("--images", type=int, default=600, help="number of images to train on")
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--picture", default="super_resolution.png", help="file to draw to")
options = parser.parse_args()

images = load_images(options.dataset, "train", options.images)
test = load_images(options.dataset, "test", 64)
small, small_test = (tf.image.resize(x, (16, 16), method="area").numpy() for x in (images, test))

columns = {"16x16 pixels": np.repeat(np.repeat(small_test, 4, 1), 4, 2)}
for name, (weights, comparator) in LOSSES.items():
    keras.utils.set_random_seed(0)
    model = tds.DeePSiM(make_generator(), weights, comparator)
    model.compile(keras.optimizers.Adam(5e-4))
    model.fit(small, images, batch_size=16, epochs=options.epochs, verbose=2)
    enlarged = np.clip(model.predict(small_test, verbose=0), 0, 1)
    lpips, psnr = tds.LPIPS("alexnet"), float(np.mean(tf.image.psnr(enlarged, test, 1.0)))
    text = f"LPIPS {float(lpips(test, enlarged)):.3f}, PSNR {psnr:.1f} dB"
    print(f"{name}: {text}")
    columns[f"{name}\n{text}"] = enlarged
columns["64x64 pixels"] = test

figure, axes = plt.subplots(SHOWN, 4, figsize=(10, 10.4), layout="constrained")
for column, (title, shown) in enumerate(columns.items()):
    axes[0, column].set_title(title)
    for row in range(SHOWN):
        axes[row, column].imshow(shown[row])
        axes[row, column].axis("off")
figure.savefig(options.picture, dpi=100)
