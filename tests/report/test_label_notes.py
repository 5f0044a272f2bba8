"""A table says which comparators were trained with labels of the classes that it scores."""

import dataclasses
import io

import pytest
from rich.console import Console

from tfdeepsim.report.label_notes import label_note, label_notes
from tfdeepsim.report.notes import table_notes
from tfdeepsim.report.page_scores import reading_section
from tfdeepsim.report.row_comparison import compare_rows
from tfdeepsim.report.score_table import print_scores, scores_markdown

ACCEPTED = "ImageNet has such classes too; the papers accept it."
LEAKS = "the dataset that is scored here. They leak into the embedding."


@pytest.mark.parametrize(
    ("saw_labels", "dataset", "end"),
    [
        ("ImageNet-1k", "zip:data/cifar10_jpeg.zip", ACCEPTED),
        ("ImageNet-1k", "zip:stl10_jpeg.zip", ACCEPTED),
        ("ImageNet-1k", "stl10", ACCEPTED),
        ("ImageNet-1k", "tfds:cifar10", ACCEPTED),
        ("ImageNet-1k", "folder:CIFAR-10", ACCEPTED),
        ("ImageNet-1k", "imagenet", LEAKS),
        # Weights that earlier versions bundled.
        ("CIFAR-10", "zip:cifar10_jpeg.zip", LEAKS),
        ("CIFAR-10", "stl10", "CIFAR-10 has such classes too."),
        ("zip:stl10_jpeg.zip", "stl10", LEAKS),
        ("zip:photos.zip", "zip:photos.zip", LEAKS),
        ("zip:/data/photos.zip", "zip:photos.zip", LEAKS),
        ("folder:photos (classes cat,dog)", "folder:photos", LEAKS),
    ],
)
def test_labels_of_the_scored_classes_are_told(saw_labels, dataset, end):
    note = label_note(saw_labels, dataset)
    assert note.startswith(f"the comparator was trained with the labels of {saw_labels}")
    assert note.endswith(end)


@pytest.mark.parametrize(
    ("saw_labels", "dataset"),
    [
        ("", "stl10"),
        ("unknown", "stl10"),
        ("ImageNet-1k", "llv2"),
        ("ImageNet-1k", "svhn"),
        ("ImageNet-1k", "zip:photos.zip"),
        ("CIFAR-10", "tfds:cifar100"),
        ("zip:photos.zip", "zip:others.zip"),
    ],
)
def test_other_labels_are_not(saw_labels, dataset):
    assert label_note(saw_labels, dataset) == ""


@pytest.fixture
def scores(make_score):
    fields = {"metric": "accuracy", "dataset": "zip:stl10_jpeg.zip"}
    perceptual = {"loss": "perceptual", "comparator": "alexnet:relu2"}
    return [
        make_score("ae", **fields),
        make_score("pae", **fields, **perceptual, saw_labels="ImageNet-1k"),
        make_score("vae", **fields, **perceptual, saw_labels="ImageNet-1k", model="vae"),
        make_score("own", **fields, **perceptual, saw_labels="zip:stl10_jpeg.zip"),
        make_score("random", **fields, loss="perceptual", comparator="random_alexnet:relu2"),
        make_score(
            "comparator_features",
            **fields,
            model="comparator_features",
            comparator="alexnet:relu2",
            saw_labels="ImageNet-1k",
        ),
    ]


@pytest.mark.parametrize("loss", ["pixel", "perceptual"])
def test_labels_that_the_encoder_started_from_are_told(make_score, loss):
    """Also of a run without a comparator, and beside a comparator that saw none."""
    score = make_score(
        "vae",
        metric="accuracy",
        dataset="zip:stl10_jpeg.zip",
        loss=loss,
        model="vae",
        encoder_saw_labels="ImageNet-1k",
    )
    [note] = label_notes(compare_rows([score]))
    assert note.endswith(
        "the network that the encoder started from was trained with the labels of ImageNet-1k. "
        + ACCEPTED
    )
    both = dataclasses.replace(score, saw_labels="ImageNet-1k")
    assert len(label_notes(compare_rows([both]))) == 2


def test_all_labels_that_a_comparator_saw_are_told(make_score):
    """Those of a comparator that was trained on top of ImageNet's convolutions."""
    fields = {"loss": "perceptual", "comparator": "alexnet:relu6", "metric": "accuracy"}
    saw = "ImageNet-1k and zip:bread and stl10.zip (classes cat,dog)"
    score = make_score("own", dataset="zip:bread and stl10.zip", saw_labels=saw, **fields)
    accepted, leak = label_notes(compare_rows([score]))
    assert accepted.endswith(f"with the labels of ImageNet-1k. {ACCEPTED}")
    assert leak.endswith(f"the labels of zip:bread and stl10.zip (classes cat,dog), {LEAKS}")
    others = dataclasses.replace(score, dataset="zip:photos.zip")
    assert label_notes(compare_rows([others])) == []


def test_rows_with_the_same_labels_share_a_sentence(scores, make_score):
    knn = [make_score("pae", metric="accuracy", dataset=scores[0].dataset, probe="knn")]
    accepted, leak = label_notes(compare_rows([*scores, *knn]))
    assert accepted == (
        "P. AE (pae), P. VAE (vae) and PCA of comparator's features: the comparator was trained "
        f"with the labels of ImageNet-1k. {ACCEPTED}"
    )
    assert leak.startswith("P. AE (own): the comparator was trained with the labels of zip:stl10")


def test_every_form_of_the_table_has_the_sentences(scores):
    comparisons = compare_rows(scores)
    console = Console(file=io.StringIO(), width=200)
    print_scores(scores, console)
    texts = [
        " ".join(console.file.getvalue().split()),
        scores_markdown(scores),
        " ".join(table_notes(comparisons, "*", [])),
        str(reading_section(comparisons, [])).replace("\N{NO-BREAK SPACE}", " "),
    ]
    for text in texts:
        assert ACCEPTED in text
        assert LEAKS in text


def test_without_labels_there_is_no_sentence(four_scores):
    assert label_notes(compare_rows(four_scores)) == []
