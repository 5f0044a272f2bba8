"""ImageNet (ILSVRC 2012) as one of the kinds of datasets.

Encoders and probes are trained on the training images, from which validation images are taken; the
official validation images are the test set, since the labels of the official test set are secret.
As in Dosovitskiy & Brox 2016, images are scaled to a shorter side of 256 pixels, and the central
227x227 are used.

Images are read from ImageNet's two archives without unpacking them to disk, or from what TensorFlow
Datasets has prepared.
"""

import contextlib
import importlib.util
import os
import re
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, NamedTuple, cast

import numpy as np

from tfdeepsim.data.array_dataset import (
    ArrayDataset,
    RawSplits,
    RawSplitSize,
    SplitRows,
    describe_splits,
    divide_raw_splits,
    refuse_labels,
    sizes_of,
)
from tfdeepsim.data.dataset import Description
from tfdeepsim.data.digests import short_digest
from tfdeepsim.data.paths import data_root, decoded_folder, download_folders
from tfdeepsim.data.raw_splits.encoded import EncodedRawSplit
from tfdeepsim.data.raw_splits.raw_split import RawSplit
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.tfds.prepared import example_counts, prepared_folder
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.numpy_files import DamagedArrays, read_npz
from tfdeepsim.options import DataOptions

SIDE, SHORTER_SIDE = 227, 256
"""Pixels: of the crop, and of the shorter side before it."""

_COUNTS = {"train": 1_281_167, "validation": 50_000}
_ARCHIVES = {"train": "ILSVRC2012_img_train.tar", "validation": "ILSVRC2012_img_val.tar"}
_ORIGIN = "image-net.org/download-images"
_SECONDS_OF_IMAGE = 4e-3
"""Approximate time to find and decode an image."""
_VALIDATION_NAME = re.compile(r"ILSVRC2012_val_(\d{8})\.JPEG")
_ANNOUNCED_FROM = 2**30
"""Size of an archive in bytes from which the user is told that it is being searched."""


class Member(NamedTuple):
    """An image in an archive.

    Attributes:
        name: Name of its file.
        label: Class id.
        offset: Where its bytes begin in the archive.
        size: Number of its bytes.
    """

    name: str
    label: int
    offset: int
    size: int


def check(rest: str) -> None:
    """There is only one ImageNet, so nothing can be wrong with its name."""


def describe(rest: str, data_dir: str | os.PathLike | None, options: DataOptions) -> Description:
    """What is known of ImageNet without decoding it; sizes of splits are exact but for rounding in
    each class."""
    root, resizing = data_root(data_dir), _resizing(options)
    raw_splits: RawSplits = sizes_of(_COUNTS)
    if archives := find_archives(root):
        folder = archives["train"].parent
        raw_splits = indexed_sizes(archives, root) or raw_splits
    elif prepared := prepared_folder("imagenet2012", root):
        folder, raw_splits = prepared, sizes_of(example_counts(prepared))
    else:
        folder = root / "downloads" / "manual"
    cost = _cost(root, raw_splits, resizing, options)
    return describe_splits("imagenet", folder, _divide(raw_splits, options), resizing, cost)


def open_dataset(
    rest: str, data_dir: str | os.PathLike | None, options: DataOptions
) -> ArrayDataset:
    """Open ImageNet from its two archives, or where TensorFlow Datasets has prepared it."""
    root, resizing = data_root(data_dir), _resizing(options)
    if archives := find_archives(root):
        raw_splits, names = open_raw_splits(archives, root, options.parallel_reads), synsets()
    elif prepared_folder("imagenet2012", root):
        # TensorFlow is loaded only if it is needed.
        from tfdeepsim.data.tfds.builder import find_builder
        from tfdeepsim.data.tfds.raw_split import read_raw_splits

        raw_splits, names = read_raw_splits(find_builder("imagenet2012", root), root)
    else:
        folder = root / "downloads" / "manual"
        raise InputError(
            "ImageNet cannot be downloaded for you: its owners want to know who has it",
            got=f"no archives in {folder}, and no {root / 'imagenet2012'}",
            accepted=f"{' and '.join(_ARCHIVES.values())} from {_ORIGIN}, in {folder}",
        )
    splits = _divide(raw_splits, options)
    return ArrayDataset("imagenet", raw_splits, splits, resizing, decoded_folder(root), names)


def find_archives(root: Path) -> dict[str, Path] | None:
    """The two archives by raw split, in one of the download folders; None if there are none.

    Args:
        root: Folder that all datasets are kept in.

    Raises:
        InputError: If one is missing.
    """
    for folder in download_folders(root):
        archives = {name: folder / file for name, file in _ARCHIVES.items()}
        missing = [archive.name for archive in archives.values() if not archive.is_file()]
        if not missing:
            return archives
        if len(missing) < len(archives):
            raise InputError(
                "ImageNet needs both of its archives",
                got=f"{folder} without {missing[0]}",
                accepted=f"{' and '.join(_ARCHIVES.values())} from {_ORIGIN}",
            )
    return None


def indexed_sizes(archives: Mapping[str, Path], root: Path) -> dict[str, RawSplitSize] | None:
    """Number and labels of the images by raw split; None if an archive has no index yet.

    Args:
        archives: Archives by raw split.
        root: Folder that all datasets are kept in, where the indexes are stored.
    """
    sizes = {}
    for name, archive in archives.items():
        index = _read_index(_index_path(archive, root))
        if index is None:
            return None
        sizes[name] = RawSplitSize(len(index["label"]), index["label"])
    return sizes


