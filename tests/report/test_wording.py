import pytest

from tfdeepsim.report.row_comparison import RowComparison
from tfdeepsim.report.wording import cell, chance, conclusion, heading, seeds


def test_three_digits_of_the_smallest_value_set_the_decimals(make_score):
    values = {"a": (13.216, 13.22, 13.224), "b": (1.14, 1.15, 1.16)}
    comparison = RowComparison([make_score(run, v, chance=15.0) for run, v in values.items()])
    assert cell(comparison, "a", "l1") == "13.22 ± 0.01"
    assert cell(comparison, "b", "l1") == "1.15 ± 0.02"
    assert chance(comparison, "l1") == "15.00"


def test_accuracy_is_in_percent(make_score):
    comparison = RowComparison([make_score("a", (0.648, 0.658, 0.653), "accuracy", chance=0.1)])
    assert cell(comparison, "a", "accuracy") == "65.3 ± 1.2"
    assert chance(comparison, "accuracy") == "10.0"
    assert heading(comparison, "accuracy") == "Accuracy (%) ↑"


def test_a_single_seed_shows_no_interval(make_score):
    assert cell(RowComparison([make_score("a", (0.5,))]), "a", "l1") == "0.500"


def test_a_small_interval_is_not_shown_as_none(make_score):
    assert cell(RowComparison([make_score("a", (0.5, 0.50001))]), "a", "l1") == "0.500 ± <0.001"


def test_a_missing_metric_is_a_dash(make_score):
    comparison = RowComparison([make_score("a"), make_score("b", metric="l2")])
    assert cell(comparison, "a", "l2") == "–"


def test_chance_is_a_range_where_runs_disagree(make_score):
    comparison = RowComparison([make_score("a"), make_score("b", chance=0.9)])
    assert chance(comparison, "l1") == "0.850 to 0.900"


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (
            slice(0, 3),
            "P. AE (pae) has the lowest mean L1 distance: 0.300 ± 0.050, against 0.850 by chance",
        ),
        (slice(0, 3), "no other interval overlaps its interval."),
        (slice(0, 4), "overlaps that of P. VAE (pvae), so the intervals do not tell them apart."),
        (slice(0, 4), "AE (ae) is not better than chance."),
        (
            slice(2, 3),
            "P. AE (pae) has a mean L1 distance of 0.300 ± 0.050, against 0.850 by chance.",
        ),
    ],
)
def test_conclusion(four_scores, runs, said):
    assert said in conclusion(RowComparison(four_scores[runs]), "l1")


def test_conclusion_on_accuracy_is_in_percent(make_score):
    comparison = RowComparison([make_score("a", (0.5, 0.52), "accuracy", chance=0.1)])
    assert (
        conclusion(comparison, "accuracy")
        == "AE (a) has an accuracy of 51.0 ± 12.7 %, against 10.0 % by chance."
    )


def test_conclusion_does_not_rank_by_single_seeds(make_score):
    comparison = RowComparison([make_score("a", (0.3,)), make_score("b", (0.4,))])
    assert "there is no interval, so encoders cannot be told apart" in conclusion(comparison, "l1")


def test_conclusion_says_that_test_labels_differ(make_score):
    comparison = RowComparison([make_score("a", (0.3, 0.31)), make_score("b", chance=0.9)])
    assert "not scored on the same labels" in conclusion(comparison, "l1")


def test_conclusion_without_any_finite_value(make_score):
    comparison = RowComparison([make_score("a", (float("nan"),))])
    assert conclusion(comparison, "l1") == "No encoder has a finite mean L1 distance."


def test_seeds_name_what_they_count(study_scores, make_score):
    comparison = RowComparison(
        [*study_scores, make_score("x", (0.5,)), make_score("y", (0.5,), over="encoder")]
    )
    names = ("pixel", "clip.keras", "pca", "random_encoder", "x", "y")
    said = [seeds(comparison, run) for run in names]
    assert said == ["4 encoders", "2 probes", "2 probes", "4 encoders", "1 probe", "1 encoder"]


def test_conclusion_names_the_baselines_that_are_not_beaten(study_scores):
    text = conclusion(RowComparison(study_scores[:2] + study_scores[3:]), "l1")
    assert "P. AE (perceptual) has the lowest mean L1 distance" in text
    assert "AE (pixel) is not better than PCA of pixels." in text
    assert "AE (pixel) and P. AE (perceptual) are not better than the random encoder." in text
    assert "supervised" not in text


def test_conclusion_over_encoder_seeds_points_to_the_paired_tests(study_scores):
    text = conclusion(RowComparison(study_scores[:2]), "l1")
    assert (
        "its interval overlaps that of AE (pixel); the paired tests compare them seed by seed."
        in text
    )
