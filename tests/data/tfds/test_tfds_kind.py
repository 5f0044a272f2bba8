"""Datasets of TensorFlow Datasets: small builders defined here, and the true ones on small
files."""

import logging
from unittest import mock

import numpy as np
import pytest
import tensorflow_datasets as tfds
from test_stl10 import images_of, labels_of, write_archive

from tfdeepsim.data import check_name, describe, open_dataset
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

COUNTS = {"train": 24, "test": 9}


def pixels(split, row, side=16):
    return np.random.default_rng([len(split), row]).integers(
        256, size=(side, side, 3), dtype=np.uint8
    )


class Shapes(tfds.core.GeneratorBasedBuilder):
    """Images with labels of a kind that the config names."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [  # noqa: RUF012
        tfds.core.BuilderConfig(name=name)
        for name in (
            "classes",
            "numbers",
            "none",
            "validated",
            "secret",
            "untrained",
            "oddly",
            "partly",
            "ours",
        )
    ]

    @property
    def kind(self):
        return self.builder_config.name if self.builder_config else None

    def _info(self):
        label = {
            "numbers": tfds.features.Tensor(shape=(2,), dtype=np.float32),
            "none": tfds.features.Text(),
            "oddly": tfds.features.Scalar(np.int64),
        }.get(self.kind, tfds.features.ClassLabel(names=["round", "square", "flat"]))
        features = {"image": tfds.features.Image(shape=(16, 16, 3)), "label": label}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        config = self.kind
        splits = {
            "validated": ("train", "validation", "test"),
            "secret": ("train", "validation", "test"),
            "untrained": ("test",),
            "ours": (
                "encoder_train",
                "encoder_validation",
                "probe_train",
                "probe_validation",
                "test",
            ),
        }.get(config, ("train", "test"))
        return {split: self._generate_examples(split) for split in splits}

    def _generate_examples(self, split):
        config = self.kind
        for row in range(COUNTS.get(split, 12)):
            label = {
                "numbers": np.array([row, -row], np.float32),
                "none": f"image {row}",
                "oddly": 10 * (row % 3),
            }.get(config, row % 3)
            if (config == "secret" and split == "test") or (config == "partly" and row == 5):
                label = -1
            yield row, {"image": pixels(split, row), "label": label}


class Wordless(tfds.core.GeneratorBasedBuilder):
    """No images at all."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict({"word": tfds.features.Text()})
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        yield 0, {"word": "a"}


class Handmade(Shapes):
    """Wants files that nobody has put in place."""

    MANUAL_DOWNLOAD_INSTRUCTIONS = "Put shapes.tar into the folder."
    BUILDER_CONFIGS = []  # noqa: RUF012

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(dl_manager.manual_dir / "shapes.tar")}


class Remote(Handmade):
    """Wants a file from a server that does not answer."""

    MANUAL_DOWNLOAD_INSTRUCTIONS = None

    def _split_generators(self, dl_manager):
        return {"train": dl_manager.download("http://127.0.0.1:9/shapes.tar")}


@pytest.fixture(autouse=True)
def quiet():
    tfds.disable_progress_bar()
    logging.getLogger("absl").setLevel(logging.ERROR)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("tfds")


SAME = DataOptions(image_size=16)


def rows_of(dataset, split, raw_split):
    place = {pixels(raw_split, row).tobytes(): row for row in range(COUNTS.get(raw_split, 12))}
    return [place[image.tobytes()] for image in dataset.split(split).images[:]]


def test_a_builder_is_prepared_and_read_in_a_fixed_order(data_dir):
    assert not describe("tfds:shapes/classes", data_dir, SAME).ready
    dataset = open_dataset("tfds:shapes/classes", data_dir, SAME)
    described = describe("tfds:shapes/classes", data_dir, SAME)
    assert described.ready
    assert described.folder == data_dir / "shapes" / "classes" / "1.0.0"
    assert sum(described.splits.values()) == sum(dataset.splits.values())
    assert dataset.class_names == ("round", "square", "flat")
    rows = rows_of(dataset, "test", "test")
    assert sorted(rows) == list(range(9))
    np.testing.assert_array_equal(dataset.split("test").labels["label"], np.array(rows) % 3)
    trained, chosen = (
        rows_of(dataset, f"probe_{split}", "train") for split in ("train", "validation")
    )
    assert sorted(trained + chosen) == list(range(24))
    assert sorted(np.array(chosen) % 3) == [0, 1, 2]
    again = open_dataset("tfds:shapes/classes", data_dir, SAME)
    assert rows_of(again, "probe_train", "train") == trained
    assert again.fingerprint == dataset.fingerprint


