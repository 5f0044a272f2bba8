"""The run directory: the only thing that one stage hands to the next."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json
from tfdeepsim.lock import locked
from tfdeepsim.options import current_names


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
    | `representation.json` | of a baseline or an external encoder: what it is | evaluate |
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
        self.representation = self.path / "representation.json"
        self.embeddings = self.path / "embeddings"
        self.results = self.path / "results"

    @property
    def origin(self) -> Path:
        """What says what a folder is of that was not made by training, if it is there."""
        earlier = self.path / "contender.json"
        return (
            earlier
            if earlier.is_file() and not self.representation.is_file()
            else self.representation
        )

    @property
    def name(self) -> str:
        """The folder's own name, which stands in tables."""
        return self.path.resolve().name

    def outcome(self, task: str) -> Path:
        """What a run of a task, one of `config.CHOICES`, leaves last: if it is there, the run is
        finished."""
        outcomes = {
            "autoencoder": self.encoder,
            "inversion": self.generator,
            "comparator": self.comparator,
        }
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
        return self.path.is_dir() and any(
            not entry.name.startswith(".") for entry in self.path.iterdir()
        )

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

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Keep other processes from writing to this run.

        Raises:
            InputError: If another process holds it.
        """
        return locked(
            self.path,
            InputError(
                "one process at a time may use a run directory",
                got=f"{self.path}, which another process is using",
                accepted="another --run-dir, or wait for that process to end",
            ),
        )

    def read_config(self) -> dict[str, Any]:
        """The fields of the `TrainConfig` of the run, under their current names.

        Raises:
            InputError: If this is no run directory.
        """
        return current_names(self._read_json(self.config))

    def read_environment(self) -> dict[str, Any]:
        """Versions, threads and comparator that the run was trained with."""
        return self._read_json(self.environment)

    def _read_json(self, path: Path) -> dict[str, Any]:
        rule = f"a run directory holds a readable {path.name}"
        return read_json(path, rule, accepted="a folder that train.py made")
