"""STL-10 as its authors give it away: `stl10_binary.tar.gz`, and what is in it."""

import functools
import gzip
import shutil
import sys
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

import numpy as np

from tfdeepsim.data.array_dataset import ArrayDataset, SplitRows
from tfdeepsim.data.digests import combined, file_digest
from tfdeepsim.data.paths import places
from tfdeepsim.data.raw_splits.raw_split import ArrayPart, Part
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing
from tfdeepsim.lock import locked

CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
FOLDS = 10

_FOLDER, _ARCHIVE = "stl10_binary", "stl10_binary.tar.gz"
_NEEDED = ("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin", "unlabeled_X.bin")
_NAMES, _FOLD_INDICES = "class_names.txt", "fold_indices.txt"
_PLANES = (3, 96, 96)
_IMAGE_BYTES = 3 * 96 * 96


def find(root: Path) -> Path | None:
    """The folder with the binary files, below the folder of all datasets or that folder itself.

    Raises:
        InputError: If some of the files are missing.
    """
    for folder in (root, *(place / _FOLDER for place in places(root))):
        there = [name for name in _NEEDED if (folder / name).is_file()]
        if there or (folder.name == _FOLDER and folder.is_dir()):
            _check_all(folder, there)
            return folder
    return None


def find_archive(root: Path) -> Path | None:
    """The archive, below the folder of all datasets; None if there is none."""
    return next((place / _ARCHIVE for place in places(root) if (place / _ARCHIVE).is_file()), None)


def extracted(root: Path) -> Path | None:
    """The folder with what is in the archive, extracted once; None if there is no archive.

    Raises:
        InputError: If the archive is damaged.
    """
    archive = find_archive(root)
    if archive is None:
        return None
    kept = root / "decoded"
    folder = kept / f"{_FOLDER}-{combined(file_digest(archive, kept / 'digests.json'))}"
    with locked(folder):
        for leftover in kept.glob(f".{folder.name}.*/"):
            shutil.rmtree(leftover)
        if not folder.is_dir():
            with replacing(folder) as new:
                _extract(archive, new)
    return folder


def parts(folder: Path, root: Path) -> dict[str, Part]:
    """The parts `unlabeled`, `train` and `test`; images are mapped from their files.

    Args:
        folder: With the binary files.
        root: Of all datasets, where checksums are noted.

    Raises:
        InputError: If a file has a wrong length, or labels are not 1 to 10.
    """
    return {
        name: _part(folder, name, root / "decoded" / "digests.json")
        for name in ("unlabeled", "train", "test")
    }


class Stl10Binary(ArrayDataset):
    """STL-10 from its binary files.

    Args:
        folder: With the binary files.
        parts: Of `parts`.
        splits: Rows of the parts.
        view: What an encoder sees of an image.
        cache_dir: Folder for decoded images.
    """

    def __init__(
        self,
        folder: Path,
        parts: Mapping[str, Part],
        splits: SplitRows,
        view: Resizing,
        cache_dir: Path,
    ):
        super().__init__("stl10", parts, splits, view, cache_dir, _class_names(folder))
        self.folder = folder

    def folds(self) -> list[np.ndarray]:
        """The ten predefined folds of the training images, for the protocol of [D], Table 4.

        Returns:
            Rows of `part("train")`, int64 [1000] each in the original.

        Raises:
            InputError: If `fold_indices.txt` is missing or damaged.
        """
        path, count = self.folder / _FOLD_INDICES, self._parts["train"].count
        try:
            lines = path.read_text().splitlines()
            folds = [np.array(line.split(), np.int64) for line in lines if line.strip()]
        except (OSError, ValueError) as error:
            raise _folds_error(path, str(error)) from error
        if len(folds) != FOLDS:
            raise _folds_error(path, f"{len(folds)} lines")
        if not all(fold.min() >= 0 and fold.max() < count for fold in folds):
            raise _folds_error(path, f"rows beyond the {count:,} training images")
        return folds


def _check_all(folder: Path, there: list[str]) -> None:
    missing = [name for name in _NEEDED if name not in there]
    if missing:
        raise InputError(
            "all files of STL-10 must be there",
            got=f"{folder} without {', '.join(missing)}",
            accepted=f"{', '.join(_NEEDED)}, all in {_ARCHIVE} of ai.stanford.edu/~acoates/stl10",
        )


def _extract(archive: Path, folder: Path) -> None:
    """Write the files that are needed, by their own names; nothing else in the archive can do
    harm."""
    wanted = {*_NEEDED, _NAMES, _FOLD_INDICES}
    print(f"Extracting {archive}, {archive.stat().st_size / 1e9:.1f} GB: once", file=sys.stderr)
    folder.mkdir()
    try:
        # gzip and not tarfile checks the sum at the end, so it is read to the end.
        with gzip.open(archive) as file, tarfile.open(fileobj=file, mode="r|") as tar:
            for member in tar:
                path = Path(member.name)
                if member.isfile() and path.name in wanted and path.parent.name == _FOLDER:
                    with open(folder / path.name, "wb") as out:
                        shutil.copyfileobj(cast(IO[bytes], tar.extractfile(member)), out, 2**20)
            while file.read(2**20):
                pass
    except (gzip.BadGzipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise InputError(
            f"{_ARCHIVE} must be whole",
            got=f"{archive} ({error})",
            accepted="the archive of ai.stanford.edu/~acoates/stl10, 2,640,397,119 bytes",
        ) from error
    _check_all(archive, [name for name in _NEEDED if (folder / name).is_file()])


def _part(folder: Path, name: str, notes: Path) -> Part:
    path = folder / f"{name}_X.bin"
    size = path.stat().st_size
    if size == 0 or size % _IMAGE_BYTES:
        raise InputError(
            "STL-10's images take 27,648 bytes each",
            got=f"{path} of {size:,} bytes",
            accepted="a multiple of that; is the file whole?",
        )
    count = size // _IMAGE_BYTES
    labels = None if name == "unlabeled" else _labels(folder / f"{name}_y.bin", count)
    return ArrayPart(
        functools.partial(_map, path, count),
        (count, 96, 96, 3),
        functools.partial(file_digest, path, notes),
        labels,
        mapped=True,
    )


def _map(path: Path, count: int) -> np.ndarray:
    planes = np.memmap(path, np.uint8, "r", shape=(count, *_PLANES))
    return planes.transpose(0, 3, 2, 1)  # planes are written column by column


def _labels(path: Path, count: int) -> np.ndarray:
    labels = np.fromfile(path, np.uint8)
    if len(labels) != count:
        raise InputError(
            "STL-10 needs a label for each image",
            got=f"{len(labels):,} in {path} for {count:,} images",
            accepted="as many",
        )
    if labels.min() < 1 or labels.max() > len(CLASSES):
        raise InputError(
            "STL-10's labels are 1 to 10",
            got=f"{labels.min()} to {labels.max()} in {path}",
            accepted="1 to 10",
        )
    return labels.astype(np.int64) - 1


def _class_names(folder: Path) -> tuple[str, ...]:
    try:
        names = (folder / _NAMES).read_text().split()
    except (OSError, ValueError):
        names = []
    return tuple(names) if len(names) == len(CLASSES) else CLASSES


def _folds_error(path: Path, got: str) -> InputError:
    return InputError(
        "the folds of STL-10 must be readable",
        got=f"{path} ({got})",
        accepted=f"the {_FOLD_INDICES} of {_ARCHIVE}: {FOLDS} lines of row numbers",
    )