@pytest.mark.parametrize("cache", ["memory", "disk"])
def test_images_are_resized_once(data_dir, cache):
    dataset = open_dataset("tfds:shapes/classes", data_dir, DataOptions(resize="tile"))
    images = dataset.split("test", cache).images
    rows = rows_of(open_dataset("tfds:shapes/classes", data_dir, SAME), "test", "test")
    np.testing.assert_array_equal(
        images[:], [np.tile(pixels("test", row), (4, 4, 1)) for row in rows]
    )


def test_records_cannot_be_decoded_at_each_use(data_dir):
    dataset = open_dataset("tfds:shapes/classes", data_dir, SAME)
    with pytest.raises(InputError, match="accepted: --cache auto, memory or disk"):
        dataset.split("test", "none")


def test_numbers_are_regressed(data_dir):
    dataset = open_dataset("tfds:shapes/numbers", data_dir, SAME)
    assert (dataset.task, dataset.class_names) == ("regression", ())
    rows = np.array(rows_of(dataset, "test", "test"), np.float32)
    np.testing.assert_array_equal(
        dataset.split("test").labels["label"], np.stack([rows, -rows], axis=1)
    )


def test_texts_are_not_used_as_labels(data_dir):
    dataset = open_dataset("tfds:shapes/none", data_dir, SAME)
    assert (dataset.task, dataset.split("test").labels) == (None, {})


def test_plain_integers_are_classes(data_dir):
    dataset = open_dataset("tfds:shapes/oddly", data_dir, SAME)
    assert dataset.class_names == ("0", "10", "20")
    np.testing.assert_array_equal(
        dataset.split("test").labels["label"], np.array(rows_of(dataset, "test", "test")) % 3
    )


def test_a_validation_set_of_the_builder_is_used(data_dir):
    dataset = open_dataset("tfds:shapes/validated", data_dir, SAME)
    assert sorted(rows_of(dataset, "encoder_validation", "validation")) == list(range(12))
    assert list(dataset.splits.values()) == [24, 12, 24, 12, 9]


def test_the_validation_set_is_used_for_testing_if_the_test_labels_are_secret(data_dir):
    dataset = open_dataset("tfds:shapes/secret", data_dir, SAME)
    assert sorted(rows_of(dataset, "test", "validation")) == list(range(12))
    assert dataset.splits["probe_train"] + dataset.splits["probe_validation"] == 24


def test_a_builder_with_the_five_splits_is_used_as_it_is(data_dir):
    dataset = open_dataset("tfds:shapes/ours", data_dir, SAME)
    assert list(dataset.splits.values()) == [12, 12, 12, 12, 9]


def test_llv2_can_be_read_as_a_tfds_dataset(tiny):
    name, data_dir = tiny
    ours, theirs = open_dataset(name, data_dir), open_dataset(f"tfds:{name}", data_dir)
    assert theirs.splits == ours.splits
    assert theirs.task == "regression"
    for split in ours.splits:
        np.testing.assert_array_equal(theirs.split(split).images[:], ours.split(split).images)
        np.testing.assert_array_equal(
            theirs.split(split).labels["label"], ours.split(split).labels["position"]
        )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "nothing_of_the_kind",
            "names a dataset of TensorFlow Datasets: got tfds:nothing_of_the_kind",
        ),
        ("shapes/triangles", "got tfds:shapes/triangles"),
        ("wordless", "needs a feature `image`.*wordless with word"),
        ("shapes/untrained", "needs a split `train`: got tfds:shapes/untrained with test"),
        ("shapes/partly", "must have a label, or none: got tfds:shapes with 1 of 24"),
        ("handmade", "tfds:handmade could not be fetched.*downloads/manual"),
        (
            "remote",
            "tfds:remote could not be fetched: got ConnectionError.*"
            "accepted: a network, or .*/remote",
        ),
    ],
)
def test_builders_that_cannot_be_prepared_end_in_one_line(data_dir, name, message, monkeypatch):
    from tensorflow_datasets.core.download import downloader

    monkeypatch.setattr(downloader, "MAX_RETRIES", 0)  # some minutes
    with pytest.raises(InputError, match=message):
        open_dataset(f"tfds:{name}", data_dir)


@pytest.mark.parametrize(
    "name",
    ["tfds:", "tfds:a b", "tfds:../etc", "tfds:a/b/c", "tfds:huggingface:cats", "tfds:a/b=3"],
)
def test_impossible_names_of_builders_are_refused(name):
    with pytest.raises(InputError):
        check_name(name)


