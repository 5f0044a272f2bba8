"""The normalized error in closed form, and its unit."""

import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity import normalized_error as module
from tfdeepsim.fidelity.normalized_error import mean_pair_distance, normalized_error

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (9, 4, 5, 3), dtype=np.uint8)
FEATURES = RNG.normal(size=(9, 7)).astype(np.float32)


def by_hand(rows):
    rows = np.float64(rows).reshape(len(rows), -1)
    return np.mean(
        [
            np.linalg.norm(rows[i] - rows[j])
            for i in range(len(rows))
            for j in range(len(rows))
            if i != j
        ]
    )


@pytest.mark.parametrize("targets", [IMAGES, FEATURES], ids=["images", "features"])
def test_equal_outputs_have_no_error(targets):
    assert normalized_error(targets.copy(), targets) == 0


@pytest.mark.parametrize("targets", [IMAGES, FEATURES], ids=["images", "features"])
def test_a_random_target_instead_of_the_output_is_1_in_expectation(targets):
    # All rotations of the list of targets except the identity.
    errors = [
        normalized_error(np.roll(targets, shift, axis=0), targets)
        for shift in range(1, len(targets))
    ]
    assert np.mean(errors) == pytest.approx(1, rel=1e-6)


def test_a_random_permutation_is_about_1():
    targets = RNG.normal(size=(400, 30)).astype(np.float32)
    assert normalized_error(RNG.permutation(targets), targets) == pytest.approx(1, abs=0.03)


def test_three_points_in_closed_form():
    targets = np.float64([[0, 0], [3, 4], [0, 8]])  # distances 5, 8 and 5
    assert mean_pair_distance(targets) == pytest.approx(6)
    # Errors of 3, 0 and 6 have a mean of 3, which differs from the root of the mean square.
    assert normalized_error(
        targets + np.float64([[3, 0], [0, 0], [0, 6]]), targets
    ) == pytest.approx(0.5)


@pytest.mark.parametrize("rows_a_block", [1, 2, 4, 9, 100])
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
def test_pairs_in_blocks_are_all_pairs(monkeypatch, rows_a_block, dtype):
    rows = IMAGES.astype(dtype)
    monkeypatch.setattr(module, "_NUMBERS_A_BLOCK", rows_a_block * 60)
    assert mean_pair_distance(rows) == pytest.approx(by_hand(rows), rel=1e-6)
    error = np.linalg.norm(
        np.float64(rows[::-1]).reshape(9, -1) - rows.reshape(9, -1), axis=1
    ).mean()
    assert normalized_error(rows[::-1], rows) == pytest.approx(error / by_hand(rows), rel=1e-6)


def test_precise_far_from_0_and_where_the_error_is_tiny():
    targets = (1000 + FEATURES).astype(np.float32)
    assert mean_pair_distance(targets) == pytest.approx(by_hand(targets), rel=1e-5)
    near = targets.astype(np.float64)
    near[:, 0] += 1e-6
    assert normalized_error(near, targets) == pytest.approx(1e-6 / by_hand(targets), rel=1e-4)


def test_some_equal_targets_are_at_distance_0():
    rows = np.concatenate([FEATURES, FEATURES])
    assert mean_pair_distance(rows) == pytest.approx(by_hand(rows), rel=1e-3)


def test_the_unit_does_not_matter():
    outputs, targets = FEATURES[::-1], FEATURES
    error = normalized_error(outputs, targets)
    assert normalized_error(255 * outputs, 255 * targets) == pytest.approx(error, rel=1e-5)
    assert normalized_error(outputs + 3, targets + 3) == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize(
    ("outputs", "targets", "message"),
    [
        (FEATURES[:3], FEATURES, "one shape"),
        (IMAGES / 255, IMAGES, "one unit"),
        (FEATURES[:1], FEATURES[:1], "got 1 sample;"),
        (FEATURES[:0], FEATURES[:0], "got 0 samples;"),
        (np.zeros((3, 2)), np.ones((3, 2)), "got 3 equal samples;"),
        (FEATURES * np.nan, FEATURES, "outputs must be finite"),
        (FEATURES, np.where(FEATURES > 1.5, np.inf, FEATURES), "samples must be finite"),
    ],
)
def test_invalid_arrays(outputs, targets, message):
    with pytest.raises(InputError, match=message):
        normalized_error(outputs, targets)
