"""All figures of a report, with what there is to say about each."""

import dataclasses
from collections.abc import Sequence

from tfdeepsim.report.figures.curves import learning_curves
from tfdeepsim.report.figures.predictions import prediction_panels
from tfdeepsim.report.figures.reconstructions import reconstruction_sheet, same_originals
from tfdeepsim.report.record import Record


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure for the page.

    Attributes:
        name: File name without its ending.
        title: Heading above it.
        caption: What is seen, and how to read it.
        png: The file; None if no run has what it needs.
        absent: A sentence for each run that it does not show.
    """

    name: str
    title: str
    caption: str
    png: bytes | None
    absent: list[str]


NAMES = ("reconstructions", "learning_curves", "predictions")


def draw_all(records: Sequence[Record]) -> list[Picture]:
    """Draw every figure, in the order of `NAMES`."""
    return [
        Picture(
            "reconstructions",
            "Originals and reconstructions",
            _reconstruction_caption(records),
            reconstruction_sheet(records),
            _absent(records, "samples"),
        ),
        Picture(
            "learning_curves",
            "Learning curves",
            "The terms of each run's loss over its training, weighted as in their sum where the run recorded "
            "that; the dot marks the weights that were kept. Every panel has its own scale, some of them "
            "logarithmic: losses of different kinds cannot be compared by their size.",
            learning_curves(records),
            _absent(records, "history"),
        ),
        Picture(
            "predictions",
            "Predictions on the test split",
            _prediction_caption(records),
            prediction_panels(records),
            _absent(records, "predictions"),
        ),
    ]


def _absent(records: Sequence[Record], field: str) -> list[str]:
    return [f"Not shown: {r.called}, which {r.missing[field]}." for r in records if field in r.missing]


def _reconstruction_caption(records: Sequence[Record]) -> str:
    if len(same_originals(records)) > 1:
        images = "Validation images, and below them what the runs make of their embeddings. The runs kept "
        images += "different images, so each set stands under its own originals."
    else:
        images = "Validation images, and below them what each run makes of their embeddings."
    return (
        f"{images} A run without an image term in its loss was never asked for the right colours; a good "
        "picture and a good embedding are different things."
    )


def _prediction_caption(records: Sequence[Record]) -> str:
    predictions = [r.predictions for r in records if r.predictions is not None]
    if not predictions:
        return ""
    number = f"{len(predictions[0].target):,} test images, predicted by the chosen probe of the first seed."
    if predictions[0].classes:
        return f"{number} Each row is a true class, in percent of its images; the diagonal is what was right."
    return (
        f"{number} One point an image, all runs on the same axes. On the line the prediction is right; "
        "a level band is what guessing one value gives. Points beyond the axes are counted in the panel."
    )
