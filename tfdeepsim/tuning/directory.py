"""The search directory: what a search is, what it has found, and who uses it."""

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfdeepsim.errors import InputError
from tfdeepsim.files import write_json


class SearchDirectory:
    """The folder of one search, and the names of what it holds.

    | name | what |
    |---|---|
    | `search.json` | what is searched, how, and on which examples |
    | `trials/` | keras-tuner's own: its oracle, each trial, its best weights |
    | `trials.csv` | one line a trial |
    | `tensorboard/` | events of each trial, with HParams |
    | `examples/` | what workers learn from; only in a search by several processes |
    | `logs/` | output of the workers on this machine |
    | `best/` | SavedModel of the best probe |
    | `result/` | the best probe and its score on test, as `ProbeResult`; written last |

    Args:
        path: The folder; it need not exist.
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
        """Refuse a folder of something else. Changes nothing.

        Raises:
            InputError: If it holds something, and no search.
        """
        if self.path.exists() and not self.path.is_dir():
            raise InputError(
                "a search directory is a folder", got=f"{self.path}, a file", accepted="a folder"
            )
        if self._holds_something() and not self.description.is_file():
            raise InputError(
                "a search directory must be new, or hold a search",
                got=f"{self.path}, which holds something and no {self.description.name}",
                accepted="another --directory",
            )

    def open(self, description: dict[str, Any], overwrite: bool = False) -> None:
        """Begin a search here, or go on with it.

        Args:
            description: JSON values that say what search it is.
            overwrite: Whether what is there gives way.

        Raises:
            InputError: If it holds another search, or something else.
        """
        self.check()
        if overwrite and self._holds_something():
            for entry in self.path.iterdir():
                if entry.is_dir():
                    shutil.rmtree(entry)
                elif entry.name != ".lock":
                    entry.unlink()
        if self._holds_something():
            self.compare(description)
        else:
            write_json(self.description, description)

    def compare(self, description: dict[str, Any]) -> None:
        """Check that the search here is the one that `description` says, as far as it says
        something.

        Raises:
            InputError: If it is another, or not readable.
        """
        stored = self.read_description()
        for name, value in json.loads(json.dumps(description)).items():
            if stored.get(name) != value:
                difference = _difference(name, stored, value)
                raise InputError(
                    "a tuner directory goes on with its own search only",
                    got=f"{self.path}, the tuner directory of another search: {difference}",
                    accepted="the flags it was begun with, another --directory, or --overwrite to replace it",
                )

    def read_description(self) -> dict[str, Any]:
        """What search this is.

        Raises:
            InputError: If there is none that can be read.
        """
        try:
            value = json.loads(self.description.read_text())
            if not isinstance(value, dict):
                raise ValueError("no JSON object")
            return value
        except (OSError, ValueError) as error:
            raise InputError(
                f"a search directory holds a readable {self.description.name}",
                got=f"{self.path} ({error})",
                accepted="the --directory of a search",
            ) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only process that searches here, its workers aside.

        Raises:
            InputError: If another one does.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / ".lock", "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    "one search at a time may use a directory",
                    got=f"{self.path}, which another process is using",
                    accepted="another --directory, or wait for that process to end",
                ) from error
            yield

    def _holds_something(self) -> bool:
        return self.path.is_dir() and any(
            not entry.name.startswith(".") for entry in self.path.iterdir()
        )


def _difference(name: str, stored: dict[str, Any], value: Any) -> str:
    """What is not the same, in words."""
    there = stored.get(name)
    if isinstance(value, dict) and isinstance(there, dict):
        return ", ".join(
            f"{key} {there.get(key)}, not {own}"
            for key, own in value.items()
            if there.get(key) != own
        )
    return f"other {name}"
