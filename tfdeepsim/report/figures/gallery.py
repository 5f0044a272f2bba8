"""All figures of a report, with what there is to say about each."""

import dataclasses
from collections.abc import Sequence

from tfdeepsim.report.figures.curves import learning_curves
from tfdeepsim.report.figures.decodings import decoded_sheet
from tfdeepsim.report.figures.efficiency import efficiency_panels
from tfdeepsim.report.figures.predictions import prediction_panels
from tfdeepsim.report.figures.reconstructions import reconstruction_sheet, same_originals
from tfdeepsim.report.figures.seeds import seed_panels
from tfdeepsim.report.record import Record
from tfdeepsim.report.significance import Comparison

NAMES = ("seeds", "efficiency", "decoded", "reconstructions", "predictions", "learning_curves")


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure for the page.

    Attributes:
        name: File name without its ending.
        title: Heading above it.
        caption: What is seen, and how to read it.
        png: The file; None if no row has what it needs.
        absent: A sentence for each row that it should show and cannot.
    """

    name: str
    title: str
    caption: str
    png: bytes | None
    absent: list[str]


def draw_all(records: Sequence[Record], comparison: Comparison | None) -> list[Picture]:
    """Draw every figure there is something to show or to say of, in the order of `NAMES`.

    Args:
        records: All rows of the report.
        comparison: Of the probe that the figures show; None where there are no labels.
    """
    drawn = (
        _seeds(comparison),
        _efficiency(records, comparison),
        _decoded(records),
        _reconstructions(records),
        _predictions(records),
        _learning_curves(records),
    )
    return [picture for picture in drawn if picture.png is not None or picture.absent]


def _seeds(comparison: Comparison | None) -> Picture:
    return Picture(
        "seeds",
        "Every encoder seed",
        "A point is one encoder, the mean over its probes; a thin line joins encoders of one seed. Beside "
        "the points their mean with its 95 % interval. Level lines are chance and the baselines' means. An "
        "encoder that was not trained here has a point for each probe.",
        seed_panels(comparison),
        [],
    )


def _efficiency(records: Sequence[Record], comparison: Comparison | None) -> Picture:
    probe = f" {comparison.probe}" if comparison else ""
    return Picture(
        "efficiency",
        "With fewer labels",
        f"What{probe} probes reach that learn from a part of the labels, scored on the whole test split. "
        "Bands are 95 % intervals over random subsets of the labels; a point of a single repeat has none."
        + _first(records),
        efficiency_panels(records),
        _absent(records, "efficiency"),
    )


def _decoded(records: Sequence[Record]) -> Picture:
    return Picture(
        "decoded",
        "What each embedding kept",
        "Test images, and what a decoder makes of their frozen embeddings. Each decoder is trained in the "
        "same way, with pixel MSE, whatever its encoder was trained with; the number is its error over the "
        "test split, pixels from 0 to 1." + _first(records),
        decoded_sheet(records),
        _absent(records, "decoded"),
    )


def _reconstructions(records: Sequence[Record]) -> Picture:
    return Picture(
        "reconstructions",
        "Originals and reconstructions",
        _reconstruction_caption(records) + _first(records),
        reconstruction_sheet(records),
        _absent(records, "samples"),
    )


def _predictions(records: Sequence[Record]) -> Picture:
    return Picture(
        "predictions",
        "Predictions on the test split",
        _prediction_caption(records) + _first(records),
        prediction_panels(records),
        _absent(records, "predictions"),
    )


def _learning_curves(records: Sequence[Record]) -> Picture:
    return Picture(
        "learning_curves",
        "Learning curves",
        "The terms of each run's loss over its training, weighted as in their sum where the run recorded "
        "that; the dot marks the epoch with the lowest validation loss. Every panel has its own scale, some "
        "of them logarithmic: losses of different kinds cannot be compared by their size."
        + _first(records),
        learning_curves(records),
        _absent(records, "history"),
    )


def _absent(records: Sequence[Record], field: str) -> list[str]:
    return [
        f"Not shown: {r.called}, which {r.missing[field]}." for r in records if field in r.missing
    ]


def _first(records: Sequence[Record]) -> str:
    return (
        " Of several encoder seeds the first is shown."
        if any(r.over == "encoder" for r in records)
        else ""
    )


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
        f"{number} One point an image, all encoders on the same axes. On the line the prediction is right; "
        "a level band is what guessing one value gives. Points beyond the axes are counted in the panel."
    )
