"""The recipe of Tables 3 and 4: configs, classes of comparator and SVM, folds; and a tiny run."""

import dataclasses

import numpy as np
import PIL.Image
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.recipes import DATASET_RECIPES, RECIPES, table4


def test_is_a_recipe_on_any_images():
    assert "table4" in RECIPES
    assert "table4" in DATASET_RECIPES


def test_rows_differ_in_the_loss_alone():
    rows = table4.configs(0.001)
    assert set(rows) == set(table4.REPORTED_ERROR) == set(table4.REPORTED_ACCURACY)
    for config in rows.values():
        assert (config.network, config.latent_dim, config.steps) == ("dosovitskiy", 512, 500)
        assert (config.image_size, config.shorter_side, config.augment) == (64, 96, "crop")
    fields = ("loss", "comparator", "comparator_weights")
    same = {
        dataclasses.replace(config, **dict.fromkeys(fields[1:]), loss="pixel")
        for config in rows.values()
    }
    assert len(same) == 1


def test_alexnet_alone_takes_the_weights():
    rows = table4.configs(0.001, "zip:photos.zip", None, "runs/alexnet")
    assert {config.comparator: config.comparator_weights for config in rows.values()} == {
        None: None,
        "exemplar_cnn:conv3": None,
        "alexnet:conv3": "runs/alexnet",
    }


@pytest.mark.parametrize("scale", [0, -1, 2, 1e-9])
def test_bad_scales(scale):
    with pytest.raises(InputError, match="--scale is a share"):
        table4.configs(scale)


def test_folds_are_disjoint_and_even():
    labels = np.repeat([3, 5, 9], [400, 300, 500])
    folds = table4._folds(labels)
    assert len(folds) == 10
    assert len(np.unique(np.concatenate(folds))) == 1200
    for fold in folds:
        assert np.bincount(labels[fold])[[3, 5, 9]].tolist() == [40, 30, 50]


@pytest.fixture
def photos(tmp_path):
    """Four classes of noisy colours, in folders."""
    generator = np.random.default_rng(0)
    for split, count in (("train", 80), ("test", 20)):
        for number, colour in enumerate(
            ((200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 200, 40))
        ):
            folder = tmp_path / "photos" / split / f"class{number}"
            folder.mkdir(parents=True)
            for image in range(count):
                pixels = np.clip(np.array(colour) + generator.normal(0, 30, (48, 48, 3)), 0, 255)
                PIL.Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{image}.png")
    return f"folder:{tmp_path / 'photos'}"


def test_classes_are_halved(photos, tmp_path):
    assert table4._split_classes(photos, str(tmp_path / "data")) == (
        "class0,class1",
        "class2,class3",
    )


@pytest.mark.slow
def test_a_tiny_one_runs_to_the_end(photos, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(table4, "COMPARATOR_EPOCHS", 1)
    table4.reproduce(str(tmp_path / "run"), 4e-6, photos, str(tmp_path / "data"))
    assert "class2,class3" in capsys.readouterr().out
    for name in ("fidelity.csv", "fidelity.md", "reconstructions.png"):
        assert (tmp_path / "run" / name).stat().st_size > 100
