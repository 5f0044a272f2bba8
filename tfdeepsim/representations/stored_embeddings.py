"""Embeddings that an external encoder computed, in `.npy` files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from tfdeepsim.batches import batch_slices
from tfdeepsim.data.dataset import SPLITS, Dataset, Splits
from tfdeepsim.errors import InputError
from tfdeepsim.files import sha256_of, sha256_of_json
from tfdeepsim.numpy_files import DamagedArrays, read_npy
from tfdeepsim.representations.representation import Representation, representation_folder

PROBE_SPLITS = ("probe_train", "probe_validation", "test")
SPLIT_FILES = tuple(f"{split}.npy" for split in PROBE_SPLITS)
BATCH_SIZE = 4096


class StoredEmbeddings(Representation):
    """Embeddings in `.npy` files, one row per image of a dataset.

    Args:
        path: A folder with one file per split, or one file with the rows of `PROBE_SPLITS`, one
            split after the other; see `external_representation`.
        parent: Folder in which a folder for checked embeddings and results is created.

    Example:
        >>> representation = StoredEmbeddings(Path("clip"), Path("runs/external"))
        >>> embeddings = embeddings_of(representation, "stl10", splits, ["test"])
    """

    model = "external"

    def __init__(self, path: Path, parent: Path):
        self.path = path
        self.name = path.resolve().name
        self.settings = {"form": "embeddings", "path": str(path)}
        self.identity = sha256_of_json(["rows", *(sha256_of(file) for file in self._files())])
        self.folder = representation_folder(parent, self.name, self.identity)

    def embed(self, splits: Splits, split_names: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
        rows = self._rows(splits.dataset.splits)
        for split in split_names:
            if split not in rows:
                raise InputError(
                    f"{self.name} must hold the embeddings that are needed",
                    got=f"none of the split {split}",
                    accepted=f"a folder that also holds {split}.npy",
                )
            for batch in batch_slices(len(rows[split]), BATCH_SIZE):
                yield split, np.asarray(rows[split][batch], np.float32)

    def check(self, dataset: Dataset) -> None:
        self._rows(dataset.splits)

    def _files(self) -> list[Path]:
        if self.path.is_file():
            return [self.path]
        return [file for split in SPLITS if (file := self.path / f"{split}.npy").is_file()]

    def _rows(self, counts: Mapping[str, int]) -> dict[str, np.ndarray]:
        """The embeddings of each split that is stored, checked to be as many as `counts` says."""
        if self.path.is_file():
            return self._divided(_load(self.path), counts)
        rows = {file.stem: _load(file) for file in self._files()}
        lengths = {split: array.shape[1] for split, array in rows.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(
                "embeddings of all splits must be equally long",
                got=", ".join(f"{split} {length}" for split, length in lengths.items()),
                accepted="embeddings by one encoder",
            )
        for split, array in rows.items():
            count = counts.get(split, 0)
            if len(array) != count:
                raise InputError(
                    "there must be one embedding an image",
                    got=f"{len(array)} rows in {self.path / split}.npy for {count} images",
                    accepted="as many rows as images, in the order of the images",
                )
        return rows

    def _divided(self, array: np.ndarray, counts: Mapping[str, int]) -> dict[str, np.ndarray]:
        """The rows of one file by split."""
        probe_counts = [counts.get(split, 0) for split in PROBE_SPLITS]
        if len(array) != sum(probe_counts):
            listed = ", ".join(
                f"{split} {count}" for split, count in zip(PROBE_SPLITS, probe_counts, strict=True)
            )
            raise InputError(
                "one .npy file holds the embeddings of all probe splits, one after the other",
                got=f"{len(array)} rows in {self.path}",
                accepted=f"{sum(probe_counts)} rows ({listed}), "
                f"or a folder with {', '.join(SPLIT_FILES)}",
            )
        return dict(zip(PROBE_SPLITS, np.split(array, np.cumsum(probe_counts)[:-1]), strict=True))


def _load(path: Path) -> np.ndarray:
    """The array of a file, memory-mapped, checked to be float [N, Z]."""
    rule = "embeddings are a float array [images, length]"
    accepted = "what numpy.save writes of such an array"
    try:
        # Without pickle, a file can hold nothing but numbers.
        array = read_npy(path, mapped=True)
    except (OSError, DamagedArrays) as error:
        raise InputError(rule, got=f"{path} ({str(error)[:200]})", accepted=accepted) from error
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.floating):
        raise InputError(
            rule, got=f"{array.dtype} {list(array.shape)} in {path}", accepted=accepted
        )
    return array
