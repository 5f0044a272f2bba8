"""Kills every command at random moments, gives it again, and compares the end with an undisturbed
one.

    python tests/kill/run.py                          # 20 kills of each: make kill
    python tests/kill/run.py --count 3 --only pixel,search

A signal is SIGKILL, SIGTERM or SIGINT. After SIGTERM and SIGINT a command must end with exit code
143 or 130, in one line, without a traceback. Then it is given again until it ends, with `--resume`
where a run has begun, and what it has written must be bit for bit what an undisturbed command
writes. The exit code of this script is 1 if anything differs.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

CHECKOUT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(CHECKOUT))
SIGNALS = {signal.SIGKILL: None, signal.SIGTERM: 143, signal.SIGINT: 130}
"""Exit code that a command ends with after each signal; None for SIGKILL."""
TRAIN = (
    *("train.py", "--dataset", "npz:data.npz", "--data-dir", "data", "--epochs", "4"),
    *("--batch-size", "8", "--deterministic", "--run-dir", "run"),
)


@dataclasses.dataclass(frozen=True)
class Task:
    """A command, and what it leaves.

    Attributes:
        command: Arguments of Python.
        ends: Function of the folder in which the command ran; values to compare.
        resumes: Whether a command that has begun goes on with `--resume`.
        needs: A task whose command is done first, undisturbed.
    """

    command: tuple[str, ...]
    ends: Callable[[Path], object]
    resumes: bool = False
    needs: str | None = None


def of_run(folder: Path) -> object:
    """Every array of the state and of the best weights, and the losses of all epochs."""
    from tfdeepsim.arrays import load_arrays

    ends: list[object] = []
    for name in ("state.npz", "best.npz"):
        arrays, record = load_arrays(folder / "run" / name)
        ends += [array.tobytes() for array in arrays]
        rows = record.get("history", [record])
        ends.append([{k: v for k, v in row.items() if "loss" in k or k == "epoch"} for row in rows])
    return ends


def of_results(folder: Path) -> object:
    files = sorted((folder / "run" / "results").rglob("*.json"))
    return [json.loads(file.read_text())["scores"] for file in files]


def of_search(folder: Path) -> object:
    files = sorted((folder / "search").rglob("trial.json"))
    return [
        (trial["trial_id"], trial["hyperparameters"]["values"], trial["score"])
        for trial in (json.loads(file.read_text()) for file in files)
    ]


def of_frames(folder: Path) -> object:
    files = sorted((folder / "data").rglob("*.tfrecord*"))
    return [(file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files]


TASKS = {
    "pixel": Task((*TRAIN, "--latent-dim", "4"), of_run, resumes=True),
    "deepsim": Task(
        (*TRAIN, "--latent-dim", "4", "--loss", "deepsim", "--comparator", "random_alexnet:relu2"),
        of_run,
        resumes=True,
    ),
    "comparator": Task(
        (*TRAIN, "--task", "comparator", "--comparator", "exemplar_cnn"), of_run, True
    ),
    "inversion": Task(
        (*TRAIN, "--task", "inversion", "--invert", "random_alexnet:pool5", "--width", "0.05"),
        of_run,
        resumes=True,
    ),
    "evaluate": Task(
        ("evaluate.py", "run", "--probes", "mlp", "--probe-epochs", "20", "--baselines", "pca"),
        of_results,
        needs="pixel",
    ),
    "search": Task(
        *[
            (
                "-m",
                "tuning.search",
                "run",
                "--trials",
                "4",
                "--epochs",
                "2",
                "--directory",
                "search",
            )
        ],
        of_search,
        needs="pixel",
    ),
    "frames": Task(
        ("-m", "tfdeepsim.data", "llv2/12x5-stride5-seed0", "--data-dir", "data"), of_frames
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--count", type=int, default=20, help="kills of each command")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help=f"commands, separated by commas, of {', '.join(TASKS)}")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(TASKS)
    print(f"{'command':12}{'kills':>8}{'in work':>9}{'equal':>7}{'faults':>8}", flush=True)
    faults = 0
    for name in names:
        faults += report(name, options.count, random.Random(f"{options.seed} {name}"))
    return int(faults > 0)


def report(name: str, count: int, chance: random.Random) -> int:
    """Kill a command `count` times, print a row, and return the number of faults."""
    task = TASKS[name]
    with tempfile.TemporaryDirectory() as place:
        folder = prepared(task, Path(place))
        begin = time.monotonic()
        run_to_the_end(task, folder)
        seconds = time.monotonic() - begin
        expected = task.ends(folder)
    assert expected, f"{name} leaves nothing to compare"
    in_work = equal = faults = 0
    for number in range(count):
        with tempfile.TemporaryDirectory() as place:
            folder = prepared(task, Path(place))
            sent = chance.choice(list(SIGNALS))
            fault, hit = killed(task, folder, sent, chance.uniform(0.15, 1.0) * seconds)
            in_work += hit
            run_to_the_end(task, folder)
            is_equal = task.ends(folder) == expected
            equal += is_equal
            if fault or not is_equal:
                faults += 1
                print(f"  {name} {number}, {sent.name}: {fault or 'another end'}", flush=True)
    print(f"{name:12}{count:8}{in_work:9}{equal:7}{faults:8}", flush=True)
    return faults


def prepared(task: Task, folder: Path) -> Path:
    """A folder with images, and with what the task needs."""
    random_images = np.random.default_rng(0).integers(0, 256, (48, 64, 64, 3), np.uint8)
    labels = np.arange(48) % 2
    np.savez(folder / "data.npz", images=random_images, labels=labels)
    if task.needs:
        run_to_the_end(TASKS[task.needs], folder)
    return folder


def start(command: tuple[str, ...], folder: Path) -> subprocess.Popen:
    script = (str(CHECKOUT / command[0]),) if command[0].endswith(".py") else command[:1]
    return subprocess.Popen(
        [sys.executable, *script, *command[1:]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def killed(task: Task, folder: Path, sent: signal.Signals, after: float) -> tuple[str, bool]:
    """What was wrong with the way a command ended that got a signal, and whether it got it before
    it had ended by itself."""
    process = start(task.command, folder)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(sent)
        _, errors = process.communicate()
        expected = SIGNALS[sent]
        if expected is None:
            return "", True
        lines = [line for line in errors.splitlines() if line]
        if "Traceback" in errors:
            return lines[-1], True
        # Before its own handler is there, Python ends by the signal.
        if process.returncode not in (expected, 0, -sent):
            return f"exit code {process.returncode}", True
        return "", True
    process.communicate()
    return "", False


def run_to_the_end(task: Task, folder: Path) -> None:
    """Give the command until it succeeds."""
    has_begun = task.resumes and (folder / "run" / "config.json").exists()
    command = (*task.command, "--resume") if has_begun else task.command
    process = start(command, folder)
    _, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ends with {process.returncode}: {errors[-500:]}")


if __name__ == "__main__":
    sys.exit(main())
