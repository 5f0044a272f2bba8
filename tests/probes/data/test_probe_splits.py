import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.probes.data.splits import check_splits

Z = np.arange(12.0).reshape(6, 2)
Y = np.arange(6.0)
C = np.array([0, 1, 0, 1, 2, 2])


def with_value(array, value, row=3):
    changed = np.array(array, copy=True)
    changed[row] = value
    return changed


def test_regression_labels_become_columns_and_keep_their_precision():
    labels = 1e9 + Y
    train = check_splits("regression", train=(Z.astype(np.float16), labels))["train"]
    assert train.embeddings.dtype == np.float32
    assert train.labels.shape == (6, 1)
    np.testing.assert_array_equal(train.labels[:, 0], labels)


def test_classification_labels_become_int64():
    train = check_splits("classification", train=(Z, C.astype(np.uint8)))["train"]
    assert train.labels.dtype == np.int64
    np.testing.assert_array_equal(train.labels, C)


@pytest.mark.parametrize(
    ("task", "train", "message"),
    [
        ("ranking", (Z, Y), "task of a probe"),
        (
            "regression",
            (with_value(Z, np.nan), Y),
            r"embeddings of split 'train' must be finite.* row 3",
        ),
        ("regression", (with_value(Z, 1e300), Y), "must be finite"),
        ("regression", (Z, with_value(Y, np.inf)), "labels of split 'train' must be finite"),
        ("regression", (Z, Y[:5]), "one label for each embedding: got 6 embeddings and 5 labels"),
        ("regression", (Z[:0], Y[:0]), "at least one row"),
        ("regression", (Z[:, :0], Y), "at least one row and one column"),
        ("regression", (Z.reshape(6, 1, 2), Y), r"got shape \(6, 1, 2\)"),
        ("regression", (Z.astype(str), np.array(list("abcdef"))), "must be real numbers"),
        ("regression", (Z + 1j, Y), "must be real numbers"),
        ("regression", ([[1, 2], [3]], Y[:2]), "must be an array"),
        ("classification", (Z, C.astype(float)), "must be class ids: got float64"),
        ("classification", (Z, C[:, None]), "must be class ids"),
        ("classification", (Z[:0], C[:0]), "at least one"),
        ("classification", (Z, C - 1), "must be class ids: got -1"),
        ("classification", (Z, 0 * C + 4), "got class 4 only"),
    ],
)
def test_bad_split_is_refused_in_one_line(task, train, message):
    with pytest.raises(InputError, match=message) as caught:
        check_splits(task, train=train)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        (
            (Z[:, :1], Y),
            "embeddings must be equally wide in every split: got 1 columns in 'validation' and 2",
        ),
        ((Z, Z), "labels must be equally wide"),
    ],
)
def test_splits_of_different_width_are_refused(validation, message):
    with pytest.raises(InputError, match=message):
        check_splits("regression", train=(Z, Y), validation=validation)


def test_one_class_is_enough_outside_train():
    splits = check_splits("classification", train=(Z, C), test=(Z, 0 * C))
    assert len(splits["test"].labels) == 6
