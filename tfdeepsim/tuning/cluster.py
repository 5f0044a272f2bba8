"""The role of this process in a search: alone, the chief, or a worker."""

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Literal

from tfdeepsim.errors import InputError

ID, HOST, PORT = "KERASTUNER_TUNER_ID", "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT"
"""Environment variables of keras-tuner: name of a process, and address and port of its chief."""

CHIEF = "chief"
"""Part of the name of a process by which keras-tuner recognises the chief."""

Role = Literal["alone", "chief", "worker"]


def role() -> Role:
    """The role that the environment variables of keras-tuner give this process.

    Raises:
        InputError: If only some of the variables are set, or the port is not a port.
    """
    values = {name: os.environ[name] for name in (ID, HOST, PORT) if os.environ.get(name)}
    if not values:
        return "alone"
    if len(values) < 3:
        raise InputError(
            "a process of a search on a cluster needs its name and the address of its chief",
            got=", ".join(f"{name}={value}" for name, value in values.items()) + " only",
            accepted=f"all of {ID}, {HOST} and {PORT}, or none",
        )
    if not values[PORT].isdecimal() or not 0 < int(values[PORT]) < 2**16:
        raise InputError(f"{PORT} must be a port", got=values[PORT], accepted="1 to 65535")
    return "chief" if CHIEF in values[ID] else "worker"


def role_variables(name: str, host: str, port: int) -> dict[str, str]:
    """Environment variables that give a process its role.

    Args:
        name: Name of the process: `chief`, or another one for a worker.
        host: Address of the chief.
        port: Port of the chief.
    """
    return {ID: name, HOST: host, PORT: str(port)}


@contextlib.contextmanager
def temporary_environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables of this process within a context, and restore them afterwards.

    Args:
        variables: Value of each variable.
    """
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
    """A port of `host` that no process listens on."""
    with socket.socket() as listener:
        listener.bind((host, 0))
        return listener.getsockname()[1]
