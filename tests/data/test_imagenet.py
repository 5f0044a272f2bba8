"""ImageNet from archives in the official layout, which the tests write."""

import io
import tarfile

import numpy as np
import PIL.Image
import pytest

from tfdeepsim.data import describe, open_dataset
from tfdeepsim.data.resizing import Resizing, resize
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

# The first two classes, and numbers of validation images that show them, from the official list.
SYNSETS = ("n01440764", "n01443537")
VALIDATION = {293: 0, 236: 1, 2138: 0}


def picture(seed):
    """A JPEG, not square, as bytes."""
    pixels = np.random.default_rng(seed).integers(256, size=(6, 8, 3), dtype=np.uint8)
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).resize((320, 280)).save(file, "JPEG")
    return file.getvalue()


def tar_of(members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return file.getvalue()


TRAIN = {
    f"{synset}_{number}.JPEG": picture(10 * row + number)
    for row, synset in enumerate(SYNSETS)
    for number in range(5)
}


def train_tar(images=None, synsets=SYNSETS):
    images = TRAIN if images is None else images
    inner = {
        f"{synset}.tar": tar_of(
            {name: data for name, data in images.items() if name.startswith(synset)}
        )
        for synset in synsets
    }
    return tar_of(inner)


def validation_tar():
    return tar_of({f"ILSVRC2012_val_{number:08d}.JPEG": picture(number) for number in VALIDATION})


def write(root, train=None, validation=None):
    folder = root / "downloads" / "manual"
    folder.mkdir(parents=True)
    (folder / "ILSVRC2012_img_train.tar").write_bytes(train or train_tar())
    (folder / "ILSVRC2012_img_val.tar").write_bytes(validation or validation_tar())
    return root


@pytest.fixture
def raw(tmp_path):
    return write(tmp_path)


def seen(data):
    return resize(PIL.Image.open(io.BytesIO(data)), Resizing(227, shorter_side=256))


@pytest.mark.parametrize("cache", ["memory", "disk", "none"])
def test_images_are_crops_of_227_from_256(raw, cache):
    dataset = open_dataset("imagenet", raw)
    images = dataset.raw_split("train", cache).images
    assert images.shape == (10, 227, 227, 3)
    assert dataset.image_shape == (227, 227, 3)
    np.testing.assert_array_equal(images[:], np.stack(list(map(seen, TRAIN.values()))))
    np.testing.assert_array_equal(images[4], seen(list(TRAIN.values())[4]))
    np.testing.assert_array_equal(
        dataset.raw_split("train", cache).labels["label"], [0] * 5 + [1] * 5
    )


def test_the_test_set_is_the_official_validation_set(raw):
    dataset = open_dataset("imagenet", raw)
    split = dataset.split("test", "none")
    np.testing.assert_array_equal(split.labels["label"], list(VALIDATION.values()))
    np.testing.assert_array_equal(
        split.images[:], np.stack([seen(picture(number)) for number in VALIDATION])
    )
    assert dataset.splits["probe_train"] + dataset.splits["probe_validation"] == 10
    assert dataset.class_names[:2] == SYNSETS
    assert len(dataset.class_names) == 1000


def test_archives_are_indexed_once(raw):
    before = describe("imagenet", raw)
    assert not before.ready
    assert before.splits["test"] == 50_000
    assert before.bytes_needed > 150e9
    dataset = open_dataset("imagenet", raw)
    after = describe("imagenet", raw)
    assert after.splits == dataset.splits
    assert after.bytes_needed == 13 * 3 * 227**2
    dataset.split("encoder_train", "disk")
    assert describe("imagenet", raw).ready
    assert describe("imagenet", raw, DataOptions(cache="none")).ready


def test_the_index_of_a_changed_archive_is_not_used(raw):
    first = open_dataset("imagenet", raw)
    tar = raw / "downloads" / "manual" / "ILSVRC2012_img_train.tar"
    tar.write_bytes(train_tar({name: picture(row) for row, name in enumerate(TRAIN)}))
    second = open_dataset("imagenet", raw)
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize("missing", ["train", "val"])
def test_both_archives_are_needed(raw, missing):
    (raw / "downloads" / "manual" / f"ILSVRC2012_img_{missing}.tar").unlink()
    for ask in (describe, open_dataset):
        with pytest.raises(InputError, match=f"without ILSVRC2012_img_{missing}.tar"):
            ask("imagenet", raw)


def test_without_archives_the_error_says_where_they_belong(tmp_path):
    assert not describe("imagenet", tmp_path).ready
    with pytest.raises(
        InputError, match=r"img_train\.tar and ILSVRC2012_img_val\.tar .*, in .*downloads/manual"
    ):
        open_dataset("imagenet", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("train", "validation", "message"),
    [
        (train_tar()[:-20_000], None, "must be whole.*img_train"),
        (b"junk" * 1000, None, "must be whole.*img_train"),
        (train_tar(synsets=("n00000000",)), None, "'n00000000.tar', which is no class"),
        (tar_of({}), None, "img_train.tar .no images"),
        (None, validation_tar()[:1500], "must be whole.*img_val"),
        (
            None,
            tar_of({"cat.jpg": picture(0)}),
            "'cat.jpg', which is no image of the validation set",
        ),
        (None, tar_of({"ILSVRC2012_val_00050001.JPEG": b""}), "no image of the validation set"),
    ],
)
def test_damaged_archives_end_in_one_line(tmp_path, train, validation, message):
    write(tmp_path, train, validation)
    with pytest.raises(InputError, match=message):
        open_dataset("imagenet", tmp_path)


@pytest.mark.parametrize("cache", ["memory", "none"])
def test_a_damaged_image_is_named(tmp_path, cache):
    images = {**TRAIN, "n01440764_3.JPEG": b"no image"}
    dataset = open_dataset("imagenet", write(tmp_path, train_tar(images)))
    with pytest.raises(
        InputError, match=r"every image must be whole: got n01440764_3\.JPEG in .*img_train"
    ):
        dataset.raw_split("train", cache).images[:]
