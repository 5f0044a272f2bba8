"""What a GPU makes of every kind of model: to be run once on a new machine, in about ten minutes.

    pip install "tensorflow[and-cuda]" && pip install -e .
    python benchmarks/first_gpu_run.py

Each kind of model is trained for some steps in every precision, with and without XLA, on random
images. The Markdown table at the end has the largest relative difference of a loss term of the
first step from that of the CPU in float32, and images per second. Please put it into an issue.

Without a GPU all of this runs on the CPU, where `--steps 2 --batch-size 4` is enough to try it. An
`--image-size` that is too small for a network is told in the table.
"""

import argparse
import contextlib
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
from tfdeepsim.training.gpu_memory import gpu_memory
from tfdeepsim.training.tasks import make_task
from tfdeepsim.training.transfer import gpu_of, prefetched

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
    described = dataclasses.replace(
        described,
        splits={name: len(split.images) for name, split in splits.items()},
        image_shape=images.shape[1:],
        ready=True,
    )
    task = make_task(config, SimpleNamespace(splits=splits, description=described))
    on_cpu = device == "CPU:0"
    # TensorFlow takes the first GPU by itself.
    with tf.device(device) if on_cpu else contextlib.nullcontext():
        model = build_model(task)
        for layer in model._flatten_layers():
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0  # each device draws its own
        data = task.training(range(steps))
        if not on_cpu:
            data = prefetched(data, gpu_of(model.distribute_strategy))

        def fit(count):
            begin = time.perf_counter()
            history = model.fit(data, steps_per_epoch=count, verbose=0, shuffle=False).history
            return history, time.perf_counter() - begin

        losses, _ = fit(1)  # compiles the step
        fit(1)
        _, seconds = fit(steps)
    measured = {name: values[0] for name, values in losses.items()}
    return measured, steps * batch_size / seconds


def difference(losses, reference):
    """Largest relative difference of a loss."""
    return max(
        abs(losses[name] - value) / max(abs(value), 1e-6) for name, value in reference.items()
    )


def rows(kind, images, arguments, device):
    """The rows of a kind of model, each as soon as it is measured; the first is the reference."""
    runs = [("CPU:0", "float32", "off")]
    runs += [(device, p, jit) for p in CHOICES["precision"] for jit in ("off", "on")]
    reference = None
    for run in dict.fromkeys(runs):
        try:
            losses, rate = trained(kind, images, arguments.batch_size, arguments.steps, *run)
        except (InputError, tf.errors.OpError) as error:
            note = str(error).partition("\n")[0].replace("|", "/")[:100]
            yield kind, *run, "", "", note
            if reference is None:
                return
        else:
            distance = "" if reference is None else f"{difference(losses, reference):.1e}"
            reference = reference or losses
            yield kind, *run, distance, f"{rate:.0f}", ""
        finally:
            keras.config.set_dtype_policy("float32")


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=50, help="that are timed")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--image-size", type=int, default=64, help="height and width")
    parser.add_argument("--kinds", default=";".join(KINDS), help="names with ; between")
    arguments = parser.parse_args(argv)
    if unknown := set(kinds := [k.strip() for k in arguments.kinds.split(";")]) - set(KINDS):
        sys.exit(f"error: unknown kind: got {unknown.pop()}; accepted: {'; '.join(KINDS)}")
    count, side = max(1024, arguments.batch_size), arguments.image_size
    images = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)
    gpus = [
        device.name.removeprefix("/device:") for device in tf.config.list_logical_devices("GPU")
    ]
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {len(gpus)} GPU(s)")
    for gpu in tf.config.list_physical_devices("GPU"):
        print(tf.config.experimental.get_device_details(gpu))
    for memory in gpu_memory():
        print(memory)
    print("", "| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS), sep="\n")
    for kind in kinds:
        for row in rows(kind, images, arguments, next(iter(gpus), "CPU:0")):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
