"""The recipe of Fig. 4 and Fig. 14: its configs; and a tiny run."""

import csv

import numpy as np
import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.recipes import FLAGS, figure4, trained_comparators
from tfdeepsim.run import RunDirectory

RANDOM = "VideoNet conv5, random"


def all_rows(scale):
    return figure4.configs(scale, "zip:photos.zip", None, "alexnet.pth", "runs/videonet")


def test_is_a_recipe_on_any_images():
    assert "dataset" in FLAGS["figure4"]


def test_rows_without_weights_are_left_out():
    assert list(figure4.configs(0.001)) == ["SE", "AlexNet conv5"]
    videonet = figure4.configs(0.001, videonet="runs/videonet")
    assert list(videonet) == ["SE", "AlexNet conv5", "VideoNet conv5", RANDOM]
    rows = all_rows(0.001)
    assert list(rows) == list(figure4.SYSTEMS)
    assert rows["AlexNet fc6"].comparator_weights == "alexnet.pth"
    assert rows["VideoNet conv5"].comparator_weights == "runs/videonet"
    assert rows["SE"].comparator_weights is rows["AlexNet conv5"].comparator_weights is None


@pytest.mark.parametrize("scale", [0.001, 1.0])
def test_the_panels_of_figure_14(scale):
    rows = all_rows(scale)
    panels = {name: (c.comparator, c.encoder_weights) for name, c in rows.items()}
    assert panels == {
        "SE": (None, "alexnet"),
        "AlexNet conv5": ("alexnet:pool5", "alexnet"),
        "AlexNet fc6": ("alexnet:relu6", "alexnet"),
        "VideoNet conv5": ("videonet:pool5", "alexnet"),
        RANDOM: ("videonet:pool5", "random"),
    }
    # What is compared is the loss and the start of the encoder, and nothing else.
    first, *others = [config.to_dict() for config in rows.values()]
    differing = {key for other in others for key in first if other[key] != first[key]}
    losses = {"loss", "comparator", "comparator_weights", "lambda_feat", "lambda_adv"}
    assert differing == losses | {"encoder_weights", "feature_scale"}
    start, random = rows["VideoNet conv5"].to_dict(), rows[RANDOM].to_dict()
    assert {key for key in start if start[key] != random[key]} == {"encoder_weights"}


def test_all_weigh_image_and_posterior_alike():
    rows = all_rows(0.001)
    assert {(c.loss_weights["image"], c.loss_weights["kl"]) for c in rows.values()} == {(10.0, 0.1)}
    assert {(c.model, c.network, c.latent_dim, c.width) for c in rows.values()} == {
        ("vae", "dosovitskiy", 256, 1.0)
    }


def test_full_size_is_that_of_the_paper():
    config = figure4.configs()["SE"]
    assert (config.image_size, config.shorter_side, config.latent_dim, config.width) == (
        227,
        256,
        4096,
        1.0,
    )
    assert (config.steps, config.augment) == (500_000, "crop")


@pytest.mark.parametrize("scale", [0, -1, 2, 1e-9])
def test_bad_scales(scale):
    with pytest.raises(InputError, match="--scale is a share"):
        figure4.configs(scale)


@pytest.fixture
def photos(tmp_path):
    """60 images of two classes."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (60, 64, 64, 3), np.uint8)
    np.savez(tmp_path / "photos.npz", images=images, labels=np.arange(60) % 2)
    return f"npz:{tmp_path / 'photos.npz'}"


@pytest.mark.slow
def test_a_tiny_one_runs_to_the_end(photos, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(figure4, "SMALL", figure4.SMALL | {"batch_size": 4})
    for name, value in (("SAMPLES", 12), ("SHOWN", 3), ("PAIRS", 1)):
        monkeypatch.setattr(figure4, name, value)
    monkeypatch.setattr(trained_comparators, "VIDEOS", "llv2/10x8-stride5-seed0")
    monkeypatch.setattr(trained_comparators, "VIDEO_EPOCHS", 1)
    monkeypatch.setattr(trained_comparators, "ALEXNET_EPOCHS", 1)
    monkeypatch.setattr(
        trained_comparators,
        "TrainConfig",
        lambda **flags: TrainConfig(**flags | {"batch_size": 4}),
    )
    folder, data_dir = tmp_path / "run", str(tmp_path / "data")
    figure4.reproduce(str(folder), 4e-6, photos, data_dir)
    for name in ("samples.png", "reconstructions.png", "interpolations.png"):
        assert (folder / name).stat().st_size > 100
    with open(folder / "samples.csv", newline="") as file:
        rows = [row["samples"] for row in csv.DictReader(file)]
    assert rows == list(figure4.SYSTEMS)
    for name in ("se", "alexnet-conv5", "videonet-conv5", "videonet-conv5-random"):
        record = RunDirectory(folder / name).read_environment()["encoder_weights"]
        assert (record is None) == name.endswith("random")
    comparator = RunDirectory(folder / "alexnet-fc6").read_environment()["comparator"]
    assert comparator["saw_labels"] == f"ImageNet-1k and {photos}"
    assert "AlexNet fc6 is left out" not in capsys.readouterr().out
