"""Classes and splits read from the names of files."""

import pytest

from tfdeepsim.data.images.layout import TEST, TRAIN, VALIDATION, layout
from tfdeepsim.errors import InputError


def seen(names, **options):
    """(name, split_id, class) of each image, and what is skipped."""
    result = layout(names, **options)
    classes = [None] * len(result.rows) if result.classes is None else result.classes
    labels = [None if one is None else result.class_names[one] for one in classes]
    used = [
        (names[row], int(split_id), label)
        for row, split_id, label in zip(result.rows, result.split_ids, labels, strict=True)
    ]
    return used, list(result.skipped)


def test_a_flat_folder_has_no_labels():
    assert seen(["a.jpg", "b.jpg"]) == ([("a.jpg", TRAIN, None), ("b.jpg", TRAIN, None)], [])


def test_top_folders_are_classes_and_deeper_ones_belong_to_them():
    used, skipped = seen(["cat/a.jpg", "cat/2021/may/b.jpg", "dog/c.jpg"])
    assert used == [
        ("cat/a.jpg", TRAIN, "cat"),
        ("cat/2021/may/b.jpg", TRAIN, "cat"),
        ("dog/c.jpg", TRAIN, "dog"),
    ]
    assert skipped == []


def test_classes_are_numbered_by_name():
    result = layout(["b/1.png", "a/1.png", "10/1.png", "9/1.png"])
    assert result.class_names == ("10", "9", "a", "b")
    assert result.classes.tolist() == [3, 2, 0, 1]


def test_images_beside_class_folders_are_skipped():
    used, skipped = seen(["cat/a.jpg", "cover.jpg", "dog/c.jpg"])
    assert [name for name, *_ in used] == ["cat/a.jpg", "dog/c.jpg"]
    assert skipped == [("cover.jpg", "outside the class folders")]


@pytest.mark.parametrize("train", ["train", "Training", "TRAIN"])
@pytest.mark.parametrize("validation", ["val", "valid", "Validation"])
@pytest.mark.parametrize("test", ["test", "testing"])
def test_split_folders_by_any_of_their_names(train, validation, test):
    used, _ = seen(
        [f"{train}/cat/a.jpg", f"{train}/dog/b.jpg", f"{validation}/cat/c.jpg", f"{test}/dog/d.jpg"]
    )
    assert [(split_id, label) for _, split_id, label in used] == [
        (TRAIN, "cat"),
        (TRAIN, "dog"),
        (VALIDATION, "cat"),
        (TEST, "dog"),
    ]


def test_split_folders_may_be_flat():
    used, skipped = seen(["train/a.jpg", "test/b.jpg", "c.jpg"])
    assert used == [("train/a.jpg", TRAIN, None), ("test/b.jpg", TEST, None)]
    assert skipped == [("c.jpg", "outside the split folders")]


def test_folders_beside_others_are_classes_whatever_their_names():
    used, _ = seen(["train/a.jpg", "bus/b.jpg"])
    assert [label for *_, label in used] == ["train", "bus"]


@pytest.mark.parametrize("prefix", ["photos/", "a/b/", "train/"])
def test_a_folder_around_all_others_is_ignored(prefix):
    names = [f"{prefix}cat/a.jpg", f"{prefix}dog/b.jpg", f"{prefix}cover.jpg"]
    used, skipped = seen(names)
    assert [label for *_, label in used] == ["cat", "dog"]
    assert skipped == [(names[2], "outside the class folders")]
    assert layout(names).prefix == prefix


def test_without_classes_folders_can_only_be_splits():
    assert seen(["cat/a.jpg", "b.jpg"], with_classes=False)[0] == [
        ("cat/a.jpg", TRAIN, None),
        ("b.jpg", TRAIN, None),
    ]
    used, _ = seen(["train/cat/a.jpg", "test/b.jpg"], with_classes=False)
    assert [(split_id, label) for _, split_id, label in used] == [(TRAIN, None), (TEST, None)]


IMAGES = [f"{folder}/{animal}/{n}.jpg" for folder in ("train", "test") for animal in ("cat", "dog")
          for n in "ab"]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "words"),
    [
        # One more folder must not turn the splits into classes, and test images into training ones.
        ([*IMAGES, "extra/cat/a.jpg"], r"got extra among 3 .*--split-folders extra=none"),
        (
            ["training_set/cat/a.jpg", "test_set/cat/a.jpg"],
            "folders that may be splits .*test_set=test,training_set=train",
        ),
        (
            ["seg_train/sea/a.jpg", "seg_test/sea/a.jpg", "seg_pred/a.jpg"],
            "may be splits .*seg_pred=none",
        ),
    ],
)
def test_folders_of_no_known_part_are_asked_about(names, words):
    with pytest.raises(InputError, match=words):
        layout(names)


def test_split_folders_gives_folders_their_parts():
    used, skipped = seen(
        [*IMAGES, "extra/cat/a.jpg", "more/dog/a.jpg"], split_folders="extra=none,more=train"
    )
    assert ("more/dog/a.jpg", TRAIN, "dog") in used
    assert ("test/cat/a.jpg", TEST, "cat") in used
    assert [name for name, _ in skipped] == ["extra/cat/a.jpg"]
    used, _ = seen(["seg_train/a.jpg", "seg_test/a.jpg"], split_folders="none")
    assert [label for *_, label in used] == ["seg_train", "seg_test"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("extra", "has the form FOLDER=PART"),
        ("extra=training", "has the form FOLDER=PART"),
        ("other=none", "names folders at the top: got other; accepted: extra, test, train"),
        ("train=none,extra=none", "must name a folder for training"),
        ("test=test", "must give each folder a part: got extra"),
    ],
)
def test_unsuitable_split_folders_are_refused(text, words):
    with pytest.raises(InputError, match=words):
        layout([*IMAGES, "extra/cat/a.jpg"], split_folders=text)


def test_two_spellings_of_an_accented_letter_are_one_class():
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    names = [f"{composed}/a.jpg", f"{decomposed}/b.jpg", "dog/c.jpg"]
    assert layout(names).class_names == (composed, "dog")


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
def test_ambiguous_folders_are_refused(names, words):
    with pytest.raises(InputError, match=words):
        layout(names)
