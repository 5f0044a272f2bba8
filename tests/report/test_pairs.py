import dataclasses

import pytest

from tfdeepsim.report.pairs import pair_note, pair_sentences
from tfdeepsim.report.row_comparison import RowComparison


@pytest.fixture
def over_seeds(make_score):
    def make(name, values, **fields):
        return make_score(name, values, **({"over": "encoder"} | fields))

    return make


def test_a_pair_in_words(study_scores):
    # Differences 0.09, 0.08, 0.09, 0.08: mean 0.085, half the interval 3.182 * 0.00577 / 2 =
    # 0.0092.
    assert pair_sentences(RowComparison(study_scores), "l1") == [
        "Mean L1 distance: P. AE (perceptual) is lower than AE (pixel) by 0.085 "
        "(95 % interval 0.076 to 0.094, paired t-test over 4 seeds, p < 0.001)."
    ]


def test_no_difference_is_not_claimed(over_seeds):
    rows = [over_seeds("a", (0.5, 0.6, 0.7)), over_seeds("b", (0.6, 0.5, 0.69))]
    (sentence,) = pair_sentences(RowComparison(rows), "l1")
    assert sentence.startswith(
        "Mean L1 distance: AE (b) and AE (a) cannot be told apart with 3 seeds; AE (b) is lower "
        "by 0.00"
    )
    assert "lower than" not in sentence
    assert "interval -0.2" in sentence


def test_accuracy_in_percentage_points_and_the_better_first(over_seeds):
    rows = [
        over_seeds("a", (0.50, 0.52, 0.51), metric="accuracy"),
        over_seeds("b", (0.60, 0.63, 0.61), metric="accuracy"),
    ]
    (sentence,) = pair_sentences(RowComparison(rows), "accuracy")
    assert sentence.startswith("Accuracy: AE (b) is higher than AE (a) by 10.3 percentage points ")
    assert "(95 % interval 8.9 to 11.8" in sentence


def test_several_pairs_are_corrected(over_seeds):
    rows = [
        over_seeds("a", (0.50, 0.60, 0.55)),
        over_seeds("b", (0.47, 0.56, 0.53)),
        over_seeds("c", (0.90, 0.20, 0.60)),
    ]
    alone = pair_sentences(RowComparison(rows[:2]), "l1")
    (first, *others) = pair_sentences(RowComparison(rows), "l1")
    assert "p = 0.035)" in alone[0]
    assert "is lower than" in alone[0]
    # Three times 0.035 is no longer below 0.05, so nothing is claimed.
    assert "corrected p = 0.11)" in first
    assert "cannot be told apart" in first
    assert len(others) == 2
    assert "Holm" in pair_note(3)
    assert "Holm" not in pair_note(1)


def test_rows_without_spread(over_seeds):
    rows = [over_seeds("a", (0.5, 0.6)), over_seeds("b", (0.5, 0.6)), over_seeds("c", (0.7, 0.8))]
    same, less, _ = pair_sentences(RowComparison(rows), "l1")
    assert same == "Mean L1 distance: AE (a) and AE (b) are equal for each of 2 seeds."
    assert less == (
        "Mean L1 distance: AE (a) is lower than AE (c) by 0.200 for each of 2 seeds, so there is "
        "no interval."
    )


def test_probe_seeds_are_no_pairs(study_scores):
    rows = [dataclasses.replace(score, over="probe") for score in study_scores]
    assert pair_sentences(RowComparison(rows), "l1") == []
