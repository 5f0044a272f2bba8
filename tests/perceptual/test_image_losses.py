"""What both losses of images do in Keras: as a loss, as a metric, saved, and in all kinds of
steps."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.perceptual.lpips import LPIPS
from tfdeepsim.perceptual.perceptual_loss import PerceptualLoss

HERE = Path(__file__).parent
LOSSES = {
    "perceptual": lambda **options: PerceptualLoss("random_alexnet:relu1+relu2", **options),
    "lpips": LPIPS,
    "spatial lpips": lambda **options: LPIPS(spatial=True, **options),
}
GENERATOR = np.random.default_rng(0)
TARGETS, OUTPUTS = (GENERATOR.random((5, 32, 32, 3), np.float32) for _ in range(2))
WEIGHTS = np.float32([1, 2, 0.5, 0, 1])


@pytest.fixture(params=LOSSES)
def make(request):
    return LOSSES[request.param]


def examples(loss, targets=TARGETS, outputs=OUTPUTS):
    """Distance of each example, from pairs of one."""
    pairs = zip(targets, outputs, strict=True)
    return np.array([float(loss(target[None], output[None])) for target, output in pairs])


def network():
    """Moves images a little."""
    keras.utils.set_random_seed(1)
    x = keras.Input((32, 32, 3))
    return keras.Model(x, keras.layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x))


def test_reductions(make):
    each = examples(make())
    assert (each > 0).all()
    np.testing.assert_allclose(make()(TARGETS, OUTPUTS), each.mean(), rtol=1e-5)
    none = make(reduction="none")(TARGETS, OUTPUTS).numpy()
    np.testing.assert_allclose(none.reshape(5, -1).mean(1), each, rtol=1e-5)
    np.testing.assert_allclose(
        make(reduction="sum")(TARGETS, OUTPUTS) * none[0].size ** -1, each.sum(), rtol=1e-5
    )
    assert none.dtype == np.float32


@pytest.mark.parametrize("shape", [(5,), (5, 1)])
def test_sample_weights_of_the_loss(make, shape):
    each = examples(make())
    weights = WEIGHTS.reshape(shape)
    np.testing.assert_allclose(
        make()(TARGETS, OUTPUTS, weights), (each * WEIGHTS).mean(), rtol=1e-5
    )
    weighted = make(reduction="mean_with_sample_weight")
    value = float(weighted(TARGETS, OUTPUTS, weights))
    if not weighted.spatial:  # Keras divides by the weights of examples, not of positions.
        assert value == pytest.approx((each * WEIGHTS).sum() / WEIGHTS.sum(), rel=1e-5)


def test_the_metric_is_the_mean_over_examples(make):
    metric = make()
    each = examples(metric)
    for part in (slice(0, 3), slice(3, 5)):
        metric.update_state(TARGETS[part], OUTPUTS[part])
    assert float(metric.result()) == pytest.approx(each.mean(), rel=1e-5)
    metric.reset_state()
    assert float(metric.result()) == 0
    for part in (slice(0, 3), slice(3, 5)):
        metric.update_state(TARGETS[part], OUTPUTS[part], WEIGHTS[part])
    assert float(metric.result()) == pytest.approx((each * WEIGHTS).sum() / WEIGHTS.sum(), rel=1e-5)


def test_one_class_in_loss_and_metrics(make):
    """A last batch of another size counts by its examples."""
    model = network()
    model.compile("sgd", loss=make(), metrics=[make()], weighted_metrics=[make(name="weighted")])
    logs = model.evaluate(
        OUTPUTS, TARGETS, batch_size=3, sample_weight=WEIGHTS, verbose=0, return_dict=True
    )
    each = examples(make(), outputs=model(OUTPUTS).numpy())
    assert logs[make().name] == pytest.approx(each.mean(), rel=1e-4)
    assert logs["weighted"] == pytest.approx((each * WEIGHTS).sum() / WEIGHTS.sum(), rel=1e-4)
    assert logs["loss"] == pytest.approx((each * WEIGHTS).mean(), rel=1e-4)


@pytest.mark.parametrize("value_range", [(-1, 1), (0, 255)])
def test_the_range_of_values_changes_nothing_else(make, value_range):
    low, high = value_range
    scaled = [low + (high - low) * images for images in (TARGETS, OUTPUTS)]
    np.testing.assert_allclose(
        make(value_range=value_range)(*scaled), make()(TARGETS, OUTPUTS), rtol=1e-4
    )


def test_bytes_are_images(make):
    images = np.tile(np.uint8([0, 255]), (1, 32, 16, 3)).reshape(1, 32, 32, 3)
    assert float(make(value_range=(0, 255))(images, images)) == 0
    with pytest.raises(InputError, match=r"out of range: got 0 to 255; accepted: 0 to 1, or"):
        make()(images, images)


@pytest.mark.parametrize("options", [{"run_eagerly": True}, {"jit_compile": True}], ids=str)
def test_every_kind_of_step_is_the_same(make, options):
    if "jit_compile" in options and make is LPIPS:
        pytest.skip("compiled as the spatial one, which takes long")
    weights = []
    for chosen in ({"jit_compile": False}, options):
        model = network()
        model.compile(keras.optimizers.SGD(0.1), loss=make(), metrics=[make()], **chosen)
        model.train_on_batch(OUTPUTS, TARGETS)
        weights.append(model.get_weights())
    assert np.abs(weights[0][0] - network().get_weights()[0]).max() > 1e-5
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_mixed_precision_is_nearly_the_same(make):
    exact = float(make()(TARGETS, OUTPUTS))
    mixed = make(dtype="mixed_bfloat16")
    value = mixed(TARGETS, OUTPUTS)
    assert value.dtype == tf.float32
    assert float(value) == pytest.approx(exact, rel=0.03)
    assert float(value) != exact
    assert mixed.get_config()["dtype"] == "mixed_bfloat16"
    keras.config.set_dtype_policy("mixed_bfloat16")
    assert float(make()(TARGETS, OUTPUTS)) == float(value)
    model = network()
    model.compile("sgd", loss=make())
    assert np.isfinite(model.train_on_batch(OUTPUTS, TARGETS))


def test_saved_models_are_loaded_by_a_fresh_process(tmp_path):
    expected = {}
    for name, make in LOSSES.items():
        model = network()
        loss = make(value_range=(-1, 1), reduction="sum")
        model.compile("sgd", loss=loss, metrics=[make(value_range=(-1, 1), name="metric")])
        expected[name] = model.evaluate(OUTPUTS, TARGETS, verbose=0)
        model.save(tmp_path / f"{name}.keras")
        # The comparator stays in its own file.
        assert (tmp_path / f"{name}.keras").stat().st_size < 1e5
    np.savez(tmp_path / "images.npz", outputs=OUTPUTS, targets=TARGETS)
    done = subprocess.run(
        [sys.executable, HERE / "evaluate_saved.py", tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert loaded == {name: pytest.approx(value, rel=1e-5) for name, value in expected.items()}


def test_two_devices_make_the_steps_of_one():
    done = subprocess.run(
        [sys.executable, HERE / "step_on_two_devices.py"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for name, result in json.loads(done.stdout.splitlines()[-1]).items():
        assert result["moved"] > 1e-5, name
        assert result["difference"] < 1e-6, name
        assert result["metrics"][0] == pytest.approx(result["metrics"][1], rel=1e-5), name


def test_a_config_comes_back(make):
    loss = make(value_range=(-1, 1), reduction="none", name="named")
    copy = type(loss).from_config(loss.get_config())
    assert copy.get_config() == loss.get_config()
    assert copy.value_range == (-1.0, 1.0)
    with pytest.raises(InputError, match=r"weights of its comparator that it was saved with"):
        type(loss).from_config(loss.get_config() | {"sha256": "0" * 64})


NAN = np.full_like(OUTPUTS, np.nan)


@pytest.mark.parametrize(
    ("targets", "outputs", "message"),
    [
        (2 * TARGETS - 1, OUTPUTS, r"out of range: got -\S+ to \S+; accepted: 0 to 1, or another"),
        (NAN, OUTPUTS, "images out of range: got nan"),
        (TARGETS, NAN, "must be numbers: got NaN"),
    ],
    ids=["range", "NaN target", "NaN output"],
)
def test_values_are_checked(make, targets, outputs, message):
    loss = make()
    with pytest.raises(InputError, match=message):
        loss(targets, outputs)
    with pytest.raises(InputError, match=message):
        loss.update_state(targets, outputs)


def test_values_are_checked_in_a_step(make):
    model = network()
    model.compile("sgd", loss=make(), jit_compile=False)
    with pytest.raises(tf.errors.InvalidArgumentError, match="images out of range: got"):
        model.fit(OUTPUTS, 2 * TARGETS - 1, verbose=0)


@pytest.mark.parametrize(
    ("targets", "outputs", "message"),
    [
        ((5, 32, 32, 3), (5, 40, 32, 3), "of one shape: got target .5, 32, 32, 3., output .5, 40"),
        ((5, 32, 32, 3), (4, 32, 32, 3), "of one shape"),
        ((2, 32, 32, 1), (2, 32, 32, 1), r"colour images .*accepted: two batches .*width, 3"),
        ((2, 32, 32, 4), (2, 32, 32, 4), "colour images"),
        ((32, 32, 3), (32, 32, 3), "colour images"),
        ((2, 8, 8, 3), (2, 8, 8, 3), "must be large enough for AlexNet's .*got 8x8 pixels"),
    ],
)
def test_shapes_are_checked(make, targets, outputs, message):
    with pytest.raises(InputError, match=message) as error:
        make()(np.zeros(targets, "f"), np.zeros(outputs, "f"))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value_range", [(1, 0), (0, np.inf), 255, (0, 1, 2), "ab"], ids=str)
def test_a_range_has_two_numbers(make, value_range):
    with pytest.raises(InputError, match="value_range is the value of black and"):
        make(value_range=value_range)
