"""The recipe of Fig. 4: its configs."""

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.recipes import DATASET_RECIPES, RECIPES, figure4


def test_is_a_recipe_on_any_images():
    assert "figure4" in RECIPES
    assert "figure4" in DATASET_RECIPES


def test_rows_without_weights_are_left_out():
    assert list(figure4.configs(0.001)) == ["SE", "AlexNet conv5"]
    rows = figure4.configs(0.001, "zip:photos.zip", None, "alexnet.pth", "runs/videonet")
    assert list(rows) == list(figure4.SYSTEMS)
    assert rows["AlexNet fc6"].comparator_weights == "alexnet.pth"
    assert rows["VideoNet conv5"].comparator_weights == "runs/videonet"
    assert rows["SE"].comparator_weights is rows["AlexNet conv5"].comparator_weights is None


def test_all_weigh_image_and_posterior_alike():
    rows = figure4.configs(0.001, "zip:photos.zip", None, "alexnet.pth", "runs/videonet")
    assert {(c.loss_weights["image"], c.loss_weights["kl"]) for c in rows.values()} == {(10.0, 0.1)}
    assert {(c.model, c.network, c.latent_dim) for c in rows.values()} == {
        ("vae", "dosovitskiy", 256)
    }


def test_full_size_is_that_of_the_paper():
    config = figure4.configs()["SE"]
    assert (config.image_size, config.shorter_side, config.latent_dim, config.width) == (
        227,
        256,
        4096,
        1.0,
    )
    assert config.steps == 500_000


@pytest.mark.parametrize("scale", [0, -1, 2, 1e-9])
def test_bad_scales(scale):
    with pytest.raises(InputError, match="--scale is a share"):
        figure4.configs(scale)
