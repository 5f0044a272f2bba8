"""The flags of training, which `train.py` and `evaluate.py --compare` share."""

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from tfdeepsim.command_line import import_tensorflow
from tfdeepsim.commands.precision import AUTO
from tfdeepsim.comparators.from_config import check_comparator_of
from tfdeepsim.comparators.spec import SPELLINGS as SPELLINGS_OF_COMPARATORS
from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import (
    ADVERSARIAL_FIELDS,
    CHOICES,
    EXTERNAL,
    FEATURE_FIELDS,
    INVERSION_FIELDS,
)
from tfdeepsim.data import KINDS, check_name
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.errors import InputError
from tfdeepsim.external.from_config import check_extractor
from tfdeepsim.flags import add_data_flags, add_flags
from tfdeepsim.options import DataOptions, flag

DATA = tuple(field.name for field in dataclasses.fields(DataOptions))
"""Fields of a dataset."""
GROUPS: dict[str, tuple[str, ...]] = {
    "what to train": (
        "task",
        "network",
        "encoder_weights",
        "decoder_activation",
        "width",
        "model",
        "latent_dim",
    ),
    "inversion": INVERSION_FIELDS,
    "loss": (
        "loss",
        "lambda_feat",
        "lambda_adv",
        "lambda_img",
        "lambda_kl",
        "lambda_units",
        "gate",
        *ADVERSARIAL_FIELDS,
        *FEATURE_FIELDS,
    ),
    "how to train": (
        "epochs",
        "steps",
        "batch_size",
        "learning_rate",
        "schedule",
        "augment",
        "patience",
        "probe_every",
        "choose_by",
        "surrogate_classes",
        "convolutions",
        "seed",
        "deterministic",
        "precision",
        "jit",
        "strategy",
        "checkpoint_minutes",
    ),
}
"""Fields of training, by the heading of their flags in the help."""
TRAINING = tuple(name for names in GROUPS.values() for name in names)
"""Fields of training."""
COMPARISON = ("seeds", "run_dir", "dry_run")
"""Flags of `evaluate.py --compare`, beside those of training."""
METAVARS = {
    "invert": "NETWORK",
    "invert_weights": "FILE",
    "comparator": "NAME:LAYER",
    "comparator_weights": "FILE",
    "comparator_saw_labels": "TEXT",
    "layer_weights": "X,X",
}
CHOICES_OF_FLAGS = CHOICES | {"precision": (AUTO, *CHOICES["precision"])}
"""Values that a flag accepts, by its field."""
ALIASES = {"external_range": "--foreign-range"}
"""Flags as earlier versions spelled them."""


def add_training_flags(parser: argparse.ArgumentParser, loss: bool = True) -> None:
    """Add a flag for each field of `TrainConfig`; flags that are not given are absent from the
    parsed arguments.

    Args:
        parser: Parser that the flags are added to.
        loss: Whether to add `--loss`.
    """
    data = parser.add_argument_group("data")
    datasets = ", ".join(kind.spelling for kind in KINDS.values())
    add_flags(data, DataOptions, ["dataset"], accepted={"dataset": f"one of {datasets}"})
    add_data_flags(data)
    accepted = {"comparator": f"NAME is {', '.join(SPELLINGS_OF_COMPARATORS)}"}
    for title, names in GROUPS.items():
        add_flags(
            parser.add_argument_group(title),
            TrainConfig,
            [name for name in names if loss or name != "loss"],
            metavars=METAVARS,
            choices=CHOICES_OF_FLAGS,
            accepted=accepted,
            aliases=ALIASES,
        )


def check_data(config: TrainConfig, data: LazyDataset | None = None) -> None:
    """Check the name of the dataset, and that the comparator and the inverted network take its
    images.

    Args:
        config: Config of a run.
        data: The dataset of `config`, where several checks and runs share it.

    Raises:
        InputError: If the dataset or a network cannot be used.
    """
    check_name(config.dataset)
    if config.task == "comparator":
        return
    image_shape = (data or LazyDataset(config)).description.image_shape
    if config.comparator is not None:
        if config.comparator.startswith(EXTERNAL):
            import_tensorflow()
        check_comparator_of(config, image_shape)
    if config.invert is not None:
        import_tensorflow()
        check_extractor(config.invert, image_shape, config.invert_weights, config.external_range)


def data_fields(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `DataOptions` among parsed arguments."""
    return {name: value for name, value in arguments.items() if name in DATA}


def refuse_training_flags(arguments: Mapping[str, Any], allowed: Sequence[str] = ()) -> None:
    """Refuse flags of training, except `allowed`.

    Args:
        arguments: Parsed arguments of `evaluate.py`.
        allowed: Names of flags that are not refused.

    Raises:
        InputError: If another flag of training was given.
    """
    for name in (*TRAINING, *COMPARISON):
        if name in arguments and name not in allowed:
            raise InputError(
                f"{flag(name)} belongs to training",
                got="no --compare",
                accepted="--compare LOSSES, or train.py",
            )
