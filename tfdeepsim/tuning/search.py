"""From embeddings with labels to the best probe that a search finds, and its one score on test."""

import dataclasses
import shutil
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import rich.console

from tfdeepsim.errors import InputError
from tfdeepsim.probes.data.splits import EmbeddingSplit, check_splits
from tfdeepsim.probes.metrics import METRICS, score_predictions
from tfdeepsim.probes.result import ProbeResult, read_result
from tfdeepsim.tuning.chief import lead, lead_locally
from tfdeepsim.tuning.cluster import role
from tfdeepsim.tuning.directory import SearchDirectory
from tfdeepsim.tuning.export import export_probe
from tfdeepsim.tuning.oracles import search_space
from tfdeepsim.tuning.plan import plan_search
from tfdeepsim.tuning.problem import Problem, fingerprint, save_problem
from tfdeepsim.tuning.settings import SearchSettings
from tfdeepsim.tuning.trials import Progress, TrialRecord, best_of, records, write_trials
from tfdeepsim.tuning.tuner import ProbeTuner

PROBE = "search"
_TEST_BATCH = 4096


class Pairs(NamedTuple):
    """Embeddings [N, Z] with labels, as `check_splits` takes them, of the three splits of a
    probe."""

    train: tuple[Any, Any]
    validation: tuple[Any, Any]
    test: tuple[Any, Any]


def search(
    pairs: Sequence[tuple[Any, Any]],
    task: str,
    settings: SearchSettings,
    directory: SearchDirectory,
    *,
    workers: int = 0,
    overwrite: bool = False,
    dry_run: bool = False,
) -> ProbeResult | None:
    """Search the probe of lowest validation loss, export it, and score it on test, once.

    The search goes on from what `directory` holds of it. Where keras-tuner's environment variables
    make this process a chief, workers on other machines run the trials (`worker.work`).

    Args:
        pairs: Embeddings and labels of probe-train, probe-validation and test; see `Pairs`.
        task: `regression` or `classification`.
        settings: Of the search.
        directory: Where everything of it goes.
        workers: Worker processes on this machine; 0 to run trials in this process.
        overwrite: Replace the search that is there.
        dry_run: Check all, say what it would cost, and stop; writes nothing.

    Returns:
        Scores with probe `search`, like those of `probes.score.score_probe`; None after a dry run.

    Raises:
        InputError: If the examples are unfit (`check_splits`), `directory` holds another search, a
            worker dies again and again, or every probe diverged.
    """
    # Bound to the stream of now: keras-tuner is silenced while it hands out trials.
    console = rich.console.Console(file=sys.stdout)
    splits = check_splits(task, **Pairs(*pairs)._asdict())
    description = describe(task, splits, settings)
    directory.check()
    if dry_run:
        if directory.description.is_file() and not overwrite:
            directory.compare(description)
        _say_plan(_problem(task, splits), settings, workers, console)
        return None
    with directory.locked():
        directory.open(description, overwrite)
        if (directory.result / f"{PROBE}.json").is_file():
            console.print("this search is complete; --overwrite begins it anew", highlight=False)
        else:
            problem = _problem(task, splits)
            _say_plan(problem, settings, workers, console)
            tuner = _run(problem, splits, settings, directory, workers, console)
            _conclude(problem, splits["train"], splits["test"], tuner, directory)
        return read_result(directory.result, PROBE)


def describe(
    task: str, splits: dict[str, EmbeddingSplit], settings: SearchSettings
) -> dict[str, Any]:
    """What search it is, as JSON values: two searches that differ here cannot share a directory."""
    return {
        "settings": settings.to_dict(),
        "space": search_space(settings.tuner).get_config()["space"],
        "task": task,
        "examples": {name: len(split.labels) for name, split in splits.items()},
        "data": fingerprint(task, splits),
    }


def _problem(task: str, splits: dict[str, EmbeddingSplit]) -> Problem:
    return Problem(task, splits["train"], splits["validation"])


def _say_plan(
    problem: Problem, settings: SearchSettings, workers: int, console: rich.console.Console
) -> None:
    plan = plan_search(problem, settings, max(1, workers))
    console.print(str(plan), highlight=False, soft_wrap=True)


def _run(
    problem: Problem,
    splits: dict[str, EmbeddingSplit],
    settings: SearchSettings,
    directory: SearchDirectory,
    workers: int,
    console: rich.console.Console,
) -> ProbeTuner:
    progress = Progress(directory.table, problem.metric, settings.most_trials, console)

    def on_trial(tuner: ProbeTuner) -> None:
        progress.update(tuner.oracle)

    part = role()
    if workers or part == "chief":
        save_problem(directory.examples, problem.task, splits["train"], splits["validation"])
    if workers:
        return lead_locally(problem, settings, directory, on_trial, workers, console)
    tuner = ProbeTuner(problem, settings, directory, on_trial)
    if part == "chief":
        console.print("chief: waiting for workers", highlight=False)
        lead(tuner)
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
    """Export the best probe, let it see test, and write that down; the search is complete then."""
    found = records(tuner.oracle, problem.metric)
    write_trials(directory.table, found)
    best = best_of(found)
    if best is None:
        raise InputError(
            "a probe must reach a finite validation loss",
            got=f"NaN or infinity in all of {len(found)} trials",
            accepted="embeddings and labels of smaller range, or another --seed",
        )
    model = tuner.load_model(tuner.oracle.get_trial(best.trial))
    export_probe(directory.best, model, problem.standardizer, problem.head, problem.task)
    x = problem.standardizer.apply(test.embeddings)
    predictions = problem.head.decode(model.predict(x, batch_size=_TEST_BATCH, verbose=0))
    dtype = np.float32 if problem.task == "regression" else np.int64
    failed = sum(one.status == "failed" for one in found)
    ProbeResult(
        probe=PROBE,
        task=problem.task,
        scores=[
            score_predictions(PROBE, metric, predictions[None], train.labels, test.labels)
            for metric in METRICS[problem.task]
        ],
        chosen=[_chosen(best, tuner.settings.seed)],
        settings=tuner.settings.to_dict() | {"trials_run": len(found), "trials_failed": failed},
        targets=test.labels.astype(dtype),
        predictions=predictions.astype(dtype),
    ).save(directory.result)
    # Its workers are gone, and what it learned from lies elsewhere too.
    shutil.rmtree(directory.examples, ignore_errors=True)


def _chosen(best: TrialRecord, seed: int) -> dict[str, Any]:
    own = {
        name: value
        for name, value in dataclasses.asdict(best).items()
        if name not in ("design", "status")
    }
    return {"seed": seed, **dataclasses.asdict(best.design), **own}
