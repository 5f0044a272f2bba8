"""Metrics that stream are the measures of `tfdeepsim.fidelity`."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.comparators import make_comparator
from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.frechet import frechet_distance
from tfdeepsim.fidelity.kernel import kernel_distance
from tfdeepsim.fidelity.normalized_error import mean_pair_distance, normalized_error
from tfdeepsim.fidelity.structural_similarity import structural_similarity
from tfdeepsim.image_metrics.frechet_distance import FID
from tfdeepsim.image_metrics.kernel_distance import KID
from tfdeepsim.image_metrics.normalized_error import NormalizedError
from tfdeepsim.image_metrics.signal_to_noise import PSNR
from tfdeepsim.image_metrics.structural_similarity import SSIM

HERE = Path(__file__).parent
GENERATOR = np.random.default_rng(0)
TARGETS = GENERATOR.random((10, 24, 24, 3), np.float32)
OUTPUTS = np.clip(TARGETS + GENERATOR.normal(0, 0.2, TARGETS.shape), 0, 1).astype(np.float32)
BATCHES = (slice(0, 4), slice(4, 8), slice(8, 10))
LAYER = "random_alexnet:relu1"
METRICS = {
    "SSIM": SSIM,
    "PSNR": PSNR,
    "NormalizedError": NormalizedError,
    "FID": lambda **options: FID(LAYER, **options),
    "KID": lambda **options: KID(LAYER, **options),
}


@pytest.fixture(params=METRICS)
def make(request):
    return METRICS[request.param]


def streamed(metric, parts=BATCHES, weights=None):
    for part in parts:
        metric.update_state(
            TARGETS[part], OUTPUTS[part], *([] if weights is None else [weights[part]])
        )
    return float(metric.result())


def features(images):
    return make_comparator(LAYER)(images).numpy().mean((1, 2), dtype=np.float64)


def test_ssim():
    assert streamed(SSIM()) == pytest.approx(structural_similarity(OUTPUTS, TARGETS), rel=1e-5)


def test_psnr_is_the_mean_of_ratios():
    errors = np.square(OUTPUTS - TARGETS).mean((1, 2, 3))
    assert streamed(PSNR()) == pytest.approx(np.mean(-10 * np.log10(errors)), rel=1e-5)


def test_the_normalized_error_of_one_batch_or_with_a_unit_is_that_of_the_paper():
    expected = normalized_error(OUTPUTS, TARGETS)
    assert streamed(NormalizedError(), [slice(None)]) == pytest.approx(expected, rel=1e-4)
    unit = mean_pair_distance(TARGETS)
    assert streamed(NormalizedError(unit)) == pytest.approx(expected, rel=1e-4)


def test_the_unit_of_the_normalized_error_is_that_of_pairs_within_batches():
    pairs = [mean_pair_distance(TARGETS[part]) for part in BATCHES]
    unit = np.average(pairs, weights=[6, 6, 1])
    expected = np.linalg.norm((OUTPUTS - TARGETS).reshape(10, -1), axis=1).mean() / unit
    assert streamed(NormalizedError()) == pytest.approx(expected, rel=1e-4)


def test_fid_of_batches_is_that_of_all_images():
    expected = frechet_distance(features(OUTPUTS), features(TARGETS))
    assert expected > 1e-4
    metric = FID(LAYER)
    assert np.isnan(streamed(metric, [slice(0, 1)]))
    metric.reset_state()
    assert streamed(metric) == pytest.approx(expected, rel=1e-5)
    assert float(tf.function(metric.result)()) == pytest.approx(expected, rel=1e-5)


def test_kid_of_one_batch_is_that_of_all_images():
    expected, _ = kernel_distance(features(OUTPUTS), features(TARGETS), 1, 10)
    assert streamed(KID(LAYER), [slice(None)]) == pytest.approx(expected, rel=1e-4)


def test_kid_is_the_mean_over_batches_of_two_or_more():
    estimates = [
        kernel_distance(features(OUTPUTS[part]), features(TARGETS[part]), 1, size)[0]
        for part, size in zip(BATCHES, (4, 4, 2), strict=True)
    ]
    expected = np.average(estimates, weights=(4, 4, 2))
    assert streamed(KID(LAYER), [*BATCHES, slice(0, 1)]) == pytest.approx(expected, rel=1e-4)


def test_a_given_comparator():
    comparator = make_comparator(LAYER, seed=3)
    given = FID(comparator)
    assert streamed(given) != streamed(FID(LAYER))
    copy = FID.from_config(given.get_config())
    assert copy.comparator.sha256 == comparator.sha256


@pytest.mark.parametrize("name", ["SSIM", "PSNR", "NormalizedError"])
def test_sample_weights(name):
    weights = np.float32([1, 0, 2, 0, 1, 0, 0, 0, 3, 0])
    counted = [
        streamed(METRICS[name](**({"unit": 1.0} if name == "NormalizedError" else {})), [[row]])
        for row in range(10)
    ]
    metric = METRICS[name](**({"unit": 1.0} if name == "NormalizedError" else {}))
    expected = np.average(counted, weights=weights)
    assert streamed(metric, weights=weights) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["FID", "KID"])
def test_distributions_have_no_sample_weights(name):
    with pytest.raises(InputError, match=r"compares all images alike: got sample_weight"):
        METRICS[name]().update_state(TARGETS, OUTPUTS, np.ones(10))


@pytest.mark.parametrize("value_range", [(-1, 1), (0, 255)])
def test_the_range_of_values_changes_nothing_else(make, value_range):
    low, high = value_range
    metric = make(value_range=value_range)
    metric.update_state(*(low + (high - low) * images for images in (TARGETS, OUTPUTS)))
    assert float(metric.result()) == pytest.approx(streamed(make(), [slice(None)]), rel=1e-3)


def test_reset(make):
    metric = make()
    first = streamed(metric)
    metric.reset_state()
    assert streamed(metric) == first
    assert all(np.all(variable == 0) for variable in make().variables)


@pytest.mark.parametrize("options", [{}, {"jit_compile": True}], ids=["graph", "XLA"])
def test_in_an_evaluation(options):
    model = keras.Sequential([keras.Input((24, 24, 3)), keras.layers.Activation("linear")])
    model.compile("sgd", "mse", metrics=[make() for make in METRICS.values()], **options)
    logs = model.evaluate(OUTPUTS, TARGETS, batch_size=4, verbose=0, return_dict=True)
    for make in METRICS.values():
        metric = make()
        assert logs[metric.name] == pytest.approx(streamed(metric), rel=1e-3), metric.name


def test_a_saved_model_has_its_metrics_and_other_devices_add_to_them(tmp_path):
    model = keras.Sequential([keras.Input((24, 24, 3)), keras.layers.Activation("linear")])
    model.compile("sgd", "mse", metrics=[make(value_range=(0, 1)) for make in METRICS.values()])
    expected = model.evaluate(OUTPUTS, TARGETS, batch_size=5, verbose=0, return_dict=True)
    model.save(tmp_path / "model.keras")
    assert (tmp_path / "model.keras").stat().st_size < 1e5
    np.savez(tmp_path / "images.npz", outputs=OUTPUTS, targets=TARGETS)
    done = subprocess.run(
        [sys.executable, HERE / "evaluate_saved_on_two_devices.py", tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = json.loads(done.stdout.splitlines()[-1])
    # Each half of a batch of two devices is a batch of its own.
    assert loaded == {name: pytest.approx(value, rel=1e-4) for name, value in expected.items()}


def test_a_config_comes_back(make):
    metric = make(value_range=(-1, 1), name="named")
    copy = type(metric).from_config(metric.get_config())
    assert copy.get_config() == metric.get_config()
    assert (copy.name, copy.value_range) == ("named", (-1.0, 1.0))


@pytest.mark.parametrize(
    ("targets", "outputs", "message"),
    [
        (2 * TARGETS - 1, OUTPUTS, "images out of range: got -"),
        (TARGETS, OUTPUTS * np.nan, "must be numbers: got NaN"),
        (TARGETS, OUTPUTS[:, :20], "colour images of one shape"),
        (TARGETS[..., :1], OUTPUTS[..., :1], "colour images of one shape"),
    ],
)
def test_images_are_checked(make, targets, outputs, message):
    with pytest.raises(InputError, match=message):
        make().update_state(targets, outputs)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SSIM(value_range=(1, 0)), "value_range is the value of black"),
        (lambda: NormalizedError(0), "unit of the error is a mean distance: got 0"),
        (lambda: FID("random_alexnet:relu1+relu2"), "features of one layer: got relu1.relu2"),
        (lambda: KID("alexnet:relu9"), "alexnet needs its layers"),
    ],
)
def test_bad_options(build, message):
    with pytest.raises(InputError, match=message):
        build()


@pytest.mark.parametrize("name", ["SSIM", "FID"])
def test_images_are_large_enough(name):
    with pytest.raises(InputError, match="got 6x6 pixels; accepted: at least "):
        METRICS[name]().update_state(TARGETS[:, :6, :6], OUTPUTS[:, :6, :6])