def open_raw_splits(
    archives: Mapping[str, Path], root: Path, threads: int | None = None
) -> dict[str, RawSplit]:
    """The raw splits `train` and `validation`.

    An archive is searched once; an index of where each image lies in it is stored.

    Args:
        archives: Archives by raw split.
        root: Folder that all datasets are kept in, where the indexes are stored.
        threads: Number of images that are read at the same time; None for the number of processors.

    Raises:
        InputError: If an archive is damaged, or holds something else than ImageNet.
    """
    return {
        name: _open_raw_split(name, archive, root, threads) for name, archive in archives.items()
    }


def synsets() -> tuple[str, ...]:
    """WordNet ids of the 1,000 classes in the order of the class ids, which is alphabetical."""
    return tuple(_official_list("labels.txt"))


def _resizing(options: DataOptions) -> Resizing:
    refuse_labels(options, "imagenet")
    return Resizing.of(options, SIDE, SHORTER_SIDE)


def _divide(raw_splits: RawSplits, options: DataOptions) -> SplitRows:
    return divide_raw_splits(raw_splits, options, test="validation")


def _cost(
    root: Path, raw_splits: RawSplits, resizing: Resizing, options: DataOptions
) -> tuple[float, float]:
    """Approximate bytes and seconds of decoding; zeros if it is done already or not requested."""
    if options.cache == "none" or any(decoded_folder(root).glob("imagenet-train-*/")):
        return 0, 0
    count = sum(raw_split.count for raw_split in raw_splits.values())
    return count * 3 * resizing.side**2, count * _SECONDS_OF_IMAGE


def _open_raw_split(name: str, archive: Path, root: Path, threads: int | None) -> RawSplit:
    path = _index_path(archive, root)
    index = _read_index(path)
    if index is None:
        if archive.stat().st_size > _ANNOUNCED_FROM:
            print(f"Indexing the images of {archive}, once: some minutes", file=sys.stderr)
        index = _index(name, archive)
        with contextlib.suppress(OSError), replacing(path) as new, open(new, "wb") as file:
            np.savez(file, allow_pickle=False, **index)
    digest = short_digest(*(index[key].tobytes() for key in Member._fields))
    offsets, sizes = index["offset"], index["size"]

    def read(row: int) -> bytes:
        with open(archive, "rb", buffering=0) as file:
            return os.pread(file.fileno(), int(sizes[row]), int(offsets[row]))

    def name_of(row: int) -> str:
        return f"{index['name'][row].decode()} in {archive}"

    return EncodedRawSplit(read, len(sizes), digest, name_of, index["label"], threads)


def _index_path(archive: Path, root: Path) -> Path:
    stat = archive.stat()
    digest = short_digest(str(archive.resolve()), stat.st_size, stat.st_mtime_ns)
    return decoded_folder(root) / f"{archive.stem}-{digest}.npz"


def _read_index(path: Path) -> dict[str, np.ndarray] | None:
    try:
        return read_npz(path, *Member._fields)
    except (OSError, DamagedArrays):
        return None


def _index(name: str, archive: Path) -> dict[str, np.ndarray]:
    """Fields of all members, each [N]."""
    try:
        with tarfile.open(archive, "r:") as tar:
            members = list((_training if name == "train" else _validation)(tar, archive))
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(archive, str(error)) from error
    if not members:
        raise _damaged(archive, "no images")
    names, labels, offsets, sizes = zip(*members, strict=True)
    return {
        "name": np.array([name.encode() for name in names]),
        "label": np.array(labels, np.int64),
        "offset": np.array(offsets, np.int64),
        "size": np.array(sizes, np.int64),
    }


def _training(outer: tarfile.TarFile, archive: Path) -> Iterator[Member]:
    """The images, which lie in one archive for each class, `n01440764.tar`, in the archive."""
    ids = {synset: row for row, synset in enumerate(synsets())}
    for folder in outer:
        if not folder.isfile():
            continue
        synset = Path(folder.name).stem
        if synset not in ids:
            raise _damaged(archive, f"{folder.name!r}, which is no class of ILSVRC 2012")
        with tarfile.open(fileobj=cast(IO[bytes], outer.extractfile(folder)), mode="r:") as inner:
            for image in inner:
                if image.isfile():
                    offset = folder.offset_data + image.offset_data
                    yield Member(image.name, ids[synset], offset, image.size)


def _validation(outer: tarfile.TarFile, archive: Path) -> Iterator[Member]:
    """The images, which lie side by side; the number in a name is the line of the official list
    that holds its class."""
    ids = {synset: row for row, synset in enumerate(synsets())}
    labels = [ids[synset] for synset in _official_list("validation_labels.txt")]
    for image in outer:
        if not image.isfile():
            continue
        number = _VALIDATION_NAME.fullmatch(Path(image.name).name)
        if number is None or not 1 <= int(number[1]) <= len(labels):
            raise _damaged(archive, f"{image.name!r}, which is no image of the validation set")
        yield Member(image.name, labels[int(number[1]) - 1], image.offset_data, image.size)


def _official_list(name: str) -> list[str]:
    """Lines of a file that comes with TensorFlow Datasets, which is not imported for it."""
    spec = importlib.util.find_spec("tensorflow_datasets")
    package = Path(cast(str, spec and spec.origin)).parent
    return (package / "datasets" / "imagenet2012" / name).read_text().split()


def _damaged(archive: Path, got: str) -> InputError:
    return InputError(
        "ImageNet's archives must be whole",
        got=f"{archive} ({got})",
        accepted=f"{archive.name} from {_ORIGIN}",
    )
