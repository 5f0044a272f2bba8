"""Images and labels in a NumPy archive, read without ever running what is in it."""

import functools
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfdeepsim.data.array_dataset import SplitRows, refuse_labels, split_parts
from tfdeepsim.data.cache import fits_in_memory
from tfdeepsim.data.digests import file_digest
from tfdeepsim.data.labels import tidy
from tfdeepsim.data.raw_splits.raw_split import ArrayPart, Part
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.splits.split import Images
from tfdeepsim.data.splits.subset import Subset
from tfdeepsim.data.tfds.kind import own_side
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions

ACCEPTED = "images (and labels, split), or x_train, y_train, x_test, y_test"

_KERAS = {
    "train": ("x_train", "y_train"),
    "validation": ("x_val", "y_val"),
    "test": ("x_test", "y_test"),
}
_PARTS = tuple(_KERAS)


class Opened(NamedTuple):
    """What an archive holds, images not yet read.

    Attributes:
        path: Of the archive.
        parts: `train`, and `validation` and `test` if they are there.
        splits: Subset of the parts.
        view: What an encoder sees of an image.
        class_names: Of the class ids.
    """

    path: Path
    parts: Mapping[str, Part]
    splits: SplitRows
    view: Resizing
    class_names: tuple[str, ...]


class Header(NamedTuple):
    """What the first bytes of an array say of it."""

    shape: tuple[int, ...]
    dtype: np.dtype


def open_parts(rest: str, root: Path, options: DataOptions) -> Opened:
    """Read all of an archive but its images.

    Args:
        rest: The file; `~` is the user's own folder.
        root: Of all datasets, where checksums are noted.
        options: Size and splits.

    Raises:
        InputError: If there is no such archive, it is damaged, or does not hold images of one size
            with labels for all or none.
    """
    refuse_labels(options, f"npz:{rest}")
    path = Path(rest).expanduser()
    headers = _headers(path)
    images = _image_keys(path, headers)
    for key in images.values():
        _check_images(path, key, headers[key])
    sides = {headers[key].shape[1:3] for key in images.values()}
    if len(sides) > 1:
        raise _error(path, "images of different sizes")
    height, width = sides.pop()
    view = Resizing.of(options, own_side(height if height == width else None))
    digest = functools.partial(file_digest, path, root / "decoded" / "digests.json")
    labels, names = _labels(path, headers, images)
    load = functools.cache(functools.partial(_load_images, path))
    parts: dict[str, Part] = {}
    for part, key in images.items():
        parts[part] = ArrayPart(
            functools.partial(load, key), headers[key].shape, digest, labels.get(part)
        )
    if "split" in headers:
        parts = _divided(path, headers, parts["train"], functools.partial(load, "images"), digest)
    validation, test = (part if part in parts else None for part in ("validation", "test"))
    splits = split_parts(parts, options, validation=validation, test=test, class_names=names)
    return Opened(path, parts, splits, view, names)


