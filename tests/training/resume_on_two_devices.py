"""Trains a run on two devices, and the same in two parts, for `test_resuming_within_epochs.py`.

python tests/training/resume_on_two_devices.py SYSTEM DATASET FOLDER
"""

import os
import shutil
import signal
import sys
from pathlib import Path

import rich.console
import tensorflow as tf

from tfdeepsim.config import TrainConfig
from tfdeepsim.run import RunDirectory
from tfdeepsim.training import checkpoint, trainer

system, dataset, folder = sys.argv[1:]
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

SYSTEMS = {
    "pixel": {"augment": "flip"},
    "deepsim": {"loss": "deepsim", "comparator": "random_alexnet:relu1"},
}
INTERRUPTED_AT = 2
QUIET = rich.console.Console(quiet=True)
config = TrainConfig(
    dataset=dataset,
    network="dosovitskiy",
    width=0.1,
    batch_size=4,
    epochs=1,
    strategy="mirrored",
    **SYSTEMS[system],
)
trainer.train(config, RunDirectory(Path(folder, "whole")), console=QUIET)


class Interrupted(checkpoint.Checkpoint):
    """Gets Ctrl-C in a step."""

    def on_train_batch_end(self, batch, logs=None):
        if self.progress.step == INTERRUPTED_AT:
            os.kill(os.getpid(), signal.SIGINT)
        super().on_train_batch_end(batch, logs)


trainer.Checkpoint = Interrupted
run = RunDirectory(Path(folder, "resumed"))
try:
    trainer.train(config, run, console=QUIET)
except KeyboardInterrupt:
    shutil.copy(run.state, Path(folder, "interrupted.npz"))
trainer.Checkpoint = checkpoint.Checkpoint
trainer.train(config, run, resume=True, console=QUIET)
