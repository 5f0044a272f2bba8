"""One network of a suite, and the best that it has been."""

import dataclasses
import math

import numpy as np


@dataclasses.dataclass
class MlpProbe:
    """One network: its seed, its architecture, and its weights of lowest validation loss so far.

    Attributes:
        seed: Decides its first weights and the order in which it sees the examples.
        widths: Width of the input, of each hidden layer, and of the output.
        parameters: float32 [P], as `network.initial_parameters` lays them out.
        validation_loss: The lowest so far; infinite while there is none.
        best_epoch: The epoch of that loss, counted from 1.
        epochs: How many epochs it has trained.
    """

    seed: int
    widths: tuple[int, ...]
    parameters: np.ndarray
    validation_loss: float = math.inf
    best_epoch: int = 0
    epochs: int = 0

    @property
    def hidden(self) -> tuple[int, ...]:
        """Width of each hidden layer."""
        return self.widths[1:-1]

    def record(self, loss: float, parameters: np.ndarray) -> None:
        """Note one more epoch, and keep its weights if they are the best so far."""
        self.epochs += 1
        if loss < self.validation_loss:
            self.validation_loss = float(loss)
            self.best_epoch = self.epochs
            self.parameters = parameters.copy()

    def stops(self, patience: int) -> bool:
        """Whether the last `patience` epochs brought no lower validation loss."""
        return self.epochs - self.best_epoch >= patience