def _headers(path: Path) -> dict[str, Header]:
    """Shapes and dtypes of all arrays, without reading them."""
    if not path.is_file():
        raise InputError(
            "npz:FILE names a file", got=f"{path}, which is none", accepted="a NumPy archive, .npz"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            return {name.removesuffix(".npy"): _header(archive, name) for name in names}
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise InputError(
            "npz:FILE is a NumPy archive",
            got=f"{path} ({error})",
            accepted="what numpy.savez writes",
        ) from error


def _header(archive: zipfile.ZipFile, name: str) -> Header:
    with archive.open(name) as file:
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        version = np.lib.format.read_magic(file)
        if version not in read:
            raise ValueError(f"{name} in version {version} of the format")
        shape, _, dtype = read[version](file)
        return Header(shape, dtype)


def _image_keys(path: Path, headers: Mapping[str, Header]) -> dict[str, str]:
    """The array of images of each part."""
    if "images" in headers:
        return {"train": "images"}
    keys = {part: x for part, (x, _) in _KERAS.items() if x in headers}
    if "train" not in keys:
        raise _error(path, ", ".join(sorted(headers)) or "nothing")
    return keys


def _check_images(path: Path, key: str, header: Header) -> None:
    shape, dtype = header
    pixels = dtype == np.uint8 or dtype.kind == "f"
    if (
        dtype.hasobject
        or not pixels
        or len(shape) not in (3, 4)
        or shape[3:] not in ((), (1,), (3,))
    ):
        what = (
            "objects, which only pickle could read" if dtype.hasobject else f"{dtype} {list(shape)}"
        )
        raise InputError(
            f"{key} must be images",
            got=f"{what} in {path}",
            accepted="uint8, or floats in [0, 1]: [N, H, W], [N, H, W, 1] or [N, H, W, 3]",
        )
    if 0 in shape:
        raise _error(path, f"{key} {list(shape)}")


def _labels(
    path: Path, headers: Mapping[str, Header], images: Mapping[str, str]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    keys = {part: "labels" if key == "images" else _KERAS[part][1] for part, key in images.items()}
    there = {part: key for part, key in keys.items() if key in headers}
    if not there:
        return {}, ()
    if missing := [key for key in keys.values() if key not in headers]:
        raise _error(path, f"{', '.join(there.values())} without {', '.join(missing)}")
    for part, key in there.items():
        count = headers[images[part]].shape[0]
        if headers[key].shape[:1] != (count,):
            raise InputError(
                "there must be a label for each image",
                got=f"{key} {list(headers[key].shape)} for {count:,} images in {path}",
                accepted="as many labels as images",
            )
    return tidy({part: _read(path, key) for part, key in there.items()})


def _divided(
    path: Path, headers: Mapping[str, Header], whole: Part, load, digest
) -> dict[str, Part]:
    """Parts by the array `split`, which names one for each image."""
    names = _read(path, "split") if headers["split"].shape == (whole.count,) else np.array([])
    found = set(names.tolist())
    if not {"train"} <= found <= set(_PARTS):
        raise InputError(
            "split must name a part for each image",
            got=f"{headers['split'].shape} in {path}, with {', '.join(sorted(map(str, found))[:5])}",
            accepted=f"texts [{whole.count}], each {', '.join(_PARTS)}",
        )

    def some(rows: np.ndarray) -> Images:
        return Subset(load(), rows)

    shape = headers["images"].shape[1:]
    parts: dict[str, Part] = {}
    for name in _PARTS:
        rows = np.flatnonzero(names == name)
        labels = None if whole.labels is None else whole.labels[rows]
        if len(rows):
            parts[name] = ArrayPart(
                functools.partial(some, rows), (len(rows), *shape), digest, labels
            )
    return parts


def _load_images(path: Path, key: str) -> np.ndarray:
    """uint8, whatever they are in the file."""
    images = _read(path, key)
    if images.dtype == np.uint8:
        return images
    pixels = np.empty(images.shape, np.uint8)
    for row, image in enumerate(images):  # one by one: a copy of all would be many times as large
        if not (image.min() >= 0 and image.max() <= 1):
            raise InputError(
                f"floats in {key} must lie in [0, 1]",
                got=f"{image.min():g} to {image.max():g} at image {row} in {path}",
                accepted="floats in [0, 1], or uint8",
            )
        pixels[row] = np.rint(image * 255)
    return pixels


def _read(path: Path, key: str) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as archive:
            with zipfile.ZipFile(path) as members:
                size = members.getinfo(f"{key}.npy").file_size
            if not fits_in_memory(size):
                raise InputError(
                    "arrays are read into memory",
                    got=f"{size / 1e9:.1f} GB of {key} in {path}",
                    accepted="what fits into half of the free memory, or folder:PATH",
                )
            return archive[key]
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{key} must be readable without pickle",
            got=f"{path} ({error})",
            accepted="plain arrays, undamaged",
        ) from error


def _error(path: Path, got: str) -> InputError:
    return InputError("npz:FILE holds images", got=f"{path} with {got}", accepted=ACCEPTED)
