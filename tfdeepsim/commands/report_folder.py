"""What all forms of `evaluate.py` check: the folder of a report, and that training was not asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfdeepsim.commands.flags import TRAINING
from tfdeepsim.errors import InputError
from tfdeepsim.options import flag


def refuse_training(given: dict[str, Any], but: Sequence[str] = ()) -> None:
    """Refuse flags of training, but for some."""
    forbidden = (*TRAINING, "seeds", "run_dir", "dry_run")
    if extra := [name for name in forbidden if name in given and name not in but]:
        raise InputError(
            f"{flag(extra[0])} belongs to training",
            got="no --compare",
            accepted="--compare LOSSES, or train.py",
        )


def free(given: dict[str, Any], names: Sequence[str] | None = None) -> Path | None:
    """The folder that a user named for the report, if it may be written; None if none was."""
    from tfdeepsim.report.write import check_free

    if "report_dir" not in given:
        return None
    folder = Path(given["report_dir"])
    check_free(folder, given["overwrite"], **({} if names is None else {"names": names}))
    return folder