def test_a_damaged_record_ends_in_one_line(tmp_path):
    open_dataset("tfds:shapes/classes", tmp_path, SAME)
    (record,) = (tmp_path / "shapes" / "classes" / "1.0.0").glob("*-test.tfrecord*")
    data = bytearray(record.read_bytes())
    data[len(data) // 2] ^= 255
    record.write_bytes(data)
    with pytest.raises(InputError, match="dataset folder must be undamaged"):
        open_dataset("tfds:shapes/classes", tmp_path, SAME).split("test")
    record.unlink()
    with pytest.raises(InputError, match="dataset folder must be undamaged"):
        open_dataset("tfds:shapes/classes", tmp_path, SAME)


@pytest.fixture
def stl10_of_tfds(tmp_path):
    """STL-10 as TensorFlow Datasets prepares it, from a small archive."""
    from tensorflow_datasets.core.download import checksums

    archive = write_archive(tmp_path / "raw" / "stl10_binary.tar.gz")
    builder = tfds.builder("stl10", data_dir=tmp_path / "data")
    url = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    with mock.patch.object(type(builder), "url_infos", {url: checksums.compute_url_info(archive)}):
        builder.download_and_prepare(
            download_dir=tmp_path / "downloads",
            download_config=tfds.download.DownloadConfig(
                manual_dir=archive.parent, try_download_gcs=False
            ),
        )
    return tmp_path / "data"


def test_stl10_as_tfds_prepares_it(stl10_of_tfds):
    described = describe("stl10", stl10_of_tfds)
    dataset = open_dataset("stl10", stl10_of_tfds)
    assert described.ready
    assert described.folder == stl10_of_tfds / "stl10" / "1.0.0"
    assert list(dataset.splits.values()) == [27, 3, 30, 10, 20]
    assert dataset.split("encoder_train").labels == {}
    place = {image.tobytes(): row for row, image in enumerate(images_of("test"))}
    split = dataset.split("test")
    rows = [place[image.tobytes()] for image in split.images[:]]
    np.testing.assert_array_equal(split.labels["label"], labels_of("test")[rows])
    assert dataset.class_names[0] == "airplane"


@pytest.mark.parametrize(
    ("name", "file"), [("stl10", "stl10_binary.tar.gz"), ("svhn", "extra_32x32.mat")]
)
def test_without_files_and_network_the_error_says_which_files_to_put_where(
    tmp_path, monkeypatch, name, file
):
    for variable in (
        "http_proxy",
        "HTTP_PROXY",
    ):  # nobody listens there, so nothing is downloaded anywhere
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    described = describe(name, tmp_path)
    assert not described.ready
    assert described.bytes_needed > 1e9
    with pytest.raises(
        InputError, match=rf"{name} could not be fetched.*{file}.* in .*downloads/manual"
    ):
        open_dataset(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_svhn_as_tfds_prepares_it(tmp_path):
    from tensorflow_datasets.core.download import checksums
    from test_svhn import write

    raw = write(tmp_path / "raw")
    builder = tfds.builder("svhn_cropped", data_dir=tmp_path / "data")
    infos = {
        f"http://ufldl.stanford.edu/housenumbers/{path.name}": checksums.compute_url_info(path)
        for path in raw.iterdir()
    }
    with mock.patch.object(type(builder), "url_infos", infos):
        builder.download_and_prepare(
            download_dir=tmp_path / "downloads",
            download_config=tfds.download.DownloadConfig(manual_dir=raw, try_download_gcs=False),
        )
    ours, theirs = open_dataset("svhn", raw), open_dataset("svhn", tmp_path / "data")
    assert describe("svhn", tmp_path / "data").ready
    assert theirs.splits == ours.splits
    assert theirs.class_names == ours.class_names == ()
    pairs = [
        {
            (image.tobytes(), int(label))
            for image, label in zip(split.images, split.labels["label"], strict=True)
        }
        for split in (dataset.split("test") for dataset in (ours, theirs))
    ]
    assert pairs[0] == pairs[1]


def test_imagenet_as_tfds_prepares_it(tmp_path):
    from test_imagenet import write

    raw = write(tmp_path / "raw")
    tfds.builder("imagenet2012", data_dir=tmp_path / "data").download_and_prepare(
        download_dir=raw / "downloads",
        download_config=tfds.download.DownloadConfig(try_download_gcs=False),
    )
    ours, theirs = open_dataset("imagenet", raw), open_dataset("imagenet", tmp_path / "data")
    assert theirs.splits == ours.splits
    assert theirs.class_names == ours.class_names
    # Training images, since the builder gives validation images the first lines of the official
    # list, and so is right only where all 50,000 are there. It turns no JPEG into another: the very
    # pixels are equal.
    raw_splits = [dataset.raw_split("train", "memory") for dataset in (ours, theirs)]
    pairs = [
        sorted(
            (image.tobytes(), label)
            for image, label in zip(raw_split.images, raw_split.labels["label"], strict=True)
        )
        for raw_split in raw_splits
    ]
    assert pairs[0] == pairs[1]
