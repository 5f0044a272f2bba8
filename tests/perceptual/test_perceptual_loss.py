"""The feature loss as a loss of Keras."""

import keras
import numpy as np
import pytest

from tfdeepsim import losses
from tfdeepsim.comparators import make_comparator
from tfdeepsim.errors import InputError
from tfdeepsim.perceptual.perceptual_loss import PerceptualLoss

TARGETS, OUTPUTS = np.random.default_rng(0).random((2, 3, 32, 32, 3), np.float32)
SPEC = "random_alexnet:relu1+relu2"


def test_it_is_the_feature_loss_of_a_comparator():
    comparator = make_comparator(SPEC, feature_normalization="channel")
    expected = losses.feature_error(comparator(OUTPUTS), comparator(TARGETS), (1.0, 0.5))
    loss = PerceptualLoss(
        SPEC, layer_weights=(1, 0.5), feature_normalization="channel", reduction="none"
    )
    np.testing.assert_allclose(loss(TARGETS, OUTPUTS), expected, rtol=1e-6)
    given = PerceptualLoss(comparator, layer_weights=(1, 0.5), reduction="none")
    np.testing.assert_allclose(given(TARGETS, OUTPUTS), expected, rtol=1e-6)


def test_a_comparator_keeps_the_weights_of_its_layers():
    comparator = make_comparator(SPEC, weights_of_layers="1,0.5")
    assert PerceptualLoss(comparator).layer_weights == (1.0, 0.5)


def test_with_measured_scales_features_of_zero_are_1_apart():
    loss = PerceptualLoss(SPEC)
    scales = loss.measure_scales(TARGETS)
    squares = [float(np.mean(np.square(x))) for x in loss.comparator(TARGETS)]
    assert scales == pytest.approx(squares, rel=1e-5)
    scaled = PerceptualLoss(SPEC, feature_scales=scales)
    weights = [1 / scale for scale in scales]
    expected = losses.feature_error(loss.comparator(OUTPUTS), loss.comparator(TARGETS), weights)
    assert float(scaled(TARGETS, OUTPUTS)) == pytest.approx(float(np.mean(expected)), rel=1e-5)
    zeros = [np.zeros_like(x) for x in loss.comparator(TARGETS)]
    error = losses.feature_error(zeros, loss.comparator(TARGETS), weights)
    assert float(np.mean(error)) == pytest.approx(2, rel=1e-5)  # two layers


def test_activation_is_that_of_the_comparator():
    plain, sigmoid = (
        PerceptualLoss("random_alexnet:relu1", feature_activation=name)
        for name in ("none", "sigmoid")
    )
    assert 0 < float(sigmoid(TARGETS, OUTPUTS)) < float(plain(TARGETS, OUTPUTS))


def test_a_given_comparator_is_in_the_config():
    loss = PerceptualLoss(make_comparator(SPEC, seed=3), feature_scales=(1, 2))
    copy = keras.losses.deserialize(keras.losses.serialize(loss))
    assert copy.comparator.sha256 == loss.comparator.sha256
    assert copy.get_config() == loss.get_config()
    assert float(copy(TARGETS, OUTPUTS)) == float(loss(TARGETS, OUTPUTS))


def test_a_weights_file_is_found_from_another_folder(tmp_path, monkeypatch):
    from tfdeepsim.comparators.weights.bundled import bundled_file

    (tmp_path / "own.safetensors").write_bytes(bundled_file("alexnet").read_bytes())
    monkeypatch.chdir(tmp_path)
    loss = PerceptualLoss("alexnet:relu1", weights="own.safetensors")
    monkeypatch.chdir("/")
    assert PerceptualLoss.from_config(loss.get_config()).get_config() == loss.get_config()


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("alexnet:relu9",), {}, r"alexnet needs its layers as .*accepted: conv1, relu1, "),
        (("alexnet",), {}, "alexnet needs its layers"),
        (("lexnet:relu1",), {}, "unknown comparator: got 'lexnet:relu1'"),
        (("videonet:conv1",), {}, "needs its trained weights: got none; accepted: weights=FILE"),
        ((3,), {}, "a comparator is named, or built before: got int"),
        ((SPEC,), {"layer_weights": (1,)}, "layer_weights are one number above 0 for each layer"),
        ((SPEC,), {"layer_weights": (1, 0)}, r"got \(1, 0\) for relu1\+relu2; accepted: 2 numbers"),
        ((SPEC,), {"feature_scales": 1}, "feature_scales are one number above 0"),
        ((SPEC,), {"feature_normalization": "unit"}, "unknown feature normalization"),
        ((SPEC,), {"feature_activation": "relu"}, "unknown feature activation"),
    ],
)
def test_bad_input(arguments, options, message):
    with pytest.raises(InputError, match=message) as error:
        PerceptualLoss(*arguments, **options)
    assert "\n" not in str(error.value)


def test_a_given_comparator_has_its_own_options():
    comparator = make_comparator("random_alexnet:relu1")
    with pytest.raises(InputError, match="has its own options: got feature_activation, dtype"):
        PerceptualLoss(comparator, feature_activation="sigmoid", dtype="mixed_bfloat16")


def test_a_given_comparator_is_in_the_file_of_a_model_if_the_loss_has_it(tmp_path):
    """Keras saves layers of a loss, but not those of a metric."""
    comparator = make_comparator(SPEC)
    comparator.set_weights([weight * 1.5 for weight in comparator.get_weights()])
    model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Activation("linear")])
    model.compile("sgd", loss=PerceptualLoss(comparator))
    expected = model.evaluate(OUTPUTS, TARGETS, verbose=0)
    assert expected > 1.1 * float(PerceptualLoss(SPEC)(TARGETS, OUTPUTS))
    model.save(tmp_path / "loss.keras")
    loaded = keras.saving.load_model(tmp_path / "loss.keras")
    assert loaded.evaluate(OUTPUTS, TARGETS, verbose=0) == pytest.approx(expected, rel=1e-6)
    model.compile("sgd", "mse", metrics=[PerceptualLoss(comparator)])
    model.evaluate(OUTPUTS, TARGETS, verbose=0)
    model.save(tmp_path / "metric.keras")
    loaded = keras.saving.load_model(tmp_path / "metric.keras")
    with pytest.raises(InputError, match="needs the weights of its comparator that it was saved"):
        loaded.evaluate(OUTPUTS, TARGETS, verbose=0)
