"""A worker: a process that runs trials which a chief hands out, until there are no more."""

import os
import sys
import threading
from pathlib import Path

import grpc

from tfdeepsim.errors import InputError
from tfdeepsim.tuning.cluster import HOST, ID, PORT
from tfdeepsim.tuning.directory import SearchDirectory
from tfdeepsim.tuning.problem import load_problem
from tfdeepsim.tuning.settings import SearchSettings
from tfdeepsim.tuning.tuner import ProbeTuner, silence

# As long as the client of keras-tuner waits.
_MAX_WAIT_SECONDS = 3600


def run_worker(directory: SearchDirectory, settings: SearchSettings | None = None) -> None:
    """Run trials of the search whose chief the environment variables name.

    Args:
        directory: Directory of the search, on a disk that the chief shares.
        settings: Settings that the search must have; None to accept any.

    Raises:
        InputError: If no chief answers within an hour, or its search has other settings or another
            directory.
    """
    wait_for_chief()
    if settings is not None:
        directory.check_description({"settings": settings.to_dict()})
    settings = SearchSettings(**directory.read_description()["settings"])
    problem = load_problem(directory.examples, settings.probe_settings)
    print(f"{os.environ[ID]}: takes part in the search in {directory.path}", flush=True)
    with silence():
        ProbeTuner(problem, settings, directory).run()


def wait_for_chief(seconds: float = _MAX_WAIT_SECONDS) -> None:
    """Wait until the chief answers; it has written its search directory by then.

    Args:
        seconds: Maximum time to wait.

    Raises:
        InputError: If the chief does not answer in this time.
    """
    address = f"{os.environ[HOST]}:{os.environ[PORT]}"
    with grpc.insecure_channel(address) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=seconds)
        except grpc.FutureTimeoutError as error:
            raise InputError(
                "a worker needs a chief",
                got=f"no answer from {address} in {seconds:g} s",
                accepted=f"the address of the chief of this search in {HOST} and {PORT}",
            ) from error


def _end_with_parent() -> None:
    """End this process when the chief ends, which holds the other end of standard input."""

    def watch() -> None:
        while sys.stdin.buffer.read(1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    _end_with_parent()
    run_worker(SearchDirectory(Path(sys.argv[1])))
    # Threads of gRPC may outlive the search.
    sys.stdout.flush()
    os._exit(0)
