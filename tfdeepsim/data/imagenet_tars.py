"""ImageNet's two archives, read where they are: no image is unpacked to disk."""

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

from tfdeepsim.data.array_dataset import Count
from tfdeepsim.data.digests import combined
from tfdeepsim.data.paths import places
from tfdeepsim.data.raw_splits.encoded import EncodedPart
from tfdeepsim.data.raw_splits.raw_split import Part
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing

_FILES = {"train": "ILSVRC2012_img_train.tar", "validation": "ILSVRC2012_img_val.tar"}
_NUMBER = re.compile(r"ILSVRC2012_val_(\d{8})\.JPEG")
_TOLD_FROM = 2**30


class Member(NamedTuple):
    """An image in an archive: its name, class id, and where its bytes are."""

    name: str
    label: int
    offset: int
    size: int


def find(root: Path) -> dict[str, Path] | None:
    """The two archives, below the folder of all datasets; None if there are none.

    Raises:
        InputError: If one is missing.
    """
    for folder in places(root):
        tars = {part: folder / name for part, name in _FILES.items()}
        missing = [tar.name for tar in tars.values() if not tar.is_file()]
        if not missing:
            return tars
        if len(missing) < len(tars):
            raise InputError(
                "ImageNet needs both of its archives",
                got=f"{folder} without {missing[0]}",
                accepted=f"{' and '.join(_FILES.values())} from image-net.org/download-images",
            )
    return None


def indexed(tars: Mapping[str, Path], root: Path) -> dict[str, Count] | None:
    """How many images there are, by part; None if nobody has counted them yet."""
    counts = {}
    for part, tar in tars.items():
        index = _read_index(_index_path(tar, root))
        if index is None:
            return None
        counts[part] = Count(len(index["label"]), index["label"])
    return counts


def parts(tars: Mapping[str, Path], root: Path) -> dict[str, Part]:
    """The parts `train` and `validation`.

    Where each image is in its archive is looked up once, and kept.

    Raises:
        InputError: If an archive is damaged, or holds what ImageNet's do not.
    """
    return {part: _part(part, tar, root) for part, tar in tars.items()}


def synsets() -> tuple[str, ...]:
    """WordNet ids of the 1,000 classes, in the order of the class ids, which is alphabetical."""
    return tuple(_official("labels.txt"))


def _part(part: str, tar: Path, root: Path) -> Part:
    path = _index_path(tar, root)
    index = _read_index(path)
    if index is None:
        if tar.stat().st_size > _TOLD_FROM:
            print(f"Looking up the images of {tar}: once, some minutes", file=sys.stderr)
        index = _index(part, tar)
        with contextlib.suppress(OSError), replacing(path) as new, open(new, "wb") as file:
            np.savez(file, allow_pickle=False, **index)
    digest = combined(*(index[name].tobytes() for name in ("name", "label", "offset", "size")))
    offsets, sizes = index["offset"], index["size"]

    def read(row: int) -> bytes:
        with open(tar, "rb", buffering=0) as file:
            return os.pread(file.fileno(), int(sizes[row]), int(offsets[row]))

    def name_of(row: int) -> str:
        return f"{index['name'][row].decode()} in {tar}"

    return EncodedPart(read, index["label"], digest, name_of)


def _index_path(tar: Path, root: Path) -> Path:
    stat = tar.stat()
    return (
        root
        / "decoded"
        / f"{tar.stem}-{combined(str(tar.resolve()), stat.st_size, stat.st_mtime_ns)}.npz"
    )


def _read_index(path: Path) -> dict[str, np.ndarray] | None:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in ("name", "label", "offset", "size")}
    except (OSError, ValueError, KeyError):
        return None


def _index(part: str, tar: Path) -> dict[str, np.ndarray]:
    try:
        with tarfile.open(tar, "r:") as opened:
            members = list((_training if part == "train" else _validation)(opened, tar))
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(tar, str(error)) from error
    if not members:
        raise _damaged(tar, "no images")
    names, labels, offsets, sizes = zip(*members, strict=True)
    return {
        "name": np.array([name.encode() for name in names]),
        **{
            key: np.array(values, np.int64)
            for key, values in (("label", labels), ("offset", offsets), ("size", sizes))
        },
    }


def _training(outer: tarfile.TarFile, tar: Path) -> Iterator[Member]:
    """Images lie in one archive a class, `n01440764.tar`, in the archive."""
    ids = {synset: row for row, synset in enumerate(synsets())}
    for folder in outer:
        if not folder.isfile():
            continue
        synset = Path(folder.name).stem
        if synset not in ids:
            raise _damaged(tar, f"{folder.name!r}, which is no class of ILSVRC 2012")
        with tarfile.open(fileobj=cast(IO[bytes], outer.extractfile(folder)), mode="r:") as inner:
            for image in inner:
                if image.isfile():
                    place = folder.offset_data + image.offset_data
                    yield Member(image.name, ids[synset], place, image.size)


def _validation(outer: tarfile.TarFile, tar: Path) -> Iterator[Member]:
    """Images lie side by side; the number in a name says which line of the official list is its
    class."""
    ids = {synset: row for row, synset in enumerate(synsets())}
    labels = [ids[synset] for synset in _official("validation_labels.txt")]
    for image in outer:
        if not image.isfile():
            continue
        number = _NUMBER.fullmatch(Path(image.name).name)
        if number is None or not 1 <= int(number[1]) <= len(labels):
            raise _damaged(tar, f"{image.name!r}, which is no image of the validation set")
        yield Member(image.name, labels[int(number[1]) - 1], image.offset_data, image.size)


def _official(name: str) -> list[str]:
    """Lines of a list that TensorFlow Datasets has; the package itself is not imported."""
    spec = importlib.util.find_spec("tensorflow_datasets")
    package = Path(cast(str, spec and spec.origin)).parent
    return (package / "datasets" / "imagenet2012" / name).read_text().split()


def _damaged(tar: Path, got: str) -> InputError:
    return InputError(
        "ImageNet's archives must be whole",
        got=f"{tar} ({got})",
        accepted=f"{tar.name} from image-net.org/download-images",
    )
