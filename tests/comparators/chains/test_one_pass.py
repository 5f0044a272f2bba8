"""Two comparators that are one network: what both return, by one pass."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.comparators.chains.one_pass import in_one_pass
from tfdeepsim.comparators.discriminator_features import DiscriminatorFeatures
from tfdeepsim.errors import InputError


def alexnet(*layers, seed=0, **options):
    return ChainComparator("alexnet", layers, seed=seed, **options)


IMAGES = tf.constant(np.random.default_rng(0).random((3, 64, 64, 3)), tf.float32)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("relu2",), ("pool5",)),
        (("conv3",), ("relu1",)),
        (("relu1", "conv3"), ("conv3",)),
        (("pool1",), ("relu1",)),
    ],
)
def test_both_return_what_they_return_alone(first, second):
    both = alexnet(*first, feature_normalization="channel"), alexnet(*second)
    together = in_one_pass(*both)(IMAGES)
    for found, comparator in zip(together, both, strict=True):
        expected = comparator(IMAGES)
        assert isinstance(found, list) == isinstance(expected, list)
        for one, other in zip(tf.nest.flatten(found), tf.nest.flatten(expected), strict=True):
            np.testing.assert_array_equal(one, other)


def test_one_convolution_for_both():
    function = tf.function(in_one_pass(alexnet("relu2"), alexnet("relu3")))
    graph = function.get_concrete_function(IMAGES).graph
    assert sum(operation.type == "Conv2D" for operation in graph.get_operations()) == 3


@pytest.mark.parametrize(
    "other",
    [
        lambda: alexnet("relu2", seed=1),
        lambda: alexnet("relu2", comparator_input="raw"),
        lambda: alexnet("relu2", dtype="mixed_bfloat16"),
        lambda: ChainComparator("caffe_alexnet", ["relu2"], seed=0),
        lambda: DiscriminatorFeatures(["conv5"]),
        lambda: keras.layers.Rescaling(2.0),
        lambda: None,
    ],
    ids=["weights", "pixels", "dtype", "network", "discriminator", "layer", "none"],
)
def test_different_networks_do_not_share_a_pass(other):
    first = alexnet("relu1")
    assert in_one_pass(first, alexnet("relu2")) is not None
    assert in_one_pass(first, other()) is None
    assert in_one_pass(other(), first) is None


def test_images_are_checked_as_by_each_alone():
    with pytest.raises(InputError, match="at least 31x31"):
        in_one_pass(alexnet("relu1"), alexnet("pool2"))(tf.zeros((1, 9, 9, 3)))
