"""All measures together: equal, permuted and blurred images."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tfdeepsim.comparators import make_comparator
from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.fidelity import measure
from tfdeepsim.fidelity.frechet import frechet_distance
from tfdeepsim.fidelity.kernel import kernel_distance
from tfdeepsim.fidelity.normalized_error import normalized_error
from tfdeepsim.fidelity.structural_similarity import structural_similarity

RNG = np.random.default_rng(0)
# Blocks of colours, so that neighbouring pixels are alike as in photographs.
IMAGES = RNG.integers(0, 256, (70, 4, 4, 3), dtype=np.uint8).repeat(4, axis=1).repeat(4, axis=2)


def corners(images):
    """Features with positions: every fourth pixel."""
    return np.asarray(images)[:, ::4, ::4]


def blurred(images):
    shifted = [
        np.roll(np.float32(images), (y, x), (1, 2)) for y in range(-2, 3) for x in range(-2, 3)
    ]
    return np.uint8(np.mean(shifted, axis=0))


def test_equal_images_are_best():
    found = measure(IMAGES, IMAGES.copy(), corners)
    assert (found.normalized_error, found.feature_error) == (0, 0)
    assert found.ssim == pytest.approx(1, abs=1e-6)
    assert found.fid == pytest.approx(0, abs=1e-10)
    # Below 0, since equal images can be in the subsets of both sides.
    assert -0.01 * measure(IMAGES, IMAGES // 4, corners).kid < found.kid < 0
    assert (found.gradient_ratio, found.gradient_distance) == pytest.approx((1, 0), abs=1e-6)


def test_permuted_images_are_chance_for_each_and_best_for_all():
    best = measure(IMAGES, IMAGES.copy(), corners)
    found = measure(IMAGES, np.roll(IMAGES, 1, axis=0), corners)
    assert found.normalized_error == pytest.approx(1, abs=0.05)
    assert found.feature_error == pytest.approx(1, abs=0.05)
    assert found.ssim < 0.2
    assert found.fid == pytest.approx(0, abs=1e-10)
    assert found.kid == pytest.approx(best.kid, abs=best.kid_deviation)
    assert (found.gradient_ratio, found.gradient_distance) == pytest.approx((1, 0), abs=1e-6)


def test_blur_is_near_each_image_and_seen_in_the_gradients():
    found = measure(IMAGES, blurred(IMAGES), corners)
    assert 0 < found.normalized_error < 0.6
    assert found.gradient_ratio < 0.9
    assert found.gradient_distance > 0.01


def test_features_are_pooled_for_distributions_and_whole_for_the_error():
    outputs = blurred(IMAGES)
    found = measure(IMAGES, outputs, corners)
    whole = [corners(np.float32(images) / 255) for images in (outputs, IMAGES)]
    pooled = [np.float64(features).mean((1, 2)) for features in whole]
    assert found.feature_error == pytest.approx(normalized_error(*whole), rel=1e-6)
    assert found.fid == pytest.approx(frechet_distance(*pooled), rel=1e-6)
    mean, deviation = kernel_distance(*pooled, subset_size=35)
    assert (found.kid, found.kid_deviation) == pytest.approx((mean, deviation), rel=1e-6)


def test_bytes_and_numbers_are_the_same_images():
    outputs = blurred(IMAGES)
    found = measure(IMAGES, outputs, corners)
    mixed = measure(IMAGES, np.float32(outputs) / 255, corners)
    for name, value in vars(found).items():
        assert getattr(mixed, name) == pytest.approx(value, rel=1e-3, abs=1e-6), name


def test_a_comparator_is_an_extractor():
    large = IMAGES[:4].repeat(3, axis=1).repeat(3, axis=2)
    found = measure(large, blurred(large), make_comparator("random_alexnet:relu2"))
    assert 0 < found.feature_error < 1


@pytest.mark.parametrize(
    ("targets", "outputs", "extractor", "message"),
    [
        (IMAGES, IMAGES[:5], corners, "one output for each target"),
        (IMAGES[:3], IMAGES[:3], corners, "accepted: 4 or more"),
        (IMAGES, IMAGES[..., 0], corners, "outputs must be colour images"),
        (IMAGES, 2 * (IMAGES / 255), corners, "outputs in floating point must be in"),
        (IMAGES, IMAGES, lambda images: [corners(images)] * 2, "one layer: got 2 arrays"),
        (IMAGES, IMAGES, lambda images: images.mean(), "one layer: got shape"),
        (IMAGES, IMAGES, lambda images: images[:5], "for 64 images"),
        (IMAGES[:, :8], IMAGES[:, :8], corners, "at least 11x11"),
    ],
)
def test_invalid_images_and_extractors(targets, outputs, extractor, message):
    with pytest.raises(InputError, match=message):
        measure(targets, outputs, extractor)


def test_similarity_of_flat_images_in_closed_form():
    dark, light = (np.full((2, 12, 12, 3), value, np.float32) for value in (0.2, 0.6))
    small = 0.01**2
    expected = (2 * 0.2 * 0.6 + small) / (0.2**2 + 0.6**2 + small)
    assert structural_similarity(dark, light) == pytest.approx(expected, abs=1e-4)


def test_importing_the_package_loads_no_tensorflow():
    code = (
        "import sys, tfdeepsim.fidelity.fidelity; "
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]"
