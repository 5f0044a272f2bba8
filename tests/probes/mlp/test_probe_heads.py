import keras
import numpy as np

from tfdeepsim.probes.data.splits import EmbeddingSplit
from tfdeepsim.probes.mlp.heads import (
    ClassificationHead,
    OneHotHead,
    RegressionHead,
    make_head,
)

RNG = np.random.default_rng(0)


def test_regression_targets_are_standardised_and_predictions_mapped_back():
    labels = RNG.normal(100, 7, size=(50, 2))
    head = RegressionHead(labels)
    encoded = head.encode(labels)
    np.testing.assert_allclose(encoded.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(head.decode(encoded), labels, rtol=1e-5)


def test_regression_loss_is_the_mean_over_coordinates():
    head = RegressionHead(np.zeros((3, 2)))
    loss = head.loss(np.float32([[[1.0, 3.0]], [[0.0, 0.0]]]), np.zeros((1, 2), np.float32))
    np.testing.assert_allclose(loss, [[5.0], [0.0]])


def test_classes_need_not_be_consecutive():
    head = ClassificationHead(np.array([2, 7, 9]))
    np.testing.assert_array_equal(head.encode(np.array([9, 2, 7])), [2, 0, 1])
    np.testing.assert_array_equal(head.decode(np.eye(3)[[2, 0, 1]]), [9, 2, 7])


def test_classification_loss_equals_keras_for_own_and_for_shared_labels():
    head = ClassificationHead(np.arange(3))
    logits = RNG.normal(size=(2, 4, 3)).astype(np.float32)
    labels = np.array([0, 2, 1, 1], np.int32)
    expected = keras.ops.sparse_categorical_crossentropy(
        np.stack([labels, labels]), logits, from_logits=True
    )
    np.testing.assert_allclose(head.loss(logits, labels), expected, rtol=1e-5)
    np.testing.assert_allclose(head.loss(logits, np.stack([labels, labels])), expected, rtol=1e-5)


def test_a_class_of_validation_only_gets_an_output():
    z = np.zeros((2, 1), np.float32)
    head = make_head(
        "classification", EmbeddingSplit(z, np.array([0, 1])), EmbeddingSplit(z, np.array([0, 5]))
    )
    assert head.outputs == 3


def test_squared_error_to_one_hot_vectors_in_closed_form():
    head = OneHotHead(np.array([2, 7, 9]))
    encoded = head.encode(np.array([7, 2]))
    np.testing.assert_array_equal(encoded, [[0, 1, 0], [1, 0, 0]])
    outputs = np.float32([[[0.5, 1, -1], [1, 0, 0]], [[0, 0, 0], [0, 2, 0]]])
    expected = [[(0.25 + 0 + 1) / 3, 0], [1 / 3, (1 + 4) / 3]]
    np.testing.assert_allclose(head.loss(outputs, encoded), expected, rtol=1e-6)
    np.testing.assert_allclose(head.loss(outputs, np.stack([encoded] * 2)), expected, rtol=1e-6)
    np.testing.assert_array_equal(head.decode(outputs), [[7, 2], [2, 7]])


def test_raw_targets_are_labels_as_they_are():
    labels = RNG.normal(100, 7, size=(50, 2))
    split = EmbeddingSplit(np.zeros((50, 1), np.float32), labels)
    head = make_head("regression", split, split, raw_targets=True)
    np.testing.assert_array_equal(head.encode(labels), labels.astype(np.float32))
    np.testing.assert_array_equal(head.decode(head.encode(labels)), labels.astype(np.float32))
    classes = EmbeddingSplit(split.embeddings, np.arange(50) % 3)
    assert isinstance(make_head("classification", classes, classes, raw_targets=True), OneHotHead)
