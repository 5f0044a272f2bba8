"""Which image files make up a dataset, and what is known of them without decoding them."""

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np

from tfdeepsim.data.images.csv_labels import read_csv_labels
from tfdeepsim.data.images.decode import CACHE_VERSION
from tfdeepsim.data.images.files import ENDINGS, File, Skipped, Store
from tfdeepsim.data.images.layout import TRAIN, layout
from tfdeepsim.data.labels import check_classes, check_numbers
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions


@dataclasses.dataclass(frozen=True, eq=False)
class Listing:
    """Image files in a fixed order.

    Attributes:
        store: Folder or archive that the files lie in.
        files: The N images of the dataset.
        split_ids: TRAIN, VALIDATION or TEST of `layout`, int8 [N].
        labels: Class ids, int64 [N], or numbers to regress, float64 [N, K]; None without labels.
        task: What a probe does; None without labels.
        class_names: Names of the class ids; empty if there are none.
        skipped: Names of other files, and the reason for each.
        digest: Checksum, which changes with the name, size or time of change of any of `files`, and
            with the decoder.

    Example:
        >>> read_listing(Folder("photos"), DataOptions()).class_names
        ('cat', 'dog')
    """

    store: Store
    files: Sequence[File]
    split_ids: np.ndarray
    labels: np.ndarray | None
    task: Literal["classification", "regression"] | None
    class_names: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    digest: str


def read_listing(store: Store, options: DataOptions) -> Listing:
    """List the images of a dataset, with labels from `options.labels` if that names a CSV file,
    otherwise from their folders.

    Raises:
        InputError: If there are no images, or folders or labels do not follow the rules.
    """
    if not store.files:
        others = f"{len(store.skipped):,} other files" if store.skipped else "no files"
        raise InputError(
            "a dataset needs image files",
            got=f"{others} in {store.path}",
            accepted=f"files that end in {', '.join(sorted(ENDINGS))}",
        )
    names = [file.name for file in store.files]
    by_folder = layout(names, options.labels is None, options.split_folders)
    files = [store.files[row] for row in by_folder.rows]
    labels, class_names = by_folder.classes, by_folder.class_names
    if options.labels is not None:
        from_csv = read_csv_labels(
            options.labels,
            [file.name for file in files],
            by_folder.prefix,
            options.label_type,
        )
        labels, class_names = from_csv.values, from_csv.class_names
        if class_names:
            check_classes(labels, class_names, by_folder.split_ids == TRAIN)
        else:
            check_numbers(labels, options.labels)
    return Listing(
        store=store,
        files=files,
        split_ids=by_folder.split_ids,
        labels=labels,
        task=None if labels is None else "classification" if class_names else "regression",
        class_names=class_names,
        skipped=(*store.skipped, *by_folder.skipped),
        digest=_digest(files),
    )


def _digest(files: Sequence[File]) -> str:
    digest = hashlib.sha256(f"decoding {CACHE_VERSION}".encode())
    for file in files:
        digest.update(repr(tuple(file)).encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]
