"""Which embeddings are stored, and when they are computed again."""

import json
import os

import numpy as np
import pytest
from squares import open_squares

from tfdeepsim.errors import InputError
from tfdeepsim.representations.embeddings import embeddings_of
from tfdeepsim.representations.representation import EncoderRepresentation
from tfdeepsim.run import RunDirectory


class Means(EncoderRepresentation):
    """Mean colour of an image."""

    name, model = "means", "external"

    def __init__(self, path, identity="one", change=lambda values: values):
        self.folder = RunDirectory(path)
        self.identity = identity
        self.change = change
        self.settings = {"of": "pixels"}

    def encoder(self, splits):
        return lambda images: self.change(images.mean((1, 2)))


def expected(splits, split):
    return splits[split].images.mean((1, 2)).astype(np.float32)


def test_rows_are_those_of_the_images(tmp_path):
    splits = open_squares()
    found = embeddings_of(Means(tmp_path), "squares", splits, ("probe_train", "test"))
    assert list(found) == ["probe_train", "test"]
    for split, array in found.items():
        assert isinstance(array, np.memmap)
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, expected(splits, split))
    record = json.loads((tmp_path / "representation.json").read_text())
    assert (record["name"], record["model"], record["identity"]) == ("means", "external", "one")


def test_stored_embeddings_need_no_images(tmp_path):
    embeddings_of(Means(tmp_path), "squares", open_squares(), ("test",))
    later = open_squares()
    embeddings_of(Means(tmp_path), "squares", later, ("test",))
    assert later.dataset.reads == []
    # A missing split is added; the stored one is not written again.
    file = tmp_path / "embeddings" / "squares" / "test.npy"
    before = file.stat().st_mtime_ns
    found = embeddings_of(Means(tmp_path), "squares", later, ("test", "probe_train"))
    assert later.dataset.reads == ["probe_train"]
    assert file.stat().st_mtime_ns == before
    assert len(found["probe_train"]) == 40


@pytest.mark.parametrize(("identity", "fingerprint"), [("two", "squares"), ("one", "others")])
def test_another_encoder_or_other_data_are_embedded_again(tmp_path, identity, fingerprint):
    embeddings_of(Means(tmp_path), "squares", open_squares(), ("test", "probe_train"))
    splits = open_squares(fingerprint=fingerprint)
    other = Means(tmp_path, identity, change=lambda values: 2 * values)
    found = embeddings_of(other, "squares", splits, ("test",))["test"]
    np.testing.assert_array_equal(found, 2 * expected(splits, "test"))
    assert not (tmp_path / "embeddings" / "squares" / "probe_train.npy").exists()


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY junk", None])
def test_damaged_files_are_computed_again(tmp_path, damage):
    splits = open_squares()
    embeddings_of(Means(tmp_path), "squares", splits, ("test",))
    file = tmp_path / "embeddings" / "squares" / "test.npy"
    if damage is None:
        np.save(file, np.zeros((3, 3), np.float32))
    else:
        file.write_bytes(damage)
    found = embeddings_of(Means(tmp_path), "squares", splits, ("test",))["test"]
    np.testing.assert_array_equal(found, expected(splits, "test"))


def test_an_interruption_leaves_complete_splits(tmp_path):
    counts = {"probe_train": 10, "test": 3000}
    splits = open_squares(counts=counts)
    batches = []

    def change(values):
        batches.append(len(values))
        if len(batches) > 4:
            raise KeyboardInterrupt
        return values

    with pytest.raises(KeyboardInterrupt):
        embeddings_of(Means(tmp_path, change=change), "squares", splits, ("probe_train", "test"))
    folder = tmp_path / "embeddings" / "squares"
    assert {path.name for path in folder.iterdir()} == {"origin.json", "probe_train.npy"}
    # Leftovers of a killed process are removed as well.
    os.makedirs(folder / ".test.npy.abc")
    found = embeddings_of(Means(tmp_path), "squares", splits, ("probe_train", "test"))
    np.testing.assert_array_equal(found["test"], expected(splits, "test"))
    assert {path.name for path in folder.iterdir()} == {
        "origin.json",
        "probe_train.npy",
        "test.npy",
    }


def nan_in_the_middle(values):
    values[min(7, len(values) - 1)] = np.nan
    return values


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (nan_in_the_middle, "embeddings must be finite.*means on test, first for image 7"),
        (lambda values: values[1:], "one embedding per image.*19 or more for 20"),
        (lambda values: np.repeat(values, 2, 0), "one embedding per image.*40 or more for 20"),
        (lambda values: values[:, None], r"one vector per image.*\[20, 1, 3\]"),
        (lambda values: values[:, :0], "one vector per image"),
    ],
)
def test_unusable_outputs(tmp_path, change, message):
    with pytest.raises(InputError, match=message) as caught:
        embeddings_of(Means(tmp_path, change=change), "squares", open_squares(), ("test",))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "embeddings" / "squares" / "test.npy").exists()
