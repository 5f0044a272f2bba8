"""Time the extraction of embeddings: the exported encoder against the same network in PyTorch.

    pip install -e ".[parity]"
    python benchmarks/embed.py

64x64 images as bytes, latent size 64, batches of 256 images, scaling included, from an array to an
array. All networks have the same weights, and their outputs are compared first. They take turns in
one process, so that a machine that slows down slows all of them; ratios are those of the medians
over rounds. PyTorch also runs with smaller batches and with both memory formats, on which its speed
depends more.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as in evaluate.py

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.batches import batch_size_of, batch_slices
from tfdeepsim.embed import embed_batches, load_encoder
from tfdeepsim.export import EncoderModule
from tfdeepsim.networks.pihlgren import Encoder
from tfdeepsim.representations.random_encoder import calibrate

SHAPE, LATENT = (64, 64, 3), 64
TOLERANCE = 1e-4


def make_encoder(images):
    """The encoder of a run, with batch normalization calibrated on some images."""
    keras.utils.set_random_seed(0)
    encoder = Encoder(SHAPE, LATENT)
    calibrate(encoder, images[:512], seed=0)
    return encoder


def exported(encoder, folder):
    """Export the encoder and load it, as evaluate.py does."""
    tf.saved_model.save(EncoderModule(encoder, SHAPE), str(folder))
    return load_encoder(folder)


def extraction(encoder, images):
    """The extraction that writes embeddings files."""

    def run():
        embed = lambda batch: encoder.embed(tf.constant(batch)).numpy()  # noqa: E731
        return np.concatenate(list(embed_batches(embed, images, batch_size_of(SHAPE))))

    return run


def torch_encoder(encoder):
    """The same layers and weights in PyTorch."""
    import torch
    from torch import nn

    layers, before = [], SHAPE[2]
    for layer in encoder.layers:
        if isinstance(layer, keras.layers.Conv2D):
            channels = layer.filters
            layers.append(nn.Conv2d(before, channels, 4, stride=2, bias=False))
            layers[-1].weight.data = torch.tensor(layer.kernel.numpy().transpose(3, 2, 0, 1).copy())
            before = channels
        elif isinstance(layer, keras.layers.BatchNormalization):
            norm = nn.BatchNorm2d(before, eps=layer.epsilon)
            for name, values in (
                ("weight", layer.gamma),
                ("bias", layer.beta),
                ("running_mean", layer.moving_mean),
                ("running_var", layer.moving_variance),
            ):
                getattr(norm, name).data = torch.tensor(values.numpy())
            layers += [norm, nn.ReLU()]
    kernel, bias = (values.numpy() for values in encoder.get_layer("latent").weights)
    side = round((len(kernel) / before) ** 0.5)
    linear = nn.Linear(len(kernel), LATENT)
    # PyTorch flattens with the channels first.
    by_position = kernel.T.reshape(LATENT, side, side, before).transpose(0, 3, 1, 2)
    linear.weight.data = torch.tensor(by_position.reshape(LATENT, -1).copy())
    linear.bias.data = torch.tensor(bias)
    return nn.Sequential(*layers, nn.Flatten(), linear).eval()


def torch_extraction(network, images, batch_size, channels_last):
    """The forward pass in eager PyTorch, as a careful user writes it."""
    import torch

    memory = torch.channels_last if channels_last else torch.contiguous_format
    network = network.to(memory_format=memory)

    def run():
        embeddings = []
        with torch.inference_mode():
            for rows in batch_slices(len(images), batch_size):
                batch = torch.from_numpy(images[rows]).permute(0, 3, 1, 2)
                floats = batch.to(torch.float32, memory_format=memory) / 255
                embeddings.append(network(floats).numpy())
        return np.concatenate(embeddings)

    return run


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--images", type=int, default=4096)
    arguments = parser.parse_args()
    images = np.random.default_rng(0).integers(0, 256, (arguments.images, *SHAPE), np.uint8)
    encoder = make_encoder(images)
    with tempfile.TemporaryDirectory() as folder:
        loaded = exported(encoder, Path(folder) / "encoder")
    contestants = {"tfdeepsim, exported encoder": extraction(loaded, images)}
    for channels_last in (False, True):
        # One copy per memory format, because the weights are converted to it.
        network = torch_encoder(encoder)
        for batch_size in (256, 64):
            name = f"PyTorch eager, batch {batch_size}{', channels last' if channels_last else ''}"
            contestants[name] = torch_extraction(network, images, batch_size, channels_last)
    expected = contestants["tfdeepsim, exported encoder"]()
    for name, run in contestants.items():
        difference = np.abs(run() - expected).max()
        assert difference < TOLERANCE, f"{name} differs by {difference}"
    print(f"all outputs agree to {TOLERANCE}; they vary by {expected.std():.2f}")
    times = {name: [] for name in contestants}
    for _ in range(arguments.rounds):
        for name, run in contestants.items():
            begin = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - begin)
    median = {name: statistics.median(values) for name, values in times.items()}
    ours = median["tfdeepsim, exported encoder"]
    print(f"{'':42}{'images/s':>10}{'time / ours':>14}")
    for name, seconds in median.items():
        print(f"{name:42}{len(images) / seconds:10.0f}{seconds / ours:14.2f}")


if __name__ == "__main__":
    main()
