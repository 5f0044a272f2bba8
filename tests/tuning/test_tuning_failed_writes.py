"""A file that cannot be written ends a search; it is no failed trial, and no traceback of gRPC.

A limit of the size of files stands for a full disk.
"""

import os
import re
import resource
import subprocess
import sys

import pytest

from tfdeepsim.tuning.chief import run_chief
from tfdeepsim.tuning.cluster import free_port, role_variables, temporary_environment
from tfdeepsim.tuning.directory import SearchDirectory
from tfdeepsim.tuning.problem import Problem, save_problem
from tfdeepsim.tuning.settings import SearchSettings
from tfdeepsim.tuning.tuner import ProbeTuner

pytestmark = [
    # keras-tuner uses deprecated names of `threading`.
    pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:getName:DeprecationWarning"),
]
SETTINGS = SearchSettings(trials=2, epochs=1)
HOST = "127.0.0.1"


BEFORE = resource.getrlimit(resource.RLIMIT_FSIZE)
SMALL = 64
"""Bytes, less than the files of any trial have."""


@pytest.fixture(autouse=True)
def limits():
    """Restore the limit that a test set."""
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, BEFORE)


def fill_disk():
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def on_full_disk(function):
    """A function during which the disk is full, and only then."""

    def hindered(*arguments, **options):
        fill_disk()
        try:
            return function(*arguments, **options)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, BEFORE)

    return hindered


def search_of(path, checked):
    """An open search directory, and the problem of its trials."""
    directory = SearchDirectory(path / "search")
    directory.open({"settings": SETTINGS.to_dict()}, overwrite=False)
    splits = checked()
    save_problem(directory.examples, "regression", splits["train"], splits["validation"])
    return directory, Problem(
        "regression", splits["train"], splits["validation"], SETTINGS.probe_settings
    )


def test_alone(tmp_path, checked):
    directory, problem = search_of(tmp_path, checked)
    tuner = ProbeTuner(problem, SETTINGS, directory)
    tuner.oracle.update_trial = on_full_disk(tuner.oracle.update_trial)
    with pytest.raises(OSError, match="File too large"):
        tuner.run()
    assert not tuner.oracle.end_order


def test_the_chief_ends_with_the_error_and_the_worker_with_one_line(tmp_path, checked, caplog):
    directory, problem = search_of(tmp_path, checked)
    port = free_port(HOST)
    worker = subprocess.Popen(
        [sys.executable, "-m", "tfdeepsim.tuning.worker", str(directory.path)],
        env=os.environ | {"GRPC_VERBOSITY": "NONE"} | role_variables("tuner0", HOST, port),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def fill_disk_of_chief(tuner):
        if tuner.oracle.ongoing_trials:
            fill_disk()

    try:
        with temporary_environment(role_variables("chief", HOST, port)):
            chief = ProbeTuner(problem, SETTINGS, directory, fill_disk_of_chief)
            with pytest.raises(OSError, match="File too large"):
                run_chief(chief, lambda: worker.poll() is None)
        # It holds the standard input of its chief, which is this process, and goes on.
        errors = worker.stderr.read()
        assert worker.wait(60) == 2
    finally:
        worker.kill()
        worker.communicate()
    line = errors.splitlines()[-1]
    assert re.fullmatch(rf"error: a worker needs its chief .*{HOST}:{port}.*File too large.*", line)
    assert "Traceback" not in errors
    assert not caplog.records
    assert not chief.oracle.end_order
