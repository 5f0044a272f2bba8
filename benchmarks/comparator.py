"""AlexNet's features up to relu2 and their gradient to the image: against plain convolutions and
PyTorch.

    pip install -e ".[parity]"
    python benchmarks/comparator.py

Batch 64, 64x64 images, frozen weights: one forward pass and the gradient of the feature loss with
respect to the images. The implementations take turns in one process, so that a machine that slows
down slows all of them; ratios are of medians over rounds. Without PyTorch its lines are missing.
"""

import argparse
import importlib.util
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.comparators.weights.load import random_weights
from tfdeepsim.networks.imagenet import IMAGENET_MEAN as MEAN
from tfdeepsim.networks.imagenet import IMAGENET_STD as STD

BATCH, SIDE = 64, 64
# Multiply-adds for one image: 15x15 positions of an 11x11x3 kernel and 7x7 of a 5x5x64 one.
MULTIPLY_ADDS = 15 * 15 * 64 * 11 * 11 * 3 + 7 * 7 * 192 * 5 * 5 * 64


def images() -> np.ndarray:
    return np.random.default_rng(0).random((BATCH, SIDE, SIDE, 3), np.float32)


def with_gradient(network: Callable) -> Callable[[], float]:
    """A function that computes the loss and its gradient with respect to the images."""
    x = tf.constant(images())

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_mean(network(x) ** 2)
        return loss, tape.gradient(loss, x)

    def run():
        loss, gradient = step(x)
        gradient.numpy()
        return float(loss)

    return run


def plain(weights: dict[str, np.ndarray]) -> Callable:
    """The same layers, written plainly in TensorFlow."""
    kernels = {
        name: tf.Variable(value.transpose(2, 3, 1, 0), trainable=False)
        for name, value in weights.items()
        if name.endswith("weight")
    }

    def features(x):
        x = (x - MEAN) / STD
        x = tf.nn.conv2d(x, kernels["features.0.weight"], 4, [[0, 0], [2, 2], [2, 2], [0, 0]])
        x = tf.nn.max_pool2d(
            tf.nn.relu(tf.nn.bias_add(x, weights["features.0.bias"])), 3, 2, "VALID"
        )
        x = tf.nn.conv2d(x, kernels["features.3.weight"], 1, "SAME")
        return tf.nn.relu(tf.nn.bias_add(x, weights["features.3.bias"]))

    return features


def pytorch(weights: dict[str, np.ndarray], channels_last: bool) -> Callable[[], float]:
    """The same layers in eager PyTorch, without a gradient for the weights."""
    import torch
    from torch import nn

    network = nn.Sequential(
        nn.Conv2d(3, 64, 11, 4, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, 1, 2),
        nn.ReLU(),
    )
    for layer, tensor in ((0, "features.0"), (3, "features.3")):
        network[layer].weight.data = torch.tensor(weights[f"{tensor}.weight"])
        network[layer].bias.data = torch.tensor(weights[f"{tensor}.bias"])
    network.requires_grad_(False)
    mean, std = (torch.tensor(value).reshape(1, 3, 1, 1) for value in (MEAN, STD))
    x = torch.tensor(images().transpose(0, 3, 1, 2))
    if channels_last:
        network, x = (
            network.to(memory_format=torch.channels_last),
            x.contiguous(memory_format=torch.channels_last),
        )
    x.requires_grad_(True)

    def run():
        loss = (network((x - mean) / std) ** 2).mean()
        torch.autograd.grad(loss, x)
        return float(loss.detach())

    return run


def matrix_product() -> Callable[[], float]:
    """One product of matrices with as many multiply-adds as the step: forward and gradient."""
    side = 2048
    rows = round(2 * BATCH * MULTIPLY_ADDS / side**2)
    a, b = tf.random.uniform((rows, side)), tf.random.uniform((side, side))
    product = tf.function(tf.matmul)
    return lambda: float(product(a, b)[0, 0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    weights = random_weights(ALEXNET.tensor_shapes("relu2"), seed=0)
    implementations = {
        "this package": with_gradient(ChainComparator("alexnet", ["relu2"], seed=0)),
        "this package, mixed_bfloat16": with_gradient(
            ChainComparator("alexnet", ["relu2"], seed=0, dtype="mixed_bfloat16")
        ),
        "plain TensorFlow": with_gradient(plain(weights)),
        "matrix product of equal size": matrix_product(),
    }
    if importlib.util.find_spec("torch"):
        implementations["PyTorch eager"] = pytorch(weights, channels_last=False)
        implementations["PyTorch eager, channels_last"] = pytorch(weights, channels_last=True)
    times: dict[str, list[float]] = {name: [] for name in implementations}
    for name, run in implementations.items():
        print(f"{name}: loss {run():.5f}")
        run()
    for _ in range(rounds):
        for name, run in implementations.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    ours = statistics.median(times["this package"])
    print(f"\n{'':30} {'ms':>7} {'time / ours':>12}")
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:30} {1e3 * median:7.1f} {median / ours:12.2f}")


if __name__ == "__main__":
    main()
