"""The search directory: the files of a search, and which process may use them."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, sweep, write_json
from tfdeepsim.folders import (
    check_known,
    create_marked,
    is_empty,
    is_marked,
    refuse_links,
    remove_known,
)
from tfdeepsim.lock import locked

KIND = "search"
"""Kind of a search directory in its mark."""
CONTENT = (
    "search.json", "trials", "trials.csv", "tensorboard", "examples", "logs", "best", "result",
)  # fmt: skip
"""Names of all files and folders of a search directory."""


class SearchDirectory:
    """The folder of one search, and the paths of its files.

    | name | content |
    |---|---|
    | `search.json` | settings, hyperparameters and examples of the search |
    | `trials/` | files of keras-tuner: its oracle, each trial, its best weights |
    | `trials.csv` | one line for each trial |
    | `tensorboard/` | events of each trial, with HParams |
    | `examples/` | training examples of workers; only in a search by several processes |
    | `logs/` | output of the workers on this machine |
    | `best/` | SavedModel of the best probe |
    | `result/` | the best probe and its score on test, as `ProbeResult`; written last |

    Args:
        path: Path of the folder, which need not exist.

    Example:
        >>> directory = SearchDirectory("runs/ae/search/llv2")
        >>> search(splits, "regression", SearchSettings(), directory)
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.description = self.path / "search.json"
        self.trials = self.path / "trials"
        self.table = self.path / "trials.csv"
        self.tensorboard = self.path / "tensorboard"
        self.examples = self.path / "examples"
        self.logs = self.path / "logs"
        self.best = self.path / "best"
        self.result = self.path / "result"

    def check(self) -> None:
        """Refuse a folder that holds something other than a search; changes nothing.

        Raises:
            InputError: If the path is a file, or a folder that is not empty and holds no search.
        """
        if self.path.exists() and not self.path.is_dir():
            raise InputError(
                "a search directory is a folder", got=f"{self.path}, a file", accepted="a folder"
            )
        if not is_empty(self.path) and not self.description.is_file():
            raise InputError(
                "a search directory must be new, or hold a search",
                got=f"{self.path}, which holds files but no {self.description.name}",
                accepted="another --directory",
            )

    def open(self, description: dict[str, Any], overwrite: bool = False) -> None:
        """Start a search in this directory, or resume the search that it holds.

        Args:
            description: Settings, hyperparameters and examples of the search, as JSON values.
            overwrite: Whether to delete the search that the directory holds.

        Raises:
            InputError: If the directory holds another search, or something else.
        """
        self.check()
        if overwrite and not is_empty(self.path):
            self._check_ours()
            check_known(self.path, CONTENT)
            remove_known(self.path, CONTENT)
        create_marked(self.path, KIND)
        if is_empty(self.path):
            write_json(self.description, description)
        else:
            self.check_description(description)

    def _check_ours(self) -> None:
        """Refuse a folder that no search made; earlier versions left no mark, but the key
        `examples` in the description."""
        if is_marked(self.path, KIND) or "examples" in self.read_description():
            return
        raise InputError(
            "--overwrite replaces only a search",
            got=f"{self.path}, which tuning.search did not make",
            accepted="another --directory",
        )

    def check_description(self, description: dict[str, Any]) -> None:
        """Check that the search in this directory has a description.

        Args:
            description: JSON values to compare; keys that are missing may have any value.

        Raises:
            InputError: If a value differs, or the stored description cannot be read.
        """
        stored = self.read_description()
        for name, value in json.loads(json.dumps(description)).items():
            if stored.get(name) != value:
                difference = _difference(name, stored.get(name), value)
                raise InputError(
                    "a search directory can only resume its own search",
                    got=f"{self.path}, the directory of another search: {difference}",
                    accepted="the flags that it was started with, another --directory, "
                    "or --overwrite to replace it",
                )

    def read_description(self) -> dict[str, Any]:
        """Read the description of the search in this directory.

        Raises:
            InputError: If there is none, or it cannot be read.
        """
        return read_json(
            self.description,
            f"a search directory holds a readable {self.description.name}",
            "the --directory of a search",
        )

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """A context in which this is the only process, apart from its workers, that searches here.

        Raises:
            InputError: If another process searches here.
        """
        refusal = InputError(
            "one search at a time may use a directory",
            got=f"{self.path}, which another process is using",
            accepted="another --directory, or wait for that process to end",
        )
        refuse_links(self.path)
        with locked(self.path, refusal):
            sweep(self.path)
            yield


def _difference(name: str, stored: Any, requested: Any) -> str:
    """The difference between two values of a description, in words."""
    if isinstance(requested, dict) and isinstance(stored, dict):
        return ", ".join(
            f"{key} {stored.get(key)}, not {requested.get(key)}"
            for key in {**requested, **stored}
            if stored.get(key) != requested.get(key)
        )
    return f"other {name}"
