"""The simulation of LLv2 under signals, other processes and full disks."""

import os
import resource
import signal
import sys
import time

import psutil
import pytest

from tfdeepsim import progress
from tfdeepsim.data import describe, open_dataset
from tfdeepsim.data.llv2 import making
from tfdeepsim.errors import InputError

NAME = "llv2/40x6-stride30-seed8"


@pytest.fixture
def folder(tmp_path):
    return describe(NAME, tmp_path).folder


def make(data_dir):
    try:
        open_dataset(NAME, data_dir)
    except KeyboardInterrupt:
        sys.exit(130)


@pytest.fixture
def maker(start, folder, tmp_path):
    """A process that writes frames, and its workers."""
    process = start(make, tmp_path)
    deadline = time.monotonic() + 120
    while not (workers := psutil.Process(process.pid).children()) or not in_the_making(folder):
        assert process.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process, workers


def in_the_making(folder):
    return list(folder.parent.glob("incomplete.*"))


def assert_gone(workers):
    gone, alive = psutil.wait_procs(workers, timeout=30)
    assert gone
    assert not alive


def test_what_a_killed_process_leaves_is_removed_by_the_next(maker, folder, tmp_path):
    process, workers = maker
    process.kill()
    process.join()
    assert_gone(workers)
    assert not folder.exists()
    assert in_the_making(folder)
    dataset = open_dataset(NAME, tmp_path)
    assert len(dataset.split("test").images) == 240
    assert not in_the_making(folder)


def test_ctrl_c_ends_at_once_and_leaves_nothing(maker, folder):
    process, workers = maker
    os.kill(process.pid, signal.SIGINT)
    process.join(timeout=60)
    assert process.exitcode == 130
    assert_gone(workers)
    assert [path.name for path in folder.parent.iterdir()] == [".1.0.0.lock"]


def test_two_processes_simulate_it_once(maker, tmp_path, capfd):
    process, _ = maker
    dataset = open_dataset(NAME, tmp_path)
    assert "Waiting for another process" in capfd.readouterr().err
    process.join(timeout=60)
    assert process.exitcode == 0
    assert len(dataset.split("test").images) == 240


def make_with_little_room(data_dir, answer):
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
    try:
        open_dataset(NAME, data_dir)
    except InputError as error:
        answer.send(str(error))


def test_a_disk_that_fills_up_ends_in_one_line_and_leaves_nothing(start, forks, folder, tmp_path):
    answer, sender = forks.Pipe()
    process = start(make_with_little_room, tmp_path, sender)
    process.join(timeout=120)
    assert process.exitcode == 0
    assert answer.poll()
    error = answer.recv()
    assert error.startswith("the dataset must be writable, with room on the disk: got")
    assert str(folder) in error
    assert "File too large" in error
    assert [path.name for path in folder.parent.iterdir()] == [".1.0.0.lock"]


def test_too_little_room_is_reported_before_the_simulation(tmp_path, monkeypatch):
    usage = type(making.shutil.disk_usage(tmp_path))
    monkeypatch.setattr(making.shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1000))
    with pytest.raises(InputError, match="room for the dataset: got 0 MB free"):
        open_dataset("llv2/paper", tmp_path)
    assert not describe("llv2/paper", tmp_path).ready


def test_a_data_folder_that_cannot_be_written_ends_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"must be writable.*Not a directory"):
        open_dataset(NAME, tmp_path / "file")


def test_a_simulation_is_announced_and_its_progress_is_shown(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0)
    open_dataset("llv2/2x1-stride1", tmp_path)
    printed = capsys.readouterr()
    announcement, bar, *_ = printed.err.splitlines()
    assert "6 rollouts, 6 frames, about 1 min" in announcement
    assert bar == "Simulating llv2/2x1-stride1"
    assert printed.out == ""
