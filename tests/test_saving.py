"""Every layer, model and optimizer of the package is saved to a `.keras` file and comes back.

The classes are found by walking through all modules. The files are loaded in a fresh process, with
`import tfdeepsim.saving` and without custom objects; outputs and state must be equal bit by bit.
"""

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from reload_models import values

import tfdeepsim
from tfdeepsim.comparators.chains.architecture import Architecture, Layer
from tfdeepsim.comparators.chains.chain_comparator import ChainComparator, Network
from tfdeepsim.comparators.comparator import Comparator
from tfdeepsim.comparators.discriminator_features import DiscriminatorFeatures
from tfdeepsim.comparators.keras_applications.keras_application import KerasApplication
from tfdeepsim.comparators.model_comparator import ModelComparator
from tfdeepsim.deepsim import DeePSiM
from tfdeepsim.errors import InputError
from tfdeepsim.gate import GatedAdam
from tfdeepsim.image_metrics.feature_metric import FeatureMetric
from tfdeepsim.image_metrics.frechet_distance import FID
from tfdeepsim.image_metrics.image_metric import ImageMetric, MeanImageMetric
from tfdeepsim.image_metrics.kernel_distance import KID
from tfdeepsim.image_metrics.normalized_error import NormalizedError
from tfdeepsim.image_metrics.signal_to_noise import PSNR
from tfdeepsim.image_metrics.structural_similarity import SSIM
from tfdeepsim.networks.alexnet_encoder import AlexNetEncoder
from tfdeepsim.networks.discriminator import Discriminator
from tfdeepsim.networks.dosovitskiy import MapDecoder, MapEncoder
from tfdeepsim.networks.functional_network import FunctionalNetwork
from tfdeepsim.networks.generators import make_generator
from tfdeepsim.networks.inversion_generator import InversionGenerator
from tfdeepsim.networks.normalization import BatchNormalization
from tfdeepsim.networks.pihlgren import Decoder, Encoder, make_autoencoder
from tfdeepsim.networks.upconv_generator import UpConvGenerator
from tfdeepsim.networks.upconvolution import UpConvolution
from tfdeepsim.perceptual.image_loss import ImageLoss
from tfdeepsim.perceptual.lpips import LPIPS
from tfdeepsim.perceptual.perceptual_loss import PerceptualLoss
from tfdeepsim.pretraining.pretext import Pretext
from tfdeepsim.pretraining.trainable_chain import TrainableChain
from tfdeepsim.tuning.hypermodel import TrialProbe

ROOT = Path(__file__).parent.parent
SERIALIZABLE = (
    keras.Layer,
    keras.Optimizer,
    keras.Loss,
    keras.Metric,
    keras.Initializer,
    keras.Regularizer,
    keras.constraints.Constraint,
    keras.optimizers.schedules.LearningRateSchedule,
)
# In trials of a search, which Keras does not save.
KEPT_AS_ARRAYS = {TrialProbe}
# Only their subclasses are built.
ABSTRACT = {
    Comparator,
    FunctionalNetwork,
    ImageLoss,
    ImageMetric,
    MeanImageMetric,
    FeatureMetric,
}
# Saved in compiled models and loaded by another process in tests/perceptual/, tests/image_metrics/.
OF_COMPILED_MODELS = {LPIPS, PerceptualLoss, FID, KID, NormalizedError, PSNR, SSIM}

SMALL_CHAIN = Architecture(
    "small",
    (
        Layer("conv1", "conv", 3, kernel=3, padding=1, tensor="conv1"),
        Layer("relu1", "relu", 3),
        Layer("pool1", "pool", 3, kernel=2, stride=2),
        Layer("fc2", "dense", 4, tensor="fc2"),
        Layer("relu2", "relu", 4),
        Layer("fc3", "dense", 2, tensor="fc3"),
    ),
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.2, 0.3),
    bgr=False,
    pooled=4,
    adaptive=False,
)


def keras_application(folder):
    path = folder / "mobilenet.weights.h5"
    if not path.exists():
        keras.applications.MobileNetV2(weights=None, include_top=False).save_weights(path)
    return KerasApplication("MobileNetV2", ["block_1_expand_relu"], weights_file=path)


