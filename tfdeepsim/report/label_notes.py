"""What a table says of networks that were trained with labels of the classes it scores."""

import re
from collections.abc import Sequence

from tfdeepsim.comparators.weights.labels_seen import datasets_of
from tfdeepsim.data.naming import dataset_name
from tfdeepsim.report.naming import listed
from tfdeepsim.report.row_comparison import RowComparison
from tfdeepsim.scores import Score

# Datasets of photographs with classes in common, by what their names contain.
_COMMON_CLASSES = {
    "ImageNet": "imagenet",
    "CIFAR-10": r"cifar-?_?10(?!0)",
    "STL-10": r"stl-?_?10(?!0)",
}
COMPARATOR = "the comparator"
ENCODER = "the network that the encoder started from"


def label_notes(comparisons: Sequence[RowComparison]) -> list[str]:
    """A sentence for each dataset whose labels some comparators, or the weights that some encoders
    started from, saw and whose classes are scored.

    Args:
        comparisons: The tables, all of one dataset.
    """
    rows: dict[str, dict[str, None]] = {}
    for comparison in comparisons:
        for row in comparison.rows:
            for note in notes_of(comparison.row_scores(row)[0]):
                rows.setdefault(note, {})[comparison.full_name(row)] = None
    return [f"{listed(list(names))}: {note}" for note, names in rows.items()]


def notes_of(score: Score) -> list[str]:
    """A sentence for each dataset whose labels the comparator of a score, or the weights that its
    encoder started from, saw and whose classes are scored.

    Args:
        score: A score on a dataset.
    """
    seen = ((COMPARATOR, score.saw_labels), (ENCODER, score.encoder_saw_labels))
    notes = (
        label_note(trained_on, score.dataset, network)
        for network, saw_labels in seen
        for trained_on in datasets_of(saw_labels)
    )
    return [note for note in notes if note]


def label_note(saw_labels: str, dataset: str, network: str = COMPARATOR) -> str:
    """What a reader should know of a network's labels.

    Args:
        saw_labels: A dataset whose labels the network was trained with, one of `datasets_of`.
        dataset: Dataset that is scored, as the command line spells it.
        network: Which network it is, in words: `COMPARATOR` or `ENCODER`.

    Returns:
        A sentence if the labels are those of the scored dataset, or of one with such classes; else
        an empty string.
    """
    trained_on, _, _ = saw_labels.partition(" (classes ")
    seen, scored = _known(trained_on), _known(dataset)
    if trained_on and (
        dataset_name(trained_on) == dataset_name(dataset) or (seen and seen == scored)
    ):
        return (
            f"{network} was trained with the labels of {saw_labels}, the dataset that is "
            "scored here. They leak into the embedding."
        )
    if seen and scored:
        accepted = "; the papers accept it" if seen == "ImageNet" else ""
        return (
            f"{network} was trained with the labels of {saw_labels}. {seen} has such classes "
            f"too{accepted}."
        )
    return ""


def _known(dataset: str) -> str | None:
    """The name in `_COMMON_CLASSES` that a dataset has."""
    name = dataset_name(dataset).lower()
    return next((known for known, part in _COMMON_CLASSES.items() if re.search(part, name)), None)
