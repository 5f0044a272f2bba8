import sys

import numpy as np
import pytest

from tfdeepsim import progress
from tfdeepsim.errors import InputError
from tfdeepsim.probes.mlp.suite import MlpSuite
from tfdeepsim.probes.result import read_result
from tfdeepsim.probes.score import score_probe
from tfdeepsim.scores import interval

SUITE = MlpSuite(
    hidden=[(), (16,)], epochs=60, batch_size=32, learning_rate=0.02, patience=20, seeds=2
)
RNG = np.random.default_rng(0)
POSITIONS = RNG.normal([5, -3], [1, 0.2], size=(400, 2))
CLASSES = RNG.choice([0, 3, 4], p=[0.2, 0.5, 0.3], size=400)
CUTS = (slice(0, 200), slice(200, 300), slice(300, 400))


def run(embeddings, labels, task, suite=SUITE, probe="mlp"):
    return score_probe(
        probe,
        *((embeddings[cut], labels[cut]) for cut in CUTS),
        task=task,
        suite=suite,
        progress=False,
    )


@pytest.fixture(scope="module")
def identity():
    return run(POSITIONS, POSITIONS, "regression")


def test_identity_embedding_of_positions_scores_near_zero(identity):
    assert [score.metric for score in identity.scores] == ["l1", "l2"]
    for score in identity.scores:
        assert score.value < 0.02 * score.chance
    np.testing.assert_allclose(identity.predictions, identity.targets, atol=0.2)
    assert [chosen["hidden"] for chosen in identity.chosen] == [[], []]


def test_identity_embedding_of_classes_scores_one():
    result = run(np.eye(5)[CLASSES], CLASSES, "classification")
    [score] = result.scores
    assert (score.metric, score.value, score.low, score.high, score.seeds) == (
        "accuracy",
        1,
        1,
        1,
        2,
    )
    np.testing.assert_array_equal(result.predictions, result.targets)


def test_empty_embedding_of_positions_scores_chance():
    for score in run(np.zeros((400, 3)), POSITIONS, "regression").scores:
        assert score.value == pytest.approx(score.chance, rel=0.03)


def test_empty_embedding_of_classes_scores_chance():
    [score] = run(np.zeros((400, 3)), CLASSES, "classification").scores
    assert score.value == score.chance == np.mean(CLASSES[CUTS[2]] == 3)


def test_noise_does_not_beat_chance_by_much():
    suite = MlpSuite(hidden=[()], epochs=5, seeds=1)
    result = run(RNG.normal(size=(400, 4)), POSITIONS, "regression", suite)
    assert result.scores[0].value > 0.9 * result.scores[0].chance


def test_chance_is_learned_on_train_and_scored_on_test():
    labels = POSITIONS.copy()
    labels[CUTS[2]] += [100, 0]
    l1, l2 = run(
        np.zeros((400, 3)), labels, "regression", MlpSuite(hidden=[()], epochs=1, seeds=1)
    ).scores
    constant = np.median(labels[CUTS[0]], axis=0)
    assert l1.chance == pytest.approx(np.abs(labels[CUTS[2]] - constant).sum(axis=1).mean())
    assert l2.chance == pytest.approx(100, abs=1)


def test_interval_is_over_seeds_of_the_chosen_probes():
    embeddings = POSITIONS + RNG.normal(size=POSITIONS.shape)
    suite = MlpSuite(hidden=[()], epochs=5, seeds=3)
    result = run(embeddings, POSITIONS, "regression", suite)
    fitted = suite.fit(*((embeddings[cut], POSITIONS[cut]) for cut in CUTS[:2]))
    errors = (
        np.abs(fitted.predict(embeddings[CUTS[2]]) - POSITIONS[CUTS[2]]).sum(axis=2).mean(axis=1)
    )
    score = result.scores[0]
    np.testing.assert_allclose((score.value, score.low, score.high), interval(list(errors)))
    assert score.seeds == 3


