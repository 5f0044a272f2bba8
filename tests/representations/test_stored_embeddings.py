"""Embeddings that come as `.npy` files."""

import numpy as np
import pytest
from squares import COUNTS, open_squares

from tfdeepsim.errors import InputError
from tfdeepsim.representations.embeddings import embeddings_of
from tfdeepsim.representations.external import external_representation

SPLITS = ("probe_train", "probe_validation", "test")
ROWS = {
    split: np.random.default_rng(n).normal(size=(COUNTS[split], 5))
    for n, split in enumerate(SPLITS)
}


def embed(path, parent, splits=SPLITS):
    return embeddings_of(external_representation(path, parent), "squares", open_squares(), splits)


def save(folder, rows):
    folder.mkdir()
    for split, array in rows.items():
        np.save(folder / f"{split}.npy", array)
    return folder


def test_one_file_per_split(tmp_path):
    path = save(tmp_path / "clip", ROWS)
    representation = external_representation(path, tmp_path / "external")
    assert (representation.name, representation.model, representation.loss) == (
        "clip",
        "external",
        "",
    )
    assert representation.folder.path.parent == tmp_path / "external"
    found = embed(path, tmp_path)
    for split in SPLITS:
        np.testing.assert_array_equal(found[split], ROWS[split].astype(np.float32))


def test_one_file_holds_all_splits_in_order(tmp_path):
    np.save(tmp_path / "all.npy", np.concatenate(list(ROWS.values())))
    found = embed(tmp_path / "all.npy", tmp_path)
    for split in SPLITS:
        np.testing.assert_array_equal(found[split], ROWS[split].astype(np.float32))


def test_one_file_of_one_split_is_refused(tmp_path):
    np.save(tmp_path / "test.npy", ROWS["test"])
    with pytest.raises(
        InputError,
        match=r"20 rows.*accepted: 76 rows \(probe_train 40, probe_validation 16, test 20\)",
    ):
        embed(tmp_path / "test.npy", tmp_path)


def test_a_wrong_number_of_rows(tmp_path):
    path = save(tmp_path / "clip", ROWS | {"test": ROWS["test"][:-1]})
    with pytest.raises(
        InputError, match=r"one embedding an image.*19 rows in .*test\.npy for 20 images"
    ):
        external_representation(path, tmp_path).check(open_squares().dataset)


def test_splits_by_different_encoders(tmp_path):
    path = save(tmp_path / "clip", ROWS | {"test": ROWS["test"][:, :4]})
    with pytest.raises(
        InputError, match="equally long: got probe_train 5, probe_validation 5, test 4"
    ):
        embed(path, tmp_path)


def test_other_splits_are_optional(tmp_path):
    path = save(tmp_path / "clip", ROWS)
    with pytest.raises(InputError, match=r"also holds encoder_train\.npy"):
        embed(path, tmp_path, ("encoder_train",))
    np.save(path / "encoder_train.npy", np.ones((48, 5)))
    assert embed(path, tmp_path, ("encoder_train",))["encoder_train"].shape == (48, 5)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((20, 5), np.nan), "finite"),
        (np.zeros((20, 5), np.int64), r"float array.*int64 \[20, 5\]"),
        (np.zeros((20, 5, 1)), r"float array.*\[20, 5, 1\]"),
        (np.array([object()] * 20), "float array.*Python objects"),
    ],
)
def test_other_arrays(tmp_path, array, message):
    path = save(tmp_path / "clip", ROWS)
    np.save(path / "test.npy", array, allow_pickle=True)
    with pytest.raises(InputError, match=message):
        embed(path, tmp_path)


def test_changed_embeddings_are_another_representation(tmp_path):
    path = save(tmp_path / "clip", ROWS)
    before = external_representation(path, tmp_path)
    np.save(path / "test.npy", ROWS["test"] + 1)
    after = external_representation(path, tmp_path)
    assert before.identity != after.identity
    assert before.folder.path != after.folder.path


@pytest.mark.parametrize("name", ["missing", "weights.h5", "model.pt", "folder", "rows.npz"])
def test_other_files_are_refused(tmp_path, name):
    if name == "folder":
        (tmp_path / name).mkdir()
    elif name != "missing":
        (tmp_path / name).write_bytes(b"junk")
    with pytest.raises(InputError, match=r"SavedModel folder, a \.keras file.*one \.npy file"):
        external_representation(tmp_path / name, tmp_path)
