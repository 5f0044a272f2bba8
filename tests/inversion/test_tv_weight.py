"""The weight of the total variation: chosen by the errors of validation images."""

import dataclasses
import io

import numpy as np
import pytest
import rich.console
import tensorflow as tf

from tfdeepsim.comparators import make_comparator
from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.normalized_error import normalized_error
from tfdeepsim.inversion.features import Features
from tfdeepsim.inversion.optimization import invert_by_optimization
from tfdeepsim.inversion.optimization_settings import OptimizationSettings
from tfdeepsim.inversion.tv_weight import TV_WEIGHTS, Trial, TvChoice, choose_tv_weight
from tfdeepsim.pixels import to_bytes
from tfdeepsim.tables import print_table

SETTINGS = OptimizationSettings(steps=40, seed=1)


@pytest.fixture(scope="module")
def images():
    """Coarse colours with a little noise, uint8 [4, 64, 64, 3]."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 200, (4, 8, 8, 3)).repeat(8, axis=1).repeat(8, axis=2)
    return (coarse + generator.integers(0, 56, (4, 64, 64, 3))).astype(np.uint8)


def test_the_weight_of_the_lowest_sum_is_chosen(images):
    features = Features(make_comparator("random_alexnet:conv1"), (64, 64, 3))
    weights = (0.0, 10.0, 1e5)
    choice = choose_tv_weight(features, images, SETTINGS, weights)
    assert [trial.weight for trial in choice.trials] == list(weights)
    assert choice.images == 4
    for trial in choice.trials:
        settings = dataclasses.replace(SETTINGS, tv_weight=trial.weight)
        found = to_bytes(
            invert_by_optimization(features.extractor, features(images), (64, 64, 3), settings)
        )
        assert trial.image_error == pytest.approx(normalized_error(found, images))
        expected = normalized_error(features(found), features(images))
        assert trial.feature_error == pytest.approx(expected)
    assert choice.weight == min(choice.trials, key=lambda trial: trial.total).weight
    # So strong a prior leaves nothing of the features.
    assert choice.weight < 1e5


def test_a_weight_in_the_settings_is_ignored_and_other_settings_are_used(images):
    features = Features(lambda x: x[:, ::16, ::16], (64, 64, 3))
    choices = [
        choose_tv_weight(features, images, settings, (1.0, 100.0))
        for settings in (
            SETTINGS,
            dataclasses.replace(SETTINGS, tv_weight=5.0),
            dataclasses.replace(SETTINGS, alpha_norm_weight=1000.0),
        )
    ]
    assert choices[0] == choices[1]
    assert choices[0] != choices[2]


def test_the_sum_decides_and_the_lower_weight_of_two_equal_ones():
    trials = (Trial(1.0, 0.9, 0.1), Trial(10.0, 0.5, 0.25), Trial(100.0, 0.25, 0.5))
    for order in (trials, trials[::-1]):
        assert TvChoice(order, 16).weight == 10.0


def test_weights_are_decades():
    np.testing.assert_allclose(np.diff(np.log10(TV_WEIGHTS)), 1.0)


def test_the_table_marks_the_chosen_weight():
    choice = TvChoice((Trial(1.0, 0.9, 0.1), Trial(10.0, 0.5, 0.25)), 16)
    console = rich.console.Console(width=100, record=True, file=io.StringIO())
    print_table(choice.table("alexnet:pool5"), console)
    text = console.export_text()
    assert "alexnet:pool5" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["1", "90.0", "10.0", "100.0"] in rows
    assert ["*", "10", "50.0", "25.0", "75.0"] in rows
    assert "16 validation images" in text
    assert choice.note == (
        "Weight of the total variation: 10, chosen from 1, 10 on 16 validation images by the "
        "lowest sum of image error and feature error."
    )


def test_progress_counts_all_weights(images):
    seen = []
    settings = dataclasses.replace(SETTINGS, steps=3)
    features = Features(tf.identity, (64, 64, 3))
    choose_tv_weight(features, images, settings, (1.0, 2.0), lambda *now: seen.append(now))
    assert seen[-1] == (2 * 4 * 3, 2 * 4 * 3)
    assert seen == sorted(seen)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_images_that_do_not_differ_are_refused(images, count):
    features = Features(tf.identity, (64, 64, 3))
    with pytest.raises(InputError, match=rf"got {count} images that do not differ; .* or --tv X"):
        choose_tv_weight(features, images[[0] * count], SETTINGS)
