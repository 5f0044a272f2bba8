"""Run directories: nothing is overwritten unless requested, and one process at a time."""

import os
import subprocess
import sys
import time

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.files import write_json
from tfdeepsim.run import RunDirectory


def test_create_refuses_what_is_there(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.create()
    write_json(run.config, {"a": 1})
    with pytest.raises(InputError, match=r"must be new.*--resume.*--overwrite"):
        run.create()
    assert run.read_config() == {"a": 1}
    run.create(overwrite=True)
    assert list(run.path.iterdir()) == []


def test_overwrite_spares_what_is_no_run(tmp_path):
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(InputError, match="replaces only a run directory"):
        RunDirectory(tmp_path).create(overwrite=True)
    assert (tmp_path / "thesis.tex").read_text() == "years"


def test_check_free_changes_nothing(tmp_path):
    RunDirectory(tmp_path / "a" / "b").check_free()
    assert list(tmp_path.iterdir()) == []


def test_unwritable(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="must be writable"):
        RunDirectory(file / "run").check_free()
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        with pytest.raises(InputError, match="must be writable"):
            RunDirectory(tmp_path / "run").check_free()


def test_one_process_at_a_time(tmp_path):
    run = RunDirectory(tmp_path)
    code = """
import sys, time
from tfdeepsim.run import RunDirectory
with RunDirectory(sys.argv[1]).locked():
    print("locked", flush=True)
    time.sleep(60)
"""
    other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        other.stdout.readline()
        with pytest.raises(InputError, match="one process at a time"), run.locked():
            pass
    finally:
        other.kill()
        other.communicate()
    for _ in range(50):
        try:
            with run.locked():
                return
        except InputError:
            time.sleep(0.1)
    pytest.fail("the lock outlived its process")


def test_no_run(tmp_path):
    with pytest.raises(InputError, match=r"readable config\.json"):
        RunDirectory(tmp_path).read_config()
    for text in ('{"half": ', "[1]"):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(InputError, match=r"readable config\.json"):
            RunDirectory(tmp_path).read_config()
