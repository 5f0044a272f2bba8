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
    assert {path.name for path in run.path.iterdir()} == {".tfdeepsim", ".lock"}


def test_overwrite_spares_what_is_no_run(tmp_path):
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(InputError, match="replaces only a run directory"):
        RunDirectory(tmp_path).create(overwrite=True)
    assert (tmp_path / "thesis.tex").read_text() == "years"


def test_overwrite_spares_runs_with_foreign_files_and_folders_of_other_programs(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.create()
    write_json(run.config, {"a": 1})
    notes = run.path / "notes.txt"
    notes.write_text("years")
    with pytest.raises(InputError, match=r"removes only what this program wrote.*notes\.txt"):
        run.create(overwrite=True)
    assert notes.read_text() == "years"
    assert run.read_config() == {"a": 1}
    model = tmp_path / "downloaded"
    model.mkdir()
    write_json(model / "config.json", {"architectures": ["CLIPModel"]})
    with pytest.raises(InputError, match=r"which train\.py did not make"):
        RunDirectory(model).create(overwrite=True)
    assert (model / "config.json").is_file()


def test_overwrite_of_an_earlier_run_which_has_no_mark(tmp_path):
    run = RunDirectory(tmp_path)
    write_json(run.config, {})
    write_json(run.environment, {"packages": {"tfdeepsim": "0.1.0"}})
    run.create(overwrite=True)
    assert not run.config.exists()


def test_overwrite_through_a_link_empties_the_run_and_keeps_the_link(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.create()
    write_json(run.config, {})
    (tmp_path / "link").symlink_to(run.path)
    RunDirectory(tmp_path / "link").create(overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert not run.config.exists()


def test_a_run_that_was_killed_before_it_had_a_config_can_be_started_again(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.create()
    write_json(run.environment, {"half": "written"})
    run.create()
    assert not run.environment.exists()


@pytest.mark.parametrize("name", [".lock", "embeddings", "results", "state.npz"])
def test_links_in_a_run_directory_are_refused_and_not_followed(tmp_path, name):
    important = tmp_path / "important"
    important.mkdir()
    (important / ".hidden").mkdir()
    (important / "thesis.tex").write_text("years")
    run = RunDirectory(tmp_path / "run")
    run.create()
    is_file = name in (".lock", "state.npz")
    (run.path / name).symlink_to(important / "thesis.tex" if is_file else important)
    with pytest.raises(InputError, match="no symbolic links"), run.locked():
        pytest.fail("a run with a link was opened for writing")
    write_json(run.config, {})
    with pytest.raises(InputError, match="no symbolic links"):
        run.create(overwrite=True)
    assert (important / "thesis.tex").read_text() == "years"
    assert (important / ".hidden").is_dir()


def test_what_a_killed_process_left_is_swept(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.create()
    code = """
import os, signal, sys
from tfdeepsim.files import replacing
from tfdeepsim.run import RunDirectory
run = RunDirectory(sys.argv[1])
with replacing(run.state) as new:
    new.write_bytes(bytes(1000))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code, str(run.path)], check=False)
    assert [path for path in run.path.iterdir() if path.name.startswith(".state")]
    with run.locked():
        assert {path.name for path in run.path.iterdir()} == {".tfdeepsim", ".lock"}


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
