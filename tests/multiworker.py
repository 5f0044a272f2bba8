"""Trains by one process and by several workers of 127.0.0.1, for `test_multiworker.py`.

    python tests/multiworker.py FOLDER WORKERS

Every process writes to FOLDER what it has at the end of some steps of each system. The workers also
train one run, in two parts, and write the message of a run that is refused.
"""

import dataclasses
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import describe
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.gate import GatedAdam
from tfdeepsim.run import RunDirectory
from tfdeepsim.training import trainer
from tfdeepsim.training.build import build_model, make_strategy
from tfdeepsim.training.step_counter import StepCounter
from tfdeepsim.training.tasks import make_task
from tfdeepsim.training.trainer import train
from tfdeepsim.training.workers import Workers, on_all_devices
from tfdeepsim.tuning.cluster import free_port

SMALL = {"network": "dosovitskiy", "width": 0.1}
SYSTEMS = {
    "pixel": SMALL | {"augment": "flip"},
    "again": SMALL | {"augment": "flip"},
    "perceptual": SMALL | {"loss": "perceptual", "comparator": "random_alexnet:relu1"},
    "deepsim": SMALL
    | {"loss": "deepsim", "comparator": "random_alexnet:relu1", "gate": "hysteresis"},
    "inversion": {"task": "inversion", "invert": "random_alexnet:pool2", "width": 0.1},
}
VALIDATED = ("pixel", "deepsim")
STEPS = 3
BATCH = 12
IMAGES = np.random.default_rng(0).integers(0, 256, (2 * BATCH + 1, 64, 64, 3), np.uint8)
# A last batch of one image, which one worker alone could take.
SPLITS = {
    "encoder_train": Split(IMAGES, {}),
    "encoder_validation": Split(IMAGES[: BATCH + 1], {}),
}
QUIET = rich.console.Console(quiet=True)


def steps(name, strategy):
    """Train some steps; the logs of training and validation, and all that the steps changed."""
    config = TrainConfig(**SYSTEMS[name], batch_size=BATCH, strategy=strategy)
    workers = Workers.of(config)
    strategy = make_strategy(config, workers)
    described = describe(config.dataset, None, config)
    sizes = {split: len(SPLITS[split].images) for split in SPLITS}
    described = dataclasses.replace(described, splits=sizes, ready=True)
    task = make_task(config, SimpleNamespace(splits=SPLITS, description=described))
    task.shard = workers.shard
    model = build_model(task, strategy)
    with strategy.scope():
        if name == "deepsim":
            for layer in model.discriminator.layers:
                # Each worker draws its own.
                if isinstance(layer, keras.layers.Dropout):
                    layer.rate = 0.0
            # With a small epsilon, Adam would turn the rounding of a small gradient into a step.
            model.compile(optimizer=GatedAdam(2e-3, epsilon=1e-3))
        else:
            model.compile(optimizer=keras.optimizers.SGD(0.1))
    history = model.fit(
        on_all_devices(task.training(range(STEPS)), strategy),
        validation_data=on_all_devices(task.validation(), strategy) if name in VALIDATED else None,
        steps_per_epoch=STEPS,
        shuffle=False,
        verbose=0,
    ).history
    logs = {measure: float(values[0]) for measure, values in history.items()}
    return logs, [variable.numpy() for variable in model.state_variables()]


def refusal(config, run):
    try:
        train(config, run, console=QUIET)
    except InputError as error:
        return str(error)
    return "trained"


def systems(name, strategy):
    seen = {}
    for system in SYSTEMS:
        seen[system], state = steps(system, strategy)
        np.savez(f"{name}-{system}.npz", *state)
    return seen


def runs(number):
    config = TrainConfig(
        **SMALL,
        dataset="npz:noise.npz",
        batch_size=6,
        strategy="multiworker",
        cache="none",
        epochs=1,
    )
    # The chief writes its folder, and the others nothing.
    network = train(config, RunDirectory(f"run{number}"), console=QUIET)
    longer = dataclasses.replace(config, epochs=2)
    train(longer, RunDirectory("run0"), resume=True, console=QUIET)
    interrupted(longer, number)
    other = dataclasses.replace(config, learning_rate=0.5 if number == 1 else 0.001)
    message = refusal(other, RunDirectory(f"refused{number}"))
    return {"is given a network": network is not None, "refused": message}


def interrupted(config, number):
    """Train a run in three parts: in a step, and then in the last of that epoch, a worker gets
    Ctrl-C."""
    # They look at the clock after each step, and then now and then and after the last one.
    for minutes, steps in ((0, {0: 2, 1: 3}), (1e6, {1: 3})):

        class Interrupted(StepCounter):
            at = steps.get(number)

            def on_train_batch_end(self, batch, logs=None):
                super().on_train_batch_end(batch, logs)
                if self.progress.step == self.at:
                    os.kill(os.getpid(), signal.SIGINT)

        trainer.StepCounter = Interrupted
        run = RunDirectory(f"interrupted{number * (minutes == 0)}")
        part = dataclasses.replace(config, checkpoint_minutes=minutes)
        try:
            train(part, run, resume=minutes > 0, console=QUIET)
        except KeyboardInterrupt:
            trainer.StepCounter = StepCounter
        if not number:
            shutil.copy(run.state, f"interrupted_{minutes > 0:d}.npz")
    train(config, RunDirectory("interrupted0"), resume=True, console=QUIET)


def write(name, seen):
    Path(f"{name}.json").write_text(json.dumps(seen))


def main():
    count = int(sys.argv[2])
    os.chdir(sys.argv[1])
    images = np.random.default_rng(1).integers(0, 256, (30, 64, 64, 3), np.uint8)
    np.savez("noise.npz", images=images)
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(count)]
    processes = []
    for number in range(count):
        # TensorFlow is imported once, and not yet at work.
        process = os.fork()
        if not process:
            task = {"type": "worker", "index": number}
            cluster = {"cluster": {"worker": addresses}, "task": task}
            os.environ["TF_CONFIG"] = json.dumps(cluster)
            name = f"worker{number}"
            write(name, systems(name, "multiworker") | runs(number))
            os._exit(0)
        processes.append(process)
    write("one", systems("one", "single"))
    codes = [os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes]
    sys.exit(any(codes))


if __name__ == "__main__":
    main()
