"""Embeddings from elsewhere, in `.npy` files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from tfdeepsim.data.dataset import SPLITS, Dataset, Splits
from tfdeepsim.errors import InputError
from tfdeepsim.files import sha256_of
from tfdeepsim.representations.representation import Representation, digest, kept_in

PROBE_SPLITS = ("probe_train", "probe_validation", "test")
SPLIT_FILES = tuple(f"{split}.npy" for split in PROBE_SPLITS)
BLOCK = 4096


class StoredEmbeddings(Representation):
    """Rows of numbers, one for each image of a dataset; see `external_representation` for the
    forms.

    Args:
        path: A folder with a file a split, or one file with the rows of `PROBE_SPLITS`, one after
            the other.
        parent: Where its folder is made.
    """

    model = "external"

    def __init__(self, path: Path, parent: Path):
        self.path = path
        self.name = path.resolve().name
        self.settings = {"form": "embeddings", "path": str(path)}
        self.identity = digest(["rows", *(sha256_of(file) for file in self._files())])
        self.folder = kept_in(parent, self.name, self.identity)

    def embed(self, splits: Splits, split_names: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
        rows = self._rows(splits.dataset.splits)
        for split in split_names:
            if split not in rows:
                raise InputError(
                    f"{self.name} must hold the embeddings that are needed",
                    got=f"none of the split {split}",
                    accepted=f"a folder that also holds {split}.npy",
                )
            for start in range(0, len(rows[split]), BLOCK):
                yield split, np.asarray(rows[split][start : start + BLOCK], np.float32)

    def check(self, dataset: Dataset) -> None:
        self._rows(dataset.splits)

    def _files(self) -> list[Path]:
        if self.path.is_file():
            return [self.path]
        return [file for split in SPLITS if (file := self.path / f"{split}.npy").is_file()]

    def _rows(self, counts: Mapping[str, int]) -> dict[str, np.ndarray]:
        """The rows of each split that is there, as many as `counts` says."""
        if self.path.is_file():
            return self._divided(_load(self.path), counts)
        rows = {file.stem: _load(file) for file in self._files()}
        widths = {split: array.shape[1] for split, array in rows.items()}
        if len(set(widths.values())) > 1:
            raise InputError(
                "embeddings of all split_names must be equally long",
                got=", ".join(f"{split} {width}" for split, width in widths.items()),
                accepted="embeddings by one encoder",
            )
        for split, array in rows.items():
            if len(array) != counts.get(split, 0):
                raise InputError(
                    "there must be one embedding an image",
                    got=f"{len(array)} rows in {self.path / split}.npy for {counts.get(split, 0)} images",
                    accepted="as many rows as images, in the order of the images",
                )
        return rows

    def _divided(self, array: np.ndarray, counts: Mapping[str, int]) -> dict[str, np.ndarray]:
        wanted = [counts.get(split, 0) for split in PROBE_SPLITS]
        if len(array) != sum(wanted):
            named = ", ".join(
                f"{split} {count}" for split, count in zip(PROBE_SPLITS, wanted, strict=True)
            )
            raise InputError(
                "one .npy file holds the embeddings of all probe split_names, one after the other",
                got=f"{len(array)} rows in {self.path}",
                accepted=f"{sum(wanted)} rows ({named}), or a folder with {', '.join(SPLIT_FILES)}",
            )
        return dict(zip(PROBE_SPLITS, np.split(array, np.cumsum(wanted)[:-1]), strict=True))


def _load(path: Path) -> np.ndarray:
    rule, accepted = (
        "embeddings are a float array [images, length]",
        "what numpy.save writes of such an array",
    )
    try:
        # Without pickle, a file can hold nothing but numbers.
        array = np.load(path, allow_pickle=False, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise InputError(rule, got=f"{path} ({str(error)[:200]})", accepted=accepted) from error
    if (
        not isinstance(array, np.ndarray)
        or array.ndim != 2
        or not np.issubdtype(array.dtype, np.floating)
    ):
        found = (
            f"{array.dtype} {list(array.shape)}"
            if isinstance(array, np.ndarray)
            else "several arrays"
        )
        raise InputError(rule, got=f"{found} in {path}", accepted=accepted)
    return array
