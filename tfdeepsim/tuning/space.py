"""The hyperparameters that a search chooses, and the probe that their values describe."""

import dataclasses
from collections.abc import Mapping
from typing import Any

MOST_LAYERS = 3
WIDTHS = (16, 32, 64, 128, 256)
ACTIVATIONS = ("relu", "leaky_relu", "elu", "gelu")
BATCH_SIZES = (64, 128, 256, 512)
# The seven architectures of the fixed suite; its settings are the first of each list.
GRID = {
    "hidden": ("linear", "32", "64", "32-32", "64-32", "64-64", "128-128"),
    "dropout": (0.0, 0.2, 0.5),
    "learning_rate": (1e-3, 3e-4, 3e-3),
}
# Dropout applies to hidden layers, of which a linear probe has none.
GRID_SIZE = len(GRID["learning_rate"]) * (1 + len(GRID["dropout"]) * (len(GRID["hidden"]) - 1))


@dataclasses.dataclass(frozen=True)
class Design:
    """Architecture and training settings of a probe, a multi-layer perceptron.

    Attributes:
        hidden: Widths of the hidden layers; `()` is a linear model.
        activation: Activation of the hidden layers, one of `ACTIVATIONS`.
        dropout: Fraction of the outputs of each hidden layer that is dropped in training, 0 to 1.
        weight_decay: Weight decay of AdamW.
        learning_rate: Learning rate of AdamW.
        batch_size: Number of examples in a mini-batch.

    Example:
        >>> str(Design((64, 32), "relu"))
        '64-32, relu, dropout 0, weight decay 0, learning rate 0.001, batch 256'
    """

    hidden: tuple[int, ...] = ()
    activation: str = "leaky_relu"
    dropout: float = 0.0
    weight_decay: float = 0.0
    learning_rate: float = 1e-3
    batch_size: int = 256

    @property
    def architecture(self) -> str:
        """The hidden widths as text: `64-32`, or `linear`."""
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


def declare_hyperparameters(hp: Any, tuner: str, batch_size: int | None = None) -> None:
    """Declare the hyperparameters that a tuner searches.

    A grid combines the seven architectures of the fixed suite with learning rates and dropout; its
    other settings are those of the suite. The other tuners search depth, widths, activation,
    dropout, weight decay, learning rate and batch size.

    Args:
        hp: `keras_tuner.HyperParameters` that the hyperparameters are added to.
        tuner: Name of the tuner, one of `TUNERS`.
        batch_size: Batch size of all probes; None to search it, or for that of the suite in a grid.
    """
    if batch_size is not None:
        hp.Fixed("batch_size", batch_size)
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
    if batch_size is None:
        hp.Choice("batch_size", list(BATCH_SIZES), default=256)


def design_of(values: Mapping[str, Any]) -> Design:
    """The probe that the hyperparameters of a trial describe."""
    if "hidden" in values:
        text = values["hidden"]
        hidden = () if text == "linear" else tuple(map(int, text.split("-")))
    else:
        hidden = tuple(int(values[f"width_{layer}"]) for layer in range(1, values["depth"] + 1))
    names = {field.name for field in dataclasses.fields(Design)} - {"hidden"}
    if not hidden:
        names -= {"activation", "dropout"}
    return Design(hidden, **{name: values[name] for name in names & set(values)})
