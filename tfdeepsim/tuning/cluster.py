"""The part that this process has in a search by several: alone, the chief, or a worker."""

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Literal

from tfdeepsim.errors import InputError

ID, HOST, PORT = "KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"
CHIEF = "chief"
Role = Literal["alone", "chief", "worker"]


def role() -> Role:
    """What keras-tuner's environment variables make of this process.

    Raises:
        InputError: If only some of them are set, or the port is none.
    """
    found = {name: os.environ[name] for name in (ID, HOST, PORT) if os.environ.get(name)}
    if not found:
        return "alone"
    if len(found) < 3:
        raise InputError(
            "a process of a search on a cluster is told its name and its chief's address",
            got=", ".join(f"{name}={value}" for name, value in found.items()) + " only",
            accepted=f"all of {ID}, {HOST} and {PORT}, or none",
        )
    if not found[PORT].isdecimal() or not 0 < int(found[PORT]) < 2**16:
        raise InputError(f"{PORT} must be a port", got=found[PORT], accepted="1 to 65535")
    return "chief" if CHIEF in found[ID] else "worker"


def addresses(name: str, host: str, port: int) -> dict[str, str]:
    """The environment variables that give a process its part."""
    return {ID: name, HOST: host, PORT: str(port)}


@contextlib.contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables of this process for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def free_port(host: str = "127.0.0.1") -> int:
    """A port of `host` that no one listens on."""
    with socket.socket() as taken:
        taken.bind((host, 0))
        return taken.getsockname()[1]
