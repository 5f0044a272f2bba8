"""The card of an exported file: what was trained, and how to use it."""

import json
import zipfile
from pathlib import Path
from typing import Any

import tfdeepsim
from tfdeepsim.config import TrainConfig
from tfdeepsim.export.formats import FORMATS
from tfdeepsim.files import sha256_of
from tfdeepsim.run import RunDirectory

NAME = "card.json"
"""Name of the card inside a file that has room for files: `.keras`, `.tflite`, SavedModel."""

SCALING = (
    "bytes, 0 to 255, channels last (RGB where there are 3); divided by 255 inside, do not scale"
)
LICENCE = (
    "the licence of the training data and of the comparator's weights applies to what was trained "
    "with them; tfdeepsim itself is Apache-2.0"
)


def card_path(path: Path) -> Path:
    """The card beside an exported file: `encoder.onnx.json` beside `encoder.onnx`."""
    return path.with_name(f"{path.name}.json")


def make_card(run: RunDirectory, config: TrainConfig, to: str, layer: str | None) -> dict[str, Any]:
    """What is known of a run's trained network, without the shapes of its inputs and outputs.

    Args:
        run: The finished run.
        config: Its config.
        to: One of `FORMATS`.
        layer: Layer of a comparator; None for other runs.
    """
    record = run.read_environment()
    dataset, comparator = record["dataset"], record.get("comparator")
    weights = run.comparator if config.task == "comparator" else run.best
    what = {"autoencoder": "encoder", "inversion": "generator", "comparator": "comparator"}
    card = {
        "what": what[config.task],
        "run": run.name,
        "format": to,
        "runtime": FORMATS[to].runtime,
        "batch": FORMATS[to].batch,
        "dataset": dataset.get("name", config.dataset),
        "dataset_fingerprint": dataset.get("fingerprint"),
        "loss": record.get("objective") or config.loss_name,
        "comparator": config.comparator,
        "comparator_sha256": comparator["sha256"] if comparator else None,
        "weights": weights.name,
        "weights_sha256": sha256_of(weights),
        "seed": config.seed,
        "licence": LICENCE,
        "tfdeepsim": tfdeepsim.__version__,
    }
    if config.task == "autoencoder":
        card |= {"model": config.model, "network": config.network}
    if config.task == "inversion":
        inverted = record["inverted"]
        card |= {"inverts": config.invert, "inverted_sha256": inverted.get("sha256")}
    if layer is not None:
        card["layer"] = layer
    return card


def add_to_zip(card: dict[str, Any], path: Path) -> None:
    """Add the card to a `.keras` file, which is a zip archive, or to the end of a `.tflite` file,
    which then opens as one, as the associated files of LiteRT do."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(NAME, text_of(card))


def text_of(card: dict[str, Any]) -> str:
    """The card as the text of a JSON file."""
    return json.dumps(card, indent=2) + "\n"
