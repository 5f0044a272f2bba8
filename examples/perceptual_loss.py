"""Denoise photographs with a small autoencoder, trained once with the mean squared error of pixels
and once with a perceptual loss: the errors of features of AlexNet, and a little of the pixels'.

    python examples/perceptual_loss.py zip:photos.zip

It prints LPIPS (lower is better) and PSNR (higher is better) on images that were not trained on,
and draws them. It needs matplotlib.
"""

import argparse
import functools

import keras
import matplotlib
import numpy as np

import tfdeepsim as tds

matplotlib.use("Agg")
import matplotlib.pyplot as plt

SHOWN = 4


def make_autoencoder() -> keras.Model:
    """A plain Keras model from images [B, H, W, 3] to images, both in [0, 1]."""
    relu = functools.partial(keras.layers.Conv2D, padding="same", activation="relu")
    rgb = keras.layers.Conv2D(3, 3, padding="same", activation="sigmoid")
    up = keras.layers.UpSampling2D(2)
    return keras.Sequential(
        [relu(32, 5, strides=2), relu(64, 3), relu(64, 3), up, relu(32, 3), rgb]
    )


def load_images(dataset: str, split: str, count: int) -> np.ndarray:
    """The first images of a split, float32 [N, 64, 64, 3] in [0, 1]."""
    return np.stack(
        [x["image"] for x in tds.open_dataset(dataset, split, image_size=64).take(count)]
    )


parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
parser.add_argument("dataset", help="images, e.g. zip:photos.zip or folder:photos")
parser.add_argument("--images", type=int, default=600, help="number of images to train on")
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--picture", default="perceptual_loss.png", help="file to draw to")
options = parser.parse_args()

clean = load_images(options.dataset, "encoder_train", options.images)
test = load_images(options.dataset, "test", 64)
random = np.random.default_rng(0)
noisy, noisy_test = (np.clip(x + random.normal(0, 0.2, x.shape), 0, 1) for x in (clean, test))

columns = {"noisy": noisy_test}
features, pixels = tds.PerceptualLoss("alexnet:relu2"), keras.losses.MeanSquaredError()
losses = {
    "pixel loss": pixels,
    "perceptual loss": lambda x, y: features(x, y) + 100 * pixels(x, y),
}
lpips, psnr = tds.LPIPS("alexnet"), tds.PSNR()
for name, loss in losses.items():
    keras.utils.set_random_seed(0)
    model = make_autoencoder()
    model.compile(keras.optimizers.Adam(1e-3), loss=loss)
    model.fit(noisy, clean, batch_size=16, epochs=options.epochs, verbose=2)
    denoised = model.predict(noisy_test, verbose=0)
    psnr.reset_state()
    psnr.update_state(test, denoised)
    text = f"LPIPS {float(lpips(test, denoised)):.3f}, PSNR {float(psnr.result()):.1f} dB"
    print(f"{name}: {text}")
    columns[f"{name}\n{text}"] = denoised
columns["clean"] = test

figure, axes = plt.subplots(SHOWN, 4, figsize=(10, 10.4), layout="constrained")
for column, (title, images) in enumerate(columns.items()):
    axes[0, column].set_title(title)
    for row in range(SHOWN):
        axes[row, column].imshow(images[row])
        axes[row, column].axis("off")
figure.savefig(options.picture, dpi=100)
