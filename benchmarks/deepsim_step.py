"""Speed of a training step of DeePSiM, relative to the same step in PyTorch, the fastest of eager
and compiled, contiguous and channels_last, and the time of each of its networks.

    pip install -e ".[parity]"
    python benchmarks/deepsim_step.py

Batch size 64, images of 64x64 pixels, the autoencoder of Table 2 and the discriminator of Table 1
of Dosovitskiy & Brox 2016, AlexNet up to conv3 with random weights as comparator, and all three
terms of eq. (1). All implementations take turns
in one process, so that a slow phase of the machine affects all of them. Ratios are those of medians
over the rounds.

The gate is off: on noise it would soon pause the discriminator, which PyTorch never does here.
"""

import argparse
import dataclasses
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as train.py does

import keras
import numpy as np
import tensorflow as tf
from pytorch import print_table, variants
from train_step import BATCH, SIDE, keras_steps, show_profile

from tfdeepsim import losses
from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import LOSSES
from tfdeepsim.data.pipeline import training_batches, without_autotuning
from tfdeepsim.data.splits.split import Split
from tfdeepsim.networks.discriminator import LAYERS
from tfdeepsim.networks.dosovitskiy import CODE_CHANNELS, DECODER_CHANNELS, ENCODER_LAYERS
from tfdeepsim.networks.leaky_layers import NEGATIVE_SLOPE
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.build import build_model
from tfdeepsim.training.comparator_record import comparator_seconds

CONFIG = TrainConfig(
    loss="deepsim",
    comparator="random_alexnet:conv3",
    network="dosovitskiy",
    gate="off",
    batch_size=BATCH,
)


