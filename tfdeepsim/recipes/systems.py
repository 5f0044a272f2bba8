"""The four encoders of Pihlgren et al. 2020, and what the paper reports for them."""

from pathlib import Path
from typing import Any

import rich.console

from tfdeepsim.tables import Table, print_table

LAYER = "relu2"
SYSTEMS: dict[str, dict[str, Any]] = {
    "ae": {"model": "ae", "loss": "pixel"},
    "vae": {"model": "vae", "loss": "pixel"},
    "p-ae": {"model": "ae", "loss": "perceptual"},
    "p-vae": {"model": "vae", "loss": "perceptual"},
}
"""Fields of a `TrainConfig`, by the name of an encoder."""
REPORTED = {
    "llv2": (
        "Mean L1 distance in pixels",
        {"ae": 13.22, "vae": 12.70, "p-ae": 1.44, "p-vae": 1.15},
    ),
    "stl10": ("Accuracy (%)", {"ae": 45.0, "vae": 42.4, "p-ae": 63.4, "p-vae": 64.8}),
    "svhn": ("Accuracy (%)", {"ae": 81.9, "vae": 82.7, "p-ae": 84.0, "p-vae": 81.2}),
}
"""Table 1 of the paper: the metric, and its value for each encoder, by dataset. That distances on
LLv2 are in pixels of the 64x64 frame is an inference: no two positions on the screen are as many
units of the simulator apart."""

DECIMALS = {"llv2": 2, "stl10": 1, "svhn": 1}
"""Digits after the point of these values, by dataset."""


def systems(comparator_weights: str | Path | None = None) -> dict[str, dict[str, Any]]:
    """Fields of a `TrainConfig` for each encoder, with its comparator.

    Args:
        comparator_weights: Weights of AlexNet; None for the bundled ones of ImageNet, which the
            paper used.
    """
    comparator: dict[str, Any] = {"comparator": f"alexnet:{LAYER}"}
    if comparator_weights is not None:
        comparator["comparator_weights"] = str(comparator_weights)
    return {
        name: system | (comparator if system["loss"] == "perceptual" else {})
        for name, system in SYSTEMS.items()
    }


def print_reported(dataset: str, console: rich.console.Console) -> None:
    """Print what the paper reports on a dataset, one of `REPORTED`."""
    metric, values = REPORTED[dataset]
    notes = []
    if dataset == "llv2":
        notes = [
            "Compare these with the table in pixels of the frame. That is an inference.",
            "The paper used LunarLander v2 and does not name the unit.",
        ]
    rows = [(name, f"{value:.{DECIMALS[dataset]}f}") for name, value in values.items()]
    title = "Reported in Table 1 of Pihlgren et al. 2020, at full size"
    print_table(Table(title, ["Encoder", metric], [rows], notes), console)
