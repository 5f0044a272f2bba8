"""Embedding extraction by an exported encoder against the same forward pass in plain PyTorch.

    pip install -e ".[parity]"
    python benchmarks/embed.py

64x64 images as bytes, latent size 64, batches of 256 images, scaling included, from an array to an
array. Both have the same weights, and their outputs are compared first. All contestants take turns
in one process, so that a machine that slows down slows all of them; ratios are of medians over
rounds. PyTorch is shown with smaller batches and with both orders of memory too, since it depends
on them more.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as evaluate.py does

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.embed import batch_size_of, embed_blocks, load_encoder
from tfdeepsim.export import EncoderModule
from tfdeepsim.networks.pihlgren import Encoder
from tfdeepsim.representations.random_encoder import calibrate

SHAPE, LATENT = (64, 64, 3), 64
TOLERANCE = 1e-4


def make_encoder(images):
    """The encoder of a run, with the statistics of some images, so that no layer is left out."""
    keras.utils.set_random_seed(0)
    encoder = Encoder(SHAPE, LATENT)
    calibrate(encoder, images[:512], seed=0)
    return encoder


def exported(encoder, folder):
    """Write the encoder and load it, as evaluate.py has it."""
    tf.saved_model.save(EncoderModule(encoder, SHAPE), str(folder))
    return load_encoder(folder)


def extraction(encoder, images):
    """What fills an embeddings file."""

    def run():
        embed = lambda batch: encoder.embed(tf.constant(batch)).numpy()  # noqa: E731
        return np.concatenate(list(embed_blocks(embed, images, batch_size_of(SHAPE))))

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
    # PyTorch flattens channels first.
    by_place = kernel.T.reshape(LATENT, side, side, before).transpose(0, 3, 1, 2)
    linear.weight.data = torch.tensor(by_place.reshape(LATENT, -1).copy())
    linear.bias.data = torch.tensor(bias)
    return nn.Sequential(*layers, nn.Flatten(), linear).eval()


def torch_extraction(network, images, batch_size, channels_last):
    """The forward pass in PyTorch eager, as a careful user writes it."""
    import torch

    memory = torch.channels_last if channels_last else torch.contiguous_format
    network = network.to(memory_format=memory)

    def run():
        found = []
        with torch.inference_mode():
            for start in range(0, len(images), batch_size):
                batch = torch.from_numpy(images[start : start + batch_size]).permute(0, 3, 1, 2)
                floats = batch.to(torch.float32, memory_format=memory) / 255
                found.append(network(floats).numpy())
        return np.concatenate(found)

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
        # A copy each: its weights are put in the order of memory that it runs in.
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