def torch_generator(nn):
    """Table 2: encoder, code, decoder."""

    def block(layer):
        return [layer, nn.LeakyReLU(NEGATIVE_SLOPE)]

    layers, before = [], 3
    for channels, kernel, stride in (
        *ENCODER_LAYERS,
        (CODE_CHANNELS, 3, 1),
        (64, 3, 1),
        (128, 3, 1),
    ):
        layers += block(nn.Conv2d(before, channels, kernel, stride, padding=kernel // 2))
        before = channels
    for channels in DECODER_CHANNELS:
        # Bed-of-nails upsampling and a convolution are one transposed convolution, as in tfdeepsim.
        layers += block(nn.ConvTranspose2d(before, channels, 4, stride=2, padding=1))
        if channels != DECODER_CHANNELS[-1]:
            layers += block(nn.Conv2d(channels, channels, 3, padding=1))
        before = channels
    return nn.Sequential(*layers, nn.Conv2d(before, 3, 3, padding=1))


def torch_discriminator(nn):
    """Table 1: logits of "generated" and "real"."""
    layers, before = [], 3
    for channels, kernel, stride in LAYERS:
        layers += [nn.Conv2d(before, channels, kernel, stride), nn.LeakyReLU(NEGATIVE_SLOPE)]
        before = channels
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(before, 512)]
    return nn.Sequential(*layers, nn.LeakyReLU(NEGATIVE_SLOPE), nn.Dropout(0.5), nn.Linear(512, 2))


def torch_comparator(nn):
    """AlexNet up to conv3, frozen; images are scaled before."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1),
    ).requires_grad_(False)


def torch_steps(images, steps, variant):
    """The same step in PyTorch, as a careful user writes it."""
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy, mse_loss

    torch.manual_seed(0)
    generator, discriminator, comparator = (
        variant.arranged(network(nn))
        for network in (torch_generator, torch_discriminator, torch_comparator)
    )
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    networks = (generator, discriminator)
    optimizers = [torch.optim.Adam(n.parameters(), lr=CONFIG.learning_rate) for n in networks]
    target = variant.arranged(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    generated = torch.full((len(images),), losses.GENERATED)
    real = torch.full((len(images),), losses.REAL)
    weights = LOSSES["deepsim"]

    @variant.function
    def discriminator_loss(image):
        of_real = cross_entropy(discriminator(target), real)
        return of_real + cross_entropy(discriminator(image), generated)

    @variant.function
    def generator_loss():
        image = generator(target)
        with torch.no_grad():
            target_features = comparator((target - mean) / deviation)
        adversarial = cross_entropy(discriminator(image), real)
        feature = mse_loss(comparator((image - mean) / deviation), target_features)
        parts = {"feature": feature, "adversarial": adversarial, "image": mse_loss(image, target)}
        return sum(weights[name] * part for name, part in parts.items()), image

    def run():
        for _ in range(steps):
            for optimizer in optimizers:
                optimizer.zero_grad()
            # Without gradients to the discriminator's weights, which this loss does not train.
            discriminator.requires_grad_(False)
            loss, image = generator_loss()
            loss.backward()
            discriminator.requires_grad_(True)
            discriminator_loss(image.detach()).backward()
            for optimizer in optimizers:
                optimizer.step()

    return run


def generator_steps(model, images, steps):
    """The generator alone: the forward pass, and the gradient with respect to its weights."""
    weights = model.generator.trainable_variables

    @tf.function
    def work(images):
        with tf.GradientTape() as tape:
            generated = model.generator(images, training=True)["image"]
        return tape.gradient(generated, weights, output_gradients=images)

    return lambda: [work(images) for _ in range(steps)]


def discriminator_steps(model, images, steps):
    """The discriminator alone: two forward passes, and the gradients with respect to its weights
    and to the generated image."""
    discriminator = model.discriminator

    @tf.function
    def work(images):
        generated = 1.0 - images
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(generated)
            of_real, of_generated = (discriminator(x, training=True) for x in (images, generated))
            loss = tf.reduce_mean(losses.discriminator_loss(of_real, of_generated))
            adversarial = tf.reduce_mean(losses.adversarial_loss(of_generated))
        of_weights = tape.gradient(loss, discriminator.trainable_variables)
        return of_weights, tape.gradient(adversarial, generated)

    return lambda: [work(images) for _ in range(steps)]


def seconds(run, steps):
    """Mean seconds of a step of `run`, which takes `steps` steps."""
    begin = time.perf_counter()
    run()
    return (time.perf_counter() - begin) / steps


def show_shares(parts, step):
    """Print the time of each network, by name, and of all together, as shares of a step."""
    print("each network alone, measured separately, so that the sum need not be 100 %:")
    for name, value in parts.items():
        print(f"{name:28}{1e3 * value:7.0f} ms{value / step:7.0%} of a step")
    total = sum(parts.values())
    print(f"{'sum':28}{1e3 * total:7.0f} ms{total / step:7.0%} of {1e3 * step:.0f} ms")


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
    frames = np.random.default_rng(0).integers(0, 256, (8192, SIDE, SIDE, 3), np.uint8)
    images = frames[:BATCH].astype(np.float32) / 255
    batch = tf.constant(images)
    constant = without_autotuning(tf.data.Dataset.from_tensors({"image": batch}).repeat())
    real = training_batches(Split(frames, {}), batch_size=BATCH, seed=0, steps=range(10**6))
    model = build_model(AutoencoderTask(CONFIG))
    implementations = {
        "tfdeepsim, real data": keras_steps(model, real, steps),
        "tfdeepsim, constant batch": keras_steps(model, constant, steps),
    }
    if arguments.bfloat16:
        half = build_model(AutoencoderTask(dataclasses.replace(CONFIG, precision="mixed_bfloat16")))
        keras.config.set_dtype_policy("float32")
        implementations["tfdeepsim, bfloat16"] = keras_steps(half, constant, steps)
    for variant in variants(arguments.bfloat16):
        implementations[variant.name] = torch_steps(images, steps, variant)
    networks = {
        "generator": generator_steps(model, batch, steps),
        "discriminator": discriminator_steps(model, batch, steps),
    }
    times = {name: [] for name in (*implementations, *networks, "comparator")}
    for run in (implementations | networks).values():
        run()
    for _ in range(arguments.rounds):
        for name, run in (implementations | networks).items():
            times[name].append(seconds(run, steps))
        times["comparator"].append(comparator_seconds(model, {"image": batch}))
    median = print_table({name: times[name] for name in implementations})
    median |= {name: statistics.median(times[name]) for name in (*networks, "comparator")}
    step = median["tfdeepsim, constant batch"]
    print(
        f"step with data / step with a constant batch: {median['tfdeepsim, real data'] / step:.3f}"
    )
    show_shares({name: median[name] for name in ("generator", "comparator", "discriminator")}, step)
    if arguments.profile:
        show_profile(implementations["tfdeepsim, constant batch"], steps)


if __name__ == "__main__":
    main()
