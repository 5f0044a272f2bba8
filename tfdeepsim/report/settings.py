"""Settings of several runs: those that differ between them, and those that they share."""

import json
from collections.abc import Sequence
from typing import Any

from tfdeepsim.tables import ABSENT


def compare_settings(runs: Sequence[dict[str, Any]]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Separate the settings that differ between runs from those that all of them share.

    Nested settings are named with dots, e.g. `comparator.sha256`.

    Args:
        runs: Settings of each run, as JSON values.

    Returns:
        Name of each setting that differs to its text in every run, and name of each common setting
        to its text.
    """
    flat = [flatten(run) for run in runs]
    names = dict.fromkeys(name for run in flat for name in run)
    differing, common = {}, {}
    for name in names:
        values = [run.get(name, ABSENT) for run in flat]
        if _stands_for_object(name, values, names):
            continue
        if len(set(values)) > 1:
            differing[name] = values
        else:
            common[name] = values[0]
    return differing, common


def flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Every single value of a nested JSON object as text, by its dotted name."""
    leaves: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            leaves.update(flatten(value, f"{prefix}{name}."))
        else:
            leaves[prefix + name] = as_text(value)
    return leaves


def as_text(value: Any) -> str:
    """A JSON value as people read it."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return ", ".join(map(as_text, value)) or "none"
    return value if isinstance(value, str) else json.dumps(value)


def _stands_for_object(name: str, values: list[str], names: dict[str, None]) -> bool:
    """Whether a setting is null in some runs and an object in others, whose values are listed."""
    return set(values) == {ABSENT} and any(other.startswith(f"{name}.") for other in names)
