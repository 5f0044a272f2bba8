"""Table 1: what it would train, and that datasets that are not there are said to be missing."""

import math

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.recipes import table1
from tfdeepsim.recipes.systems import REPORTED, SYSTEMS


def test_three_datasets_four_encoders():
    configs = table1.configs()
    assert list(configs) == list(REPORTED) == ["llv2", "stl10", "svhn"]
    for name, of_dataset in configs.items():
        assert list(of_dataset) == list(SYSTEMS) == list(REPORTED[name][1])
        assert {config.dataset for config in of_dataset.values()} == {
            {"llv2": "llv2/paper"}.get(name, name)
        }
        assert {(c.epochs, c.batch_size) for c in of_dataset.values()} == {(50, 512)}
    svhn = configs["svhn"]["p-vae"]
    assert (svhn.resize, svhn.image_size, svhn.comparator) == ("tile", 64, "alexnet:relu2")


def test_weights_of_imagenet_are_used_where_they_are_given():
    for config in table1.configs(comparator_weights="alexnet.pth")["llv2"].values():
        perceptual = config.loss == "perceptual"
        assert config.comparator == ("alexnet:relu2" if perceptual else None)
        assert config.comparator_weights == ("alexnet.pth" if perceptual else None)


def test_scale_is_a_share_of_the_images_seen():
    from tfdeepsim.data import describe

    full, small = (table1.configs(scale) for scale in (1.0, 0.01))

    def seen(config):
        images = describe(config.dataset).splits["encoder_train"] if "llv2" in config.dataset else 1
        return config.epochs * images

    assert math.isclose(seen(small["llv2"]["ae"]) / seen(full["llv2"]["ae"]), 0.01, rel_tol=0.1)
    assert small["stl10"]["ae"].epochs == 1
    assert table1.configs(0.1)["svhn"]["ae"].epochs == 5


@pytest.mark.parametrize("scale", [0, -1, 0.0001, 2, math.nan])
def test_scale_out_of_range(scale):
    with pytest.raises(InputError, match="--scale is a share of the full size"):
        table1.configs(scale)


def test_dry_run_says_what_it_would_cost_and_what_the_paper_has(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(table1, "BATCH_SIZE", 4)  # the trial steps are real
    table1.reproduce(
        str(tmp_path / "runs"), scale=0.001, data_dir=str(tmp_path / "data"), dry_run=True
    )
    out = " ".join(capsys.readouterr().out.split())
    assert "12 runs to train, about" in out
    assert "stl10 is not there, and would be fetched" in out
    for value in ("13.22", "64.8", "81.9"):
        assert value in out
    assert list(tmp_path.iterdir()) == []
