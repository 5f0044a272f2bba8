"""The hyperparameters of a probe: which there are, and what their values mean."""

import dataclasses
from collections.abc import Mapping
from typing import Any

MOST_LAYERS = 3
WIDTHS = (16, 32, 64, 128, 256)
ACTIVATIONS = ("relu", "leaky_relu", "elu", "gelu")
BATCH_SIZES = (64, 128, 256, 512)
# The seven architectures of the fixed host, and around its learning rate and no dropout.
GRID = {
    "hidden": ("linear", "32", "64", "32-32", "64-32", "64-64", "128-128"),
    "dropout": (0.0, 0.2, 0.5),
    "learning_rate": (1e-3, 3e-4, 3e-3),
}
# A linear probe has no layer to drop from.
GRID_SIZE = len(GRID["learning_rate"]) * (1 + len(GRID["dropout"]) * (len(GRID["hidden"]) - 1))


@dataclasses.dataclass(frozen=True)
class Design:
    """One probe: a multi-layer perceptron and how it is trained.

    Attributes:
        hidden: Widths of the hidden layers; `()` is a linear model.
        activation: After each of them, one of `ACTIVATIONS`.
        dropout: Share of each hidden layer's outputs that is dropped in training.
        weight_decay: Of AdamW.
        learning_rate: Of AdamW.
        batch_size: Examples a step.
    """

    hidden: tuple[int, ...] = ()
    activation: str = "leaky_relu"
    dropout: float = 0.0
    weight_decay: float = 0.0
    learning_rate: float = 1e-3
    batch_size: int = 256

    @property
    def architecture(self) -> str:
        """The widths in words: `64-32`, or `linear`."""
        return "-".join(map(str, self.hidden)) or "linear"

    def __str__(self) -> str:
        parts = [self.architecture]
        if self.hidden:
            parts += [self.activation, f"dropout {self.dropout:g}"]
        decay, rate = (
            f"weight decay {self.weight_decay:.2g}",
            f"learning rate {self.learning_rate:.2g}",
        )
        return ", ".join([*parts, decay, rate, f"batch {self.batch_size}"])


def declare(hp: Any, tuner: str) -> None:
    """Register the hyperparameters that `tuner` searches.

    A grid is the fixed host's seven architectures, by learning rate and dropout; its other settings
    are the host's. The other tuners search depth, widths, activation, dropout, weight decay,
    learning rate and batch size.

    Args:
        hp: `keras_tuner.HyperParameters`.
        tuner: One of `TUNERS`.
    """
    if tuner == "grid":
        hp.Choice("hidden", list(GRID["hidden"]))
        with hp.conditional_scope("hidden", list(GRID["hidden"][1:])):
            hp.Choice("dropout", list(GRID["dropout"]))
        hp.Choice("learning_rate", list(GRID["learning_rate"]))
        return
    hp.Int("depth", 0, MOST_LAYERS, default=1)
    for layer in range(1, MOST_LAYERS + 1):
        with hp.conditional_scope("depth", list(range(layer, MOST_LAYERS + 1))):
            hp.Choice(f"width_{layer}", list(WIDTHS), default=64)
    with hp.conditional_scope("depth", list(range(1, MOST_LAYERS + 1))):
        hp.Choice("activation", list(ACTIVATIONS), default="leaky_relu")
        hp.Float("dropout", 0.0, 0.5, step=0.1)
    hp.Float("weight_decay", 1e-6, 1e-1, sampling="log", default=1e-4)
    hp.Float("learning_rate", 1e-4, 1e-2, sampling="log", default=1e-3)
    hp.Choice("batch_size", list(BATCH_SIZES), default=256)


def design_of(values: Mapping[str, Any]) -> Design:
    """The probe that the active values of a trial stand for."""
    if "hidden" in values:
        text = values["hidden"]
        hidden = () if text == "linear" else tuple(map(int, text.split("-")))
    else:
        hidden = tuple(int(values[f"width_{layer}"]) for layer in range(1, values["depth"] + 1))
    names = {field.name for field in dataclasses.fields(Design)} - {"hidden"}
    if not hidden:
        names -= {"activation", "dropout"}
    return Design(hidden, **{name: values[name] for name in names & set(values)})
