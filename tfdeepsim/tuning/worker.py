"""A worker: a process that runs trials which a chief hands out, until there are no more."""

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import grpc

from tfdeepsim.command_line import run_command
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
        InputError: If no chief answers within an hour, its search has other settings or another
            directory, or it fails.
    """
    wait_for_chief()
    if settings is not None:
        directory.check_description({"settings": settings.to_dict()})
    settings = SearchSettings(**directory.read_description()["settings"])
    problem = load_problem(directory.examples, settings.probe_settings)
    print(f"{os.environ[ID]}: takes part in the search in {directory.path}", flush=True)
    try:
        with silence():
            ProbeTuner(problem, settings, directory).run()
    except grpc.RpcError as error:
        raise InputError(
            "a worker needs its chief until the search has ended",
            got=f"from {_address()}: {error.details()}",  # type: ignore[attr-defined]
            accepted="the chief started again, which goes on where the search stopped",
        ) from error


def wait_for_chief(seconds: float = _MAX_WAIT_SECONDS) -> None:
    """Wait until the chief answers; it has written its search directory by then.

    Args:
        seconds: Maximum time to wait.

    Raises:
        InputError: If the chief does not answer in this time.
    """
    address = _address()
    with grpc.insecure_channel(address) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=seconds)
        except grpc.FutureTimeoutError as error:
            raise InputError(
                "a worker needs a chief",
                got=f"no answer from {address} in {seconds:g} s",
                accepted=f"the address of the chief of this search in {HOST} and {PORT}",
            ) from error


def _address() -> str:
    return f"{os.environ[HOST]}:{os.environ[PORT]}"


def _end_with_parent() -> None:
    """End this process when the chief ends, which holds the other end of standard input."""

    def watch() -> None:
        while sys.stdin.buffer.read(1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _main(arguments: Sequence[str]) -> None:
    run_worker(SearchDirectory(Path(arguments[0])))


if __name__ == "__main__":
    _end_with_parent()
    code = run_command(_main, None)
    # Threads of gRPC may outlive the search.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
