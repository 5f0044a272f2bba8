"""The run directory: the only thing that one stage hands to the next."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfdeepsim.errors import InputError


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Write a file or a folder whole, or not at all.

    Yields the name of a temporary sibling of `path`, which does not exist yet; the caller creates a
    file or a folder there. If the block succeeds, it takes the place of `path`; if it fails or is
    interrupted, it is removed and `path` is as it was.

    Args:
        path: The name in the end. Its parent is created.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as holder:
        new = Path(holder, path.name)
        yield new
        if new.is_file():
            with open(new, "rb") as file:
                os.fsync(file.fileno())
        if path.is_dir():
            path.rename(Path(holder, "old"))
        os.replace(new, path)


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Write `value` as JSON, whole or not at all."""
    with replacing(path) as new:
        new.write_text(json.dumps(value, indent=2) + "\n")


class RunDirectory:
    """The folder of one training run, and the names of what it holds.

    | name | what | written by |
    |---|---|---|
    | `config.json` | what was asked for | train |
    | `environment.json` | versions, threads, comparator with SHA-256 | train |
    | `state.npz` | everything needed to go on, after the last epoch | train |
    | `best.npz` | weights with the lowest validation loss | train |
    | `history.csv` | one line an epoch, every loss term | train |
    | `samples.npz` | originals and reconstructions, uint8 | train |
    | `train/`, `validation/` | TensorBoard events | train |
    | `encoder/` | of an autoencoder: SavedModel with an `embed` endpoint | train |
    | `generator/` | of `--task inversion`: SavedModel with a `generate` endpoint | train |
    | `comparator.safetensors`, `result.json` | of `--task comparator`: the network, its scores | train |
    | `embeddings/` | one folder a dataset, one `.npy` a split | evaluate |
    | `results/` | scores and predictions of the probes | evaluate |
    | `card/`, `decoded/` | the embedding without labels; what it kept | evaluate |
    | `search/` | a search of probes | tuning.search |

    Args:
        path: The folder; it need not exist.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.environment = self.path / "environment.json"
        self.state = self.path / "state.npz"
        self.best = self.path / "best.npz"
        self.history = self.path / "history.csv"
        self.samples = self.path / "samples.npz"
        self.encoder = self.path / "encoder"
        self.generator = self.path / "generator"
        self.comparator = self.path / "comparator.safetensors"
        self.result = self.path / "result.json"
        self.embeddings = self.path / "embeddings"
        self.results = self.path / "results"

    @property
    def name(self) -> str:
        """The folder's own name, which stands in tables."""
        return self.path.resolve().name

    def outcome(self, task: str) -> Path:
        """What a run of a task, one of `config.CHOICES`, leaves last: if it is there, the run is finished."""
        outcomes = {"autoencoder": self.encoder, "inversion": self.generator, "comparator": self.comparator}
        return outcomes[task]

    def check_free(self, overwrite: bool = False) -> None:
        """Refuse a folder that holds something, or that cannot be written. Changes nothing.

        Args:
            overwrite: Whether a run that is there may be replaced.

        Raises:
            InputError: If it may not be used.
        """
        if self._holds_something():
            if not overwrite:
                raise InputError(
                    "run directory must be new",
                    got=f"{self.path}, which is not empty",
                    accepted="another --run-dir, --resume to go on with it, or --overwrite to replace it",
                )
            if not self.config.is_file():
                raise InputError(
                    "--overwrite replaces only a run directory",
                    got=f"{self.path}, which holds no {self.config.name}",
                    accepted="a folder that train.py made, or a new --run-dir",
                )
        self._check_writable()

    def create(self, overwrite: bool = False) -> None:
        """Make the folder anew.

        Raises:
            InputError: As `check_free`, or if another process uses the run that is there.
        """
        self.check_free(overwrite)
        if self._holds_something():
            with self.locked():
                shutil.rmtree(self.path)
        self.path.mkdir(parents=True, exist_ok=True)

    def _holds_something(self) -> bool:
        return self.path.is_dir() and any(not entry.name.startswith(".") for entry in self.path.iterdir())

    def _check_writable(self) -> None:
        existing = self.path
        while not existing.exists() and existing != existing.parent:
            existing = existing.parent
        try:
            with tempfile.TemporaryFile(dir=existing):
                pass
        except OSError as error:
            raise InputError(
                "run directory must be writable",
                got=f"{self.path} ({error.strerror}: {existing})",
                accepted="a folder that this user may create and write",
            ) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing to this run.

        Raises:
            InputError: If another process holds it.
        """
        with open(self.path / ".lock", "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError(
                    "one process at a time may use a run directory",
                    got=f"{self.path}, which another process is using",
                    accepted="another --run-dir, or wait for that process to end",
                ) from error
            yield

    def read_config(self) -> dict[str, Any]:
        """What was asked for when the run was made.

        Raises:
            InputError: If this is no run directory.
        """
        return self._read_json(self.config)

    def read_environment(self) -> dict[str, Any]:
        """Versions, threads and comparator that the run was trained with."""
        return self._read_json(self.environment)

    def _read_json(self, path: Path) -> dict[str, Any]:
        try:
            value = json.loads(path.read_text())
            if not isinstance(value, dict):
                raise ValueError("no JSON object")
            return value
        except (OSError, ValueError) as error:
            raise InputError(
                f"a run directory holds a readable {path.name}",
                got=f"{self.path} ({error})",
                accepted="a folder that train.py made",
            ) from error


def slug(name: str) -> str:
    """A dataset's or probe's name as a file name: `llv2/small` is `llv2-small`."""
    return "".join(character if character.isalnum() or character in "._" else "-" for character in name)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder with their names, in hexadecimal."""
    if path.is_file():
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for inner in sorted(inner for inner in path.rglob("*") if inner.is_file()):
        digest.update(inner.relative_to(path).as_posix().encode())
        digest.update(bytes.fromhex(digest_of(inner)))
    return digest.hexdigest()
