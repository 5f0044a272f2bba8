"""Classes and splits read from the names of files."""

import pytest

from tfdeepsim.data.images.layout import TEST, TRAIN, VALIDATION, layout
from tfdeepsim.errors import InputError


def seen(names, **options):
    """(name, part, class) of each image, and what is skipped."""
    found = layout(names, **options)
    classes = [None] * len(found.rows) if found.classes is None else found.classes
    labels = [None if one is None else found.class_names[one] for one in classes]
    kept = [
        (names[row], int(part), label)
        for row, part, label in zip(found.rows, found.split_ids, labels, strict=True)
    ]
    return kept, list(found.skipped)


def test_a_flat_folder_has_no_labels():
    assert seen(["a.jpg", "b.jpg"]) == ([("a.jpg", TRAIN, None), ("b.jpg", TRAIN, None)], [])


def test_top_folders_are_classes_and_deeper_ones_belong_to_them():
    kept, skipped = seen(["cat/a.jpg", "cat/2021/may/b.jpg", "dog/c.jpg"])
    assert kept == [
        ("cat/a.jpg", TRAIN, "cat"),
        ("cat/2021/may/b.jpg", TRAIN, "cat"),
        ("dog/c.jpg", TRAIN, "dog"),
    ]
    assert skipped == []


def test_classes_are_numbered_by_name():
    found = layout(["b/1.png", "a/1.png", "10/1.png", "9/1.png"])
    assert found.class_names == ("10", "9", "a", "b")
    assert found.classes.tolist() == [3, 2, 0, 1]


def test_images_beside_class_folders_are_skipped():
    kept, skipped = seen(["cat/a.jpg", "cover.jpg", "dog/c.jpg"])
    assert [name for name, *_ in kept] == ["cat/a.jpg", "dog/c.jpg"]
    assert skipped == [("cover.jpg", "outside the class folders")]


@pytest.mark.parametrize("train", ["train", "Training", "TRAIN"])
@pytest.mark.parametrize("validation", ["val", "valid", "Validation"])
@pytest.mark.parametrize("test", ["test", "testing"])
def test_split_folders_by_any_of_their_names(train, validation, test):
    kept, _ = seen(
        [f"{train}/cat/a.jpg", f"{train}/dog/b.jpg", f"{validation}/cat/c.jpg", f"{test}/dog/d.jpg"]
    )
    assert [(part, label) for _, part, label in kept] == [
        (TRAIN, "cat"),
        (TRAIN, "dog"),
        (VALIDATION, "cat"),
        (TEST, "dog"),
    ]


def test_split_folders_may_be_flat():
    kept, skipped = seen(["train/a.jpg", "test/b.jpg", "c.jpg"])
    assert kept == [("train/a.jpg", TRAIN, None), ("test/b.jpg", TEST, None)]
    assert skipped == [("c.jpg", "outside the split folders")]


def test_folders_beside_others_are_classes_whatever_their_names():
    kept, _ = seen(["train/a.jpg", "bus/b.jpg"])
    assert [label for *_, label in kept] == ["train", "bus"]


@pytest.mark.parametrize("wrapping", ["photos/", "a/b/", "train/"])
def test_a_folder_around_all_others_is_taken_off(wrapping):
    names = [f"{wrapping}cat/a.jpg", f"{wrapping}dog/b.jpg", f"{wrapping}cover.jpg"]
    kept, skipped = seen(names)
    assert [label for *_, label in kept] == ["cat", "dog"]
    assert skipped == [(names[2], "outside the class folders")]
    assert layout(names).prefix == wrapping


def test_without_classes_folders_are_splits_or_nothing():
    assert seen(["cat/a.jpg", "b.jpg"], with_classes=False)[0] == [
        ("cat/a.jpg", TRAIN, None),
        ("b.jpg", TRAIN, None),
    ]
    kept, _ = seen(["train/cat/a.jpg", "test/b.jpg"], with_classes=False)
    assert [(part, label) for _, part, label in kept] == [(TRAIN, None), (TEST, None)]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["cat/a.jpg", "cat/b.jpg"], "one class only, 'cat'"),
        (["photos/cat/a.jpg", "photos/cat/b.jpg"], "one class only, 'cat'"),
        (["train/cat/a.jpg", "test/cat/b.jpg"], "one class only, 'cat'"),
        (["val/cat/a.jpg", "test/cat/b.jpg"], "must hold a training folder: got test, val"),
        (["train/cat/a.jpg", "train/dog/a.jpg", "test/b.jpg"], "no class folders in test"),
        (["train/a.jpg", "test/cat/b.jpg"], "no class folders in train"),
        (
            ["train/cat/a.jpg", "train/dog/a.jpg", "test/eel/b.jpg", "test/fox/b.jpg"],
            "class 'eel' without any, and 1 more",
        ),
    ],
)
def test_what_says_nothing_clear_is_refused(names, words):
    with pytest.raises(InputError, match=words):
        layout(names)
