"""Progress of training in the terminal: a bar while an epoch runs, a line when it is done."""

from typing import Any

import keras
import rich.console
import rich.progress

SHOWN = (
    *(
        "loss",
        "val_loss",
        "image",
        "feature",
        "adversarial",
        "kl",
        "ratio",
        "accuracy",
        "val_accuracy",
        "val_violations",
    ),
    *("val_probe_accuracy", "val_probe_l1"),
)


class ProgressBar(keras.callbacks.Callback):
    """A bar for the running epoch, where there is a terminal, and a line for each that is done.

    It stands last among the callbacks: what it says has been saved.

    Args:
        console: Where to print.
        epochs: Of the whole run.
    """

    def __init__(self, console: rich.console.Console, epochs: int):
        super().__init__()
        self.console = console
        self.epochs = epochs
        self._bar = rich.progress.Progress(console=console, disable=True)

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *exception: Any) -> None:
        self._bar.stop()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        columns = (
            "[progress.description]{task.description}",
            rich.progress.BarColumn(),
            "{task.percentage:>3.0f}%",
        )
        self._bar = rich.progress.Progress(
            *columns,
            rich.progress.TimeRemainingColumn(),
            "{task.fields[loss]}",
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task(self._name(epoch), total=self.params["steps"], loss="")
        self._bar.start()

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        if self.console.is_terminal:
            self._bar.update(self._task, advance=1, loss=f"loss {float(logs['loss']):.4g}")

    def on_test_begin(self, logs: Any = None) -> None:
        self._bar.stop()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self._bar.stop()
        shown = [f"{name} {logs[name]:.4g}" for name in SHOWN if name in logs]
        speed = f"{logs['images_per_second']:.0f} images/s"
        self.console.print("  ".join([self._name(epoch), *shown, speed]), highlight=False)

    def _name(self, epoch: int) -> str:
        return f"epoch {epoch + 1}/{self.epochs}"
