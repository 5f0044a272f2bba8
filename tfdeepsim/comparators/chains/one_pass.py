"""Features of one network at the layers of two comparators, by one forward pass."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfdeepsim.comparators.chains.chain_comparator import ChainComparator


def in_one_pass(first: Any, second: Any) -> Callable[[tf.Tensor], tuple[Any, Any]] | None:
    """Two comparators as one function, if both are the same network.

    They are if their architecture, their scaling of pixels, the dtype they compute in and their
    weights up to the less deep one's deepest layer are equal.

    Args:
        first, second: Comparators, or anything else.

    Returns:
        From images, as comparators take them, to what `first` and `second` return; None if they are
        different networks.

    Example:
        >>> alexnet, deeper = make_comparator("alexnet:relu2"), make_comparator("alexnet:relu5")
        >>> relu2, relu5 = in_one_pass(alexnet, deeper)(images)
    """
    if not (isinstance(first, ChainComparator) and isinstance(second, ChainComparator)):
        return None
    if first.architecture != second.architecture or first.compute_dtype != second.compute_dtype:
        return None
    pairs = (first.constants(), second.constants())
    if not all(
        np.array_equal(*values)
        for name in pairs[0].keys() & pairs[1].keys()
        for values in zip(pairs[0][name], pairs[1][name], strict=True)
    ):
        return None
    deeper = first if len(pairs[0]) > len(pairs[1]) else second

    def features(images: tf.Tensor) -> tuple[Any, Any]:
        for comparator in (first, second):
            comparator.check_images(images)
        layers = {*first.layers, *second.layers}
        by_layer = deeper.features_of(tf.cast(images, tf.float32), layers)
        return tuple(
            comparator.finished([by_layer[layer] for layer in comparator.layers])
            for comparator in (first, second)
        )

    return features
