"""Runs that several real processes do together: each once, also if one process is killed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfdeepsim.work_sharing import in_turn

# Does each run that has no result yet, and notes who began it; a run takes a moment. The process
# called "stuck" never ends its second run.
WORK = """
import sys, time
from pathlib import Path
import tfdeepsim.work_sharing
tfdeepsim.work_sharing.POLL_SECONDS = 0.05
folder, me = Path(sys.argv[1]), sys.argv[2]
done = 0
for name in tfdeepsim.work_sharing.in_turn({n: folder / n for n in "abcdefgh"}):
    result = folder / name / "result"
    if result.exists():
        continue
    result.parent.mkdir(exist_ok=True)
    with open(folder / "log", "a") as log:
        log.write(f"{name} {me}\\n")
    if me == "stuck" and done == 1:
        (folder / "stuck").touch()
        time.sleep(600)
    time.sleep(0.1)
    result.write_text(me)
    done += 1
print("all", sorted(path.parent.name for path in folder.glob("*/result")))
"""


def start(folder, name):
    return subprocess.Popen(
        [sys.executable, "-c", WORK, str(folder), name], stdout=subprocess.PIPE, text=True
    )


def test_three_processes_do_each_run_and_take_over_that_of_a_killed_one(tmp_path):
    stuck = start(tmp_path, "stuck")
    while not (tmp_path / "stuck").exists():
        assert stuck.poll() is None
        time.sleep(0.05)
    others = [start(tmp_path, "one"), start(tmp_path, "two")]
    while len(list(tmp_path.glob("*/result"))) < 7:
        assert all(process.poll() is None for process in others)
        time.sleep(0.05)
    stuck.kill()
    stuck.communicate()
    outputs = [process.communicate(timeout=60)[0] for process in others]
    # Both returned when all was done, and said that they waited.
    assert all(text.endswith(f"all {list('abcdefgh')}\n") for text in outputs)
    assert all("waiting for other processes" in text for text in outputs)
    began = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    twice = {name for name, _ in began if sum(name == other for other, _ in began) > 1}
    assert twice == {"b"}
    assert next(who for name, who in began if name == "b") == "stuck"
    assert len(began) == 9


def test_one_process_does_all_in_order(tmp_path):
    names = {name: tmp_path / name for name in ("z", "y", "x")}
    assert list(in_turn(names)) == ["z", "y", "x"]


def test_a_run_that_fails_is_free_again(tmp_path):
    names = {"a": Path(tmp_path, "a"), "b": Path(tmp_path, "b")}

    def fail():
        for name in in_turn(names):
            raise KeyError(name)

    with pytest.raises(KeyError, match="a"):
        fail()
    assert list(in_turn(names)) == ["a", "b"]
