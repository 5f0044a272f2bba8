import re

from tfdeepsim.report.notes import (
    baseline_notes,
    interval_notes,
    missing_notes,
    paired_notes,
    table_notes,
)
from tfdeepsim.report.row_comparison import compare_rows


def test_intervals_over_probes(four_scores):
    (note,) = interval_notes(compare_rows(four_scores))
    assert note.startswith("±: 95 % interval over probe seeds")
    assert "does not cover other encoder seeds" in note


def test_intervals_over_encoders(study_scores):
    (note,) = interval_notes(compare_rows(study_scores[:2]))
    assert note.startswith(
        "±: 95 % interval over 4 encoder seeds (Student's t); the score of each encoder is the "
        "mean over its probes."
    )


def test_a_mixed_table_explains_both_kinds_of_intervals(study_scores):
    encoders, probes = interval_notes(compare_rows(study_scores))
    assert encoders.startswith(
        "± in rows with several encoders: 95 % interval over 4 encoder seeds"
    )
    assert probes.startswith("± in rows with several probes: 95 % interval over probe seeds")


def test_single_seeds_have_no_note(make_score):
    assert interval_notes(compare_rows([make_score("a", (0.5,))])) == []


def test_shown_baselines_are_explained(study_scores):
    (note,) = baseline_notes(compare_rows(study_scores))
    assert "A trained encoder should beat PCA of pixels and the random encoder." in note
    assert "PCA of comparator's features shows what the comparator provides on its own." in note
    assert (
        "The supervised encoder was trained with the labels; with enough of them it is an upper"
        in note
    )
    (note,) = baseline_notes(compare_rows(study_scores[:4]))
    assert note.endswith("never marked. A trained encoder should beat PCA of pixels.")
    assert baseline_notes(compare_rows(study_scores[:3])) == []


def test_missing_baselines_become_sentences():
    assert missing_notes(["no comparator's features: no run has one", "Done."]) == [
        "No comparator's features: no run has one.",
        "Done.",
    ]


def test_tests_of_several_probes_name_their_probe(study_scores, make_score):
    knn = [
        make_score(name, values, over="encoder", probe="knn")
        for name, values in (("pixel", (1.0, 2.0)), ("perceptual", (1.5, 2.6)))
    ]
    first, second, (note,) = paired_notes(compare_rows([*study_scores[:2], *knn]))
    assert first[0].startswith("Probe mlp. Mean L1 distance: P. AE")
    assert second[0].startswith("Probe knn. Mean L1 distance: ")
    assert "the same seeds" in note


def test_all_notes_of_a_table(study_scores):
    notes = table_notes(compare_rows(study_scores), "*", ["no x: y"])
    assert [re.split("[:.]", note)[0] for note in notes] == [
        "Mean L1 distance",
        "Paired tests compare encoders that were trained with the same seeds and so saw the images "
        "in the same order",
        "± in rows with several encoders",
        "± in rows with several probes",
        "*",
        "Pixels are those of the 64x64 frame",
        "Baselines stand below the line and are never marked",
        "No x",
    ]
