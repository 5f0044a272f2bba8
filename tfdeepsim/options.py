"""Options of a dataset: the flags that decide what its images, labels and splits are."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

from tfdeepsim.errors import InputError

CHOICES = {
    "resize": ("bilinear", "tile", "reflect"),
    "crop": ("center", "stretch"),
    "cache": ("auto", "memory", "disk", "none"),
    "label_type": ("auto", "class", "number"),
    "encoder_part": ("auto", "unlabeled", "extra", "train"),
}

MAX_SIDE = 4096
"""Largest height and width of the images of a dataset."""
MAX_PIXELS = 89_478_485
"""Default of the largest image, which is Pillow's: 256 MiB of 8-bit RGB."""

RENAMED = {"foreign_range": "external_range"}
"""Names of fields in the `config.json` of earlier versions, and the current names."""

INPUT_RANGES = {"0-1": (0.0, 1.0), "0-255": (0.0, 255.0), "-1-1": (-1.0, 1.0)}
"""Black and white of images, as an external network that takes floats may expect them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataOptions:
    """How the images of a dataset are resized, labelled and split.

    The description of an attribute is the help of its flag.

    Attributes:
        dataset: Name of the dataset, with the path of its files where it has none of its own, e.g.
            `llv2` or `folder:photos`.
        data_dir: Folder that holds datasets (default: that of TensorFlow Datasets).
        cache: Where decoded images are cached: in memory, in files, or not at all; `auto` takes
            the cheapest.
        image_size: Height and width of images in pixels (default: the dataset's own).
        resize: How images are resized: `bilinear` with antialiasing; `tile` repeats small images,
            as the code of Pihlgren et al. does with SVHN; `reflect` mirrors their edges.
        crop: How images become square: `center` cuts the longer side, `stretch` cuts nothing and
            changes proportions.
        shorter_side: Pixels of the shorter side before a centre crop (default: the image size).
        labels: CSV file with the labels of image files, in columns file,NAME[,NAME...] (default:
            the names of their folders).
        label_type: What the column of `--labels` holds: `class`, or `number` to regress; `auto`
            takes a column for numbers if every value is a plain decimal number.
        split_folders: Part of each folder at the top, as FOLDER=PART,... with the parts train,
            validation, test and none; or `none` if all are classes (default: by their names).
        encoder_part: Part of STL-10 or SVHN whose images encoders are trained on: `unlabeled` of
            STL-10 or `extra` of SVHN, as in the papers, or `train`, without its labels; `auto`
            takes the first if its file is there.
        probe_classes: Classes whose labels probes and comparators use, e.g. cat,dog; encoders are
            trained on the images of all classes (default: all).
        split: Training, validation and test images in percent (default: 70/10/20; 90/10 for a
            dataset with a test set of its own).
        split_seed: Seed of the splits.
        allow_duplicates: Whether test images may be among the training images, pixel for pixel;
            they are counted.
        max_bad: Largest share of image files that may be unreadable.
        parallel_reads: Image files that are read at the same time; more than the default for slow
            network disks (default: the number of processors).
        max_pixels: Largest width times height of an image file; larger ones count as unreadable.

    Raises:
        InputError: If a value is out of its range, or options exclude each other.

    Example:
        >>> DataOptions(dataset="folder:photos", image_size=96, split="80/10/10")
    """

    dataset: str = "llv2"
    data_dir: str | None = None
    cache: Literal["auto", "memory", "disk", "none"] = "auto"
    image_size: int | None = None
    resize: str = "bilinear"
    crop: str = "center"
    shorter_side: int | None = None
    labels: str | None = None
    label_type: str = "auto"
    split_folders: str | None = None
    encoder_part: str = "auto"
    probe_classes: str | None = None
    split: str | None = None
    split_seed: int = 0
    allow_duplicates: bool = False
    max_bad: float = 0.05
    parallel_reads: int | None = None
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        for name, accepted in CHOICES.items():
            self._require_choice(name, accepted)
        for name in ("image_size", "shorter_side"):
            self._require(name, lambda value: 8 <= value <= MAX_SIDE, f"8 to {MAX_SIDE} pixels")
        self._require("split_seed", lambda value: 0 <= value < 2**31, "0 to 2147483647")
        self._require("parallel_reads", lambda value: 1 <= value <= 1024, "1 to 1024")
        self._require(
            "max_pixels", lambda value: 1 <= value <= 2 * MAX_PIXELS, f"1 to {2 * MAX_PIXELS}"
        )
        self._require("max_bad", lambda value: 0 <= value <= 1, "a share, 0 to 1")
        if self.shorter_side is not None and self.crop != "center":
            raise InputError(
                "--shorter-side belongs to a centre crop",
                got=f"--crop {self.crop}",
                accepted="--crop center",
            )
        if self.label_type != "auto" and self.labels is None:
            raise InputError(
                "--label-type is for labels from a CSV file",
                got=f"--label-type {self.label_type}",
                accepted="--labels FILE beside it",
            )
        if self.encoder_part != "auto" and self.dataset not in ("stl10", "svhn"):
            raise InputError(
                "--encoder-part is for STL-10 and SVHN",
                got=f"--encoder-part {self.encoder_part} with {self.dataset}",
                accepted="--dataset stl10 or svhn, or no --encoder-part",
            )
        if self.split is not None:
            self.shares(own_test=self.split.count("/") == 1)

    def shares(self, own_test: bool = False) -> tuple[float, ...]:
        """Shares of the training, validation and test images, which add up to 1.

        Args:
            own_test: Whether the dataset has a test set of its own, so that only the shares of
                training and validation images are needed.

        Raises:
            InputError: If the number of shares is wrong, one of them is not positive, or they do
                not add up to 100 %.
        """
        text = self.split or ("90/10" if own_test else "70/10/20")
        try:
            shares = tuple(float(part) for part in text.split("/"))
        except ValueError:
            shares = ()
        if len(shares) != (2 if own_test else 3) or not all(0 < share < 100 for share in shares):
            splits = "training and validation" if own_test else "three splits"
            raise InputError(
                f"--split gives the shares of {splits}",
                got=text,
                accepted="for example 90/10 (the dataset has a test set of its own)"
                if own_test
                else "70/10/20",
            )
        if not math.isclose(math.fsum(shares), 100, abs_tol=1e-6):
            raise InputError(
                "--split must add up to 100 %",
                got=f"{text}, {math.fsum(shares):g} %",
                accepted="70/10/20",
            )
        return tuple(share / 100 for share in shares)

    def _require_choice(self, name: str, accepted: tuple[str, ...]) -> None:
        if getattr(self, name) not in accepted:
            raise InputError(
                f"unknown {flag(name)}", got=getattr(self, name), accepted=", ".join(accepted)
            )

    def _require(self, name: str, holds: Callable[[Any], bool], accepted: str) -> None:
        value = getattr(self, name)
        if value is not None and not holds(value):
            raise InputError(f"{flag(name)} is out of range", got=value, accepted=accepted)


def current_names(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a config under their current names, whichever version wrote them."""
    return {RENAMED.get(name, name): value for name, value in fields.items()}


def flag(name: str) -> str:
    """How the command line spells the field `name`."""
    return "--" + name.replace("_", "-")
