"""A search for the best probe of one set of embeddings, and the score of that probe on test."""

import dataclasses
import shutil
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import rich.console

from tfdeepsim.console import PlainConsole
from tfdeepsim.errors import InputError
from tfdeepsim.probes.data.splits import EmbeddingSplit, check_splits
from tfdeepsim.probes.metrics import METRICS, score_predictions
from tfdeepsim.probes.result import ProbeResult, read_result
from tfdeepsim.tuning.chief import run_chief, run_chief_with_workers
from tfdeepsim.tuning.cluster import role
from tfdeepsim.tuning.directory import SearchDirectory
from tfdeepsim.tuning.export import export_probe
from tfdeepsim.tuning.oracles import search_space
from tfdeepsim.tuning.plan import plan_search
from tfdeepsim.tuning.problem import Problem, fingerprint, save_problem
from tfdeepsim.tuning.settings import SearchSettings
from tfdeepsim.tuning.trials import (
    TrialRecord,
    TrialReporter,
    best_trial,
    trial_records,
    write_trials,
)
from tfdeepsim.tuning.tuner import ProbeTuner

PROBE = "search"
"""Name of the searched probe in results."""

_TEST_BATCH = 4096
_SPLITS = ("train", "validation", "test")


def search(
    splits: Sequence[tuple[Any, Any]],
    task: str,
    settings: SearchSettings,
    directory: SearchDirectory,
    *,
    workers: int = 0,
    overwrite: bool = False,
    dry_run: bool = False,
) -> ProbeResult | None:
    """Search the probe of lowest validation loss, export it, and score it on test, once.

    A search that `directory` holds is resumed. If the environment variables of keras-tuner make
    this process a chief, workers on other machines run the trials (`worker.run_worker`).

    Args:
        splits: Embeddings [N, Z] and labels of probe-train, probe-validation and test, as
            `check_splits` takes them.
        task: `regression` or `classification`.
        settings: Settings of the search.
        directory: Directory for all files of the search.
        workers: Number of worker processes on this machine; 0 to run trials in this process.
        overwrite: Whether to replace the search that `directory` holds.
        dry_run: Whether to check everything, print the estimated cost, and stop without writing.

    Returns:
        Scores with the probe `search`, like those of `score_probe`; None after a dry run.

    Raises:
        InputError: As `check_splits` does; or if `directory` holds another search, a worker dies
            repeatedly, or every probe diverged.
    """
    # The console keeps the present `sys.stdout`, which is silenced while keras-tuner runs.
    console = PlainConsole(file=sys.stdout)
    checked = check_splits(task, **dict(zip(_SPLITS, splits, strict=True)))
    description = search_description(task, checked, settings)
    directory.check()
    if dry_run:
        if directory.description.is_file() and not overwrite:
            directory.check_description(description)
        _print_plan(_problem(task, checked, settings), settings, workers, console)
        return None
    with directory.locked():
        directory.open(description, overwrite)
        if (directory.result / f"{PROBE}.json").is_file():
            console.print("this search is complete; use --overwrite to start it again")
        else:
            problem = _problem(task, checked, settings)
            _print_plan(problem, settings, workers, console)
            tuner = _run(problem, checked, settings, directory, workers, console)
            _conclude(problem, checked["train"], checked["test"], tuner, directory)
        return read_result(directory.result, PROBE)


def search_description(
    task: str, splits: dict[str, EmbeddingSplit], settings: SearchSettings
) -> dict[str, Any]:
    """Description of a search; only searches of equal description share a directory.

    Args:
        task: `regression` or `classification`.
        splits: Checked examples, by split.
        settings: Settings of the search.

    Returns:
        JSON values.
    """
    return {
        "settings": settings.to_dict(),
        "space": search_space(settings.tuner, settings.probe_settings).get_config()["space"],
        "task": task,
        "examples": {name: len(split.labels) for name, split in splits.items()},
        "data": fingerprint(task, splits),
    }


def _problem(task: str, splits: dict[str, EmbeddingSplit], settings: SearchSettings) -> Problem:
    return Problem(task, splits["train"], splits["validation"], settings.probe_settings)


def _print_plan(
    problem: Problem, settings: SearchSettings, workers: int, console: rich.console.Console
) -> None:
    plan = plan_search(problem, settings, max(1, workers))
    console.print(str(plan), soft_wrap=True)


def _run(
    problem: Problem,
    splits: dict[str, EmbeddingSplit],
    settings: SearchSettings,
    directory: SearchDirectory,
    workers: int,
    console: rich.console.Console,
) -> ProbeTuner:
    reporter = TrialReporter(directory.table, problem.metric, settings.most_trials, console)

    def on_trial(tuner: ProbeTuner) -> None:
        reporter.update(tuner.oracle)

    own_role = role()
    if workers or own_role == "chief":
        save_problem(directory.examples, problem.task, splits["train"], splits["validation"])
    if workers:
        return run_chief_with_workers(problem, settings, directory, on_trial, workers, console)
    tuner = ProbeTuner(problem, settings, directory, on_trial)
    if own_role == "chief":
        console.print("chief: waiting for workers")
        run_chief(tuner)
    else:
        tuner.run()
    return tuner


def _conclude(
    problem: Problem,
    train: EmbeddingSplit,
    test: EmbeddingSplit,
    tuner: ProbeTuner,
    directory: SearchDirectory,
) -> None:
    """Export the best probe, score it on test, and write the result, which completes the search."""
    trials = trial_records(tuner.oracle, problem.metric)
    write_trials(directory.table, trials)
    best = best_trial(trials)
    if best is None:
        raise InputError(
            "a probe must reach a finite validation loss",
            got=f"NaN or infinity in all of {len(trials)} trials",
            accepted="embeddings and labels of smaller range, or another --seed",
        )
    try:
        model = tuner.load_model(tuner.oracle.get_trial(best.trial))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            "the weights of the best trial must be as keras-tuner wrote them",
            got=f"trial {best.trial} in {directory.trials} ({error})",
            accepted="a search that was not changed, or --overwrite to search anew",
        ) from error
    export_probe(directory.best, model, problem.standardizer, problem.head, problem.task)
    x = problem.standardizer.apply(test.embeddings)
    predictions = problem.head.decode(model.predict(x, batch_size=_TEST_BATCH, verbose=0))
    dtype = np.float32 if problem.task == "regression" else np.int64
    failed = sum(trial.status == "failed" for trial in trials)
    ProbeResult(
        probe=PROBE,
        task=problem.task,
        scores=[
            score_predictions(PROBE, metric, predictions[None], train.labels, test.labels)
            for metric in METRICS[problem.task]
        ],
        chosen=[_chosen(best, tuner.settings.seed)],
        settings=tuner.settings.to_dict() | {"trials_run": len(trials), "trials_failed": failed},
        targets=test.labels.astype(dtype),
        predictions=predictions.astype(dtype),
    ).save(directory.result)
    # Only workers read these copies, and they have ended.
    shutil.rmtree(directory.examples, ignore_errors=True)


def _chosen(best: TrialRecord, seed: int) -> dict[str, Any]:
    own = {
        name: value
        for name, value in dataclasses.asdict(best).items()
        if name not in ("design", "status")
    }
    return {"seed": seed, **dataclasses.asdict(best.design), **own}
