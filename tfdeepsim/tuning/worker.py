"""A worker: takes trials from a chief until there are none left."""

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

# As long as keras-tuner's own client waits.
MOST_SECONDS = 3600


def work(directory: SearchDirectory, settings: SearchSettings | None = None) -> None:
    """Take part in the search whose chief the environment variables name.

    Args:
        directory: Of the search, on a disk that the chief sees too.
        settings: What the search is thought to be; None to take it as it is.

    Raises:
        InputError: If there is no chief within an hour, or its search is another or elsewhere.
    """
    wait_for_chief()
    if settings is not None:
        directory.compare({"settings": settings.to_dict()})
    settings = SearchSettings(**directory.read_description()["settings"])
    problem = load_problem(directory.examples)
    print(f"{os.environ[ID]}: takes part in the search in {directory.path}", flush=True)
    with silence():
        ProbeTuner(problem, settings, directory).run()


def wait_for_chief(seconds: float = MOST_SECONDS) -> None:
    """Wait until the chief answers; its search directory is complete then.

    Raises:
        InputError: If it does not.
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
    """The chief holds the other end of standard input; when it ends, in any way, so does this
    process."""

    def watch() -> None:
        while sys.stdin.buffer.read(1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    _end_with_parent()
    work(SearchDirectory(Path(sys.argv[1])))
    # Threads of gRPC may outlive the search.
    sys.stdout.flush()
    os._exit(0)
