"""Time to train a suite of MLP probes side by side, against one Keras `fit` after another.

    python benchmarks/probes.py

Both sides train the same 7 architectures x 5 seeds on the same embeddings, with the same batch
size, for the same number of epochs and with validation after each; Keras without XLA. The two
alternate, so that other load on the machine affects both: the whole suite, then the 7 models of one
seed by `fit`, and so on for 5 seeds. The 35 times of `fit` are summed, and the 5 times of the suite
are averaged. Two ratios are printed:

* `training`: the epochs after the first, without tracing and warm-up of either side;
* `in all`: everything, with building, tracing and the first epoch of either side.
"""

import argparse
import time

import keras
import numpy as np

from tfdeepsim.probes.mlp.perceptron import NEGATIVE_SLOPE
from tfdeepsim.probes.mlp.suite import MlpSuite

SIZES = ((20_000, 64, 256), (20_000, 64, 512), (2_000, 32, 256))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--epochs", type=int, default=3, help="number of timed epochs after the first"
    )
    arguments = parser.parse_args()
    print("embeddings    batch   suite s  keras s  training   in all")
    for examples, width, batch_size in SIZES:
        suite = MlpSuite(batch_size=batch_size, patience=1000, epochs=1 + arguments.epochs)
        ours, theirs = alternate(
            suite, embeddings(examples, width), embeddings(examples // 8, width)
        )
        print(
            f"{examples:6d} x {width:3d}  {batch_size:5d}  {ours[1]:7.2f}  {theirs[1]:7.2f}"
            f"  {theirs[1] / ours[1]:7.1f}x  {theirs.sum() / ours.sum():6.1f}x",
            flush=True,
        )


def embeddings(examples: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal noise [examples, width], and a smooth function of it [examples, 2]."""
    z = np.random.default_rng(examples).normal(size=(examples, width)).astype(np.float32)
    return z, np.tanh(z[:, :2] + z[:, 2:4])


def alternate(suite: MlpSuite, train: tuple, validation: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Train the suite and, in turn, each of its MLPs by `fit`.

    Returns:
        Seconds until the end of the first epoch and seconds of the later epochs, [2], for the suite
        (mean over runs) and for `fit` (sum over MLPs).
    """
    by_suite, by_fit = [], []
    for seed in range(suite.seeds):
        by_suite.append(time_suite(suite, train, validation))
        by_fit += [time_keras(suite, seed, hidden, train, validation) for hidden in suite.hidden]
    return np.mean(by_suite, axis=0), np.sum(by_fit, axis=0)


def time_suite(suite: MlpSuite, train: tuple, validation: tuple) -> tuple[float, float]:
    """Seconds until the end of the first epoch, and of the later epochs, of a suite."""
    clock = EpochClock()
    suite.fit(train, validation, on_epoch=lambda *_: clock.epoch_ended())
    return clock.until_first, clock.after_first


def time_keras(
    suite: MlpSuite, seed: int, hidden: tuple, train: tuple, validation: tuple
) -> tuple[float, float]:
    """Seconds until the end of the first epoch, and of the later epochs, of one Keras model."""
    clock = EpochClock()
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((train[0].shape[1],))])
    for units in hidden:
        model.add(keras.layers.Dense(units))
        model.add(keras.layers.LeakyReLU(NEGATIVE_SLOPE))
    model.add(keras.layers.Dense(train[1].shape[1]))
    model.compile(keras.optimizers.Adam(suite.learning_rate), "mse", jit_compile=False)
    model.fit(
        *train,
        batch_size=suite.batch_size,
        epochs=suite.epochs,
        validation_data=validation,
        validation_batch_size=4096,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: clock.epoch_ended())],
        verbose=0,
    )
    return clock.until_first, clock.after_first


class EpochClock:
    """Splits the time of a training run at the end of its first epoch."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._ends: list[float] = []

    def epoch_ended(self) -> None:
        """Note the end of an epoch."""
        self._ends.append(time.perf_counter())

    @property
    def until_first(self) -> float:
        """Seconds from the start to the end of the first epoch."""
        return self._ends[0] - self._start

    @property
    def after_first(self) -> float:
        """Seconds from the end of the first epoch to the end of the last."""
        return self._ends[-1] - self._ends[0]


if __name__ == "__main__":
    main()
