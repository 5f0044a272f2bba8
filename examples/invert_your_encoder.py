"""What do the layers of a network keep of an image? A generator learns to draw images from the
features of an early layer, and another one from those of a later layer.

    python examples/invert_your_encoder.py zip:photos.zip

Here the network is the AlexNet that comes with the package; put any Keras model in its place. Draws
images and their inversions. It needs matplotlib.
"""

import argparse

import keras
import matplotlib
import numpy as np

import tfdeepsim as tds

matplotlib.use("Agg")
import matplotlib.pyplot as plt

LAYERS = {"relu1": 2, "relu3": 4}
"""Layers of the encoder, and how often a generator doubles the size of their maps."""
SHOWN = 5


def make_generator(shape: tuple[int, ...], doublings: int) -> keras.Model:
    """A plain Keras model from features [B, h, w, c] to images [B, 64, 64, 3]."""
    x = inputs = keras.Input(shape)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Conv2D(128, 3, padding="same", activation="leaky_relu")(x)
    for step in range(doublings):
        x = keras.layers.Conv2DTranspose(max(16, 128 >> step), 4, strides=2, padding="same")(x)
        x = keras.layers.LeakyReLU()(keras.layers.BatchNormalization()(x))
    x = keras.layers.Resizing(64, 64)(x)
    outputs = keras.layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x)
    return keras.Model(inputs, outputs)


def load_images(dataset: str, split: str, count: int) -> np.ndarray:
    """The first images of a split, float32 [N, 64, 64, 3] in [0, 1]."""
    return np.stack(
        [x["image"] for x in tds.open_dataset(dataset, split, image_size=64).take(count)]
    )


parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
parser.add_argument("dataset", help="images, e.g. zip:photos.zip or folder:photos")
parser.add_argument("--images", type=int, default=1000, help="number of images to train on")
parser.add_argument("--epochs", type=int, default=6)
parser.add_argument("--picture", default="invert_your_encoder.png", help="file to draw to")
options = parser.parse_args()

images = load_images(options.dataset, "train", options.images)
test = load_images(options.dataset, "test", 64)

lpips = tds.LPIPS("alexnet")
rows = {"image": test}
for layer, doublings in LAYERS.items():
    keras.utils.set_random_seed(0)
    encoder = tds.make_comparator(f"alexnet:{layer}")
    features, test_features = (
        np.concatenate([encoder(part) for part in np.array_split(x, 16)]) for x in (images, test)
    )
    generator = make_generator(features.shape[1:], doublings)
    generator.compile(keras.optimizers.Adam(1e-3), loss="mse")
    generator.fit(features, images, batch_size=32, epochs=options.epochs, verbose=2)
    inversions = generator.predict(test_features, verbose=0)
    error, distance = np.mean((inversions - test) ** 2), float(lpips(test, inversions))
    print(f"from {layer}: mean squared error {error:.4f}, LPIPS {distance:.3f}")
    rows[f"from {layer}"] = inversions

figure, axes = plt.subplots(len(rows), SHOWN, figsize=(2 * SHOWN, 6.4), layout="constrained")
for row, (title, shown) in enumerate(rows.items()):
    for column in range(SHOWN):
        axes[row, column].imshow(shown[column])
        axes[row, column].set_xticks([])
        axes[row, column].set_yticks([])
    axes[row, 0].set_ylabel(title)
figure.savefig(options.picture, dpi=100)
