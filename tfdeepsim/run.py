"""The run directory: all that training leaves for evaluation, search and report."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, sweep
from tfdeepsim.folders import (
    check_known,
    create_marked,
    is_empty,
    is_marked,
    refuse_links,
    remove_known,
)
from tfdeepsim.json_fields import check_fields
from tfdeepsim.lock import locked
from tfdeepsim.options import current_names

KIND = "run"
"""Kind of a run directory in its mark."""
CONTENT = frozenset(
    {
        "config.json",
        "environment.json",
        "state.npz",
        "best.npz",
        "history.csv",
        "samples.npz",
        "kept_features",
        "train",
        "validation",
        "encoder",
        "generator",
        "comparator.safetensors",
        "result.json",
        "representation.json",
        "contender.json",
        "embeddings",
        "results",
        "card",
        "decoded",
        "fitted",
        "search",
        "exports",
    }
)
"""Names of all files and folders of a run directory, of this and of earlier versions."""


_DATASET = {
    "name": str,
    "image_shape": list[int],
    "fingerprint": str,
    "class_names": list[str],
}
"""What is read of the dataset in `environment.json`."""


class RunDirectory:
    """The folder of one training run, and the names of its files.

    | name | content | written by |
    |---|---|---|
    | `config.json` | configuration of the run | train |
    | `environment.json` | versions, threads, comparator with its SHA-256 | train |
    | `state.npz` | the last state that was saved, from which training resumes | train |
    | `best.npz` | weights with the lowest validation loss | train |
    | `history.csv` | every loss term, one line for each epoch | train |
    | `samples.npz` | images and their reconstructions, uint8 | train |
    | `kept_features/` | with `--keep-features`, until training has ended: features | train |
    | `train/`, `validation/` | TensorBoard events | train |
    | `encoder/` | of an autoencoder: SavedModel with the endpoint `embed` | train |
    | `generator/` | of an inversion: SavedModel with the endpoint `generate` | train |
    | `comparator.safetensors` | of `--task comparator`: weights of the network | train |
    | `result.json` | of `--task comparator`: scores of the network | train |
    | `representation.json` | of a baseline or an external encoder: what it is | evaluate |
    | `embeddings/` | one folder for each dataset, one `.npy` for each split | evaluate |
    | `results/` | scores and predictions of the probes | evaluate |
    | `card/` | description of the embeddings without labels | evaluate |
    | `decoded/` | images decoded from the embeddings | evaluate |
    | `search/` | a search of probes | tuning.search |
    | `exports/` | the trained network for other programs | export |

    Args:
        path: The folder; it need not exist.

    Example:
        >>> run = RunDirectory("runs/vae")
        >>> run.read_config()["model"]
        'vae'
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.environment = self.path / "environment.json"
        self.state = self.path / "state.npz"
        self.best = self.path / "best.npz"
        self.history = self.path / "history.csv"
        self.samples = self.path / "samples.npz"
        self.kept_features = self.path / "kept_features"
        self.encoder = self.path / "encoder"
        self.generator = self.path / "generator"
        self.comparator = self.path / "comparator.safetensors"
        self.result = self.path / "result.json"
        self.representation = self.path / "representation.json"
        self.embeddings = self.path / "embeddings"
        self.results = self.path / "results"

    @property
    def origin(self) -> Path:
        """The file that describes a baseline or an external encoder; earlier versions named it
        `contender.json`."""
        earlier = self.path / "contender.json"
        if earlier.is_file() and not self.representation.is_file():
            return earlier
        return self.representation

    @property
    def name(self) -> str:
        """The name of the folder, which names the run in tables."""
        return self.path.resolve().name

    def outcome(self, task: str) -> Path:
        """The file or folder that a run writes last: if it exists, the run is finished.

        Args:
            task: Task of the run, as in `TrainConfig.task`.
        """
        outcomes = {
            "autoencoder": self.encoder,
            "inversion": self.generator,
            "comparator": self.comparator,
        }
        return outcomes[task]

    def check_free(self, overwrite: bool = False) -> None:
        """Refuse a folder that is not empty, or that cannot be written. Changes nothing.

        A run that ended before it had a config is no obstacle: nothing in it is worth keeping.

        Args:
            overwrite: Whether the folder may hold a run, which will be replaced.

        Raises:
            InputError: If the folder cannot be used.
        """
        if not is_empty(self.path):
            never_began = is_marked(self.path, KIND) and not self.config.is_file()
            if not (overwrite or never_began):
                raise InputError(
                    "run directory must be new",
                    got=f"{self.path}, which is not empty",
                    accepted="another --run-dir"
                    + ", --resume to resume the run, or --overwrite to replace it"
                    * self.config.is_file(),
                )
            if not self._is_ours():
                raise InputError(
                    "--overwrite replaces only a run directory",
                    got=f"{self.path}, which train.py did not make",
                    accepted="a folder that train.py made, or a new --run-dir",
                )
            refuse_links(self.path)
            check_known(self.path, CONTENT)
        self._check_writable()

    def create(self, overwrite: bool = False) -> None:
        """Create the folder, empty, and mark it as a run directory.

        Args:
            overwrite: Whether to remove a run that is in the folder.

        Raises:
            InputError: As `check_free`, or if another process uses the run in the folder.
        """
        self.check_free(overwrite)
        if not is_empty(self.path):
            with self.locked():
                remove_known(self.path, CONTENT)
        create_marked(self.path, KIND)

    def _is_ours(self) -> bool:
        """Whether train.py made the folder; earlier versions left no mark, but a record of their
        package's version."""
        if is_marked(self.path, KIND):
            return True
        try:
            packages = read_json(self.environment).get("packages")
        except InputError:
            return False
        return self.config.is_file() and isinstance(packages, dict) and "tfdeepsim" in packages

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
        """A context in which no other process may write to this run.

        What killed processes left behind is removed.

        Raises:
            InputError: If another process is in this context, or there are symbolic links in the
                folder.
        """
        refuse_links(self.path)
        refusal = InputError(
            "one process at a time may use a run directory",
            got=f"{self.path}, which another process is using",
            accepted="another --run-dir, or wait for that process to end",
        )
        with locked(self.path, refusal):
            # A search has a lock of its own.
            sweep(self.path, spare=("search",))
            yield

    def read_config(self) -> dict[str, Any]:
        """The fields of the `TrainConfig` of the run, under their current names.

        Raises:
            InputError: If the folder is not a run directory.
        """
        return current_names(self._read_json(self.config))

    def read_environment(self) -> dict[str, Any]:
        """Versions, threads, dataset and comparator that the run was trained with.

        Raises:
            InputError: If the folder is not a run directory, or the file lacks what is read of it.
        """
        record = self._read_json(self.environment)
        check_fields(
            record,
            {"dataset": dict, "comparator": dict | None, "inverted": dict | None},
            self.environment.name,
        )
        dataset = record.get("dataset", {})
        check_fields(dataset, _DATASET, self.environment.name)
        if "image_shape" not in dataset:
            raise InputError(
                f"{self.environment.name} describes the dataset of the run",
                got=f"{self.environment} without the shape of images",
                accepted="the file as train.py wrote it",
            )
        return record

    def _read_json(self, path: Path) -> dict[str, Any]:
        rule = f"a run directory holds a readable {path.name}"
        return read_json(path, rule, accepted="a folder that train.py made")
