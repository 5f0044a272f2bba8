"""The five splits of image files."""

import numpy as np

from tfdeepsim.data.images.layout import TEST, TRAIN, VALIDATION
from tfdeepsim.data.images.listing import Listing
from tfdeepsim.data.labels import check_classes
from tfdeepsim.data.splits.divide import divide
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions


def split_rows(
    listing: Listing, decodable: np.ndarray, options: DataOptions
) -> dict[str, np.ndarray]:
    """Rows of each split.

    Folders for validation and test are used as they are; a split that has no folder is taken from
    the training images, in equal shares of each class. Encoders and probes share training and
    validation images, since a user's own images are few; test images are used by neither.

    Args:
        listing: All image files.
        decodable: Rows of the files that can be decoded, ascending.
        options: Shares of the splits, and the seed of the division.

    Returns:
        Rows of the listing by split, int64, ascending.

    Raises:
        InputError: If shares are given but there is nothing to divide, or a split or class is too
            small.
    """
    split_ids = listing.split_ids[decodable]
    labels = None if listing.labels is None else listing.labels[decodable]
    if labels is not None and listing.class_names:
        check_classes(labels, listing.class_names, split_ids == TRAIN)
    by_folder = [decodable[split_ids == split_id] for split_id in (TRAIN, VALIDATION, TEST)]
    has_validation = bool((listing.split_ids == VALIDATION).any())
    has_test = bool((listing.split_ids == TEST).any())

    def divided(*shares: float) -> list[np.ndarray]:
        rows = by_folder[TRAIN]
        classes = None if listing.labels is None else listing.labels[rows]
        pieces = divide(len(rows), shares, options.split_seed, classes, listing.class_names)
        return [rows[piece] for piece in pieces]

    if has_validation and has_test:
        if options.split is not None:
            raise InputError(
                "--split divides images that have no folders for it",
                got=f"{options.split}, with folders for training, validation and test",
                accepted="no --split",
            )
        train, validation, test = by_folder
    elif has_test:
        (train, validation), test = divided(*options.shares(own_test=True)), by_folder[TEST]
    elif has_validation:
        shares = options.shares()
        train, test = divided(shares[0] + shares[1], shares[2])
        validation = by_folder[VALIDATION]
    else:
        train, validation, test = divided(*options.shares())
    splits = {
        "encoder_train": train,
        "encoder_validation": validation,
        "probe_train": train,
        "probe_validation": validation,
        "test": test,
    }
    for name, rows in splits.items():
        if not len(rows):
            raise InputError(
                "each split needs images that can be decoded",
                got=f"none in {name}",
                accepted="one or more",
            )
    return splits
