"""Evaluation: which data are used, and that nothing is computed twice."""

from typing import ClassVar

import numpy as np
import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.data import open_dataset
from tfdeepsim.data.dataset import Splits
from tfdeepsim.errors import InputError
from tfdeepsim.evaluation import check_names, data_options, evaluate, probe_data, trained_runs
from tfdeepsim.evaluation_options import EvaluationOptions
from tfdeepsim.files import slug, write_json
from tfdeepsim.options import DataOptions
from tfdeepsim.probes import PROBE_SETTINGS
from tfdeepsim.probes.mlp.suite import MlpSuite
from tfdeepsim.probes.result import read_result
from tfdeepsim.representations.representation import Representation
from tfdeepsim.run import RunDirectory


class Positions(Representation):
    """Embeds a frame as the position of the lander, which a linear probe can read off."""

    name = model = "positions"
    settings: ClassVar[dict] = {}

    def __init__(self, path, noise=0.0):
        self.folder = RunDirectory(path)
        self.identity = f"positions{noise}"
        self.noise = noise
        self.calls = 0

    def embed(self, splits, split_names):
        self.calls += 1
        generator = np.random.default_rng(0)
        for split in split_names:
            positions = splits[split].labels["position"]
            yield split, np.float32(positions + self.noise * generator.normal(size=positions.shape))


@pytest.fixture(scope="module")
def splits(tiny):
    return Splits(open_dataset(*tiny))


@pytest.fixture
def options(tiny):
    return DataOptions(dataset=tiny[0], data_dir=str(tiny[1]))


SUITE = MlpSuite(seeds=2, epochs=3)


def test_embeddings_and_labels_of_frames_that_show_the_lander(splits, options, tmp_path):
    data = probe_data(Positions(tmp_path), options, splits)
    for split, (embeddings, labels) in zip(
        ("probe_train", "probe_validation", "test"), data.splits, strict=True
    ):
        assert len(embeddings) == splits[split].labels["on_screen"].sum()
        np.testing.assert_array_equal(embeddings, labels)
    assert data.task == "regression"


def test_scores_are_stored_and_not_computed_twice(splits, options, tmp_path, capsys):
    representation = Positions(tmp_path)
    first = evaluate([representation], options, splits, probes=("mlp", "linear"), suite=SUITE)
    assert [(s.run, s.probe, s.metric) for s in first] == [
        ("positions", probe, metric) for probe in ("mlp", "linear") for metric in ("l1", "l2")
    ]
    capsys.readouterr()
    again = evaluate([representation], options, splits, probes=("mlp", "linear"), suite=SUITE)
    assert list(map(str, again)) == list(map(str, first))
    assert capsys.readouterr().out.count("scored already") == 2
    assert representation.calls == 1


def test_stored_scores_of_a_renamed_run_have_its_new_name(splits, options, tmp_path, capsys):
    representation = Positions(tmp_path)
    before = evaluate([representation], options, splits, probes=("linear",), suite=SUITE)
    representation.name = "renamed"
    after = evaluate([representation], options, splits, probes=("linear",), suite=SUITE)
    assert "scored already" in capsys.readouterr().out
    assert {score.run for score in after} == {"renamed"}
    assert [score.value for score in after] == [score.value for score in before]


@pytest.mark.parametrize(
    "change",
    [
        lambda path: (Positions(path, noise=0.1), SUITE),
        lambda path: (Positions(path), MlpSuite(seeds=3, epochs=3)),
        lambda path: (Positions(path), MlpSuite(seeds=2, epochs=3, **PROBE_SETTINGS["pihlgren"])),
    ],
)
def test_another_encoder_or_suite_is_scored_again(splits, options, tmp_path, change, capsys):
    evaluate([Positions(tmp_path)], options, splits, suite=SUITE)
    representation, suite = change(tmp_path)
    evaluate([representation], options, splits, suite=suite)
    assert "scored already" not in capsys.readouterr().out


def test_scores_tell_whose_labels_the_comparator_saw(splits, options, tmp_path):
    representation = Positions(tmp_path)
    scores = evaluate([representation], options, splits, suite=SUITE)
    assert {score.saw_labels for score in scores} == {""}
    # A stored result, too, which earlier versions wrote without it.
    representation.saw_labels = "ImageNet-1k"
    representation.encoder_saw_labels = "CIFAR-10"
    scores = evaluate([representation], options, splits, suite=SUITE)
    assert {score.saw_labels for score in scores} == {"ImageNet-1k"}
    assert {score.encoder_saw_labels for score in scores} == {"CIFAR-10"}


def test_settings_of_probes_are_recorded(splits, options, tmp_path):
    recorded = {}
    for name in PROBE_SETTINGS:
        suite = EvaluationOptions(probe_seeds=1, probe_epochs=2, probe_settings=name).suite
        evaluate([Positions(tmp_path)], options, splits, suite=suite)
        recorded[name] = read_result(tmp_path / "results" / slug(options.dataset), "mlp").settings
    standard, pihlgren = recorded["standard"], recorded["pihlgren"]
    assert (pihlgren["batch_size"], pihlgren["standardize"]) == (512, False)
    assert pihlgren["raw_targets"] is pihlgren["asked"]["suite"]["raw_targets"] is True
    assert (standard["batch_size"], standard["standardize"]) == (256, True)
    assert "raw_targets" not in standard


def test_a_dataset_without_labels_has_nothing_to_probe(tiny, options, tmp_path):
    splits = Splits(open_dataset(*tiny))
    splits.dataset.task = None
    with pytest.raises(InputError, match="probes need labels"):
        probe_data(Positions(tmp_path), options, splits)


def test_rows_have_names_of_their_own(tmp_path):
    with pytest.raises(InputError, match="told apart by their names"):
        check_names([Positions(tmp_path), Positions(tmp_path)])


def create_runs(tmp_path, *configs):
    runs = []
    for number, config in enumerate(configs):
        run = RunDirectory(tmp_path / str(number))
        write_json(run.config, config.to_dict())
        run.encoder.mkdir()
        runs.append(run)
    return runs


def test_runs_of_different_splits_are_not_compared(tmp_path):
    runs = create_runs(
        tmp_path, TrainConfig(dataset="folder:a"), TrainConfig(dataset="folder:a", split_seed=1)
    )
    with pytest.raises(
        InputError, match=r"share a dataset; their split_seed differs: got 0 on 0, 1 on 1"
    ):
        trained_runs(runs)
    assert len(trained_runs(runs, dataset="folder:b")) == 2


def test_data_are_those_of_the_runs_unless_the_user_chooses_others():
    config = TrainConfig(dataset="folder:a", split="80/10/10", data_dir="/data", image_size=96)
    assert data_options([config], (96, 96, 3), {}).split == "80/10/10"
    moved = data_options([config], (96, 96, 3), {"data_dir": "/there"})
    assert (moved.dataset, moved.data_dir, moved.split) == ("folder:a", "/there", "80/10/10")
    other = data_options([config], (96, 96, 3), {"dataset": "stl10"})
    assert (other.dataset, other.split, other.image_size, other.data_dir) == (
        "stl10",
        None,
        96,
        "/data",
    )


def test_external_encoders_alone_need_a_dataset():
    with pytest.raises(InputError, match="no --dataset"):
        data_options([], None, {})
