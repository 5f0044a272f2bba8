"""From encoders, or losses to compare, to one table, its figures and its page."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rich.console

from tfdeepsim.card import card_table, make_card, write_card
from tfdeepsim.contenders import BASELINE_NAMES
from tfdeepsim.contenders.contender import Contender
from tfdeepsim.contenders.embeddings import embeddings_of
from tfdeepsim.contenders.foreign import foreign_contender
from tfdeepsim.contenders.run import run_contender
from tfdeepsim.data.dataset import Sources
from tfdeepsim.decoding import decode_probe
from tfdeepsim.duration import duration
from tfdeepsim.errors import InputError
from tfdeepsim.evaluation import check_names, check_runs, data_of, evaluate, open_sources
from tfdeepsim.options import DataOptions
from tfdeepsim.probes.host import Host
from tfdeepsim.report.table import print_table
from tfdeepsim.report.write import write_report
from tfdeepsim.run import RunDirectory, slug
from tfdeepsim.scores import Score
from tfdeepsim.study import Study, baselines_for, over_seeds


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
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
        foreign_range: What floats a foreign encoder takes: `0-1`, `0-255` or `-1-1`.
        host: Settings of the MLPs; follows from the rest.
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
    foreign_range: str = "0-1"
    host: Host = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        if self.decode < 0:
            raise InputError(
                "--decode takes a number of steps", got=self.decode, accepted="1 or more, or 0 for none"
            )
        host = Host(
            seeds=self.probe_seeds,
            epochs=self.probe_epochs,
            patience=self.probe_patience,
            first_seed=self.first_probe_seed,
        )
        object.__setattr__(self, "host", host)

    def of_seed(self, number: int) -> "Asked":
        """The same for the encoder `number` of a study, from 0: with probe seeds of its own, so that an
        interval over encoders covers those too; and a curve over labels for the first alone."""
        return dataclasses.replace(
            self, first_probe_seed=number * self.probe_seeds, fractions=() if number else self.fractions
        )


def judge(
    encoders: Sequence[str],
    data: Mapping[str, Any],
    asked: Asked,
    folder: Path | None = None,
    *,
    overwrite: bool = False,
    command: str = "",
) -> list[Score]:
    """Compare encoders that are trained already, beside baselines.

    Args:
        encoders: Run directories and foreign encoders, in any order.
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
    found = {run.path: run_contender(run) for run in runs}
    contenders = [
        found.get(Path(path)) or foreign_contender(path, parent / "foreign", input_range=asked.foreign_range)
        for path in encoders
    ]
    check_names(contenders)
    shape = runs[0].read_environment()["dataset"]["image_shape"] if runs else None
    options = data_of(configs, shape, dict(data))
    sources = open_sources(options)
    for contender in contenders:
        contender.check(sources.dataset)
    beside, missing = baselines_for(configs, asked.baselines, parent / "baselines", sources)
    everything = [*contenders, *beside]
    scores = _scores(everything, options, sources, asked)
    rows = {contender.name: contender for contender in everything}
    return _show(
        rows, scores, options, sources, asked, folder, overwrite=overwrite, command=command, missing=missing
    )


def compare(
    study: Study,
    asked: Asked,
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
        console.print(f"{runs} runs to train, about {duration(seconds)} on this machine", highlight=False)
    study.train(dry_run, console)
    if dry_run:
        return []
    options: DataOptions = next(iter(study.configs.values()))
    sources = open_sources(options)
    beside, missing = study.baselines(asked.baselines, sources)
    every = {name: study.contenders(name) for name in study.configs} | beside
    console.rule("embeddings and probes")
    scores: list[Score] = []
    for name, contenders in every.items():
        each = [
            _scores([contender], options, sources, asked.of_seed(number))
            for number, contender in enumerate(contenders)
        ]
        scores += over_seeds(name, each)
    rows = {name: contenders[0] for name, contenders in every.items()}
    return _show(
        rows, scores, options, sources, asked, folder, overwrite=True, command=command, missing=missing
    )


def _scores(
    contenders: Sequence[Contender], options: DataOptions, sources: Sources, asked: Asked
) -> list[Score]:
    if sources.dataset.task is None:
        return []
    return evaluate(
        contenders, options, sources, probes=asked.probes, host=asked.host, fractions=asked.fractions
    )


def _show(
    rows: Mapping[str, Contender],
    scores: list[Score],
    options: DataOptions,
    sources: Sources,
    asked: Asked,
    folder: Path | None,
    *,
    overwrite: bool,
    command: str,
    missing: Sequence[str],
) -> list[Score]:
    unlabeled = sources.dataset.task is None
    if asked.card or unlabeled:
        _cards(rows, options, sources)
    if asked.decode:
        _decode(rows, options, sources, asked.decode)
    if unlabeled:
        print(f"{options.dataset} has no labels, so there is nothing to probe", *missing, sep="\n")
    else:
        print_table(scores, missing_baselines=missing)
    if folder:
        page = write_report(
            {name: contender.folder for name, contender in rows.items()},
            scores,
            folder,
            asked.probes[0],
            overwrite=overwrite,
            command=command,
            missing_baselines=missing,
            dataset=options.dataset,
            class_names=sources.dataset.class_names,
        )
        print(f"report: {page}")
    return scores


def _cards(rows: Mapping[str, Contender], options: DataOptions, sources: Sources) -> None:
    cards = {}
    images, labels = sources["test"].images, dict(sources["test"].labels)
    for name, contender in rows.items():
        embeddings = embeddings_of(contender, options.dataset, sources, ("test",))["test"]
        cards[name] = make_card(embeddings, contender.log_variance(images))
        folder = contender.folder.path / "card" / slug(options.dataset)
        write_card(folder, cards[name], embeddings, images, labels)
    card_table(cards, rich.console.Console())


def _decode(rows: Mapping[str, Contender], options: DataOptions, sources: Sources, steps: int) -> None:
    splits = ("encoder_train", "encoder_validation", "test")
    for contender in rows.values():
        embeddings = embeddings_of(contender, options.dataset, sources, splits)
        decode_probe(contender, sources, embeddings, dataset_name=options.dataset, steps=steps)
