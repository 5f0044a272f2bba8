"""The commands that are killed, and what each leaves."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

CHECKOUT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(CHECKOUT))
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
    """All frames; the bytes of the files also hold the order of a map, which varies."""
    from tfdeepsim.data import open_dataset

    dataset = open_dataset("llv2/12x5-stride5-seed0", folder / "data")
    return [dataset.split(name).images[:].tobytes() for name in dataset.splits]


TASKS = {
    "pixel": Task((*TRAIN, "--latent-dim", "4"), of_run, resumes=True),
    "deepsim": Task(
        (*TRAIN, "--latent-dim", "4", "--loss", "deepsim", "--comparator", "random_alexnet:relu2"),
        of_run,
        resumes=True,
    ),
    "comparator": Task(
        (
            *(*TRAIN, "--task", "comparator", "--comparator", "exemplar_cnn"),
            *("--surrogate-classes", "16"),
        ),
        of_run,
        resumes=True,
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
        ("-m", "tuning.search", "run", "--trials", "4", "--epochs", "2", "--directory", "search"),
        of_search,
        needs="pixel",
    ),
    "frames": Task(
        ("-m", "tfdeepsim.data", "llv2/12x5-stride5-seed0", "--data-dir", "data"), of_frames
    ),
}


def prepared(task: Task, folder: Path, before: Path | None = None) -> Path:
    """A folder with images, and with what the task needs.

    Args:
        task: The task.
        folder: An empty folder.
        before: A folder that was prepared for the same task, to copy; None to begin anew.
    """
    if before is not None:
        shutil.copytree(before, folder, dirs_exist_ok=True)
        return folder
    random_images = np.random.default_rng(0).integers(0, 256, (48, 64, 64, 3), np.uint8)
    labels = np.arange(48) % 2
    np.savez(folder / "data.npz", images=random_images, labels=labels)
    if task.needs:
        run_to_the_end(TASKS[task.needs], folder)
    return folder


def start(command: Sequence[str], folder: Path, before: str | None = None) -> subprocess.Popen[str]:
    """Start a command in a folder.

    Args:
        command: Arguments of Python.
        folder: Working directory.
        before: Python code to run in the process first.
    """
    is_script = command[0].endswith(".py")
    script = [str(CHECKOUT / command[0])] if is_script else command[:1]
    words = [sys.executable, *script, *command[1:]]
    if before is not None:
        name, arguments = (script[0], command[1:]) if is_script else (command[1], command[2:])
        how = "run_path" if is_script else "run_module"
        code = f"import runpy, sys; {before}; runpy.{how}({name!r}, run_name='__main__')"
        words = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_to_the_end(task: Task, folder: Path) -> None:
    """Give the command until it succeeds."""
    has_begun = task.resumes and (folder / "run" / "config.json").exists()
    command = (*task.command, "--resume") if has_begun else task.command
    process = start(command, folder)
    _, errors = process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ends with {process.returncode}: {errors[-500:]}")