def model_comparator(folder):
    """Of a model with batch normalization and a classifier, with a layer before it."""
    images = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, name="first")(images)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Conv2D(5, 3, strides=2, name="second")(x)
    x = keras.layers.Dense(2)(keras.layers.Flatten()(x))
    model = shaken(keras.Model(images, x))
    scaled = keras.layers.Rescaling(0.5, name="halved")
    return ModelComparator(
        model,
        ["second", "first"],
        value_range=(-1, 3),
        preprocess=scaled,
        saw_labels="CIFAR-10",
        layer_weights=(1, 2),
        feature_normalization="channel",
    )


def deepsim_under_a_model(folder):
    autoencoder = make_autoencoder((64, 64, 3), 4, variational=False)
    model = DeePSiM(autoencoder, {"feature": 1.0}, model_comparator(folder))
    model.compile(optimizer="adam")
    return trained(model, (64, 64, 3))


def trained(model, shape):
    """`model` after two steps, which leave no moment of its optimizers at 0."""
    shaken(model)
    images = np.random.default_rng(1).random((4, *shape), np.float32)
    batches = tf.data.Dataset.from_tensors({"image": images}).repeat(2)
    model.fit(batches, shuffle=False, verbose=0)
    return model


def autoencoder_deepsim(folder):
    """All terms of DeePSiM, a pausing gate, and a learning rate with a schedule."""
    generator = make_generator("dosovitskiy", (40, 40, 3), 25, False, 1, 0.1)
    weights = {"feature": 0.5, "adversarial": 0.1, "image": 2.0}
    comparator = ChainComparator(
        "alexnet", ["relu1", "relu2"], seed=3, layer_weights=(1, 2), name="compared"
    )
    discriminator = Discriminator((40, 40, 3), width=0.1, seed=4)
    model = DeePSiM(
        generator,
        weights,
        comparator,
        discriminator,
        "l1",
        "hysteresis",
        feature_scales=[0.25, 1.5],
    )
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([1], [1e-3, 5e-4])
    model.compile(optimizer=GatedAdam(rate, beta_1=0.8))
    trained(model, (40, 40, 3))
    model.gate.discriminator.assign(0.0)
    return model


def variational_deepsim(folder):
    model = DeePSiM(make_autoencoder((64, 64, 3), 4, variational=True), {"image": 1.0, "kl": 0.1})
    model.compile(optimizer="adam")
    return trained(model, (64, 64, 3))


