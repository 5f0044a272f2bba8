"""The five splits of image files."""

import numpy as np

from tfdeepsim.data.images.layout import TEST, TRAIN, VALIDATION, check_classes
from tfdeepsim.data.images.listing import Listing
from tfdeepsim.data.splits.divide import divide
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions


def split_rows(listing: Listing, good: np.ndarray, options: DataOptions) -> dict[str, np.ndarray]:
    """Rows of each split.

    Own folders for validation and test are used as they are; what is missing is cut off the
    training images, in like shares of each class. Encoders and probes share training and validation
    images, since own images are few; the test images are shown to neither.

    Args:
        listing: All image files.
        good: Rows of those that can be decoded, ascending.
        options: Shares and seed.

    Returns:
        Rows of the listing, int64, ascending, by split.

    Raises:
        InputError: If shares are given where nothing is to be divided, or if a split or class is
            too small.
    """
    parts = listing.parts[good]
    labels = None if listing.labels is None else listing.labels[good]
    if labels is not None and listing.class_names:
        check_classes(labels, listing.class_names, parts)
    own = [good[parts == part] for part in (TRAIN, VALIDATION, TEST)]
    has_validation, has_test = (
        bool((listing.parts == VALIDATION).any()),
        bool((listing.parts == TEST).any()),
    )

    def cut(*shares: float) -> list[np.ndarray]:
        classes = None if listing.labels is None else listing.labels[own[TRAIN]]
        pieces = divide(len(own[TRAIN]), shares, options.split_seed, classes, listing.class_names)
        return [own[TRAIN][piece] for piece in pieces]

    if has_validation and has_test:
        if options.split is not None:
            raise InputError(
                "--split divides images that have no folders for it",
                got=f"{options.split}, with folders for training, validation and test",
                accepted="no --split",
            )
        train, validation, test = own
    elif has_test:
        (train, validation), test = cut(*options.shares(own_test=True)), own[TEST]
    elif has_validation:
        shares = options.shares()
        (train, test), validation = cut(shares[0] + shares[1], shares[2]), own[VALIDATION]
    else:
        train, validation, test = cut(*options.shares())
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
