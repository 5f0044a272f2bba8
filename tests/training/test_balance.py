"""Warnings about loss terms and networks out of balance, and TensorBoard's charts."""

import io
import re

import keras
import pytest
import rich.console
import tensorflow as tf
from tensorboard.plugins.custom_scalar import layout_pb2

from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.networks.discriminator import Discriminator
from tfdeepsim.networks.generators import make_generator
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.balance import (
    BAND,
    CHARTS,
    LONG,
    Balance,
    balance_lines,
    moving_weights,
    shares,
)

EVEN = {"gradient_image": 1.0, "gradient_feature": 1.0, "gradient_adversarial": 1.0}


def watched(path, weights, epochs):
    """What is printed after each epoch, for a model with these loss weights and these logs."""
    out = io.StringIO()
    balance = Balance(RunDirectory(path), rich.console.Console(file=out, width=1000))
    parts = keras.Sequential([keras.layers.Flatten()]), keras.layers.Identity()
    generator = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Identity()])
    balance.set_model(DeePSiM(generator, weights, parts[1], parts[0]))
    balance.on_train_begin()
    printed = []
    for epoch, logs in enumerate(epochs):
        balance.on_epoch_end(epoch, logs)
        printed.append(out.getvalue())
        out.truncate(out.seek(0))
    balance.on_train_end()
    return printed


ALL = {"image": 1.0, "feature": 1.0, "adversarial": 1.0}


def values(path):
    """(step, value) of everything in the event files, by tag."""
    found = {}
    for file in sorted((path / "train").glob("events*")):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value))
    return found


def test_shares():
    assert shares({"gradient_image": 3.0, "gradient_feature": 1.0, "loss": 7.0}) == {
        "image": 0.75,
        "feature": 0.25,
    }
    assert shares({"loss": 1.0}) == shares({"gradient_image": 0.0, "gradient_feature": 0.0}) == {}


def test_a_weak_term_is_warned_of_once(tmp_path):
    weak = EVEN | {"gradient_feature": 0.01}
    printed = watched(tmp_path, ALL, [EVEN, weak, weak, EVEN, weak | {"gradient_image": 0.001}])
    assert printed[0] == printed[2] == printed[3] == ""
    assert printed[1] == (
        "warning: the term 'feature' has 0.50% of the gradient: raise its weight or leave it out\n"
    )
    assert printed[4].count("warning") == 1
    assert "'image' has 0.10%" in printed[4]


def test_a_share_at_the_limit_is_no_warning(tmp_path):
    assert watched(tmp_path, ALL, [{"gradient_image": 0.01, "gradient_feature": 0.98}]) == [""]


def test_lines_of_the_plan():
    assert balance_lines({}, {}) == []
    assert balance_lines({"feature": 0.9, "image": 0.09, "adversarial": 0.01}, {}) == [
        "90.0 % feature, 9.0 % image, 1.0 % adversarial, "
        "at the generated image over the trial steps"
    ]
    assert balance_lines({"feature": 0.95, "image": 0.05}, {})[1:] == [
        "warning: the term 'feature' has over 90% of the gradient: the other terms hardly count"
    ]
    assert balance_lines({"feature": 0.6, "image": 0.395, "adversarial": 0.005}, {})[1:] == [
        "warning: the term 'adversarial' has under 1% of the gradient: "
        "raise its weight or leave it out"
    ]


def test_the_plan_tells_weights_that_follow_shares():
    weights = moving_weights({"lambda_image": 0.3, "lambda_feature": 0.0012, "loss": 1.0})
    assert balance_lines({"feature": 0.5, "image": 0.5}, weights)[1:] == [
        "mean weights over the trial steps: 0.3 image, 0.0012 feature"
    ]


@pytest.mark.parametrize(("ratio", "ahead"), [(0.05, "discriminator"), (25.0, "generator")])
def test_a_ratio_long_outside_of_the_band_is_warned_of(tmp_path, ratio, ahead):
    ratios = [ratio] * (LONG - 1) + [2.0] + [ratio] * (LONG + 2)
    printed = watched(tmp_path, ALL, [EVEN | {"ratio": r} for r in ratios])
    assert [bool(text) for text in printed] == [False] * (2 * LONG - 1) + [True, False, False]
    text = printed[2 * LONG - 1]
    assert text.startswith(
        f"warning: r = L_discr / L_adv is {ratio:g}, outside of 0.1 to 10 for 3 epochs"
    )
    assert f"the {ahead} is far ahead" in text


def test_the_band_itself_is_balanced(tmp_path):
    assert watched(tmp_path, ALL, [EVEN | {"ratio": r} for r in BAND * LONG]) == [""] * 2 * LONG


def test_panel_and_thresholds_reach_tensorboard(tmp_path):
    watched(tmp_path, ALL, [EVEN | {"ratio": 2.0}] * 2)
    found = values(tmp_path)
    layout = layout_pb2.Layout()
    ((_, value),) = found["custom_scalars__config__"]
    layout.ParseFromString(value.tensor.string_val[0])
    (category,) = layout.category
    # Weights move with shares alone.
    expected = {title: [tags] for title, tags in CHARTS.items() if "lambda" not in tags}
    assert {chart.title: list(chart.multiline.tag) for chart in category.chart} == expected
    for tag, limit in (("ratio_low", 0.1), ("ratio_high", 10.0)):
        steps, limits = zip(
            *((step, tf.make_ndarray(v.tensor)) for step, v in found[tag]), strict=True
        )
        assert steps == (0, 1)
        assert limits == pytest.approx([limit] * 2)


def test_a_single_term_has_no_charts(tmp_path):
    assert watched(tmp_path, {"image": 1.0}, [{"loss": 1.0, "image": 1.0}] * 5) == [""] * 5
    assert values(tmp_path) == {}


@pytest.mark.parametrize("title", CHARTS)
def test_every_chart_finds_its_curves(title):
    # TensorBoard looks for a match from a tag's beginning.
    model = DeePSiM(
        make_generator("dosovitskiy", (40, 40, 3), 25, False, width=0.1),
        dict.fromkeys(("image", "adversarial"), 1.0),
        discriminator=Discriminator((40, 40, 3), width=0.1),
        lambda_units="shares",
    )
    tags = [*(f"epoch_{name}" for name in model.means), "ratio_low", "ratio_high"]
    assert sum(re.match(CHARTS[title], tag) is not None for tag in tags) >= 2
