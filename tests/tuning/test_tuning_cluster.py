import os
import socket

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.tuning.cluster import (
    HOST,
    ID,
    PORT,
    free_port,
    role,
    role_variables,
    temporary_environment,
)


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    for name in (ID, HOST, PORT):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("name", "expected"), [("chief", "chief"), ("tuner0", "worker")])
def test_roles(name, expected):
    assert role() == "alone"
    with temporary_environment(role_variables(name, "10.0.0.1", 8000)):
        assert role() == expected
        assert os.environ[PORT] == "8000"
    assert role() == "alone"


def test_incomplete_variables_are_refused(monkeypatch):
    monkeypatch.setenv(ID, "chief")
    with pytest.raises(InputError, match="got KERASTUNER_TUNER_ID=chief only; accepted: all of"):
        role()


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_bad_port_is_refused(monkeypatch, port):
    for name, value in role_variables("chief", "localhost", 1).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(PORT, port)
    with pytest.raises(InputError, match="must be a port"):
        role()


def test_free_port_can_be_listened_on():
    with socket.socket() as one:
        one.bind(("127.0.0.1", free_port()))