def inverting_deepsim(folder):
    """A comparator as extractor, a conditional discriminator, noise, and shares of the gradient."""
    extractor = ChainComparator("alexnet", ["pool2"], seed=3)
    (features,) = extractor.feature_shapes((48, 48))
    generator = InversionGenerator(features, (48, 48, 3), 0.02, 0.5, noise_dim=2)
    discriminator = Discriminator((48, 48, 3), features, 0.1, feature_scale=0.5)
    weights = {"image": 1.0, "adversarial": 0.1, "diversity": 0.1}
    model = DeePSiM(
        generator, weights, None, discriminator, extractor=extractor, lambda_units="shares"
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    return trained(model, (48, 48, 3))


def deepsim_under_its_discriminator(folder):
    generator = make_generator("dosovitskiy", (40, 40, 3), 25, False, 1, 0.1)
    weights = {"feature": 0.5, "adversarial": 0.1, "image": 2.0}
    comparator = DiscriminatorFeatures(["conv2", "conv5"], layer_weights=(1, 2))
    model = DeePSiM(generator, weights, comparator, Discriminator((40, 40, 3), width=0.1))
    model.compile(optimizer="adam")
    return trained(model, (40, 40, 3))


def mixed_deepsim(folder, policy="mixed_bfloat16"):
    """Trained in another precision than that of the process that loads it."""
    keras.config.set_dtype_policy(policy)
    try:
        model = DeePSiM(make_generator("dosovitskiy", (40, 40, 3), 25, False, 1, 0.1), {"image": 1})
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile(optimizer="adam")
    return trained(model, (40, 40, 3))


def pretext(folder):
    def measures(network, batch, training):
        return {"loss": tf.reduce_sum(network(batch["image"], training=training) ** 2, 1)}

    objective = SimpleNamespace(measures=measures, measure_names=("loss",))
    model = Pretext(TrainableChain(SMALL_CHAIN, 5), objective)
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    return trained(model, (8, 8, 3))


# Builder of a small instance, which takes a folder for files, and shapes of its inputs.
EXAMPLES = {
    "Encoder": (lambda _: Encoder((64, 80, 3), 5), [(2, 64, 80, 3)]),
    "variational Encoder": (lambda _: Encoder((64, 64, 1), 4, variational=True), [(2, 64, 64, 1)]),
    "Decoder": (lambda _: Decoder((64, 64, 3), 6), [(2, 6)]),
    "large Decoder": (lambda _: Decoder((96, 80, 3), 6), [(2, 6)]),
    "Autoencoder": (lambda _: make_autoencoder((64, 64, 3), 4, variational=True), [(2, 64, 64, 3)]),
    "UpConvolution": (lambda _: UpConvolution(3, 5), [(2, 3, 4, 2)]),
    "BatchNormalization": (lambda _: BatchNormalization(0.8), [(2, 3, 4, 2)]),
    "MapEncoder": (lambda _: MapEncoder((16, 24, 3), 12, width=0.1), [(2, 16, 24, 3)]),
    "variational MapEncoder": (lambda _: MapEncoder((8, 8, 1), 3, True, 0.1), [(2, 8, 8, 1)]),
    "MapDecoder": (lambda _: MapDecoder((16, 24, 3), 12, 0.1), [(2, 12)]),
    "map Autoencoder": (
        lambda _: make_generator("dosovitskiy", (8, 8, 3), 4, False, 1, 0.1),
        [(2, 8, 8, 3)],
    ),
    "AlexNetEncoder": (lambda _: AlexNetEncoder((63, 70, 3), 4, width=0.02), [(2, 63, 70, 3)]),
    "variational AlexNetEncoder": (
        lambda _: AlexNetEncoder((64, 64, 1), 4, True, 0.02),
        [(2, 64, 64, 1)],
    ),
    "UpConvGenerator": (lambda _: UpConvGenerator((5,), (30, 32, 3), 0.02), [(2, 5)]),
    "map UpConvGenerator": (
        lambda _: UpConvGenerator((6, 6, 2), (15, 16, 1), 0.02),
        [(2, 6, 6, 2)],
    ),
    "InversionGenerator": (lambda _: InversionGenerator((5,), (30, 32, 3), 0.02, 0.5), [(2, 5)]),
    "noisy map InversionGenerator": (
        lambda _: InversionGenerator((3, 2, 4), (16, 15, 3), 0.02, 2.0, 3, seed=5),
        [(2, 3, 2, 4)],
    ),
    "large Autoencoder": (
        lambda _: make_generator("dosovitskiy", (64, 64, 3), 7, True, 1, 0.02),
        [(2, 64, 64, 3)],
    ),
    "Discriminator": (lambda _: Discriminator((40, 35, 1), None, 0.1, seed=3), [(2, 40, 35, 1)]),
    "conditional Discriminator": (
        lambda _: Discriminator((36, 36, 3), (2, 2, 3), 0.1, feature_scale=0.5),
        [(2, 36, 36, 3), (2, 2, 2, 3)],
    ),
    "ChainComparator": (
        lambda _: ChainComparator(
            "alexnet", ["conv1", "relu2"], seed=3, feature_normalization="channel"
        ),
        [(2, 32, 32, 3)],
    ),
    "a ChainComparator of an earlier version": (
        lambda _: Network("alexnet", ["conv1"], seed=3),
        [(2, 32, 32, 3)],
    ),
    "KerasApplication": (keras_application, [(2, 32, 32, 3)]),
    "ModelComparator": (model_comparator, [(2, 12, 8, 3)]),
    "DeePSiM under a ModelComparator": (deepsim_under_a_model, [(2, 64, 64, 3)]),
    "TrainableChain": (lambda _: TrainableChain(SMALL_CHAIN, 5, 0.2), [(2, 8, 8, 3)]),
    "Pretext": (pretext, [(2, 8, 8, 3)]),
    "DeePSiM": (autoencoder_deepsim, [(2, 40, 40, 3)]),
    "variational DeePSiM": (variational_deepsim, [(2, 64, 64, 3)]),
    "inverting DeePSiM": (inverting_deepsim, [(2, 48, 48, 3)]),
    "DeePSiM under its discriminator": (deepsim_under_its_discriminator, [(2, 40, 40, 3)]),
    "mixed precision DeePSiM": (mixed_deepsim, [(2, 40, 40, 3)]),
    "float16 DeePSiM": (lambda folder: mixed_deepsim(folder, "mixed_float16"), [(2, 40, 40, 3)]),
}


def serializable_classes():
    """All classes of the package that Keras saves by name."""
    classes = set()
    for module in pkgutil.walk_packages(tfdeepsim.__path__, "tfdeepsim."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and value.__module__ == module.name:
                classes |= {value} if issubclass(value, SERIALIZABLE) else set()
    return classes - ABSTRACT - KEPT_AS_ARRAYS


def shaken(model):
    """Move all trainable weights and batch statistics away from where they start."""
    generator = np.random.default_rng(2)
    for variable in model.weights:
        if "gate" not in variable.path:
            factor, offset = generator.uniform(0.9, 1.1), generator.uniform(-0.005, 0.005)
            variable.assign(factor * variable + offset)
    return model


@pytest.fixture(scope="module")
def instances(tmp_path_factory):
    """An instance for each example."""
    folder = tmp_path_factory.mktemp("weights")
    return {name: build(folder) for name, (build, _) in EXAMPLES.items()}


@pytest.fixture(scope="module")
def models(instances):
    """A model for each example: the instance itself, or a model of that layer alone."""
    built = {}
    for name, instance in instances.items():
        if not isinstance(instance, keras.Model):
            ((_, *shape),) = EXAMPLES[name][1]
            x = keras.Input(shape)
            instance = keras.Model(x, instance(x))
        if not instance.compiled:
            shaken(instance)
        built[name] = instance
    return built


@pytest.fixture(scope="module")
def saved(models, tmp_path_factory):
    """Folder with the reloaded values of each example, and the values of the originals."""
    folder = tmp_path_factory.mktemp("models")
    originals = {}
    for name, model in models.items():
        generator = np.random.default_rng(0)
        inputs = [generator.random(shape, np.float32) for shape in EXAMPLES[name][1]]
        originals[name] = values(model, inputs)
        model.save(folder / f"{name}.keras")
        np.savez(folder / f"{name}.inputs.npz", *inputs)
    subprocess.run(
        [sys.executable, ROOT / "tests" / "reload_models.py", folder],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    return folder, originals


def test_every_class_has_an_example(models):
    parts = {part for model in models.values() for part in model._flatten_layers()}
    parts |= {model.optimizer for model in models.values() if model.compiled}
    missing = serializable_classes() - OF_COMPILED_MODELS - {type(part) for part in parts}
    names = ", ".join(sorted(cls.__name__ for cls in missing))
    assert not missing, f"EXAMPLES need constructor arguments of {names}"


def test_every_class_is_registered():
    for cls in serializable_classes():
        assert keras.saving.get_registered_name(cls) == f"tfdeepsim>{cls.__name__}"


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_saved_model_is_reloaded_by_another_process(saved, name):
    folder, originals = saved
    error = folder / f"{name}.error"
    assert not error.exists(), error.read_text()
    with np.load(folder / f"{name}.reloaded.npz") as reloaded:
        assert set(reloaded.files) == set(originals[name])
        for key, value in originals[name].items():
            np.testing.assert_array_equal(reloaded[key], value, err_msg=key)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_config_comes_back(instances, name):
    instance = instances[name]
    copy = type(instance).from_config(instance.get_config())
    assert copy.get_config() == instance.get_config()


def test_a_model_with_an_extractor_that_is_no_layer_is_not_saved(tmp_path):
    class Mean:
        def __call__(self, images):
            return tf.reduce_mean(images, (1, 2))

    generator = InversionGenerator((3,), (16, 16, 3), 0.02)
    model = DeePSiM(generator, {"image": 1.0}, extractor=Mean())
    with pytest.raises(InputError, match="its extractor is a Keras layer: got Mean") as raised:
        model.save(tmp_path / "model.keras")
    assert "\n" not in str(raised.value)


def test_a_loaded_pretext_is_trained_with_an_objective(tmp_path):
    pretext(tmp_path).save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    batches = tf.data.Dataset.from_tensors({"image": np.zeros((2, 8, 8, 3), np.float32)})
    with pytest.raises(InputError, match="under an objective"):
        loaded.fit(batches, shuffle=False, verbose=0)
