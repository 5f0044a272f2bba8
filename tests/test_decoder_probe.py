"""The decoder probe: what it decodes from embeddings, and that it is computed once."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from squares import COUNTS, open_squares

from tfdeepsim import decoder_probe
from tfdeepsim.decoder_probe import SPLITS, train_decoder
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory

QUICK = {"steps": 60, "batch_size": 16, "samples": COUNTS["test"]}


@dataclasses.dataclass
class Encoder:
    folder: RunDirectory
    name: str = "ideal"
    identity: str = "one"


def ideal(splits):
    """Embeddings that determine a square: its colour and its corner."""
    labels = {split: splits[split].labels for split in SPLITS}
    return {
        split: np.c_[values["class"] * 100, values["corner"]].astype(np.float32)
        for split, values in labels.items()
    }


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A representation, the splits, and the result of the probe."""
    representation, splits = Encoder(RunDirectory(tmp_path_factory.mktemp("ideal"))), open_squares()
    return representation, splits, train_decoder(representation, splits, ideal(splits), **QUICK)


def test_decoded_images_are_better_than_the_mean_image(result):
    _, splits, found = result
    train, test = (splits[split].images / 255 for split in ("encoder_train", "test"))
    assert found.mse < 0.8 * np.mean((test - train.mean(0)) ** 2)


def test_images_are_stored(result):
    representation, splits, found = result
    assert found.original.dtype == found.decoded.dtype == np.uint8
    np.testing.assert_array_equal(found.original, splits["test"].images)
    with np.load(representation.folder.path / "decoded" / "squares" / "decoded.npz") as arrays:
        np.testing.assert_array_equal(arrays["decoded"], found.decoded)


def test_mse_is_over_all_test_images(result):
    """All are stored here, so that it follows from their bytes up to rounding."""
    found = result[2]
    difference = found.original.astype(float) - found.decoded
    assert found.mse == pytest.approx(np.mean((difference / 255) ** 2), rel=1e-2)


@pytest.mark.parametrize(("count", "rows"), [(3, [0, 9, 19]), (50, list(range(20)))])
def test_stored_images_are_evenly_spaced(count, rows):
    splits = open_squares()
    spread = decoder_probe._Pairs(splits["test"], ideal(splits)["test"]).spread(count)
    np.testing.assert_array_equal(spread.images[:], splits["test"].images[rows])
    np.testing.assert_array_equal(spread.labels["embedding"], ideal(splits)["test"][rows])


def test_a_result_is_computed_once(result):
    representation, _, found = result
    splits = open_squares()
    again = train_decoder(representation, splits, ideal(open_squares()), **QUICK)
    assert splits.dataset.reads == []
    assert again.mse == found.mse
    np.testing.assert_array_equal(again.decoded, found.decoded)


def test_a_result_of_another_encoder_is_computed_again(result, tmp_path):
    representation, splits, before = result
    shutil.copytree(representation.folder.path, tmp_path, dirs_exist_ok=True)
    other = Encoder(RunDirectory(tmp_path), identity="two")
    embeddings = {split: np.zeros_like(array) for split, array in ideal(splits).items()}
    assert train_decoder(other, splits, embeddings, **QUICK).mse > before.mse
    record = json.loads((tmp_path / "decoded" / "squares" / "decoded.json").read_text())
    assert record["settings"]["encoder"] == "two"


@pytest.mark.parametrize("change", ["dataset", "seed", "arrays", "record", "nothing"])
def test_a_stored_result_is_used_only_if_nothing_changed(tmp_path, change):
    images = np.zeros((2, 4, 4, 3), np.uint8)
    settings = {"dataset": "one", "seed": 0}
    decoder_probe._write(tmp_path, decoder_probe.DecoderProbeResult(images, images, 0.5), settings)
    if change in settings:
        settings[change] = "other"
    elif change == "arrays":
        (tmp_path / "decoded.npz").write_bytes(b"junk")
    elif change == "record":
        (tmp_path / "decoded.json").write_text("[]")
    assert (decoder_probe._read(tmp_path, settings) is None) == (change != "nothing")


def test_moments_in_batches_equal_those_at_once():
    generator = np.random.default_rng(0)
    embeddings = generator.normal([2**15, 0, 3], [5, 1e-3, 0], (20_000, 3)).astype(np.float32)
    mean, variance = decoder_probe._moments(embeddings)
    np.testing.assert_allclose(mean, embeddings.mean(0, np.float64), rtol=1e-6)
    np.testing.assert_allclose(variance[:2], embeddings.var(0, np.float64)[:2], rtol=1e-5)
    assert variance[2] == 1  # so that a constant dimension is standardized to 0, not NaN


def test_image_sizes_that_the_decoder_cannot_produce(tmp_path):
    splits = open_squares(side=72)
    with pytest.raises(InputError, match=r"64 \+ 16 n.*72x72"):
        train_decoder(Encoder(RunDirectory(tmp_path)), splits, ideal(splits), **QUICK)


def test_missing_embeddings(tmp_path):
    splits = open_squares()
    embeddings = ideal(splits)
    del embeddings["encoder_train"]
    with pytest.raises(InputError, match="every image: got 0 for the 48 of encoder_train"):
        train_decoder(Encoder(RunDirectory(tmp_path)), splits, embeddings, **QUICK)
    assert not (tmp_path / "decoded").exists()
