"""The printed report of what a dataset holds."""

from collections.abc import Mapping

import numpy as np
import rich.console

from tfdeepsim.data.dataset import Dataset, Description
from tfdeepsim.data.inspect.contents import SplitLabels, class_name, decimals
from tfdeepsim.tables import Table, print_table

CLASSES_SHOWN = 20
"""Number of classes in the histogram; of more classes, the largest and the smallest are shown."""
SKIPPED_SHOWN = 5

_BAR = 12
_BLOCKS = " ▏▎▍▌▋▊▉█"


def print_report(
    console: rich.console.Console,
    dataset: Dataset,
    description: Description,
    labels: Mapping[str, SplitLabels],
) -> None:
    """Print name, sizes, labels, skipped files, checksum and folder of a dataset.

    Args:
        console: Console to print to.
        dataset: The dataset.
        description: Its description, which holds its folder.
        labels: Labels by split, as `inspect_labels` returns them.
    """
    tables = [_facts(dataset, description), _splits(dataset)]
    if dataset.task == "classification":
        tables.append(_histogram(dataset, labels))
    elif dataset.task == "regression":
        tables.append(_numbers(dataset, labels))
    for table in tables:
        print_table(table, console)
        console.print()
    for line in [description.note] * bool(description.note) + skipped_lines(dataset):
        console.print(line, style="yellow", soft_wrap=True)


def skipped_lines(dataset: Dataset) -> list[str]:
    """Lines that say how many files were left out, and why the first of them were."""
    if not dataset.skipped:
        return []
    lines = [f"skipped {len(dataset.skipped):,} files:"]
    lines += [f"  {name}: {reason}" for name, reason in dataset.skipped[:SKIPPED_SHOWN]]
    more = len(dataset.skipped) - SKIPPED_SHOWN
    return [*lines, f"  and {more:,} more"] if more > 0 else lines


def bar(share: float, width: int = _BAR) -> str:
    """A bar of block characters, which is never empty if the share is not 0.

    Args:
        share: Length of the bar as a share of `width`, 0 to 1.
        width: Number of character cells of a full bar; the length is rounded to eighths of a cell.
    """
    eighths = max(round(share * width * 8), int(share > 0))
    return "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()


def shown_classes(totals: np.ndarray) -> list[int | None]:
    """Class ids to show: all, or the largest and the smallest by size, with None between them.

    Args:
        totals: Number of images of each class.
    """
    if len(totals) <= CLASSES_SHOWN:
        return list(range(len(totals)))
    order = np.argsort(-totals, kind="stable").tolist()
    half = CLASSES_SHOWN // 2
    return [*order[:half], None, *order[-half:]]


def _facts(dataset: Dataset, description: Description) -> Table:
    classes = f", {len(dataset.class_names):,} classes" if dataset.class_names else ""
    facts = {
        "dataset": dataset.name,
        "task": f"{dataset.task}{classes}" if dataset.task else "none: there are no labels",
        "images": " x ".join(map(str, dataset.image_shape)) + " bytes",
        "folder": str(description.folder),
        "checksum": dataset.fingerprint,
    }
    return Table("", [], [list(facts.items())], text_columns=(0, 1))


def _splits(dataset: Dataset) -> Table:
    rows = [(split.replace("_", " "), f"{count:,}") for split, count in dataset.splits.items()]
    return Table("", ["split", "images"], [rows])


def _histogram(dataset: Dataset, labels: Mapping[str, SplitLabels]) -> Table:
    """Number of images of each class in the splits of probes, and of encoders if those differ; bars
    show the first column."""
    counts = {split: each.counts for split, each in labels.items() if each.counts is not None}
    of_probes: tuple[str, ...] = ("probe_train", "probe_validation", "test")
    first, *others = (split for split in of_probes if split in counts)
    if "encoder_train" in counts and not np.array_equal(counts["encoder_train"], counts[first]):
        others.append("encoder_train")
    columns = [counts[split] for split in (first, *others)]
    most = max(1, int(columns[0].max()))
    rows = []
    for class_id in shown_classes(np.sum(columns, axis=0)):
        if class_id is None:
            rows.append(["...", *[""] * len(columns), ""])
            continue
        cells = [f"{values[class_id]:,}" for values in columns]
        name = class_name(dataset.class_names, class_id)
        rows.append([name, *cells, bar(columns[0][class_id] / most)])
    headings = [name.replace("_", " ") for name in ("class", first, *others)]
    return Table("", [*headings, ""], [rows], text_columns=(0, -1))


def _numbers(dataset: Dataset, labels: Mapping[str, SplitLabels]) -> Table:
    """Mean and quantiles of each number to regress, in each split."""
    headings = ["split", f"{dataset.label}", "mean", "min", "25 %", "median", "75 %", "max"]
    rows = []
    for split, each in labels.items():
        for row, coordinate in enumerate(each.coordinates):
            cells = decimals([coordinate.mean, *coordinate.quantiles])
            rows.append([split.replace("_", " "), str(row), *cells])
    return Table("", headings, [rows])
