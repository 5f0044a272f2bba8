"""Worker processes on this machine, kept alive while there is work, and ended with the chief."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tfdeepsim.errors import InputError
from tfdeepsim.tuning.cluster import addresses
from tfdeepsim.tuning.directory import SearchDirectory

_MOST_DEATHS = 3
_CHECKOUT = Path(__file__).parents[2]


class LocalWorkers:
    """Workers of a chief in this process.

    A worker that dies is started again under its name, and gets its trial again: keras-tuner's
    chief would wait for it for ever. A context; leaving it ends all workers.

    Args:
        directory: Of the search; their output goes to its `logs/`.
        count: How many.
        host: Address of the chief.
        port: Port of the chief.
        finished: How many trials have ended; a worker may die a few times in a row, but not without
            progress.
    """

    def __init__(
        self,
        directory: SearchDirectory,
        count: int,
        host: str,
        port: int,
        finished: Callable[[], int],
    ):
        self._directory = directory
        self._suite = host
        self._addresses = {
            name: addresses(name, host, port)
            for name in (f"tuner{index}" for index in range(count))
        }
        self._threads = str(max(1, (os.cpu_count() or 1) // count))
        self._finished = finished
        self._running: dict[str, subprocess.Popen] = {}
        self._deaths: dict[str, list[int]] = {name: [] for name in self._addresses}

    @property
    def processes(self) -> dict[str, int]:
        """Process ids of the workers that run, by name."""
        return {name: process.pid for name, process in self._running.items()}

    def __enter__(self) -> "LocalWorkers":
        for name in self._addresses:
            self._start(name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._running.values():
            process.kill()
        for process in self._running.values():
            process.wait()

    def watch(self) -> bool:
        """Start again what died.

        Returns:
            Whether a worker still has something to do.

        Raises:
            InputError: If a worker dies again and again.
        """
        for name, process in list(self._running.items()):
            code = process.poll()
            if code is None:
                continue
            del self._running[name]
            if code != 0:
                self._count_death(name, code)
                self._start(name)
        return bool(self._running)

    def log(self, name: str) -> Path:
        """Where the output of a worker goes."""
        return self._directory.logs / f"{name}.log"

    def _start(self, name: str) -> None:
        self.log(name).parent.mkdir(parents=True, exist_ok=True)
        # Workers share the cores: more threads than cores would only wait for each other.
        own = dict.fromkeys(
            ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), self._threads
        )
        own["PYTHONPATH"] = os.pathsep.join(
            [str(_CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
        )
        own["no_grpc_proxy"] = self._suite
        with open(self.log(name), "ab") as log:
            self._running[name] = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tfdeepsim.tuning.worker",
                    str(self._directory.path.resolve()),
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **own, **self._addresses[name]},
                start_new_session=True,  # Ctrl-C is for the chief, which ends them
            )

    def _count_death(self, name: str, code: int) -> None:
        deaths = self._deaths[name]
        deaths.append(self._finished())
        if deaths[-_MOST_DEATHS:] == [deaths[-1]] * _MOST_DEATHS:
            lines = self.log(name).read_text(errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "no output")
            raise InputError(
                "a worker must not die again and again",
                got=f"{name}, {_MOST_DEATHS} times without a trial in between, last with code {code}: {last}",
                accepted=f"what {self.log(name)} asks for; trials that ended are kept",
            )
