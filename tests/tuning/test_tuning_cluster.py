import os

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.tuning.cluster import HOST, ID, PORT, addresses, environment, free_port, role


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    for name in (ID, HOST, PORT):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("name", "part"), [("chief", "chief"), ("tuner0", "worker")])
def test_roles(name, part):
    assert role() == "alone"
    with environment(addresses(name, "10.0.0.1", 8000)):
        assert role() == part
        assert os.environ[PORT] == "8000"
    assert role() == "alone"


def test_all_of_them_or_none(monkeypatch):
    monkeypatch.setenv(ID, "chief")
    with pytest.raises(InputError, match="got KERASTUNER_TUNER_ID=chief only; accepted: all of"):
        role()


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_port(monkeypatch, port):
    for name, value in addresses("chief", "localhost", 1).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(PORT, port)
    with pytest.raises(InputError, match="must be a port"):
        role()


def test_free_port_can_be_listened_on():
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", free_port()))
