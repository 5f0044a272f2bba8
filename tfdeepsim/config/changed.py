"""Refuses fields that mean nothing for a task or a loss."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from tfdeepsim.errors import InputError
from tfdeepsim.options import flag


def refuse_changed(config: Any, names: Sequence[str], rule: str, accepted: str) -> None:
    """Refuse fields that have another value than their default.

    Args:
        config: A dataclass.
        names: Its fields.
        rule: What the fields are for, in words that follow the name of the flag.
        accepted: What would be accepted.

    Raises:
        InputError: If one of them has another value.
    """
    defaults = {field.name: field.default for field in dataclasses.fields(config)}
    for name in names:
        if getattr(config, name) != defaults[name]:
            raise InputError(
                f"{flag(name)} {rule}",
                got=f"{flag(name)} {getattr(config, name)}",
                accepted=accepted,
            )
