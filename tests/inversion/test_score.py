"""Scores of inversions on images whose score is known."""

import dataclasses

import numpy as np
import pytest
from exact_pairs import flat, identity, random_images

from tfdeepsim.errors import InputError
from tfdeepsim.inversion.features import Features
from tfdeepsim.inversion.score import InversionScore, score_inversion

IMAGES = random_images(5, 12, 16)
# Not linear, so that errors of features differ from those of images.
FEATURES = Features(lambda images: flat(images) ** 2, (12, 16, 3))


def score(found, targets=IMAGES, features=FEATURES, **options):
    return score_inversion(targets, found, features, inverted="pixels", method="none", **options)


def test_the_images_themselves_have_no_error():
    found = score(IMAGES, seed=7)
    names = {"features": "pixels", "method": "none", "seed": 7, "images": 5}
    measures = {"image_error": 0.0, "feature_error": 0.0, "ssim": 1.0, "gradient_ratio": 1.0}
    assert dataclasses.asdict(found) == pytest.approx(names | measures)
    assert found.image_error == found.feature_error == 0.0


def test_the_mean_error_of_other_test_images_is_one():
    shifts = [score(np.roll(IMAGES, shift, axis=0)) for shift in range(1, len(IMAGES))]
    for field in ("image_error", "feature_error"):
        values = [getattr(found, field) for found in shifts]
        assert np.mean(values) == pytest.approx(1.0, abs=1e-5)  # all ordered pairs, each once
        assert np.std(values) > 1e-4
    assert [found.gradient_ratio for found in shifts] == pytest.approx([1.0] * 4)
    assert max(found.ssim for found in shifts) < 0.5


def test_the_feature_error_is_that_of_the_reconstructions():
    targets = np.zeros((2, 12, 16, 3), np.uint8)
    targets[1], targets[:, 0, 0] = 255, 128  # not flat, for the gradient
    found = np.where(targets == 255, 51, targets).astype(np.uint8)
    measured = score(found, targets)
    # Only white differs, in one of two images: by 1 - 1/5, and its square by 1 - 1/25.
    assert measured.image_error == pytest.approx(0.8 / 2, abs=1e-5)
    assert measured.feature_error == pytest.approx(0.96 / 2, abs=1e-5)


def test_blur_and_noise_are_told_apart():
    grey = (IMAGES // 2 + 64).astype(np.uint8)
    assert score(grey).gradient_ratio == pytest.approx(0.5, abs=0.01)
    assert score(IMAGES, grey).gradient_ratio == pytest.approx(2.0, abs=0.05)


def test_an_exact_inversion_has_no_error():
    inversion = identity((12, 16, 3))
    found = score(inversion.reconstruct(IMAGES), features=inversion.features)
    assert (found.image_error, found.feature_error) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("targets", "found"),
    [(IMAGES, IMAGES[:4]), (IMAGES[:1], IMAGES[:1]), (IMAGES[[0, 0]], IMAGES[:2])],
)
def test_unsuitable_images_are_refused(targets, found):
    with pytest.raises(InputError):
        score(found, targets)


def test_scores_are_compared_by_value():
    assert score(IMAGES) == score(IMAGES)
    assert [field.name for field in dataclasses.fields(InversionScore)][:4] == [
        *("features", "method", "seed", "images"),
    ]
