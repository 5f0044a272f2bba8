"""SVHN as its authors offer it: three files of MATLAB's version 5."""

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import scipy.io

from tfdeepsim.data.digests import file_digest
from tfdeepsim.data.paths import places
from tfdeepsim.data.raw_splits.raw_split import ArrayPart, Part
from tfdeepsim.data.tfds.prepared import prepared
from tfdeepsim.errors import InputError

_PARTS = ("extra", "train", "test")
_SHAPE = (32, 32, 3)


def find(root: Path) -> dict[str, Path] | None:
    """The files by part, below the folder of all datasets; None if there are none.

    Raises:
        InputError: If some are missing, and there is no prepared dataset to take instead.
    """
    for folder in (root / "svhn", *places(root)):
        files = {name: folder / f"{name}_32x32.mat" for name in _PARTS}
        missing = [path.name for path in files.values() if not path.is_file()]
        if not missing:
            return files
        if len(missing) < len(files) and prepared("svhn_cropped", root) is None:
            raise InputError(
                "SVHN needs its three files: encoders train on extra, probes on train, test scores",
                got=f"{folder} without {' and '.join(missing)}",
                accepted=f"{' and '.join(missing)} there, from ufldl.stanford.edu/housenumbers",
            )
    return None


def parts(files: Mapping[str, Path], root: Path) -> dict[str, Part]:
    """The parts of SVHN; images are read when they are needed.

    Args:
        files: Of `find`.
        root: Of all datasets, where checksums are noted.

    Raises:
        InputError: If a file is damaged, or not of SVHN.
    """
    return {name: _part(path, root / "decoded" / "digests.json") for name, path in files.items()}


def _part(path: Path, notes: Path) -> Part:
    sizes = {name: shape for name, shape, _ in _read(path, scipy.io.whosmat)}
    shape = sizes.get("X", ())
    if shape[:3] != _SHAPE or len(shape) != 4 or "y" not in sizes:
        raise _error(
            path,
            ", ".join(f"{name} {list(size)}" for name, size in sizes.items()) or "nothing in it",
        )
    labels = _read(path, scipy.io.loadmat, variable_names=["y"])["y"]
    if labels.size != shape[3]:
        raise _error(path, f"{labels.size:,} labels for {shape[3]:,} images")
    labels = labels.reshape(-1)
    if not np.isin(labels, np.arange(11)).all():
        raise _error(path, f"labels {labels.min()} to {labels.max()}")
    return ArrayPart(
        functools.partial(_images, path),
        (shape[3], *_SHAPE),
        functools.partial(file_digest, path, notes),
        labels.astype(np.int64) % 10,  # the digit 0 is written as 10
    )


def _images(path: Path) -> np.ndarray:
    """uint8 [N, 32, 32, 3]."""
    images = _read(path, scipy.io.loadmat, variable_names=["X"])["X"]
    if images.dtype != np.uint8:
        raise _error(path, f"X of {images.dtype}")
    return np.moveaxis(images, 3, 0)


def _read(path: Path, reader, **kwargs):
    try:
        return reader(path, **kwargs)
    except OSError:
        raise
    except Exception as error:  # of many types, for each way in which a file can be damaged
        raise _error(path, f"{type(error).__name__}: {error}") from error


def _error(path: Path, got: str) -> InputError:
    return InputError(
        "SVHN's files hold X, uint8 [32, 32, 3, N], and y, 1 to 10 [N, 1]",
        got=f"{path} ({got})",
        accepted=f"{path.name} as ufldl.stanford.edu/housenumbers has it",
    )
