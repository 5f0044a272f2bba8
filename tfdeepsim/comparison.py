"""From encoders, or losses to compare, to one table, its figures and its page."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rich.console

from tfdeepsim.card import make_card, print_cards, write_card
from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.naming import dataset_name
from tfdeepsim.decoder_probe import decode_probe
from tfdeepsim.duration import duration
from tfdeepsim.errors import InputError
from tfdeepsim.evaluation import check_names, check_runs, data_of, evaluate, open_splits
from tfdeepsim.files import slug
from tfdeepsim.options import DataOptions
from tfdeepsim.probes.mlp.suite import MlpSuite
from tfdeepsim.report.score_table import print_scores
from tfdeepsim.report.write import write_report
from tfdeepsim.representations import BASELINE_NAMES
from tfdeepsim.representations.embeddings import embeddings_of
from tfdeepsim.representations.external import external_representation
from tfdeepsim.representations.representation import Representation
from tfdeepsim.representations.trained_run import TrainedRun
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score
from tfdeepsim.study import Study, baselines_for, over_seeds


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """What is wanted of a verdict.

    Attributes:
        probes: Kinds of probes, the first of which is in the figures.
        probe_seeds: Hosts of MLPs on each embedding.
        first_probe_seed: Seed of the first of them.
        probe_epochs: Most epochs of an MLP.
        probe_patience: Epochs without a lower validation loss before an MLP stops.
        fractions: Shares of labels for a label-efficiency curve; empty for none.
        baselines: Which stand in the table.
        decode: Steps for which a decoder is trained on each embedding; 0 for none.
        card: Whether each embedding is described without labels; always where there are none.
        external_range: What floats an external encoder takes: `0-1`, `0-255` or `-1-1`.
        suite: Settings of the MLPs; follows from the rest.
    """

    probes: Sequence[str] = ("mlp",)
    probe_seeds: int = 5
    first_probe_seed: int = 0
    probe_epochs: int = 500
    probe_patience: int = 25
    fractions: Sequence[float] = ()
    baselines: Sequence[str] = BASELINE_NAMES
    decode: int = 0
    card: bool = False
    external_range: str = "0-1"
    suite: MlpSuite = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        if self.decode < 0:
            raise InputError(
                "--decode takes a number of steps",
                got=self.decode,
                accepted="1 or more, or 0 for none",
            )
        suite = MlpSuite(
            seeds=self.probe_seeds,
            epochs=self.probe_epochs,
            patience=self.probe_patience,
            first_seed=self.first_probe_seed,
        )
        object.__setattr__(self, "suite", suite)

    def of_seed(self, number: int) -> "EvaluationOptions":
        """The same for the encoder `number` of a study, from 0: with probe seeds of its own, so
        that an interval over encoders covers those too; and a curve over labels for the first
        alone."""
        return dataclasses.replace(
            self,
            first_probe_seed=number * self.probe_seeds,
            fractions=() if number else self.fractions,
        )


def judge(
    encoders: Sequence[str],
    data: Mapping[str, Any],
    asked: EvaluationOptions,
    folder: Path | None = None,
    *,
    overwrite: bool = False,
    command: str = "",
) -> list[Score]:
    """Compare encoders that are trained already, beside baselines.

    Args:
        encoders: Run directories and external encoders, in any order.
        data: Fields of `DataOptions` that a user set; the others are those of the first run.
        asked: What is wanted.
        folder: Where the report goes; None for a table in the terminal alone.
        overwrite: Replace an earlier report.
        command: The command line, shown on the page.

    Returns:
        The scores in the table.

    Raises:
        InputError: If an encoder or the data cannot be used.
    """
    runs = [RunDirectory(path) for path in encoders if RunDirectory(path).config.is_file()]
    configs = check_runs(runs, data.get("dataset"))
    parent = Path(encoders[0]).resolve().parent
    found = {run.path: TrainedRun(run) for run in runs}
    representations = [
        found.get(Path(path))
        or external_representation(path, parent / "external", input_range=asked.external_range)
        for path in encoders
    ]
    check_names(representations)
    shape = runs[0].read_environment()["dataset"]["image_shape"] if runs else None
    options = data_of(configs, shape, dict(data))
    splits = open_splits(options)
    for representation in representations:
        representation.check(splits.dataset)
    beside, missing = baselines_for(configs, asked.baselines, parent / "baselines", splits)
    everything = [*representations, *beside]
    scores = _scores(everything, options, splits, asked)
    rows = {representation.name: representation for representation in everything}
    return _show(
        rows,
        scores,
        options,
        splits,
        asked,
        folder,
        overwrite=overwrite,
        command=command,
        missing=missing,
    )


def compare(
    study: Study,
    asked: EvaluationOptions,
    folder: Path,
    *,
    overwrite: bool = True,
    dry_run: bool = False,
    command: str = "",
) -> list[Score]:
    """Train what a study lacks, and compare its losses over their seeds, beside baselines.

    Args:
        study: Losses and seeds.
        asked: What is wanted.
        folder: Where the report goes.
        overwrite: Replace an earlier report there.
        dry_run: Check everything, say what it would cost, and stop.
        command: The command line, shown on the page.

    Returns:
        The scores in the table: means over encoder seeds.

    Raises:
        InputError: If the study cannot be trained, or its folder holds something else.
    """
    console = rich.console.Console()
    study.check()
    runs, seconds = study.cost()
    if runs:
        console.print(
            f"{runs} runs to train, about {duration(seconds)} on this machine", highlight=False
        )
    study.train(dry_run, console)
    if dry_run:
        return []
    options: DataOptions = next(iter(study.configs.values()))
    splits = open_splits(options)
    beside, missing = study.baselines(asked.baselines, splits)
    every = {name: study.representations(name) for name in study.configs} | beside
    console.rule("embeddings and probes")
    scores: list[Score] = []
    for name, representations in every.items():
        each = [
            _scores([representation], options, splits, asked.of_seed(number))
            for number, representation in enumerate(representations)
        ]
        scores += over_seeds(name, each)
    rows = {name: representations[0] for name, representations in every.items()}
    return _show(
        rows,
        scores,
        options,
        splits,
        asked,
        folder,
        overwrite=True,
        command=command,
        missing=missing,
    )


def _scores(
    representations: Sequence[Representation],
    options: DataOptions,
    splits: Splits,
    asked: EvaluationOptions,
) -> list[Score]:
    if splits.dataset.task is None:
        return []
    return evaluate(
        representations,
        options,
        splits,
        probes=asked.probes,
        suite=asked.suite,
        fractions=asked.fractions,
    )


def _show(
    rows: Mapping[str, Representation],
    scores: list[Score],
    options: DataOptions,
    splits: Splits,
    asked: EvaluationOptions,
    folder: Path | None,
    *,
    overwrite: bool,
    command: str,
    missing: Sequence[str],
) -> list[Score]:
    unlabeled = splits.dataset.task is None
    if asked.card or unlabeled:
        _cards(rows, options, splits)
    if asked.decode:
        _decode(rows, options, splits, asked.decode)
    if unlabeled:
        name = dataset_name(options.dataset)
        print(f"{name} has no labels, so there is nothing to probe", *missing, sep="\n")
    else:
        print_scores(scores, missing_baselines=missing)
    if folder:
        page = write_report(
            {name: representation.folder for name, representation in rows.items()},
            scores,
            folder,
            asked.probes[0],
            overwrite=overwrite,
            command=command,
            missing_baselines=missing,
            dataset=options.dataset,
            class_names=splits.dataset.class_names,
        )
        print(f"report: {page}")
    return scores


def _cards(rows: Mapping[str, Representation], options: DataOptions, splits: Splits) -> None:
    cards = {}
    images, labels = splits["test"].images, dict(splits["test"].labels)
    for name, representation in rows.items():
        embeddings = embeddings_of(representation, options.dataset, splits, ("test",))["test"]
        cards[name] = make_card(embeddings, representation.log_variance(images))
        folder = representation.folder.path / "card" / slug(options.dataset)
        write_card(folder, cards[name], embeddings, images, labels)
    print_cards(cards)


def _decode(
    rows: Mapping[str, Representation], options: DataOptions, splits: Splits, steps: int
) -> None:
    split_names = ("encoder_train", "encoder_validation", "test")
    for representation in rows.values():
        embeddings = embeddings_of(representation, options.dataset, splits, split_names)
        decode_probe(representation, splits, embeddings, dataset_name=options.dataset, steps=steps)
