"""The four encoders of Pihlgren et al. 2020, and what the paper reports of them."""

from pathlib import Path
from typing import Any

import rich.console

LAYER = "relu2"
SYSTEMS: dict[str, dict[str, Any]] = {
    "ae": {"model": "ae", "loss": "pixel"},
    "vae": {"model": "vae", "loss": "pixel"},
    "p-ae": {"model": "ae", "loss": "perceptual"},
    "p-vae": {"model": "vae", "loss": "perceptual"},
}
REPORTED = {
    "llv2": ("mean L1 distance", {"ae": 13.22, "vae": 12.70, "p-ae": 1.44, "p-vae": 1.15}),
    "stl10": ("accuracy in %", {"ae": 45.0, "vae": 42.4, "p-ae": 63.4, "p-vae": 64.8}),
    "svhn": ("accuracy in %", {"ae": 81.9, "vae": 82.7, "p-ae": 84.0, "p-vae": 81.2}),
}
"""Table 1: by dataset, the metric and its value for each encoder."""


def systems(comparator_weights: str | Path | None = None) -> dict[str, dict[str, Any]]:
    """Fields of a `TrainConfig` for each encoder: ImageNet AlexNet as the paper has it, or a random
    one.

    Args:
        comparator_weights: torchvision's AlexNet; None for random weights.
    """
    comparator = {"comparator": f"random_alexnet:{LAYER}"}
    if comparator_weights is not None:
        comparator = {
            "comparator": f"alexnet:{LAYER}",
            "comparator_weights": str(comparator_weights),
        }
    return {
        name: system | (comparator if system["loss"] == "perceptual" else {})
        for name, system in SYSTEMS.items()
    }


def print_reported(dataset: str, console: rich.console.Console) -> None:
    """Say what the paper reports for `dataset`, one of `REPORTED`."""
    metric, values = REPORTED[dataset]
    listed = ", ".join(f"{name} {value}" for name, value in values.items())
    remark = ", on v2 and in units that it does not name" if dataset == "llv2" else ""
    console.print(
        f"The paper reports, at its full size{remark}: {metric} {listed}.", highlight=False
    )
