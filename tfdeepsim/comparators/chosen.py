"""The comparator that a user of Python gives to a loss or metric: by its name, or built before."""

import os
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.comparators import make_comparator
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.comparators.weights.load import digest
from tfdeepsim.comparators.weights.locate import DOWNLOAD
from tfdeepsim.errors import InputError
from tfdeepsim.networks.precision import precision


class ChosenComparator:
    """A comparator with what its owner's config needs to build it again.

    Args:
        comparator: `NAME:LAYER`, `NAME:LAYER+LAYER`, or a `Comparator`.
        weights: As for `make_comparator`; a relative path is of the folder of this process.
        dtype: Policy in which the comparator computes; None for Keras' global policy.
        **options: Options of `make_comparator` whose default is `none`.

    Attributes:
        network: The `Comparator`.
        is_named: Whether it is built from its name.

    Raises:
        InputError: As `make_comparator`, in words of Python; if `comparator` is neither a name nor
            a `Comparator`; or if a `Comparator` is given with weights, dtype or options.

    Example:
        >>> ChosenComparator("alexnet:relu2", None, None).network.layers
        ('relu2',)
    """

    def __init__(
        self,
        comparator: str | Comparator,
        weights: str | os.PathLike | None,
        dtype: Any,
        **options: Any,
    ):
        self._expected: str | None = None
        self.is_named = isinstance(comparator, str)
        self._options = options
        self._weights = _absolute(weights)
        if isinstance(comparator, str):
            self._spec = comparator
            self.network = _make(comparator, self._weights, dtype, options)
        else:
            _check_built(comparator, weights, dtype, options)
            self.network = comparator

    def get_config(self) -> dict[str, Any]:
        """Arguments that build the same comparator, and `sha256` of its weights."""
        sha256 = {"sha256": self._expected or self._sha256()}
        if self.is_named:
            dtype = self.network.dtype_policy.name
            named = {"comparator": self._spec, "weights": self._weights, "dtype": dtype}
            return named | self._options | sha256
        return {"comparator": keras.saving.serialize_keras_object(self.network)} | sha256

    def expect(self, sha256: str) -> None:
        """Have `verify` compare the weights with those that a config names."""
        self._expected = sha256

    def verify(self, owner: str) -> None:
        """Check the weights before their first use, once.

        Those of a comparator that was built by the user are in the `.keras` file of a model if its
        loss has it, and are read after the loss is built; Keras saves none of a metric.

        Args:
            owner: Name of the loss or metric, for the error.

        Raises:
            InputError: If they are others than `expect` was told.
        """
        expected, self._expected = self._expected, None
        if expected is None or (sha256 := self._sha256()) == expected:
            return
        raise InputError(
            f"{owner} needs the weights of its comparator that it was saved with",
            got=f"SHA-256 {sha256[:12]}... of {self.network.source}",
            accepted=f"{expected[:12]}...; or a comparator that is named, or compile() again",
        )

    def _sha256(self) -> str:
        if self.is_named:
            return self.network.sha256
        with tf.init_scope():  # numbers, also while a step is traced
            weights = {str(i): w.numpy() for i, w in enumerate(self.network.weights)}
        return digest(weights)


def built(cls: Any, config: dict[str, Any]) -> Any:
    """Build a loss or metric from its config, and check the weights of a named comparator; those of
    others are checked when they are used.

    Args:
        cls: The class, whose attribute `chosen` is the `ChosenComparator`.
        config: Its config, with the entries of `ChosenComparator.get_config`.

    Raises:
        InputError: If the weights are missing, or others than they were.
    """
    arguments = {name: value for name, value in config.items() if name != "sha256"}
    if isinstance(arguments.get("comparator"), dict):
        arguments["comparator"] = keras.saving.deserialize_keras_object(arguments["comparator"])
    owner = cls(**arguments)
    owner.chosen.expect(config["sha256"])
    if owner.chosen.is_named:
        owner.chosen.verify(owner.name)
    return owner


def _make(
    spec: str, weights: str | os.PathLike | None, dtype: Any, options: dict[str, Any]
) -> Comparator:
    try:
        with precision(keras.config.dtype_policy() if dtype is None else dtype):
            return make_comparator(spec, weights, **options)
    except InputError as error:
        accepted = str(error.accepted).replace("--comparator-weights ", "weights=")
        raise InputError(error.rule, got=error.got, accepted=accepted) from None


def _check_built(comparator: Any, weights: Any, dtype: Any, options: dict[str, Any]) -> None:
    if not isinstance(comparator, Comparator):
        raise InputError(
            "a comparator is named, or built before",
            got=type(comparator).__name__,
            accepted="NAME:LAYER, or a tfdeepsim.Comparator",
        )
    given = [name for name, value in options.items() if value != "none"]
    given += [name for name, value in (("weights", weights), ("dtype", dtype)) if value is not None]
    if given:
        raise InputError(
            "a comparator that was built before has its own options",
            got=", ".join(given),
            accepted="these options of make_comparator, or the comparator's name",
        )


def _absolute(weights: str | os.PathLike | None) -> str | None:
    """The path of a weights file that a process in another folder finds, too."""
    if weights is None or os.fspath(weights) == DOWNLOAD:
        return None if weights is None else DOWNLOAD
    return os.path.abspath(weights)
