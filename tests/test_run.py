"""Run directories: whole files or none, and nothing overwritten unasked."""

import os
import subprocess
import sys
import time

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing, sha256_of, slug, write_json
from tfdeepsim.run import RunDirectory


def leftovers(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_replacing_a_file(tmp_path):
    target = tmp_path / "deep" / "file.txt"
    for text in ("one", "two"):
        with replacing(target) as new:
            new.write_text(text)
        assert target.read_text() == text
    assert leftovers(target.parent) == []


def test_replacing_a_folder(tmp_path):
    target = tmp_path / "folder"
    for name in ("one", "two"):
        with replacing(target) as new:
            new.mkdir()
            (new / name).touch()
        assert [path.name for path in target.iterdir()] == [name]
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failure_leaves_what_was_there(tmp_path, error):
    target = tmp_path / "file.txt"
    target.write_text("old")

    def write_and_fail():
        with replacing(target) as new:
            new.write_text("half")
            raise error

    with pytest.raises(type(error)):
        write_and_fail()
    assert target.read_text() == "old"
    assert leftovers(tmp_path) == []


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


def test_slug():
    assert slug("llv2/200x15-stride10-seed3") == "llv2-200x15-stride10-seed3"
    assert "/" not in slug("folder:../../etc")


def test_digest_changes_with_names_and_contents(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").write_bytes(b"1")
    first = sha256_of(tmp_path)
    assert first == sha256_of(tmp_path)
    assert len(first) == 64
    (tmp_path / "inner" / "a").rename(tmp_path / "inner" / "b")
    second = sha256_of(tmp_path)
    (tmp_path / "inner" / "b").write_bytes(b"2")
    assert len({first, second, sha256_of(tmp_path)}) == 3
