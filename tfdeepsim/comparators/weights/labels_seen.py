"""Whose labels a comparator has seen: if they are those of a scored dataset, they leak."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from tfdeepsim.comparators.weights.bundled import card_of
from tfdeepsim.comparators.weights.read_once import digest_once

IMAGENET = "ImageNet-1k"
_AND = " and "
UNKNOWN = "unknown"
"""For a weights file that does not tell."""

# First digits of the SHA-256 of torchvision's files, which stand in their names: AlexNet, VGG16,
# VGG19; then of the convolutions of the first two alone, as safetensors.
_OF_IMAGENET = ("7be5be79", "397923af", "dcbb9e9d", "d23a2342", "c520f33b")


def labels_seen(weights_file: str | Path | None) -> str | None:
    """The dataset whose labels a comparator was trained with.

    Bundled weights have it on their card, those of a run of `--task comparator` in their header;
    files that torchvision publishes are known by their digest.

    Args:
        weights_file: File with the comparator's weights; None for random ones.

    Returns:
        `ImageNet-1k`, or the dataset as `train.py --dataset` spells it, with the classes if these
        were not all, or both with ` and ` between them; None for a comparator that saw no labels;
        `unknown` for any other file.
    """
    if weights_file is None:
        return None
    if card := card_of(weights_file):
        return card.get("saw_labels", UNKNOWN)
    header = _header(Path(weights_file))
    if "saw_labels" in header and "dataset" in header:
        return _of_training(header)
    return IMAGENET if digest_once(weights_file).startswith(_OF_IMAGENET) else UNKNOWN


def labels_of_training(dataset: str, classes: str | None, before: str | None = None) -> str:
    """The labels that a comparator has seen after it was trained with those of a dataset.

    Args:
        dataset: The dataset as `train.py --dataset` spells it.
        classes: The classes whose images were used, as `--probe-classes`; None for all.
        before: Dataset whose labels its first weights had seen, `ImageNet-1k`; None for random
            weights.

    Example:
        >>> labels_of_training("stl10", None, before="ImageNet-1k")
        'ImageNet-1k and stl10'
    """
    labels = dataset + ("" if classes is None else f" (classes {classes})")
    return labels if before is None else f"{before}{_AND}{labels}"


def datasets_of(saw_labels: str) -> tuple[str, ...]:
    """The datasets in `saw_labels`.

    Args:
        saw_labels: As `labels_seen` returns it; empty for a comparator that saw no labels.

    Example:
        >>> datasets_of("ImageNet-1k and stl10")
        ('ImageNet-1k', 'stl10')
    """
    # Not at every `and`, which the path of a dataset may contain.
    if saw_labels.startswith(IMAGENET + _AND):
        return IMAGENET, saw_labels.removeprefix(IMAGENET + _AND)
    return (saw_labels,) if saw_labels else ()


def stated_labels(text: str | None) -> str | None:
    """What a user says of an external network, as `labels_seen` returns it.

    Args:
        text: Name of a dataset, `none` for a network that saw no labels; None if nothing is said.
    """
    if text is None:
        return UNKNOWN
    return None if text == "none" else text


def labels_in_record(record: Mapping[str, Any]) -> str:
    """The dataset whose labels a comparator was trained with, by the record in a run's environment.

    Args:
        record: Record of the comparator, which an earlier version may have written.

    Returns:
        As `Score.saw_labels`.
    """
    if "saw_labels" in record:
        return record["saw_labels"] or ""
    # Earlier versions recorded the source alone; their bundled AlexNet was trained on CIFAR-10.
    source = str(record.get("source", ""))
    if source.startswith("bundled (supervised, CIFAR-10"):
        return "CIFAR-10"
    return "" if source.startswith(("random,", "bundled (surrogate")) else UNKNOWN


def _header(path: Path) -> dict[str, str]:
    """The metadata of a safetensors file; empty for other files."""
    if path.suffix != ".safetensors":
        return {}
    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}
    except (OSError, SafetensorError):
        return {}


def _of_training(header: dict[str, str]) -> str | None:
    saw_labels = header["saw_labels"]
    if saw_labels != "True":
        return None if saw_labels in ("None", "False") else saw_labels
    # Earlier versions wrote only whether the labels of the dataset were used.
    classes = header.get("probe_classes", "None")
    return labels_of_training(header["dataset"], None if classes == "None" else classes)
