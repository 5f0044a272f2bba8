"""What a GPU makes of every kind of model: to be run once on a new machine, in about ten minutes.

    pip install "tensorflow[and-cuda]" && pip install -e .
    python benchmarks/first_gpu_run.py

Each kind of model is trained for some steps in every precision, with and without XLA, on random
images. The Markdown table at the end has the largest relative difference of a loss term of the
first step from that of the CPU in float32, and images per second. Please put it into an issue.

Without a GPU all of this runs on the CPU, where `--steps 2 --batch-size 4` is enough to try it.
"""

import argparse
import dataclasses
import os
import sys
import time
from types import SimpleNamespace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as train.py does
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import CHOICES
from tfdeepsim.data import describe
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.training.build import build_model
from tfdeepsim.training.tasks import make_task
from tfdeepsim.training.workers import on_all_devices

DEEPSIM = {"loss": "deepsim", "comparator": "alexnet:conv3"}
KINDS = {
    "AE, pixel loss": {},
    "VAE, pixel loss": {"model": "vae"},
    "AE, perceptual loss": {"loss": "perceptual", "comparator": "alexnet:relu2"},
    "VAE, perceptual loss": {
        "loss": "perceptual",
        "comparator": "alexnet:relu2",
        "model": "vae",
    },
    "AE, DeePSiM": DEEPSIM | {"network": "dosovitskiy"},
    "inversion, DeePSiM": DEEPSIM | {"task": "inversion", "invert": "alexnet:pool5"},
    "comparator": {"task": "comparator", "comparator": "exemplar_cnn", "surrogate_classes": 8},
}
COLUMNS = ("model", "device", "precision", "XLA", "difference from the CPU", "images/s", "note")


def trained(kind, images, batch_size, steps, device, precision="float32", jit="off"):
    """Losses of the first step, and images per second of later ones."""
    config = TrainConfig(**KINDS[kind], batch_size=batch_size, precision=precision, jit=jit)
    splits = {"encoder_train": Split(images, {}), "encoder_validation": Split(images, {})}
    described = describe(config.dataset, None, config)
    sizes = {name: len(split.images) for name, split in splits.items()}
    described = dataclasses.replace(described, splits=sizes, ready=True)
    task = make_task(config, SimpleNamespace(splits=splits, description=described))
    with tf.device(device):
        model = build_model(task)
        for layer in model._flatten_layers():
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0  # each device draws its own
        data = on_all_devices(task.training(range(steps)), model.distribute_strategy)

        def fit(count):
            begin = time.perf_counter()
            history = model.fit(data, steps_per_epoch=count, verbose=0, shuffle=False).history
            return history, time.perf_counter() - begin

        losses, _ = fit(1)  # compiles the step
        fit(1)
        _, seconds = fit(steps)
    keras.config.set_dtype_policy("float32")
    measured = {name: values[0] for name, values in losses.items()}
    return measured, steps * batch_size / seconds


def difference(losses, reference):
    """Largest relative difference of a loss."""
    return max(
        abs(losses[name] - value) / max(abs(value), 1e-6) for name, value in reference.items()
    )


def rows(kind, images, arguments, devices):
    """The rows of a kind of model, each as soon as it is measured."""
    common = (kind, images, arguments.batch_size, arguments.steps)
    reference, rate = trained(*common, "CPU:0")
    yield kind, "CPU:0", "float32", "off", "", f"{rate:.0f}", ""
    for device in devices:
        for precision in CHOICES["precision"]:
            for jit in ("off", "on"):
                if (device, precision, jit) == ("CPU:0", "float32", "off"):
                    continue
                name = (kind, device, precision, jit)
                try:
                    losses, rate = trained(*common, device, precision, jit)
                except (InputError, tf.errors.OpError) as error:
                    note = str(error).partition("\n")[0].replace("|", "/")[:100]
                    yield *name, "", "", note
                else:
                    yield *name, f"{difference(losses, reference):.1e}", f"{rate:.0f}", ""


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=50, help="that are timed")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--kinds", default=";".join(KINDS), help="names with ; between")
    arguments = parser.parse_args()
    if unknown := set(kinds := [k.strip() for k in arguments.kinds.split(";")]) - set(KINDS):
        sys.exit(f"error: unknown kind: got {unknown.pop()}; accepted: {'; '.join(KINDS)}")
    images = np.random.default_rng(0).integers(0, 256, (1024, 64, 64, 3), np.uint8)
    gpus = [
        device.name.removeprefix("/device:") for device in tf.config.list_logical_devices("GPU")
    ]
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {len(gpus)} GPU(s)")
    for gpu in tf.config.list_physical_devices("GPU"):
        print(tf.config.experimental.get_device_details(gpu))
    print("", "| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS), sep="\n")
    for kind in kinds:
        for row in rows(kind, images, arguments, gpus[:1] or ["CPU:0"]):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
