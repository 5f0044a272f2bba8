"""What a dataset holds, printed."""

from collections.abc import Mapping

import numpy as np
import rich.console

from tfdeepsim.data.dataset import Dataset, Description
from tfdeepsim.data.inspect.contents import SplitLabels, class_name, decimals
from tfdeepsim.tables import Table, print_table

CLASSES_SHOWN = 20
"""Bars of the histogram; where classes are more, the largest and the smallest are shown."""
SKIPPED_SHOWN = 5

_BAR = 12
_BLOCKS = " ▏▎▍▌▋▊▉█"


def print_report(
    console: rich.console.Console,
    dataset: Dataset,
    description: Description,
    labels: Mapping[str, SplitLabels],
) -> None:
    """Print name, sizes, labels, what was skipped, checksum and folder.

    Args:
        console: Where to.
        dataset: What is described.
        description: Says where it lies.
        labels: Of `inspect_labels`.
    """
    tables = [_facts(dataset, description), _splits(dataset)]
    if dataset.task == "classification":
        tables.append(_histogram(dataset, labels))
    elif dataset.task == "regression":
        tables.append(_numbers(dataset, labels))
    for table in tables:
        print_table(table, console)
        console.print()
    for line in skipped_lines(dataset):
        console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)


def skipped_lines(dataset: Dataset) -> list[str]:
    """How many files were left out, and the first of them with the reasons."""
    if not dataset.skipped:
        return []
    lines = [f"skipped {len(dataset.skipped):,} files:"]
    lines += [f"  {name}: {reason}" for name, reason in dataset.skipped[:SKIPPED_SHOWN]]
    more = len(dataset.skipped) - SKIPPED_SHOWN
    return [*lines, f"  and {more:,} more"] if more > 0 else lines


def bar(share: float, width: int = _BAR) -> str:
    """A bar of `width` cells at a share of 1, in eighths of a cell; never empty where the share is
    not 0."""
    eighths = max(round(share * width * 8), int(share > 0))
    return "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()


def shown_classes(totals: np.ndarray) -> list[int | None]:
    """Class ids to show, None for a gap: all, or the largest and the smallest in order of size."""
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
    """Images of each class in the splits of probes, and of encoders if they have others; bars for
    one."""
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
