"""Flags of commands: one text for the help and the class, types, defaults, and whole words."""

import argparse
import dataclasses
import re

import pytest

from tfdeepsim.command_line import Parser
from tfdeepsim.commands import evaluate, search, train
from tfdeepsim.commands.flags import CHOICES_OF_FLAGS, GROUPS
from tfdeepsim.commands.inversion import OPTIMIZATION_FLAGS
from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import (
    DEFAULT_COMPARATOR,
    DEFAULT_LAMBDA_KL,
    DEFAULT_SURROGATE_CLASSES,
    TRAINABLE,
)
from tfdeepsim.evaluation_options import EvaluationOptions
from tfdeepsim.flags import add_data_flags, add_flags, field_texts
from tfdeepsim.inversion.optimization_settings import OptimizationSettings
from tfdeepsim.options import DataOptions
from tfdeepsim.tuning.settings import SearchSettings

SETTINGS = (DataOptions, TrainConfig, EvaluationOptions, OptimizationSettings, SearchSettings)
OF_NO_FIELD = {
    train: {
        *("help", "run_dir", "resume", "overwrite", "dry_run", "recipe", "scale"),
        *train.OF_RECIPES,
    },
    search: {"help", "run", "directory", "overwrite", "workers", "dry_run"},
    evaluate: {
        *("help", "encoders", "report_dir", "overwrite", "compare", "seeds", "run_dir", "dry_run"),
        *("by", *OPTIMIZATION_FLAGS),
    },
}
"""Flags of a command that are not fields of a settings class."""
NO_FLAG = {train: set(), search: set(), evaluate: {"loss", "first_probe_seed"}}
"""Fields that a command sets itself."""


@dataclasses.dataclass
class Base:
    """A parent.

    Attributes:
        first: The first
            of `several`.

    Raises:
        ValueError: Never.
    """

    first: str = "a"


@dataclasses.dataclass
class Child(Base):
    """A child.

    Attributes:
        count: Number of rows, 50 % of all.
        share: Share of rows (default: all of them).
        quick: Whether it is quick.
        size: Largest size.
    """

    count: int | None = 3
    share: float | None = None
    quick: bool = False
    size: float = 1e-05


def actions_of(parser):
    return {a.dest: a for a in parser._actions if a.dest != "no_lock"}


def field_names(settings):
    return [field.name for field in dataclasses.fields(settings)]


def test_texts_are_those_of_the_class_and_its_parents():
    assert field_texts(Child) == {
        "first": "The first of several.",
        "count": "Number of rows, 50 % of all.",
        "share": "Share of rows (default: all of them).",
        "quick": "Whether it is quick.",
        "size": "Largest size.",
    }


def test_help_is_the_text_with_what_is_accepted_and_the_default():
    parser = Parser()
    add_flags(parser, Child, accepted={"share": "above 0"}, choices={"first": ("a", "b")})
    actions = actions_of(parser)
    assert {name: actions[name].help for name in field_names(Child)} == {
        "first": "The first of several (default: a)",
        "count": "Number of rows, 50 %% of all (default: 3)",
        "share": "Share of rows; above 0 (default: all of them)",
        "quick": "Whether it is quick",
        "size": "Largest size (default: 1e-05)",
    }
    assert actions["first"].metavar == "{a,b}"
    assert "50 % of all" in parser.format_help()


def test_defaults_may_be_left_to_something_else():
    parser = Parser()
    add_flags(parser, Child, defaults=False)
    assert "default" not in parser.format_help()


def test_values_have_the_types_of_the_fields():
    parser = Parser()
    add_flags(parser, Child, aliases={"size": "--extent"})
    assert vars(parser.parse_args([])) == {}
    argv = ["--count", "5", "--share", "0.5", "--quick", "--extent", "2", "--first", "x"]
    options = Child(**vars(parser.parse_args(argv)))
    assert options == Child(first="x", count=5, share=0.5, quick=True, size=2.0)
    assert type(options.count) is int
    assert type(options.size) is float


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_field_is_described_once(settings):
    texts = field_texts(settings)
    assert set(texts) == set(field_names(settings))
    for name, text in texts.items():
        assert re.match(r"[A-Z].*\w.*\.$", text), f"{name}: {text}"
        assert text.count("(default:") <= 1
        assert "(default:" not in text or text.endswith(").")
    for field in dataclasses.fields(settings):
        named = "(default:" in texts[field.name]
        assert not named or field.default is None or isinstance(field.default, tuple), (
            f"{field.name} has its default in two places"
        )


