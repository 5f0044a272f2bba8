"""The choice among encoders by the validation loss of their MLP probes, as in Table 1 of Pihlgren
et al. 2020."""

import dataclasses
from collections.abc import Mapping, Sequence

import rich.console

from tfdeepsim.data.dataset import Splits
from tfdeepsim.errors import InputError
from tfdeepsim.evaluation import probe_data
from tfdeepsim.evaluation_options import EvaluationOptions
from tfdeepsim.files import read_json, slug, write_json
from tfdeepsim.options import DataOptions
from tfdeepsim.probes.data.splits import check_splits
from tfdeepsim.probes.fit import fit_probe
from tfdeepsim.probes.result import read_result
from tfdeepsim.recipes.systems import DECIMALS, REPORTED
from tfdeepsim.representations.representation import Representation
from tfdeepsim.scores import PIXELS_PER_UNIT, Score
from tfdeepsim.study import Study
from tfdeepsim.tables import ABSENT, Table, print_table

FILE = "mlp-validation.json"
"""File in the results of a run with the validation loss of its probes."""


def lowest_validation_loss(
    representation: Representation,
    data: DataOptions,
    splits: Splits,
    options: EvaluationOptions,
) -> float:
    """The lowest validation loss of all MLP probes on an encoder. No test label is looked at.

    The value is stored with the results of the encoder, and reused for the same embeddings and
    settings.

    Args:
        representation: The encoder.
        data: Options of the dataset.
        splits: Splits of the dataset.
        options: Settings of the probes.
    """
    suite = options.suite
    probes = probe_data(representation, data, splits)
    requested = {"embeddings": probes.fingerprint, "suite": suite.settings}
    path = representation.folder.results / slug(data.dataset) / FILE
    try:
        stored = read_json(path)
        if stored["requested"] == requested:
            return float(stored["validation_loss"])
    except (InputError, KeyError, TypeError):
        pass  # missing or damaged
    print(f"{representation.name}: validation loss of the MLP probes")
    pairs = check_splits(probes.task, train=probes.train, validation=probes.validation)
    fitted = fit_probe("mlp", pairs["train"], pairs["validation"], probes.task, suite=suite)
    loss = min(float(chosen["validation_loss"]) for chosen in fitted.chosen)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"validation_loss": loss, "requested": requested})
    return loss


def chosen_variants(
    study: Study, families: Mapping[str, Sequence[str]], options: EvaluationOptions
) -> dict[str, str]:
    """For each encoder the variant on which an MLP has the lowest validation loss, over all seeds
    of encoders and MLPs.

    Args:
        study: Trained runs of all variants.
        families: Names of the variants of each encoder.
        options: Settings of the probes.
    """
    chosen = {}
    for family, names in families.items():
        if len(names) == 1:
            chosen[family] = names[0]
            continue
        losses = {}
        for name in names:
            data = study.configs[name]
            splits = study.splits(data)
            losses[name] = min(
                lowest_validation_loss(representation, data, splits, options.of_seed(number))
                for number, representation in enumerate(study.representations(name))
            )
        chosen[family] = min(losses, key=lambda name: losses[name])
    return chosen


@dataclasses.dataclass(frozen=True)
class BestMlp:
    """The MLP of lowest validation loss on one kind of encoder.

    Attributes:
        variant: Name of the encoder's variant.
        seed: Seed of the encoder.
        hidden: Widths of the hidden layers of the MLP.
        validation_loss: Its validation loss.
        value: The first metric on the test split, as Table 1 reports it: the mean L1 distance in
            pixels for LLv2, otherwise the accuracy in percent.

    Example:
        >>> best_mlp(study, "vae-z32").value
        12.7
    """

    variant: str
    seed: int
    hidden: Sequence[int]
    validation_loss: float
    value: float


def best_mlp(study: Study, variant: str) -> BestMlp:
    """The MLP of lowest validation loss over the seeds of a variant's encoders, whose probes are
    scored already."""
    candidates = []
    config = study.configs[variant]
    for number in range(study.seeds):
        run = study.run(variant, number)
        result = read_result(run.results / slug(config.dataset), "mlp")
        values = as_reported(result.scores[0])
        candidates += [
            BestMlp(
                variant,
                study.config(variant, number).seed,
                chosen["hidden"],
                chosen["validation_loss"],
                value,
            )
            for chosen, value in zip(result.chosen, values, strict=True)
        ]
    return min(candidates, key=lambda candidate: candidate.validation_loss)


def as_reported(score: Score) -> list[float]:
    """The values of a score in the unit of Table 1."""
    factor = 100.0 if score.metric == "accuracy" else 1.0
    if score.metric == "l1" and score.dataset.startswith("llv2"):
        factor = PIXELS_PER_UNIT
    return [factor * value for value in score.values]


def print_choice(
    dataset: str,
    study: Study,
    chosen: Mapping[str, str],
    scores: Sequence[Score],
    console: rich.console.Console,
) -> None:
    """Print the MLP of lowest validation loss of each encoder, beside the mean over encoder seeds
    and the paper's value.

    Args:
        dataset: One of `REPORTED`.
        study: Runs of the chosen variants, whose probes are scored.
        chosen: Variant of each encoder.
        scores: Scores of the chosen variants, means over encoder seeds.
        console: Console to print to.
    """
    metric, reported = REPORTED[dataset]
    decimals = DECIMALS[dataset]
    rows = []
    for name, paper in reported.items():
        if name not in chosen:
            rows.append((name, *[ABSENT] * 6, f"{paper:.{decimals}f}"))
            continue
        best = best_mlp(study, chosen[name])
        mean = next(
            sum(as_reported(score)) / len(score.values)
            for score in scores
            if (score.run, score.probe) == (chosen[name], "mlp")
        )
        config = study.configs[best.variant]
        gamma = (config.loss_weights.get("kl") or 0.0) / 2
        hidden = " ".join(map(str, best.hidden)) or "none"
        rows.append(
            (
                name,
                str(config.latent_dim),
                f"{gamma:g}",
                str(best.seed),
                hidden,
                f"{best.value:.{decimals}f}",
                f"{mean:.{decimals}f}",
                f"{paper:.{decimals}f}",
            )
        )
    headings = ("Encoder", "Latent size", "γ", "Seed", "Hidden layers", "Lowest validation loss")
    notes = (
        "Lowest validation loss: of all latent sizes, γ, encoder seeds and MLPs, the MLP that is "
        "best on validation labels, on test images, as in the paper.",
        "Mean: over the encoder seeds of the same latent size and γ.",
    )
    titles = [*headings, "Mean over seeds", "Paper"]
    print_table(Table(f"{metric} on {dataset}", titles, [rows], notes), console)
