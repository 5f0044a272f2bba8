"""Balance of the loss terms, and of generator and discriminator: warnings and charts."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import rich.console
import tensorflow as tf
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar.summary import pb as layout_summary

from tfdeepsim.console import PlainConsole
from tfdeepsim.run import RunDirectory

LEAST_SHARE = 0.01
"""Share of the sum of gradient norms at the generated image, below which a term hardly counts."""
MOST_SHARE = 0.9
"""Share above which a term decides alone."""
BAND = (0.1, 10.0)
"""Range of r = L_discr / L_adv in which both networks can learn: the thresholds in the code of
Dosovitskiy & Brox."""
LONG = 3
"""Number of successive epochs outside of the band after which there is a warning."""

CHARTS = {
    "terms, raw": r"^epoch_(image|feature|adversarial|kl)$",
    "terms, weighted": r"^epoch_weighted_",
    "weights that keep shares of the gradient": r"^epoch_lambda_",
    "gradient norm at the generated image": r"^epoch_gradient_",
    "r = L_discr / L_adv, with its thresholds": r"^(epoch_ratio|ratio_)",
    "discriminator's accuracy": r"^epoch_accuracy_",
    "share of steps in which each was trained": r"^epoch_.*_trained$",
}
"""Title of each chart, and pattern of the tags of its curves."""


class Balance(keras.callbacks.Callback):
    """Warns if a loss term hardly counts or if generator or discriminator is far ahead, and adds
    charts of this to TensorBoard.

    It does nothing for models with a single term on images.

    Args:
        run: Run directory; events are written to its folder `train`.
        console: Console for warnings; None for standard output.

    Example:
        >>> model.fit(batches, callbacks=[Balance(run)])
    """

    def __init__(self, run: RunDirectory, console: rich.console.Console | None = None):
        super().__init__()
        self.run = run
        self.console = console or PlainConsole()
        self._weak: set[str] = set()
        self._waits = False
        self._outside = 0

    def on_train_begin(self, logs: Any = None) -> None:
        self._writer = tf.summary.create_file_writer(
            str(self.run.path / "train"), filename_suffix=".balance"
        )
        if any(name.startswith("gradient_") for name in self.model.means):
            with self._writer.as_default():
                layout = _layout(self.model.means)
                tf.summary.experimental.write_raw_pb(layout.SerializeToString(), step=0)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        start = self.model.adversarial_start
        self._waits = bool(start) and int(self.model.optimizer.iterations.numpy()) < start

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        for name, share in shares(logs).items():
            if name == "adversarial" and self._waits:
                continue
            if share < LEAST_SHARE and name not in self._weak:
                self._weak.add(name)
                self._warn(
                    f"the term '{name}' has {share:.2%} of the gradient: "
                    "raise its weight or leave it out"
                )
        if "ratio" not in logs:
            return
        with self._writer.as_default():
            for name, value in zip(("ratio_low", "ratio_high"), BAND, strict=True):
                tf.summary.scalar(name, value, step=epoch)
        is_inside = self._waits or BAND[0] <= logs["ratio"] <= BAND[1]
        self._outside = 0 if is_inside else self._outside + 1
        if self._outside == LONG:
            ahead = "discriminator" if logs["ratio"] < BAND[0] else "generator"
            self._warn(
                f"r = L_discr / L_adv is {logs['ratio']:.3g}, outside of {BAND[0]:g} to "
                f"{BAND[1]:g} for {LONG} epochs: the {ahead} is far ahead; "
                "another --lambda-adv or --gate may help"
            )

    def on_train_end(self, logs: Any = None) -> None:
        self._writer.close()

    def _warn(self, text: str) -> None:
        self.console.print(f"warning: {text}")


def shares(logs: Mapping[str, float]) -> dict[str, float]:
    """Share of each term in the sum of gradient norms; empty for a single term.

    Args:
        logs: Measures of an epoch, of which those named `gradient_TERM` are used.
    """
    norms = _by_term(logs, "gradient_")
    total = math.fsum(norms.values())
    return {name: norm / total for name, norm in norms.items()} if total else {}


def moving_weights(logs: Mapping[str, float]) -> dict[str, float]:
    """Weight of each term, if the weights follow shares of the gradient; else empty.

    Args:
        logs: Measures of an epoch, of which those named `lambda_TERM` are used.
    """
    return _by_term(logs, "lambda_")


def _by_term(logs: Mapping[str, float], prefix: str) -> dict[str, float]:
    return {
        name.removeprefix(prefix): float(v) for name, v in logs.items() if name.startswith(prefix)
    }


def balance_lines(shares: Mapping[str, float], weights: Mapping[str, float]) -> list[str]:
    """Lines for the plan: the shares of the terms, weights that follow them, and a sentence for
    each term that has nearly all of the gradient, or nearly nothing.

    Args:
        shares: Share of each term, as `shares` returns them.
        weights: Weight of each term, as `moving_weights` returns them.

    Example:
        >>> balance_lines({"feature": 0.75, "image": 0.25}, {})
        ['75.0 % feature, 25.0 % image, at the generated image over the trial steps']
    """
    if not shares:
        return []
    listed = ", ".join(f"{100 * share:.1f} % {name}" for name, share in shares.items())
    lines = [f"{listed}, at the generated image over the trial steps"]
    if weights:
        listed = ", ".join(f"{weight:.4g} {name}" for name, weight in weights.items())
        lines.append(f"mean weights over the trial steps: {listed}")
    for name, share in shares.items():
        if share > MOST_SHARE:
            lines.append(
                f"warning: the term '{name}' has over {MOST_SHARE:.0%} of the gradient: "
                "the other terms hardly count"
            )
        if share < LEAST_SHARE:
            lines.append(
                f"warning: the term '{name}' has under {LEAST_SHARE:.0%} of the gradient: "
                "raise its weight or leave it out"
            )
    return lines


def _layout(measures: Iterable[str]) -> Any:
    tags_of_run = [f"epoch_{name}" for name in measures]
    charts = [
        layout_pb2.Chart(title=title, multiline=layout_pb2.MultilineChartContent(tag=[tags]))
        for title, tags in CHARTS.items()
        if any(re.match(tags, tag) for tag in tags_of_run)
    ]
    return layout_summary(
        layout_pb2.Layout(category=[layout_pb2.Category(title="balance", chart=charts)])
    )
