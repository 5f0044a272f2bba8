"""Which image files make up a dataset, and what is known of each without decoding it."""

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np

from tfdeepsim.data.images.decode import VERSION
from tfdeepsim.data.images.files import ENDINGS, File, Skipped, Store
from tfdeepsim.data.images.labels import read_labels
from tfdeepsim.data.images.layout import check_classes, layout
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions


@dataclasses.dataclass(frozen=True, eq=False)
class Listing:
    """Image files in a fixed order.

    Attributes:
        store: Where they lie.
        files: The images of the dataset, N of them.
        parts: TRAIN, VALIDATION or TEST of `layout`, int8 [N].
        labels: Class ids int64 [N], float32 [N, K] to regress, or None.
        task: What labels are for; None without any.
        class_names: Of the class ids; empty if there are none.
        skipped: Other files, and why they are none.
        digest: Changes with name, size or time of change of any of `files`, and with the decoder.
    """

    store: Store
    files: Sequence[File]
    parts: np.ndarray
    labels: np.ndarray | None
    task: Literal["classification", "regression"] | None
    class_names: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    digest: str


def read_listing(store: Store, options: DataOptions) -> Listing:
    """List a dataset: its labels come from `options.labels` if it names a file, otherwise from
    folders.

    Raises:
        InputError: If there is no image, or folders or labels do not follow the rules.
    """
    if not store.files:
        others = f"{len(store.skipped):,} other files" if store.skipped else "no files"
        raise InputError(
            "a dataset needs image files",
            got=f"{others} in {store.path}",
            accepted=f"files that end in {', '.join(sorted(ENDINGS))}",
        )
    names = [file.name for file in store.files]
    found = layout(names, with_classes=options.labels is None)
    files = [store.files[row] for row in found.rows]
    labels, class_names = found.classes, found.class_names
    if options.labels is not None:
        read = read_labels(options.labels, [file.name for file in files], found.wrapping)
        labels, class_names = read.values, read.class_names
        if class_names:
            check_classes(labels, class_names, found.parts)
    return Listing(
        store=store,
        files=files,
        parts=found.parts,
        labels=labels,
        task=None if labels is None else "classification" if class_names else "regression",
        class_names=class_names,
        skipped=(*store.skipped, *found.skipped),
        digest=_digest(files),
    )


def _digest(files: Sequence[File]) -> str:
    digest = hashlib.sha256(f"decoding {VERSION}".encode())
    for file in files:
        digest.update(repr(tuple(file)).encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]
