"""How much do the embeddings of a Keras model tell about the labels? A linear probe on them, and on
the principal components of the pixels, which any encoder should beat.

    python examples/probe_your_encoder.py zip:photos.zip --weights imagenet

`--weights imagenet` downloads the weights of MobileNetV2; without it, they are random. Prints
the accuracy with its 95 % interval and chance, and draws them. It needs matplotlib.
"""

import argparse

import keras
import matplotlib
import numpy as np
from sklearn.decomposition import PCA

import tfdeepsim as tds

matplotlib.use("Agg")
import matplotlib.pyplot as plt

parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
parser.add_argument("dataset", help="images with labels, e.g. zip:photos.zip or folder:photos")
parser.add_argument("--weights", help="imagenet, or a file of weights (default: random weights)")
parser.add_argument("--images", type=int, default=2000, help="number of images to embed")
parser.add_argument("--picture", default="probe_your_encoder.png", help="file to draw to")
options = parser.parse_args()

examples = list(
    tds.open_dataset(options.dataset, "test", image_size=96, shuffle=True).take(options.images)
)
images = np.stack([example["image"] for example in examples])
labels = np.stack([example["label"] for example in examples])

keras.utils.set_random_seed(0)
encoder = keras.applications.MobileNetV2(
    input_shape=(96, 96, 3), include_top=False, pooling="avg", weights=options.weights
)
pixels = images.reshape(len(images), -1)
embeddings = {
    "PCA of pixels": PCA(min(64, len(images)), random_state=0).fit_transform(pixels),
    f"MobileNetV2\n({options.weights or 'random weights'})": encoder.predict(
        keras.applications.mobilenet_v2.preprocess_input(255 * images), verbose=0
    ),
}
scores = {name: tds.probe(x, labels, kind="linear") for name, x in embeddings.items()}
for name, score in scores.items():
    print(f"{name.splitlines()[0]}: {score}")

figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
values = np.array([score.score for score in scores.values()])
ends = np.array([score.interval for score in scores.values()]).T
axes.bar(list(scores), values, yerr=np.abs(ends - values), capsize=6, color="tab:blue")
axes.axhline(next(iter(scores.values())).chance, color="black", linestyle="--", label="chance")
axes.set_ylabel("accuracy of a linear probe, 95 % interval")
axes.legend()
figure.savefig(options.picture, dpi=100)
