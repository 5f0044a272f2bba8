"""Table 1 of Pihlgren et al. 2020, its first row, small: which loss embeds LunarLander frames better?

    python train.py --recipe quickstart

AE, VAE, P. AE and P. VAE on 6,750 frames of 450 rollouts, five hosts of seven MLPs on each embedding.
"""

from pathlib import Path
from typing import Any

import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score

PERCEPTUAL = {"loss": "perceptual", "comparator": "random_alexnet:relu2"}
SYSTEMS: dict[str, dict[str, Any]] = {
    "ae": {"model": "ae", "loss": "pixel"},
    "vae": {"model": "vae", "loss": "pixel"},
    "p-ae": {"model": "ae", **PERCEPTUAL},
    "p-vae": {"model": "vae", **PERCEPTUAL},
}
ROLLOUTS = 500
EPOCHS = 3
REPORTED = {"ae": 13.22, "vae": 12.70, "p-ae": 1.44, "p-vae": 1.15}


def configs(scale: float = 1.0, data_dir: str | None = None) -> dict[str, TrainConfig]:
    """What is trained, by the name of its run.

    Args:
        scale: Of the number of rollouts.
        data_dir: Where tfds keeps datasets.

    Raises:
        InputError: If the scale leaves nothing to train on.
    """
    rollouts = round(ROLLOUTS * scale)
    if rollouts < 10:
        raise InputError("--scale must leave 10 rollouts", got=scale, accepted=f"{10 / ROLLOUTS:.3f} or more")
    dataset = "llv2/quickstart" if scale == 1 else f"llv2/{rollouts}x15-stride10-seed0"
    common: dict[str, Any] = {"dataset": dataset, "data_dir": data_dir, "epochs": EPOCHS}
    return {name: TrainConfig(**common, **system) for name, system in SYSTEMS.items()}


def reproduce(
    run_dir: str = "runs/quickstart", scale: float = 1.0, data_dir: str | None = None, dry_run: bool = False
) -> list[Score]:
    """Train, probe, report. Runs that are there already are gone on with.

    Args:
        run_dir: Holds one run a system, and the report.
        scale: Of the number of rollouts.
        data_dir: Where tfds keeps datasets.
        dry_run: Check, show what each run would cost, and stop.

    Returns:
        The scores in the table.
    """
    from tfdeepsim.export import export
    from tfdeepsim.training.trainer import train

    console = rich.console.Console()
    runs = {name: RunDirectory(Path(run_dir, name)) for name in SYSTEMS}
    for number, (name, config) in enumerate(configs(scale, data_dir).items(), 1):
        run = runs[name]
        console.rule(f"{number} of {len(runs)}: {name}")
        if run.config.is_file() and run.read_config() != config.to_dict():
            raise InputError(
                "a recipe goes on only with its own runs",
                got=f"{run.path}, which was trained otherwise",
                accepted="another --run-dir",
            )
        if run.encoder.is_dir():
            console.print("finished already")
            continue
        train(config, run, resume=run.config.is_file(), dry_run=dry_run, console=console)
        if not dry_run:
            export(run)
    return [] if dry_run else _verdict(list(runs.values()), Path(run_dir), scale, console)


def _verdict(
    runs: list[RunDirectory], folder: Path, scale: float, console: rich.console.Console
) -> list[Score]:
    from tfdeepsim.evaluation import evaluate
    from tfdeepsim.probes.host import Host
    from tfdeepsim.report.table import print_table
    from tfdeepsim.report.write import write_report

    console.rule("probes")
    scores = evaluate(runs, host=Host(seeds=5, epochs=150, patience=15))
    print_table(scores)
    reported = ", ".join(f"{name} {value}" for name, value in REPORTED.items())
    console.print(
        f"The paper reports, at its full size, on v2 and in units that it does not name: {reported}.",
        highlight=False,
    )
    page = write_report(
        runs,
        scores,
        folder,
        "mlp",
        overwrite=True,
        command=f"train.py --recipe quickstart --scale {scale:g}",
    )
    console.print(f"report: {page}", highlight=False)
    return scores
