"""Progress of training in the terminal: a bar while an epoch runs, a line when it has ended."""

from collections.abc import Mapping
from typing import Any

import keras
import rich.console

from tfdeepsim.progress import ProgressBar

WIDTH = 80
"""Columns of a terminal that a line fits into, whatever the width of the terminal."""
LABELS = {
    "loss": "loss",
    "val_loss": "val",
    "image": "image",
    "feature": "feature",
    "adversarial": "adv",
    "kl": "kl",
    "accuracy": "acc",
    "val_accuracy": "val acc",
    "val_violations": "violations",
    "ratio": "r",
    "val_probe_accuracy": "probe",
    "val_probe_l1": "probe",
}
"""Columns of the history that a line may show, in this order, and how the line calls them."""
BY_IMPORTANCE = (
    *("loss", "val_loss", "val_probe_accuracy", "val_probe_l1", "val_accuracy", "val_violations"),
    *("ratio", "accuracy", "kl", "feature", "adversarial", "image"),
)
"""Which columns are shown first where there is not room for all."""
TERMS = {"image", "feature", "adversarial", "kl"}
"""Columns that add up to the loss; a single one would repeat it."""
NUMBER = 7
"""Longest number, e.g. 0.00123."""


class EpochProgress(keras.callbacks.Callback):
    """Shows a bar for the running epoch, if there is a terminal, and prints a line after each.

    It must be the last of the callbacks, so that an epoch whose line is printed has been saved. It
    is a context manager, which removes the bar when training is interrupted.

    Args:
        console: Console to print to.
        epochs: Number of epochs of the whole run.

    Example:
        >>> with EpochProgress(rich.console.Console(), epochs=10) as progress:
        ...     model.fit(batches, epochs=10, verbose=0, callbacks=[counter, progress])
    """

    def __init__(self, console: rich.console.Console, epochs: int):
        super().__init__()
        self.console = console
        self.epochs = epochs
        self._bar: ProgressBar | None = None

    def __enter__(self) -> "EpochProgress":
        return self

    def __exit__(self, *exception: Any) -> None:
        self._stop()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._steps = 0
        self._bar = ProgressBar(
            _title(epoch, self.epochs),
            self.params["steps"],
            console=self.console,
            shown=self.console.is_terminal,
        )

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        self._steps += 1
        if self._bar is not None and self.console.is_terminal:
            self._bar.update(self._steps, note=f"loss {float(logs['loss']):.4g}")

    def on_test_begin(self, logs: Any = None) -> None:
        self._stop()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self._stop()
        line = epoch_line(epoch, self.epochs, logs, max(WIDTH, self.console.width))
        self.console.print(line, soft_wrap=True)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


def epoch_line(epoch: int, epochs: int, logs: Mapping[str, float], width: int = WIDTH) -> str:
    """An epoch on one line: the most important measures that there is room for, and the speed.

    Args:
        epoch: The epoch, from 0.
        epochs: Number of epochs of the run.
        logs: Measures of the epoch by name, with `images_per_second`.
        width: Columns of the terminal.

    Returns:
        A line of at most `width` columns, for numbers of at most `NUMBER` characters.

    Example:
        >>> epoch_line(0, 10, {"loss": 0.01234, "val_loss": 0.015, "images_per_second": 811.2})
        'epoch 1/10  loss 0.0123  val 0.015  811 img/s'
    """
    title, speed = _title(epoch, epochs), f"{logs['images_per_second']:.0f} img/s"
    # As long as the longest of the run, so that all lines show the same measures.
    room = width - len(_title(epochs - 1, epochs)) - len(f"  {10**5} img/s")
    terms = TERMS & set(logs)
    shown: set[str] = set()
    for name in BY_IMPORTANCE:
        length = len(f"  {LABELS[name]} ") + NUMBER
        if name in logs and {name} != terms and length <= room:
            shown.add(name)
            room -= length
    measures = [f"{label} {short(logs[name])}" for name, label in LABELS.items() if name in shown]
    return "  ".join([title, *measures, speed])


def short(number: float) -> str:
    """`number` with three digits, and no zeros that could be left out.

    Example:
        >>> short(0.000012345)
        '1.23e-5'
    """
    text = f"{number:.3g}" if number == 0 or abs(number) >= 1e-3 else f"{number:.2e}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}{e}{int(exponent)}" if e else mantissa


def _title(epoch: int, epochs: int) -> str:
    return f"epoch {epoch + 1}/{epochs}"
