"""Locks: of two real processes one works, and the other is refused or waits."""

import errno
import os
import subprocess
import sys
import time

import pytest

from tfdeepsim.command_line import Parser, run_command
from tfdeepsim.errors import InputError
from tfdeepsim.lock import NO_LOCK, claimed, locked

HOLD = """
import sys, time
from pathlib import Path
from tfdeepsim.errors import InputError
from tfdeepsim.lock import locked
refusal = InputError("busy", got="x", accepted="y") if sys.argv[2] == "refuse" else None
with locked(Path(sys.argv[1]), refusal):
    print("locked", flush=True)
    sys.stdin.readline()
    Path(sys.argv[1], "held").touch() if refusal else Path(sys.argv[1]).touch()
"""
BUSY = InputError("only one", got="two", accepted="one")


@pytest.fixture
def start():
    """Start a process that holds the lock of a path until it reads a line or is killed."""
    processes = []

    def begin(path, mode):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path), mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def holds(process):
    return process.stdout.readline() == "locked\n"


def test_the_second_process_is_refused(tmp_path, start):
    process = start(tmp_path, "refuse")
    assert holds(process)
    with pytest.raises(InputError) as caught, locked(tmp_path, BUSY):
        pytest.fail("two processes hold the lock")
    assert caught.value is BUSY
    process.communicate("\n", timeout=30)
    with locked(tmp_path, BUSY):
        assert (tmp_path / "held").exists()
    assert {path.name for path in tmp_path.iterdir()} == {".lock", "held"}


def test_the_lock_ends_with_a_process_that_is_killed(tmp_path, start):
    process = start(tmp_path, "refuse")
    assert holds(process)
    process.kill()
    process.communicate()
    with locked(tmp_path, BUSY):
        pass


def test_the_second_process_waits(tmp_path, start):
    target = tmp_path / "cache" / "images.npy"
    first = start(target, "wait")
    assert holds(first)
    second = start(target, "wait")
    line = second.stderr.readline()
    assert line == f"Waiting for another process that writes {target}\n"
    time.sleep(0.3)
    assert second.poll() is None
    assert not target.exists()
    first.communicate("\n", timeout=30)
    assert holds(second)
    assert target.exists()
    out, err = second.communicate("\n", timeout=30)
    assert (out, err, second.returncode) == ("", "", 0)
    assert {path.name for path in target.parent.iterdir()} == {".images.npy.lock", "images.npy"}


def test_a_lock_is_free_after_an_error(tmp_path):
    for refusal in (None, BUSY):
        with pytest.raises(ZeroDivisionError), locked(tmp_path, refusal):
            1 / 0  # noqa: B018
        with locked(tmp_path, refusal):
            pass


def test_locks_of_different_paths_are_independent(tmp_path, start):
    assert holds(start(tmp_path / "a", "wait"))
    with locked(tmp_path / "b"):
        pass


def test_a_lock_file_that_is_a_link_is_refused_and_a_lock_file_keeps_its_content(tmp_path):
    important = tmp_path / "important"
    important.write_text("years")
    (tmp_path / ".cache.lock").symlink_to(important)
    with pytest.raises(InputError, match="no symbolic link"), locked(tmp_path / "cache"):
        pytest.fail("locked a link")
    (tmp_path / ".other.lock").write_text("kept")
    with locked(tmp_path / "other"):
        assert (tmp_path / ".other.lock").read_text() == "kept"
    assert important.read_text() == "years"


def test_a_file_system_without_locks_is_named_as_the_reason(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    for refusal in (BUSY, None):
        with (
            pytest.raises(InputError, match=r"without locks .*--no-lock"),
            locked(tmp_path, refusal),
        ):
            pytest.fail("there is no lock")
    monkeypatch.setenv(NO_LOCK, "1")
    with locked(tmp_path, BUSY), claimed(tmp_path) as is_mine:
        assert is_mine


def test_the_flag_lasts_as_long_as_its_command(monkeypatch):
    monkeypatch.delenv(NO_LOCK, raising=False)

    def body(arguments):
        Parser().parse_args(arguments)
        return 5 if NO_LOCK in os.environ else 6

    assert [run_command(body, flags) for flags in (["--no-lock"], [])] == [5, 6]
    assert NO_LOCK not in os.environ
