import dataclasses
import json
import sys

import numpy as np
import pytest

from tfdeepsim import progress
from tfdeepsim.errors import InputError
from tfdeepsim.probes.label_efficiency import label_efficiency, read_efficiency
from tfdeepsim.probes.mlp.suite import MlpSuite
from tfdeepsim.probes.score import score_probe
from tfdeepsim.scores import interval

RNG = np.random.default_rng(0)
CLASSES = RNG.integers(0, 3, size=900)
Z = (np.eye(3)[CLASSES] + 0.8 * RNG.normal(size=(900, 3))).astype(np.float32)
POSITIONS = Z[:, :2] + 0.3 * RNG.normal(size=(900, 2))
CUTS = (slice(0, 500), slice(500, 700), slice(700, 900))


def splits(labels, embeddings=Z):
    return [(embeddings[cut], labels[cut]) for cut in CUTS]


@pytest.fixture(scope="module")
def linear():
    return label_efficiency(
        "linear", *splits(CLASSES), "classification", (1.0, 0.01, 0.1), 4, progress=False
    )


def test_more_labels_score_better(linear):
    values = [point.value for point in linear.curve("accuracy")]
    assert values == sorted(values)
    assert values[0] < values[-1] - 0.05


def test_points_hold_the_numbers_of_examples(linear):
    points = linear.points
    assert [point.fraction for point in points] == [0.01, 0.1, 1.0]
    assert [point.examples for point in points] == pytest.approx([5, 50, 500], abs=2)
    assert [point.validation_examples for point in points] == pytest.approx([3, 20, 200], abs=2)
    assert [len(point.values) for point in points] == [4, 4, 1]


def test_interval_is_over_repeats_and_missing_for_all_labels(linear):
    for point in linear.points:
        np.testing.assert_array_equal((point.value, point.low, point.high), interval(point.values))
    assert len(set(linear.points[0].values)) > 1
    assert np.isnan(linear.points[-1].low)


def test_all_labels_score_as_the_probe_does(linear):
    [score] = score_probe("linear", *splits(CLASSES), "classification").scores
    assert (linear.points[-1].value, linear.points[-1].chance) == (score.value, score.chance)


def test_regression_has_a_curve_of_each_metric():
    efficiency = label_efficiency(
        "knn", *splits(POSITIONS), "regression", (0.05, 1.0), 3, progress=False
    )
    assert efficiency.metrics == ("l1", "l2")
    for metric in efficiency.metrics:
        few, all_of_them = efficiency.curve(metric)
        assert few.examples == 25
        assert few.value > all_of_them.value
        assert few.value < few.chance


def test_mlp_uses_one_seed_for_each_repeat():
    suite = MlpSuite(hidden=[()], epochs=3, seeds=9, first_seed=4)
    efficiency = label_efficiency(
        "mlp", *splits(CLASSES), "classification", (1.0,), 2, suite=suite, progress=False
    )
    [point] = efficiency.points
    expected = [
        score_probe(
            "mlp",
            *splits(CLASSES),
            "classification",
            suite=MlpSuite(hidden=[()], epochs=3, seeds=1, first_seed=seed),
            progress=False,
        )
        .scores[0]
        .value
        for seed in (4, 5)
    ]
    assert list(point.values) == expected


@pytest.mark.parametrize(
    ("task", "labels", "fraction", "message"),
    [
        (
            "classification",
            CLASSES,
            0.005,
            "one example of each class: got 0.005 of 500 labels of 3 classes; accepted: 0.006 or",
        ),
        (
            "regression",
            POSITIONS,
            0.01,
            "must leave 10 of them: got 0.01 of 500 labels; accepted: 0.02 or above",
        ),
        ("regression", POSITIONS, 0.0, "above 0"),
        ("regression", POSITIONS, 1.5, "up to 1"),
    ],
)
def test_fraction_that_leaves_too_few_examples_is_refused_in_one_line(
    task, labels, fraction, message
):
    with pytest.raises(InputError, match=message) as caught:
        label_efficiency("linear", *splits(labels), task, (1.0, fraction), progress=False)
    assert "\n" not in str(caught.value)


def test_saved_curve_is_read_again(linear, tmp_path):
    linear.save(tmp_path / "results")
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["efficiency-linear.json"]
    record = json.loads((tmp_path / "results" / "efficiency-linear.json").read_text())
    assert list(record) == ["probe", "task", "points", "asked", "metrics"]
    again = read_efficiency(tmp_path / "results", "linear")
    assert again.requested is None
    assert (again.probe, again.task, again.metrics) == (linear.probe, linear.task, linear.metrics)
    np.testing.assert_equal([vars(p) for p in again.points], [vars(p) for p in linear.points])


def test_request_is_saved_under_its_earlier_name(linear, tmp_path):
    dataclasses.replace(linear, requested={"repeats": 4}).save(tmp_path)
    assert json.loads((tmp_path / "efficiency-linear.json").read_text())["asked"] == {"repeats": 4}
    assert read_efficiency(tmp_path, "linear").requested == {"repeats": 4}


def cut(path):
    path.write_text(path.read_text()[:-20])


def of_another_probe(path):
    path.write_text(path.read_text().replace("linear", "svm"))


def without_points(path):
    path.write_text(json.dumps(json.loads(path.read_text()) | {"points": []}))


def with_text_for_a_number(path):
    record = json.loads(path.read_text())
    record["points"][0]["low"] = "none"
    path.write_text(json.dumps(record))


def missing(path):
    path.unlink()


@pytest.mark.parametrize(
    "damage", [cut, of_another_probe, without_points, with_text_for_a_number, missing]
)
def test_a_damaged_file_is_refused_in_one_line(linear, tmp_path, damage):
    linear.save(tmp_path)
    damage(tmp_path / "efficiency-linear.json")
    with pytest.raises(
        InputError, match="label efficiency of probe linear must be readable"
    ) as caught:
        read_efficiency(tmp_path, "linear")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("shown", "terminal"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_progress_is_shown_on_a_terminal(monkeypatch, capsys, shown, terminal):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    label_efficiency("knn", *splits(CLASSES), "classification", (0.1,), 1, progress=shown)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert ("Label efficiency of knn" in printed.err) == (shown and terminal)
    assert bool(printed.err) == (shown and terminal)
