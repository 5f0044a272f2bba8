"""Worker processes on this machine, restarted when they die, and ended with the chief."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tfdeepsim.errors import InputError
from tfdeepsim.tuning.cluster import role_variables
from tfdeepsim.tuning.directory import SearchDirectory

_MAX_DEATHS = 3
_CHECKOUT = Path(__file__).parents[2]


class LocalWorkers:
    """A context with worker processes for the chief in this process; all end with the context.

    A worker that dies is restarted under its name and gets its trial again, for which the chief of
    keras-tuner would otherwise wait forever.

    Args:
        directory: Directory of the search; the output of workers goes to its `logs/`.
        count: Number of workers.
        host: Address of the chief.
        port: Port of the chief.
        finished_trials: Returns the number of trials that have ended. A worker may die a few times
            in a row only if trials end in between.

    Example:
        >>> with LocalWorkers(directory, 2, host, port, finished_trials) as workers:
        ...     run_chief(tuner, workers.watch)
    """

    def __init__(
        self,
        directory: SearchDirectory,
        count: int,
        host: str,
        port: int,
        finished_trials: Callable[[], int],
    ):
        self._directory = directory
        self._host = host
        self._variables = {
            name: role_variables(name, host, port)
            for name in (f"tuner{index}" for index in range(count))
        }
        self._threads = str(max(1, (os.cpu_count() or 1) // count))
        self._finished_trials = finished_trials
        self._running: dict[str, subprocess.Popen] = {}
        # Number of finished trials at each death of a worker.
        self._deaths: dict[str, list[int]] = {name: [] for name in self._variables}

    @property
    def processes(self) -> dict[str, int]:
        """Process ids of the running workers, by name."""
        return {name: process.pid for name, process in self._running.items()}

    def __enter__(self) -> "LocalWorkers":
        for name in self._variables:
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
        """Restart the workers that died.

        Returns:
            Whether any worker still runs.

        Raises:
            InputError: If a worker dies repeatedly without a finished trial in between.
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
        """File with the output of a worker."""
        return self._directory.logs / f"{name}.log"

    def _start(self, name: str) -> None:
        self.log(name).parent.mkdir(parents=True, exist_ok=True)
        # Workers share the cores; more threads than cores would only wait for each other.
        variables = dict.fromkeys(
            ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), self._threads
        )
        variables["PYTHONPATH"] = os.pathsep.join(
            [str(_CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
        )
        variables["no_grpc_proxy"] = self._host
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
                env={**os.environ, **variables, **self._variables[name]},
                start_new_session=True,  # only the chief receives Ctrl-C, and ends its workers
            )

    def _count_death(self, name: str, code: int) -> None:
        deaths = self._deaths[name]
        deaths.append(self._finished_trials())
        if deaths[-_MAX_DEATHS:] == [deaths[-1]] * _MAX_DEATHS:
            lines = self.log(name).read_text(errors="replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "no output")
            raise InputError(
                "a worker must not die repeatedly",
                got=f"{name}, {_MAX_DEATHS} times without a finished trial in between, "
                f"the last time with exit code {code}: {last}",
                accepted=f"a remedy for the error in {self.log(name)}; finished trials are kept",
            )
