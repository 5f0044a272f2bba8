"""The recipe of Fig. 1 of Pihlgren et al.: its configs, and a tiny one that runs to the end."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.commands import train as train_command
from tfdeepsim.errors import InputError
from tfdeepsim.recipes import FLAGS, figure1, table1


def test_is_a_recipe_of_all_four_encoders_of_table_1():
    assert "dataset" in FLAGS["figure1"]
    for dataset in figure1.DATASETS:
        assert figure1.configs(0.01, dataset) == table1.configs(0.01)[dataset]
        assert list(figure1.configs(0.01, dataset)) == list(figure1.NAMES)


def test_another_dataset_is_refused_in_one_line(capsys):
    assert train_command.main(["--recipe", "figure1", "--dataset", "zip:photos.zip"]) == 2
    assert "Fig. 1 is of a dataset of Table 1" in capsys.readouterr().err


@pytest.mark.parametrize("scale", [0, -1, 2])
def test_bad_scales(scale):
    with pytest.raises(InputError, match="--scale is a share"):
        figure1.configs(scale)


@pytest.mark.slow
def test_a_tiny_one_trains_a_decoder_on_each_encoder(tmp_path, monkeypatch, capsys):
    def tiny(*arguments):
        return {
            name: dataclasses.replace(
                config,
                dataset="llv2/10x4-stride5-seed0",
                data_dir=str(tmp_path / "data"),
                epochs=None,
                steps=1,
                batch_size=4,
            )
            for name, config in table1.configs(0.01)["llv2"].items()
        }

    monkeypatch.setattr(figure1, "configs", tiny)
    monkeypatch.setattr(figure1, "DECODER_STEPS", 2)
    folder = tmp_path / "run"
    results = figure1.reproduce(str(folder))
    assert list(results) == ["ae", "vae", "p-ae", "p-vae"]
    assert len({result.mse for result in results.values()}) == 4
    text = (folder / "decoded.md").read_text()
    for name, result in results.items():
        assert f"| {figure1.NAMES[name]} | {result.mse:.5f} |" in text
        assert (folder / f"{name}-seed0" / "decoded").is_dir()
    with Image.open(folder / "decoded.png") as picture:
        assert np.asarray(picture).shape[1] > 100
    before = (folder / "ae-seed0" / "encoder" / "saved_model.pb").stat().st_mtime_ns
    figure1.reproduce(str(folder))
    assert "finished already" in capsys.readouterr().out
    assert (folder / "ae-seed0" / "encoder" / "saved_model.pb").stat().st_mtime_ns == before
