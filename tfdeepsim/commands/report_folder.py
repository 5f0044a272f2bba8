"""The folder that a user names for a report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def free(given: dict[str, Any], names: Sequence[str] | None = None) -> Path | None:
    """The folder that a user named for the report, if it may be written; None if none was."""
    from tfdeepsim.report.write import check_free

    if "report_dir" not in given:
        return None
    folder = Path(given["report_dir"])
    check_free(folder, given["overwrite"], **({} if names is None else {"names": names}))
    return folder
