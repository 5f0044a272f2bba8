"""All figures of a report, with the captions that explain them."""

import dataclasses
from collections.abc import Sequence

from tfdeepsim.report.embedded_images import EmbeddedImages
from tfdeepsim.report.figures.curves import learning_curves
from tfdeepsim.report.figures.decodings import decoded_sheet
from tfdeepsim.report.figures.efficiency import efficiency_panels
from tfdeepsim.report.figures.embedding_map import EmbeddingMap, embedding_map
from tfdeepsim.report.figures.predictions import prediction_panels
from tfdeepsim.report.figures.reconstructions import reconstruction_sheet, same_originals
from tfdeepsim.report.figures.seeds import seed_panels
from tfdeepsim.report.naming import listed
from tfdeepsim.report.record import Record
from tfdeepsim.report.row_comparison import RowComparison

NAMES = (
    *("seeds", "efficiency", "maps", "decoded", "reconstructions", "predictions"),
    "learning_curves",
)


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Attributes:
        name: Name of the file without its ending.
        title: Heading above the figure.
        caption: What the figure shows, and how to read it.
        png: Content of the file; None if no row has the files that it needs.
        absent: A sentence for each row that should be in the figure and is not.
        map: What the page shows of the point under the pointer; None if the figure is no map.

    Example:
        >>> for picture in draw_all(records, comparison):
        ...     print(picture.title, picture.png is not None)
    """

    name: str
    title: str
    caption: str
    png: bytes | None
    absent: list[str]
    map: EmbeddingMap | None = None


def draw_all(
    records: Sequence[Record],
    comparison: RowComparison | None,
    shown: EmbeddedImages | None = None,
) -> list[Picture]:
    """Draw all figures, in the order of `NAMES`, without those that no row has files for.

    Args:
        records: Files of all rows.
        comparison: Scores with the probe that the figures show; None if the dataset has no labels.
        shown: Images on the maps of the embeddings; None for no maps.
    """
    pictures = (
        _seeds(comparison),
        _efficiency(records, comparison),
        _maps(records, comparison, shown),
        _decoded(records),
        _reconstructions(records),
        _predictions(records),
        _learning_curves(records),
    )
    return [picture for picture in pictures if picture.png is not None or picture.absent]


def _seeds(comparison: RowComparison | None) -> Picture:
    return Picture(
        "seeds",
        "Every encoder seed",
        "Each point is one encoder: the mean over its probes. Thin lines join encoders with the "
        "same seed. The mark beside the points is their mean with its 95 % interval. Horizontal "
        "lines are chance and the means of the baselines. An external encoder has one point for "
        "each probe.",
        seed_panels(comparison),
        [],
    )


def _efficiency(records: Sequence[Record], comparison: RowComparison | None) -> Picture:
    probe = f" {comparison.probe}" if comparison else ""
    return Picture(
        "efficiency",
        "With fewer labels",
        f"Scores of{probe} probes that were trained with a part of the labels, on the whole test "
        "split. Bands are 95 % intervals over random subsets of the labels; points with a single "
        "subset have none." + _first(records),
        efficiency_panels(records),
        _absent(records, "efficiency"),
    )


def _maps(
    records: Sequence[Record], comparison: RowComparison | None, shown: EmbeddedImages | None
) -> Picture:
    drawn = embedding_map(records, shown, comparison)
    return Picture(
        "maps",
        "Maps of the embeddings",
        _map_caption(drawn) + _first(records) if drawn else "",
        drawn.png if drawn else None,
        [],
        drawn,
    )


def _decoded(records: Sequence[Record]) -> Picture:
    return Picture(
        "decoded",
        "What each embedding kept",
        "Test images, and what a decoder reconstructs from their frozen embeddings. All decoders "
        "are trained in the same way, with the mean squared error (MSE) of pixels, whatever loss "
        "their encoder was trained with. The number is this error over the test split, with pixels "
        "from 0 to 1." + _first(records),
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
        "The terms of each run's loss by epoch, multiplied by their weights in the loss where the "
        "run recorded that. The dot marks the epoch with the lowest validation loss. Each panel "
        "has its own scale, and some scales are logarithmic: the sizes of different losses cannot "
        "be compared." + _first(records),
        learning_curves(records),
        _absent(records, "history"),
    )


def _absent(records: Sequence[Record], field: str) -> list[str]:
    return [
        f"Not shown: {r.full_name}, which {r.missing[field]}."
        for r in records
        if field in r.missing
    ]


def _first(records: Sequence[Record]) -> str:
    if any(r.over == "encoder" for r in records):
        return " Where a row stands for several encoder seeds, the first one is shown."
    return ""


def _reconstruction_caption(records: Sequence[Record]) -> str:
    images = "Validation images, and below them the reconstructions of each run."
    if len(same_originals(records)) > 1:
        images += (
            " The runs recorded different images, so each group of runs stands below its own "
            "originals."
        )
    return (
        f"{images} A run whose loss does not compare pixels did not learn to reproduce the "
        "colours; a good reconstruction and a useful embedding are different things."
    )


def _map_caption(drawn: EmbeddingMap) -> str:
    by_pca = [name for name, method in drawn.methods.items() if method == "PCA"]
    method = "principal components" if len(by_pca) == len(drawn.methods) else "t-SNE"
    if by_pca and method == "t-SNE":
        method += f" ({listed(by_pca)} by principal components)"
    labels = ""
    if drawn.coordinates:
        labels = (
            "The colours show the labels, as in the legend; the few values beyond its ends have "
            "the colours of the ends. Where neighbours have similar colours, similar embeddings "
            "mean similar labels. "
        )
    elif any(drawn.texts):
        labels = "The colours are the classes. "
    return (
        f"{len(drawn.images):,} test images, the same in all maps, drawn at random. Each point is "
        "an image; images whose standardized embeddings are similar lie together. The two "
        f"dimensions were found without labels, by {method}. {labels}Axes have no unit, and "
        "distances between separate groups mean little. No score depends on a map, and a probe may "
        "find in an embedding what two dimensions cannot show."
    )


def _prediction_caption(records: Sequence[Record]) -> str:
    predictions = [r.predictions for r in records if r.predictions is not None]
    if not predictions:
        return ""
    images = (
        f"{len(predictions[0].target):,} test images, predicted by the probe of the first seed."
    )
    if predictions[0].classes:
        return (
            f"{images} Each row is a true class, in percent of its images; the diagonal holds the "
            "correct predictions."
        )
    return (
        f"{images} Each point is an image, and all encoders have the same axes. Predictions on the "
        "line are correct; a horizontal band means that the probe predicts the same value for all "
        "images. Points outside the axes are counted in the panel."
    )
