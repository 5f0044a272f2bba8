"""Compare encoders, or losses over several seeds, in one table with figures and a page."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rich.console

from tfdeepsim.card import make_card, print_cards, write_card
from tfdeepsim.console import PlainConsole
from tfdeepsim.data.dataset import Splits
from tfdeepsim.decoder_probe import train_decoder
from tfdeepsim.duration import duration
from tfdeepsim.evaluation import check_names, data_options, evaluate, open_splits, trained_runs
from tfdeepsim.evaluation_options import EvaluationOptions
from tfdeepsim.files import slug
from tfdeepsim.lock import locked
from tfdeepsim.options import DataOptions
from tfdeepsim.probes.data.standardizer import Standardizer
from tfdeepsim.report.embedded_images import EmbeddedImages, some_rows
from tfdeepsim.report.score_table import print_scores
from tfdeepsim.report.write import check_free, write_report
from tfdeepsim.representations.embeddings import embeddings_of
from tfdeepsim.representations.external import external_representation
from tfdeepsim.representations.representation import Representation
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score
from tfdeepsim.study import Study, baselines_for, over_seeds


@dataclasses.dataclass(frozen=True)
class _Report:
    """Where a report is written.

    Attributes:
        folder: Folder of the report; None to print the table and write nothing.
        overwrite: Whether an earlier report is replaced.
        command: The command line, which the page shows.
    """

    folder: Path | None
    overwrite: bool
    command: str

    def check(self) -> None:
        """Refuse early what `write_report` would refuse at the end."""
        if self.folder is not None:
            check_free(self.folder, self.overwrite)


def compare_encoders(
    encoders: Sequence[str],
    user_options: Mapping[str, Any],
    options: EvaluationOptions,
    folder: Path | None = None,
    *,
    overwrite: bool = False,
    command: str = "",
) -> list[Score]:
    """Compare trained encoders with each other and with baselines.

    Args:
        encoders: Run directories and external encoders, in the order of their rows.
        user_options: Fields of `DataOptions` that the user set; the others are those of the first
            run.
        options: What to evaluate.
        folder: Folder for the report; None to print the table and write nothing.
        overwrite: Whether to replace an earlier report.
        command: The command line, which the page shows.

    Returns:
        The scores in the table.

    Raises:
        InputError: If an encoder or the data cannot be used, or there is a report that must not be
            replaced.

    Example:
        >>> scores = compare_encoders(["runs/ae", "clip.keras"], {}, EvaluationOptions())
    """
    report = _Report(folder, overwrite, command)
    report.check()
    directories = [RunDirectory(path) for path in encoders if RunDirectory(path).config.is_file()]
    runs = trained_runs(directories, user_options.get("dataset"))
    run_of_path = {run.folder.path: run for run in runs}
    parent = Path(os.path.realpath(encoders[0])).parent
    representations: list[Representation] = [
        run_of_path.get(Path(path))
        or external_representation(
            path, _external_folder(parent), input_range=options.external_range
        )
        for path in encoders
    ]
    check_names(representations)
    configs = [run.config for run in runs]
    image_shape = directories[0].read_environment()["dataset"]["image_shape"] if runs else None
    data = data_options(configs, image_shape, user_options)
    splits = open_splits(data)
    for representation in representations:
        representation.check(splits.dataset)
    baselines, missing = baselines_for(configs, options.baselines, parent / "baselines", splits)
    rows = [*representations, *baselines]
    scores = _scores(rows, data, splits, options)
    named_rows = {representation.name: representation for representation in rows}
    _show(named_rows, scores, data, splits, options, report, missing)
    return scores


def _external_folder(parent: Path) -> Path:
    """Folder for external representations; earlier versions named it `foreign`."""
    earlier, folder = parent / "foreign", parent / "external"
    return earlier if earlier.is_dir() and not folder.exists() else folder


def compare_losses(
    study: Study,
    options: EvaluationOptions,
    folder: Path,
    *,
    overwrite: bool = True,
    dry_run: bool = False,
    command: str = "",
) -> list[Score]:
    """Train the runs of a study that are missing, and compare its losses with each other and with
    baselines.

    Args:
        study: Losses and seeds.
        options: What to evaluate.
        folder: Folder for the report.
        overwrite: Whether to replace an earlier report; by default it is replaced, because the
            report of a study changes with its runs.
        dry_run: Whether to check everything, print the cost, and stop.
        command: The command line, which the page shows.

    Returns:
        The scores in the table: means over the seeds of the encoders. Empty after a dry run.

    Raises:
        InputError: If the study cannot be trained, its folder holds something else, or there is a
            report that must not be replaced.

    Example:
        >>> study = Study(Path("runs"), {"pixel": TrainConfig(), "l1": TrainConfig(loss="l1")}, 5)
        >>> scores = compare_losses(study, EvaluationOptions(), Path("runs/report"))
    """
    report = _Report(folder, overwrite, command)
    report.check()
    console = PlainConsole()
    study.check()
    runs, seconds = study.cost()
    if runs:
        console.print(f"{runs} runs to train, about {duration(seconds)} on this machine")
    study.train(dry_run, console)
    if dry_run:
        return []
    # Of several processes that trained the study together, the first evaluates it; those after it
    # find the scores.
    with locked(study.folder):
        return _compare_trained(study, options, report, console)


def _compare_trained(
    study: Study, options: EvaluationOptions, report: _Report, console: rich.console.Console
) -> list[Score]:
    data: DataOptions = next(iter(study.configs.values()))
    splits = study.splits(data)
    baselines, missing = study.baselines(options.baselines, splits)
    rows = {name: study.representations(name) for name in study.configs} | baselines
    console.rule("embeddings and probes")
    scores: list[Score] = []
    for name, representations in rows.items():
        scores_of_seeds = [
            _scores([representation], data, splits, options.of_seed(number))
            for number, representation in enumerate(representations)
        ]
        scores += over_seeds(name, scores_of_seeds)
    first_seed = {name: representations[0] for name, representations in rows.items()}
    _show(first_seed, scores, data, splits, options, report, missing)
    return scores


def _scores(
    representations: Sequence[Representation],
    data: DataOptions,
    splits: Splits,
    options: EvaluationOptions,
) -> list[Score]:
    """Scores of all probes; none if the dataset has no labels."""
    if splits.dataset.task is None:
        return []
    return evaluate(
        representations,
        data,
        splits,
        probes=options.probes,
        suite=options.suite,
        fractions=options.label_fractions,
    )


def _show(
    rows: Mapping[str, Representation],
    scores: list[Score],
    data: DataOptions,
    splits: Splits,
    options: EvaluationOptions,
    report: _Report,
    missing: Sequence[str],
) -> None:
    """Print the table, and write the report.

    Args:
        rows: Representation by the name of its row; the one of the first seed if a row has several.
        scores: Scores of all rows; empty if the dataset has no labels.
        data: Options of the dataset.
        splits: Splits of the dataset.
        options: What is evaluated.
        report: Where the report is written.
        missing: Sentences on baselines that are left out.
    """
    unlabeled = splits.dataset.task is None
    if options.card or unlabeled:
        _write_cards(rows, data, splits)
    if options.decode:
        _decode(rows, data, splits, options.decode)
    if unlabeled:
        print(f"{data.dataset} has no labels, so there is nothing to probe", *missing, sep="\n")
    else:
        print_scores(scores, missing_baselines=missing)
    if report.folder is None:
        return
    page = write_report(
        {name: representation.folder for name, representation in rows.items()},
        scores,
        report.folder,
        options.probes[0],
        overwrite=report.overwrite,
        command=report.command,
        missing_baselines=missing,
        dataset=data.dataset,
        class_names=splits.dataset.class_names,
        shown=_embedded_images(rows, data, splits),
    )
    print(f"report: {page}")


def _embedded_images(
    rows: Mapping[str, Representation], data: DataOptions, splits: Splits
) -> EmbeddedImages:
    """Some test images, and their embeddings by each row as its probes take them."""
    dataset, test = splits.dataset, splits["test"]
    reference = "test" if dataset.task is None else "probe_train"
    chosen = some_rows(dataset.probe_mask(test))
    embeddings = {}
    for name, representation in rows.items():
        found = embeddings_of(representation, data.dataset, splits, (reference, "test"))
        served = dataset.probe_mask(splits[reference])
        embeddings[name] = Standardizer(found[reference][served]).apply(found["test"][chosen])
    labels = None if dataset.label is None else np.asarray(test.labels[dataset.label][chosen])
    return EmbeddedImages(np.asarray(test.images[chosen]), labels, embeddings)


def _write_cards(rows: Mapping[str, Representation], data: DataOptions, splits: Splits) -> None:
    cards = {}
    images, labels = splits["test"].images, dict(splits["test"].labels)
    for name, representation in rows.items():
        embeddings = embeddings_of(representation, data.dataset, splits, ("test",))["test"]
        cards[name] = make_card(embeddings, representation.log_variance(images))
        folder = representation.folder.path / "card" / slug(data.dataset)
        write_card(folder, cards[name], embeddings, images, labels)
    print_cards(cards)


def _decode(
    rows: Mapping[str, Representation], data: DataOptions, splits: Splits, steps: int
) -> None:
    split_names = ("encoder_train", "encoder_validation", "test")
    for representation in rows.values():
        embeddings = embeddings_of(representation, data.dataset, splits, split_names)
        train_decoder(representation, splits, embeddings, dataset_name=data.dataset, steps=steps)
