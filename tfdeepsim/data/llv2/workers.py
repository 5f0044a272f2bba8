"""Processes that record rollouts in parallel."""

import collections
import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Self, cast

import numpy as np

from tfdeepsim.data.llv2.frame import FRAME

_AHEAD = 2
"""Number of rollouts that are requested of each process before the first is received."""

_MOST = 8
"""Largest number of processes; with more, writing the dataset is what takes the time."""


def default_count() -> int:
    """Number of processes: one for each core that this process may use, and at most 8."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return min(cores, _MOST)


class Workers:
    """Simulation processes, to be used in a `with` statement.

    They are Python programs that import only the simulator: neither TensorFlow nor the program that
    started them. Each answers requests on its standard input until that closes, which happens when
    this process ends, even if it is killed.

    Args:
        count: Number of processes; by default one for each core, and at most 8.

    Example:
        >>> with Workers() as workers:
        ...     rollouts = list(workers.record(range(100), frames=15, stride=10))
    """

    def __init__(self, count: int | None = None):
        self.count = count or default_count()
        self._processes: list[subprocess.Popen] = []
        self._requested: collections.deque[tuple[subprocess.Popen, int]] = collections.deque()

    def __enter__(self) -> Self:
        for _ in range(self.count):
            self._processes.append(_start())
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.communicate()
        self._processes.clear()
        self._requested.clear()

    def record(self, seeds: Iterable[int], frames: int, stride: int) -> Iterator[np.ndarray]:
        """The rollout that `simulator.record` returns for each seed, in the order of the seeds.

        Raises:
            RuntimeError: If a process ends before it has answered.
        """
        while self._requested:  # by a caller that stopped before the last rollout
            self._receive()
        for seed, process in zip(seeds, itertools.cycle(self._processes), strict=False):
            self._request(process, f"{seed} {frames} {stride}\n", frames * FRAME.itemsize)
            if len(self._requested) == _AHEAD * self.count:
                yield np.frombuffer(self._receive(), FRAME)
        while self._requested:
            yield np.frombuffer(self._receive(), FRAME)

    def _request(self, process: subprocess.Popen, request: str, size: int) -> None:
        requests = cast(IO[bytes], process.stdin)
        try:
            requests.write(request.encode())
            requests.flush()
        except BrokenPipeError:
            raise _died(process) from None
        self._requested.append((process, size))

    def _receive(self) -> bytes:
        process, size = self._requested.popleft()
        answer = cast(IO[bytes], process.stdout).read(size)
        if len(answer) < size:
            raise _died(process)
        return answer


def _start() -> subprocess.Popen:
    root = str(Path(__file__).parents[3])
    program = f"import sys; sys.path.append({root!r}); from {__name__} import main; main()"
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pipesize=1 << 20,  # room for a rollout, so that a process can write it without waiting
        env={**os.environ, "PYGAME_HIDE_SUPPORT_PROMPT": "1", "OMP_NUM_THREADS": "1"},
        start_new_session=True,  # so that Ctrl-C reaches only the program that started them
    )


def _died(process: subprocess.Popen) -> RuntimeError:
    return RuntimeError(f"a simulation process ended early, with exit code {process.wait()}")


def main() -> None:
    """Answer each line `SEED FRAMES STRIDE` with the bytes of that rollout, until nobody reads
    them."""
    from tfdeepsim.data.llv2.simulator import record

    with contextlib.suppress(BrokenPipeError), os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # what libraries print must not get between the answers
        for line in sys.stdin:
            seed, frames, stride = map(int, line.split())
            answers.write(record(seed, frames, stride).tobytes())
            answers.flush()
