import dataclasses
import math

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.report.row_comparison import RowComparison, compare_rows


def test_the_best_and_all_with_overlapping_intervals_are_marked(four_scores):
    assert RowComparison(four_scores).marked("l1") == {"pae", "pvae"}


def test_only_the_best_is_marked_if_no_interval_overlaps(four_scores):
    assert RowComparison(four_scores[:3]).marked("l1") == {"pae"}


def test_overlap_counts_at_the_very_end_of_the_intervals(make_score):
    best, touching = make_score("a", (1.0, 2.0, 3.0)), make_score("b", (2.0, 3.0, 4.0))
    width = best.high - best.value
    shifted = make_score("c", [v + 2 * width + 1e-6 for v in (1.0, 2.0, 3.0)])
    assert RowComparison([best, touching, shifted]).marked("l1") == {"a", "b"}


def test_higher_accuracy_is_better(make_score):
    scores = [
        make_score("a", (0.60, 0.61, 0.62), "accuracy", chance=0.1),
        make_score("b", (0.30, 0.31, 0.32), "accuracy", chance=0.1),
    ]
    assert RowComparison(scores).marked("accuracy") == {"a"}


def test_a_single_seed_is_never_marked(make_score):
    pair = [make_score("a", (0.30, 0.31, 0.32)), make_score("b", (0.31,))]
    assert RowComparison(pair).marked("l1") == {"a"}


def test_nothing_is_marked_if_the_best_has_a_single_seed(make_score):
    pair = [make_score("a", (0.30, 0.31, 0.32)), make_score("b", (0.1,))]
    assert RowComparison(pair).marked("l1") == set()


def test_a_single_run_is_not_marked(four_scores):
    assert RowComparison(four_scores[:1]).marked("l1") == set()


def test_nothing_is_marked_when_chance_shows_other_test_labels(make_score):
    pair = [make_score("a", (0.3, 0.31, 0.32)), make_score("b", (0.8, 0.81, 0.82), chance=0.9)]
    comparison = RowComparison(pair)
    assert not comparison.same_chance("l1")
    assert comparison.marked("l1") == set()


def test_nan_is_never_the_best_score(make_score):
    pair = [make_score("a", (math.nan, math.nan)), make_score("b", (0.3, 0.31, 0.32))]
    comparison = RowComparison(pair)
    assert comparison.best_score("l1").run == "b"
    assert comparison.marked("l1") == {"b"}
    assert comparison.not_better_than_chance("l1") == ["a"]


@pytest.mark.parametrize(
    ("metric", "values", "beaten"),
    [
        ("l1", (0.80, 0.86, 0.83), True),  # better on average, but the interval reaches chance
        ("l1", (0.50, 0.51, 0.52), False),
        ("l1", (0.849,), False),
        ("l1", (0.85,), True),
        ("accuracy", (0.84, 0.80, 0.88), True),
        ("accuracy", (0.94, 0.94, 0.95), False),
    ],
)
def test_not_better_than_chance(make_score, metric, values, beaten):
    comparison = RowComparison([make_score("a", values, metric, chance=0.85)])
    assert comparison.not_better_than_chance(metric) == (["a"] if beaten else [])


def test_datasets_are_not_mixed(make_score):
    with pytest.raises(InputError, match=r"share one dataset: got llv2 and stl10"):
        compare_rows([make_score("a"), make_score("b", dataset="stl10")])


def test_one_comparison_for_each_probe(make_score):
    scores = [make_score("a"), make_score("a", probe="svm"), make_score("b")]
    comparisons = [(c.probe, c.rows) for c in compare_rows(scores)]
    assert comparisons == [("mlp", ["a", "b"]), ("svm", ["a"])]


def test_two_scores_of_a_row_and_metric_are_refused(make_score):
    with pytest.raises(InputError, match="l1 of a more than once"):
        compare_rows([make_score("a"), make_score("a", (0.5,))])


def test_no_scores_are_refused():
    with pytest.raises(InputError, match="needs scores"):
        compare_rows([])


def test_baselines_are_last_and_do_not_compete(study_scores):
    comparison = RowComparison(study_scores[::-1])
    assert comparison.encoders == ["clip.keras", "perceptual", "pixel"]
    assert comparison.rows[-4:] == ["supervised", "comparator_features", "random_encoder", "pca"]
    assert comparison.best_score("l1").run == "perceptual"
    assert comparison.marked("l1") <= {"clip.keras", "perceptual", "pixel"}


def test_one_encoder_beside_baselines_is_not_marked(study_scores):
    assert RowComparison([study_scores[2], *study_scores[3:]]).marked("l1") == set()


def test_encoders_that_do_not_beat_a_baseline(study_scores):
    comparison = RowComparison(study_scores)
    # PCA begins at 0.64; AE and the external encoder reach 0.65, P. AE ends at 0.58, where others
    # are too.
    assert comparison.not_better_than("pca", "l1") == ["pixel", "clip.keras"]
    everything = ["pixel", "perceptual", "clip.keras"]
    assert comparison.not_better_than("random_encoder", "l1") == everything
    assert comparison.not_better_than("comparator_features", "l1") == everything
    assert comparison.not_better_than("pca", "l2") == []


def test_chance_is_compared_with_encoders_only(make_score):
    scores = [make_score("a", (0.3, 0.31)), make_score("pca", (0.9, 0.91), model="pca", loss="")]
    assert RowComparison(scores).not_better_than_chance("l1") == []


def test_baselines_without_encoders_have_no_best_score(study_scores):
    comparison = RowComparison(study_scores[3:])
    assert comparison.encoders == []
    assert comparison.best_score("l1") is None


def test_pairs_are_encoders_with_the_same_seeds(study_scores):
    (test,) = RowComparison(study_scores).paired_tests("l1")
    assert (test.first, test.second, test.seeds) == ("pixel", "perceptual", 4)


def test_no_pairs_where_chance_shows_other_test_labels(study_scores):
    moved = dataclasses.replace(study_scores[1], chance=0.9)
    assert RowComparison([study_scores[0], moved]).paired_tests("l1") == []