def test_defaults_in_texts_are_those_of_the_config():
    texts = field_texts(TrainConfig)
    for name, default in (
        ("comparator", DEFAULT_COMPARATOR),
        ("surrogate_classes", DEFAULT_SURROGATE_CLASSES),
        ("lambda_kl", f"{DEFAULT_LAMBDA_KL} in mean units"),
        ("epochs", TrainConfig().total_steps(1)),
        ("latent_dim", f"that of the network's paper, {TrainConfig().latent_dim} for pihlgren"),
    ):
        assert texts[name].endswith(f"(default: {default}).")
    rates = texts["learning_rate"]
    assert f"(default: {TrainConfig().learning_rate};" in rates
    assert f"adversarial term {TrainConfig(loss='deepsim').learning_rate}" in rates
    for name in TRAINABLE:
        rate = TrainConfig(task="comparator", comparator=name).learning_rate
        assert f"for {'videonet' if name == 'videonet' else 'a comparator'} {rate}" in rates


def test_a_flag_may_be_spelled_otherwise():
    parser = Parser()
    add_flags(parser, Child, ["count"], spellings={"count": "--row-count"})
    assert vars(parser.parse_args(["--row-count", "4"])) == {"row_count": 4}


def test_optimization_has_the_texts_of_its_settings():
    actions, texts = actions_of(evaluate.make_parser()), field_texts(OptimizationSettings)
    for name, field in OPTIMIZATION_FLAGS.items():
        assert actions[name].help.startswith(texts[field].removesuffix("."))


def test_every_field_of_training_is_in_one_group():
    own = [name for name in field_names(TrainConfig) if name not in field_names(DataOptions)]
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(own)


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        (train, [TrainConfig]),
        (search, [DataOptions, SearchSettings]),
        (evaluate, [EvaluationOptions, TrainConfig]),
    ],
)
def test_every_flag_belongs_to_a_field_and_every_field_has_its_flag(command, settings):
    texts = {name: text for each in settings for name, text in field_texts(each).items()}
    texts = {name: text for name, text in texts.items() if name not in NO_FLAG[command]}
    actions = actions_of(command.make_parser())
    assert set(actions) == {*texts, *OF_NO_FIELD[command]}
    for name, text in texts.items():
        action = actions[name]
        assert action.option_strings[0] == "--" + name.replace("_", "-")
        assert action.default == argparse.SUPPRESS
        described = text.removesuffix(".").partition(" (default: ")[0]
        assert action.help.replace("%%", "%").startswith(described)


def test_evaluation_takes_the_flags_of_training_but_the_loss():
    ours, theirs = (actions_of(command.make_parser()) for command in (evaluate, train))
    for name in field_names(TrainConfig):
        if name != "loss":
            assert ours[name].help == theirs[name].help
    assert "loss" not in ours


def test_defaults_and_choices_are_those_of_the_class():
    actions = actions_of(train.make_parser())
    for field in dataclasses.fields(TrainConfig):
        help_text = actions[field.name].help
        if field.default is not None and not isinstance(field.default, bool):
            shown = re.search(r"\(default: (.*)\)$", help_text)[1]
            assert type(field.default)(shown) == field.default
        if field.name in CHOICES_OF_FLAGS:
            assert actions[field.name].metavar == (
                "{" + ",".join(CHOICES_OF_FLAGS[field.name]) + "}"
            )


def test_data_flags_are_all_fields_but_the_name():
    parser = Parser()
    add_data_flags(parser)
    assert set(actions_of(parser)) - {"help"} == set(field_names(DataOptions)) - {"dataset"}


@pytest.mark.parametrize("command", [train, evaluate, search])
@pytest.mark.parametrize("columns", ["80", "60"])
def test_help_breaks_no_word(command, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    parser = command.make_parser()
    words = parser.format_help().split()
    for action in parser._actions:
        assert action.help
        if action.dest != "help":
            missing = set(action.help.replace("%%", "%").split()) - set(words)
            assert not missing, action.dest
