"""Studies: pairs of runs, their folders, and scores over seeds."""

import math

import pytest
import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import lazy_dataset
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.errors import InputError
from tfdeepsim.files import write_json
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score, interval
from tfdeepsim.study import Study, check_same_config, over_seeds


def score(run, value, metric="l1"):
    row = {"model": "ae", "loss": "pixel", "comparator": "", "dataset": "llv2", "probe": "mlp"}
    ends = {"low": value - 1, "high": value + 1, "chance": 9.0, "seeds": 2}
    return Score(
        run=run, **row, metric=metric, value=value, **ends, values=(value - 0.5, value + 0.5)
    )


@pytest.fixture
def study(tmp_path):
    configs = {"pixel": TrainConfig(seed=3), "l1": TrainConfig(loss="l1", seed=3)}
    return Study(tmp_path, configs, seeds=2)


def test_runs_are_paired_by_seed(study):
    for number, seed in enumerate((3, 4)):
        pair = [study.config(name, number) for name in study.configs]
        assert [config.seed for config in pair] == [seed, seed]
        differing = {
            key for key, value in pair[0].to_dict().items() if pair[1].to_dict()[key] != value
        }
        assert differing == {"loss"}
    assert study.run("l1", 1).name == "l1-seed4"


def test_a_row_must_not_have_the_name_of_a_baseline(tmp_path):
    with pytest.raises(InputError, match="name of a baseline: got supervised"):
        Study(tmp_path, {"pixel": TrainConfig(), "supervised": TrainConfig()}, seeds=1)


def test_another_comparison_in_the_folder_is_refused(study):
    study.check()
    write_json(study.run("l1", 1).config, TrainConfig(loss="l1", seed=4, latent_dim=7).to_dict())
    with pytest.raises(InputError, match="latent_dim 7, not 64"):
        study.check()


def test_a_run_whose_dataset_was_moved_is_the_same_run(tmp_path):
    run = RunDirectory(tmp_path)
    write_json(run.config, TrainConfig(data_dir="/old").to_dict())
    check_same_config(TrainConfig(data_dir="/new", cache="disk"), run)


def test_a_run_of_an_earlier_version_is_the_same_run(tmp_path):
    config = TrainConfig(task="inversion", invert="net.keras", external_range="0-255")
    fields = config.to_dict()
    fields["foreign_range"] = fields.pop("external_range")
    run = RunDirectory(tmp_path)
    write_json(run.config, fields)
    assert run.read_config() == config.to_dict()
    check_same_config(config, run)
    with pytest.raises(InputError, match="trained with external_range 0-255, not 0-1"):
        check_same_config(TrainConfig(task="inversion", invert="net.keras"), run)


def test_a_study_without_seeds_is_refused(tmp_path):
    with pytest.raises(InputError, match="--seeds"):
        Study(tmp_path, {}, seeds=0)


def test_values_over_seeds_are_the_means_of_the_runs():
    merged = over_seeds(
        "pixel",
        [[score("a", 1.0), score("a", 5.0, "l2")], [score("b", 3.0), score("b", 7.0, "l2")]],
    )
    assert [(s.run, s.metric, s.value, s.values, s.seeds, s.over) for s in merged] == [
        ("pixel", "l1", 2.0, (1.0, 3.0), 2, "encoder"),
        ("pixel", "l2", 6.0, (5.0, 7.0), 2, "encoder"),
    ]
    assert (merged[0].low, merged[0].high) == interval([1.0, 3.0])[1:]


def test_a_single_run_keeps_the_interval_over_its_probes():
    (only,) = over_seeds("pca", [[score("x", 2.0)]])
    assert (only.run, only.over, only.low, only.high) == ("pca", "probe", 1.0, 3.0)
    assert not math.isnan(only.low)


@pytest.mark.slow
def test_data_are_described_and_opened_once_for_all_runs(tiny, tmp_path, monkeypatch):
    name, data_dir = tiny
    calls = []
    for function in ("describe", "open_dataset"):
        original = getattr(lazy_dataset, function)
        monkeypatch.setattr(
            lazy_dataset,
            function,
            lambda *arguments, original=original: (
                calls.append(original.__name__),
                original(*arguments),
            )[1],
        )
    fields = {"dataset": name, "data_dir": str(data_dir), "latent_dim": 4, "batch_size": 4}
    configs = {loss: TrainConfig(loss=loss, **fields, epochs=1) for loss in ("pixel", "l1")}
    study = Study(tmp_path, configs, seeds=1, data=LazyDataset(configs["pixel"]))
    assert study.cost()[0] == 2
    study.train(console=rich.console.Console(quiet=True))
    assert study.splits(configs["l1"]) is study.data.splits
    assert calls == ["describe", "open_dataset"]
    assert study.cost() == (0, 0.0)
