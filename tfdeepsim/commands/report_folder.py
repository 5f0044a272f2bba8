"""The folder that a report is written to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def free_report_folder(
    arguments: dict[str, Any], names: Sequence[str] | None = None
) -> Path | None:
    """The folder in `--report-dir`, after a check that it may be written; None without the flag.

    Args:
        arguments: Parsed arguments of `evaluate.py`.
        names: Names of the files that will be written; None for those of a report.

    Raises:
        InputError: If the folder holds such files and `--overwrite` is absent.
    """
    from tfdeepsim.report.write import check_free

    if "report_dir" not in arguments:
        return None
    folder = Path(arguments["report_dir"])
    check_free(folder, arguments["overwrite"], **({} if names is None else {"names": names}))
    return folder
