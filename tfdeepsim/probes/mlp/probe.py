"""One MLP of a suite, with its best weights so far."""

import dataclasses
import math

import numpy as np


@dataclasses.dataclass
class MlpProbe:
    """One MLP: its seed, its architecture, and its weights of lowest validation loss so far.

    Attributes:
        seed: Seed of the initial weights and of the order of the training examples.
        widths: Width of the input, of each hidden layer, and of the output.
        parameters: Weights and biases, float32 [P], laid out as by
            `perceptron.initial_parameters`.
        validation_loss: Lowest validation loss so far; infinite before the first epoch.
        best_epoch: Epoch of the lowest validation loss, counted from 1; 0 before the first epoch.
        epochs: Number of epochs that the probe was trained for.

    Example:
        >>> widths = (64, 32, 2)
        >>> probe = MlpProbe(0, widths, initial_parameters(widths, seed=0))
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
        """Count one more epoch, and keep its weights if its validation loss is the lowest so far.

        Args:
            loss: Mean validation loss after the epoch; may be NaN or infinite.
            parameters: Weights after the epoch, float32 [P]; copied if they are kept.
        """
        self.epochs += 1
        if loss < self.validation_loss:
            self.validation_loss = float(loss)
            self.best_epoch = self.epochs
            self.parameters = parameters.copy()

    def stops(self, patience: int) -> bool:
        """Whether none of the last `patience` epochs reached a lower validation loss."""
        return self.epochs - self.best_epoch >= patience