def test_one_seed_has_no_interval():
    score = run(
        POSITIONS, POSITIONS, "regression", MlpSuite(hidden=[()], epochs=1, seeds=1)
    ).scores[0]
    assert np.isnan(score.low)
    assert np.isnan(score.high)


def test_record_holds_the_chosen_probes_and_the_settings(identity, tmp_path):
    assert [chosen["seed"] for chosen in identity.chosen] == [0, 1]
    assert set(identity.chosen[0]) == {"seed", "hidden", "validation_loss", "best_epoch", "epochs"}
    assert identity.settings == SUITE.settings
    np.testing.assert_array_equal(identity.targets, np.float32(POSITIONS[CUTS[2]]))
    assert identity.predictions.shape == (100, 2)
    assert identity.targets.dtype == identity.predictions.dtype == np.float32
    identity.save(tmp_path)
    assert read_result(tmp_path, "mlp").chosen == identity.chosen


def test_a_class_that_only_test_has_counts_as_an_error():
    labels = CLASSES.copy()
    labels[350:] = 9
    [score] = run(np.eye(10)[labels], labels, "classification").scores
    assert score.value == 0.5


def test_a_bad_test_split_is_refused_before_training():
    embeddings = POSITIONS.copy()
    embeddings[-1] = np.nan
    with pytest.raises(InputError, match="embeddings of split 'test' must be finite"):
        run(embeddings, POSITIONS, "regression", MlpSuite(epochs=10**9))


@pytest.mark.parametrize("probe", ["linear", "knn"])
def test_other_probes_score_positions_near_zero(probe, tmp_path):
    result = run(POSITIONS, POSITIONS, "regression", probe=probe)
    for score in result.scores:
        assert (score.probe, score.seeds) == (probe, 1)
        assert score.value < 0.15 * score.chance
        assert np.isnan(score.low)
        assert np.isnan(score.high)
    assert result.targets.dtype == result.predictions.dtype == np.float32
    result.save(tmp_path)
    assert read_result(tmp_path, probe).chosen == result.chosen


@pytest.mark.parametrize("probe", ["linear", "knn", "svm"])
def test_other_probes_score_one_for_classes_and_chance_for_empty_embeddings(probe, tmp_path):
    embeddings = np.eye(5, dtype=np.float32)[CLASSES]
    np.save(tmp_path / "z.npy", embeddings)
    result = run(np.load(tmp_path / "z.npy", mmap_mode="r"), CLASSES, "classification", probe=probe)
    [score] = result.scores
    assert (score.metric, score.value, score.seeds) == ("accuracy", 1, 1)
    np.testing.assert_array_equal(result.predictions, CLASSES[CUTS[2]])
    assert result.predictions.dtype == np.int64
    [score] = run(np.zeros((400, 3)), CLASSES, "classification", probe=probe).scores
    assert score.value <= score.chance


@pytest.mark.parametrize("probe", ["linear", "knn", "svm"])
def test_other_probes_are_deterministic(probe):
    embeddings = POSITIONS + RNG.normal(size=POSITIONS.shape)
    first, again = (run(embeddings, CLASSES, "classification", probe=probe) for _ in range(2))
    np.testing.assert_array_equal(first.predictions, again.predictions)
    assert (first.scores[0].value, first.chosen) == (again.scores[0].value, again.chosen)


@pytest.mark.parametrize(("probe", "task"), [("svm", "regression"), ("tree", "classification")])
def test_unknown_probe_or_task_is_refused(probe, task):
    with pytest.raises(InputError, match="probe"):
        run(POSITIONS, POSITIONS, task, probe=probe)


def test_progress_can_be_shown(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    suite = MlpSuite(hidden=[()], epochs=2, seeds=1)
    score_probe(
        "mlp", *((POSITIONS[cut], POSITIONS[cut]) for cut in CUTS), suite=suite, progress=True
    )
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "2/2" in printed.err
    assert "1 of 1 probes still train" in printed.err
    run(POSITIONS, POSITIONS, "regression", suite)
    assert capsys.readouterr() == ("", "")
