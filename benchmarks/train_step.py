"""Speed of a training step of a perceptual autoencoder, relative to the same step in PyTorch, the
fastest of eager and compiled, contiguous and channels_last, and where its time is spent.

    pip install -e ".[parity]"
    python benchmarks/train_step.py

Batch size 64, images of 64x64 pixels, latent size 64, feature loss of AlexNet up to relu2. All
implementations take turns in one process, so that a slow phase of the machine affects all of them.
Ratios are those of medians over the rounds.
"""

import argparse
import collections
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as train.py does

import keras
import numpy as np
import tensorflow as tf
from pytorch import print_table, variants

from tfdeepsim.config import TrainConfig
from tfdeepsim.data.pipeline import training_batches, without_autotuning
from tfdeepsim.data.splits.split import Split
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.build import build_model

BATCH, SIDE, LATENT = 64, 64, 64
FLOP_PER_MULTIPLY_ADD = 2


def keras_model(precision="float32"):
    config = TrainConfig(loss="perceptual", comparator="random_alexnet:relu2", precision=precision)
    model = build_model(AutoencoderTask(config))
    keras.config.set_dtype_policy("float32")
    return model


def keras_steps(model, dataset, steps):
    """A function that trains `steps` steps with `fit`, as a user's training does."""

    def run():
        model.fit(dataset, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)

    return run


def torch_steps(images, steps, variant):
    """The same step in PyTorch, as a careful user writes it."""
    import torch
    from torch import nn

    torch.manual_seed(0)

    def block(layer, channels):
        return [layer, nn.BatchNorm2d(channels), nn.ReLU()]

    encoder = []
    for before, channels in zip((3, 32, 64, 128), (32, 64, 128, 256), strict=True):
        encoder += block(nn.Conv2d(before, channels, 4, stride=2, bias=False), channels)
    decoder = [nn.Linear(LATENT, 1024), nn.Unflatten(1, (1024, 1, 1))]
    for before, channels, kernel in ((1024, 128, 5), (128, 64, 5), (64, 32, 6)):
        decoder += block(
            nn.ConvTranspose2d(before, channels, kernel, stride=2, bias=False), channels
        )
    decoder += [nn.ConvTranspose2d(32, 3, 6, stride=2), nn.Sigmoid()]
    autoencoder = variant.arranged(
        nn.Sequential(*encoder, nn.Flatten(), nn.Linear(1024, LATENT), *decoder)
    )
    comparator = nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(),
    ).requires_grad_(False)
    comparator = variant.arranged(comparator)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    optimizer = torch.optim.Adam(autoencoder.parameters(), lr=1e-3)
    target = variant.arranged(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))

    @variant.function
    def loss(target):
        with torch.no_grad():
            target_features = comparator((target - mean) / deviation)
        features = comparator((autoencoder(target) - mean) / deviation)
        return nn.functional.mse_loss(features, target_features)

    def run():
        for _ in range(steps):
            optimizer.zero_grad()
            loss(target).backward()
            optimizer.step()

    return run


def matmul_peak(dtype=tf.float32, side=4096):
    """Highest speed of a matrix product on this machine, in FLOP/s."""
    a = tf.cast(tf.random.stateless_normal((side, side), (0, 0)), dtype)
    product = tf.function(lambda: tf.reduce_sum(a @ a))
    product()
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        product().numpy()
        times.append(time.perf_counter() - begin)
    return 2 * side**3 / min(times)


def multiply_adds(model):
    """Multiply-adds of a training step for one image.

    They are three times those of a forward pass: in the generator for the forward pass and the
    gradients with respect to inputs and weights; in the comparator for the features of target and
    reconstruction, and the gradient with respect to the image.
    """
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    def flops(network):
        function = tf.function(lambda x: network(x, training=False))
        concrete = function.get_concrete_function(tf.TensorSpec((1, SIDE, SIDE, 3)))
        graph = convert_variables_to_constants_v2(concrete).graph
        options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        return tf.compat.v1.profiler.profile(
            graph, options={**options, "output": "none"}
        ).total_float_ops

    return 3 * (flops(model.generator) + flops(model.comparator)) / FLOP_PER_MULTIPLY_ADD


def show_profile(run, steps):
    """Print the processor time of a step by kind of operation, from TensorFlow's profiler."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        run()
        tf.profiler.experimental.stop()
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    milliseconds = collections.Counter()
    for plane in (plane for plane in space.planes if "CPU" in plane.name):
        for event in (event for line in plane.lines for event in line.events):
            name = plane.event_metadata[event.metadata_id].name
            if ":" in name and "::" not in name and "#" not in name and "inference" not in name:
                milliseconds[name.split(":")[-1]] += event.duration_ps / 1e9 / steps
    print("milliseconds a step, by operation, over both cores:")
    for name, value in milliseconds.most_common(16):
        print(f"{value:8.1f}  {name}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--bfloat16", action="store_true", help="slow on processors without it")
    parser.add_argument(
        "--profile", action="store_true", help="also show the time of each kind of operation"
    )
    arguments = parser.parse_args()
    steps = arguments.steps
    tf.get_logger().setLevel("ERROR")
    generator = np.random.default_rng(0)
    frames = generator.integers(0, 256, (8192, SIDE, SIDE, 3), np.uint8)
    images = frames[:BATCH].astype(np.float32) / 255
    constant = without_autotuning(
        tf.data.Dataset.from_tensors({"image": tf.constant(images)}).repeat()
    )
    real = training_batches(Split(frames, {}), batch_size=BATCH, seed=0, steps=range(10**6))
    model = keras_model()
    implementations = {
        "tfdeepsim, real data": keras_steps(model, real, steps),
        "tfdeepsim, constant batch": keras_steps(model, constant, steps),
    }
    if arguments.bfloat16:
        implementations["tfdeepsim, bfloat16"] = keras_steps(
            keras_model("mixed_bfloat16"), constant, steps
        )
    for variant in variants(arguments.bfloat16):
        implementations[variant.name] = torch_steps(images, steps, variant)
    times = {name: [] for name in implementations}
    for run in implementations.values():
        run()
    for _ in range(arguments.rounds):
        for name, run in implementations.items():
            begin = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - begin) / steps)
    median = print_table(times)
    share = median["tfdeepsim, real data"] / median["tfdeepsim, constant batch"]
    print(f"step with data / step with a constant batch: {share:.3f}")
    flop = FLOP_PER_MULTIPLY_ADD * multiply_adds(model)
    if arguments.profile:
        show_profile(implementations["tfdeepsim, constant batch"], steps)
    print(f"{flop / 1e6:.0f} MFLOP an image")
    measured = {"tfdeepsim, constant batch": tf.float32, "tfdeepsim, bfloat16": tf.bfloat16}
    for name in measured.keys() & median.keys():
        rate, peak = flop * BATCH / median[name], matmul_peak(measured[name])
        print(
            f"{name}: {rate / 1e9:.0f} GFLOP/s, {rate / peak:.0%} of the "
            f"{peak / 1e9:.0f} GFLOP/s of a matrix product in {measured[name].name}"
        )


if __name__ == "__main__":
    main()
