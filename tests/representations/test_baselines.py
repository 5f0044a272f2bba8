"""Baselines: what each learns, that a seed determines it, and when it is left out."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from squares import COLOURS, COUNTS, open_squares

from tfdeepsim.comparators import make_comparator
from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import FEATURE_FIELDS
from tfdeepsim.errors import InputError
from tfdeepsim.files import sha256_of_json
from tfdeepsim.networks.normalization import BatchNormalization
from tfdeepsim.networks.pihlgren import Encoder
from tfdeepsim.probes.scikit_learn.ridge import quick_score
from tfdeepsim.representations import BASELINE_NAMES
from tfdeepsim.representations.baselines import baselines, usable
from tfdeepsim.representations.embeddings import embeddings_of
from tfdeepsim.representations.pca import fit_pca, pixels, project
from tfdeepsim.representations.random_encoder import RandomEncoder, calibrate
from tfdeepsim.representations.supervised_encoder import SupervisedEncoder

SPLITS = ("probe_train", "test")


def make(name, parent, **options):
    defaults = {"latent_dim": 6, "seed": 3, "epochs": 1, "batch_size": 8}
    fields = {name: options.pop(name) for name in FEATURE_FIELDS if name in options}
    fields = {"comparator": "random_alexnet:relu2", "seed": options.get("seed", 3), **fields}
    config = TrainConfig(**fields, loss="perceptual") if fields["comparator"] else TrainConfig()
    return baselines([name], parent=parent, comparator_config=config, **{**defaults, **options})[0]


def embed(name, parent, splits=None, **options):
    return embeddings_of(make(name, parent, **options), "squares", splits or open_squares(), SPLITS)


def nearest_centre(embeddings, splits):
    """Accuracy on `test` of classifying by the nearest class mean."""
    train, test = (splits[split].labels["class"] for split in SPLITS)
    centres = np.stack([embeddings["probe_train"][train == kind].mean(0) for kind in (0, 1)])
    distances = np.linalg.norm(embeddings["test"][:, None] - centres, axis=2)
    return np.mean(distances.argmin(1) == test)


@pytest.mark.parametrize("name", BASELINE_NAMES)
def test_a_seed_determines_the_embeddings(tmp_path, name):
    first, again = (embed(name, tmp_path / folder) for folder in ("first", "again"))
    other = embed(name, tmp_path / "first", seed=4)
    for split in SPLITS:
        assert first[split].shape[1] == 6
        np.testing.assert_array_equal(first[split], again[split])
    if name != "pca":  # PCA uses all of so few images, whatever the seed
        assert np.abs(first["test"] - other["test"]).max() > 1e-3
    folders = sorted((tmp_path / "first").iterdir())
    assert len(folders) == 2
    record = json.loads((folders[0] / "representation.json").read_text())
    assert record["name"] == record["model"] == name
    assert record["settings"]["latent_dim"] == 6
    # The fitted arrays are stored: the same encoder embeds other splits later.
    splits = open_squares()
    later = embeddings_of(make(name, tmp_path / "first"), "squares", splits, ("probe_validation",))
    assert splits.dataset.reads == ["probe_validation"]
    assert len(later["probe_validation"]) == 16


@pytest.mark.parametrize("change", ["other data", "damage"])
def test_a_baseline_is_fitted_again_after_a_change(tmp_path, change):
    embed("pca", tmp_path)
    (file,) = tmp_path.rglob("fitted/squares.npz")
    if change == "damage":
        file.write_bytes(file.read_bytes()[:100])
    splits = open_squares(fingerprint="others" if change == "other data" else "squares")
    embeddings_of(make("pca", tmp_path), "squares", splits, ("probe_validation",))
    assert set(splits.dataset.reads) == {"encoder_train", "probe_validation"}


def test_pca_equals_numpy():
    generator = np.random.default_rng(0)
    # Nine directions of decreasing variance, and a little noise in all others.
    rows = generator.normal(size=(60, 9)) * 0.5 ** np.arange(9) @ generator.normal(size=(9, 400))
    rows = (rows + 1e-3 * generator.normal(size=rows.shape) + 5).astype(np.float32)
    found = project(rows, fit_pca(rows.copy(), 4, seed=0))
    centred = rows - rows.mean(0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    expected = u[:, :4] * s[:4]
    signs = np.sign(np.sum(found * expected, 0))
    np.testing.assert_allclose(found * signs, expected, atol=1e-3 * s[0])


def test_pca_has_no_more_components_than_the_images():
    rows = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32) @ np.ones(
        (2, 50), np.float32
    )
    assert fit_pca(rows, 8, seed=0)[1].shape == (1, 50)
    assert fit_pca(np.ones((5, 50), np.float32), 8, seed=0)[1].shape == (1, 50)
    few = np.random.default_rng(0).normal(size=(5, 50)).astype(np.float32)
    assert fit_pca(few, 8, seed=0)[1].shape == (4, 50)


def test_pca_of_pixels_is_fitted_to_encoder_train(tmp_path):
    splits = open_squares()
    found = embed("pca", tmp_path, splits)["test"]
    expected = fit_pca(pixels(splits["encoder_train"].images), 6, seed=3)
    np.testing.assert_allclose(found, project(pixels(splits["test"].images), expected), atol=1e-3)


def test_comparator_features_are_those_of_the_comparator(tmp_path):
    splits = open_squares()
    found = embed("comparator_features", tmp_path, splits)["test"]
    comparator = make_comparator("random_alexnet:relu2", seed=3)

    def features(split):
        return (
            comparator(pixels(splits[split].images).reshape(-1, 64, 64, 3))
            .numpy()
            .reshape(len(splits[split].images), -1)
        )

    train = features("encoder_train")
    _, _, axes = np.linalg.svd(train - train.mean(0), full_matrices=False)
    expected = (features("test") - train.mean(0)) @ axes[:2].T
    np.testing.assert_allclose(np.abs(found[:, :2]), np.abs(expected), rtol=1e-2, atol=1e-2)


def test_features_of_other_comparators_are_other_representations(tmp_path):
    options = [
        {},
        {"comparator": "random_alexnet:relu3"},
        {"feature_activation": "sigmoid"},
        {"comparator_input": "raw"},
        {"seed": 1},
    ]
    created = [make("comparator_features", tmp_path, **each) for each in options]
    assert len({representation.folder.path for representation in created}) == len(options)
    assert created[1].comparator == "random_alexnet:relu3"
    # Folders that earlier versions wrote keep their names.
    assert "comparator_input" not in created[0].settings
    assert created[3].settings["comparator_input"] == "raw"


@pytest.mark.parametrize(
    ("comparator", "saw_labels"),
    [("alexnet:conv1", "ImageNet-1k"), ("random_alexnet:conv1", ""), (None, "")],
)
def test_comparator_features_tell_whose_labels_they_saw(tmp_path, comparator, saw_labels):
    created = make("comparator_features", tmp_path, comparator=comparator)
    assert created.saw_labels == saw_labels


def test_a_random_encoder_sees_normalized_inputs():
    """Every map has mean 0 and variance 1 over the images of the calibration."""
    keras.utils.set_random_seed(0)
    encoder = Encoder((64, 64, 3), 6)
    images = open_squares()["encoder_train"].images
    before = [layer.momentum for layer in encoder.layers if isinstance(layer, BatchNormalization)]
    calibrate(encoder, images, seed=0)
    layers = [layer for layer in encoder.layers if isinstance(layer, BatchNormalization)]
    assert [layer.momentum for layer in layers] == before
    maps = keras.Model(encoder.input, [layer.output for layer in layers])
    for values in maps(tf.constant(images, tf.float32) / 255.0, training=False):
        np.testing.assert_allclose(values.numpy().mean((0, 1, 2)), 0, atol=1e-2)
        np.testing.assert_allclose(values.numpy().std((0, 1, 2)), 1, atol=1e-2)


def embedded_by_both(splits, seed, names):
    """Embeddings of splits by an untrained encoder before and after its calibration."""
    keras.utils.set_random_seed(seed)
    encoder = Encoder(splits.dataset.image_shape, 6)
    embeddings = {}
    for statistics in ("untouched", "calibrated"):
        if statistics == "calibrated":
            calibrate(encoder, splits["encoder_train"].images, seed)
        embeddings[statistics] = {
            name: encoder(splits[name].images / np.float32(255), training=False)["latent"].numpy()
            for name in names
        }
    return embeddings


@pytest.mark.parametrize(
    ("task", "label", "metric", "expected"),
    [
        ("classification", "class", "accuracy", {2: "calibrated", 4: "untouched"}),
        ("regression", "corner", "l1", {1: "untouched", 3: "untouched"}),
    ],
)
def test_the_random_encoder_has_the_batch_statistics_that_validate_better(
    tmp_path, task, label, metric, expected
):
    names = ("probe_train", "probe_validation", "test")
    for seed, best in expected.items():
        splits = open_squares(task=task)
        both = embedded_by_both(splits, seed, names)
        # The last image of each split serves no probe.
        pairs = {
            statistics: [(of[name][:-1], splits[name].labels[label][:-1]) for name in names[:2]]
            for statistics, of in both.items()
        }
        scores = {statistics: quick_score(*pairs[statistics], task) for statistics in both}
        assert (max if task == "classification" else min)(scores, key=scores.get) == best
        found = embed("random_encoder", tmp_path, splits, seed=seed)
        np.testing.assert_allclose(found["test"], both[best]["test"], rtol=1e-3, atol=1e-4)
        folder = make("random_encoder", tmp_path, seed=seed).folder
        record = json.loads(folder.representation.read_text())["settings"]["batch_statistics"]
        assert record["squares"]["chosen"] == best
        assert record["squares"][f"validation_{metric}"] == pytest.approx(scores, rel=1e-3)


def test_the_batch_statistics_are_chosen_without_the_test_split(tmp_path):
    splits = open_squares()
    RandomEncoder(tmp_path, 6, 0).fit(splits)
    assert set(splits.dataset.reads) == {"encoder_train", "probe_train", "probe_validation"}


def test_without_labels_the_batch_statistics_are_calibrated(tmp_path):
    splits = open_squares(task=None)
    found = embed("random_encoder", tmp_path, splits)["test"]
    both = embedded_by_both(splits, 3, ["test"])
    np.testing.assert_allclose(found, both["calibrated"]["test"], rtol=1e-3, atol=1e-4)
    record = json.loads(make("random_encoder", tmp_path).folder.representation.read_text())
    assert record["settings"]["batch_statistics"] == {"squares": {"chosen": "calibrated"}}


def test_the_choice_stays_in_the_record(tmp_path):
    splits = open_squares()
    embed("random_encoder", tmp_path, splits)
    splits.dataset.name = "others"
    embeddings_of(make("random_encoder", tmp_path), "others", splits, ("test",))
    path = make("random_encoder", tmp_path).folder.representation
    record = path.read_text()
    assert set(json.loads(record)["settings"]["batch_statistics"]) == {"others", "squares"}
    for lose in (lambda: None, path.unlink):
        lose()
        embed("random_encoder", tmp_path)
        assert path.read_text() == record


def test_a_random_encoder_of_earlier_versions_is_another_one(tmp_path):
    earlier = sha256_of_json(["random_encoder", {"latent_dim": 6, "seed": 3}])
    representation = make("random_encoder", tmp_path)
    assert representation.identity != earlier
    assert representation.folder.name != f"random_encoder-{earlier[:8]}"


def test_a_choice_without_validation_images_is_refused(tmp_path):
    splits = open_squares(counts=COUNTS | {"probe_validation": 1})  # which serves no probe
    with pytest.raises(InputError, match="split 'validation' must be a table of at least one row"):
        embed("random_encoder", tmp_path, splits)


def test_the_supervised_encoder_learns_its_classes(tmp_path):
    # Classes differ in few single pixels; with random labels the accuracy would be 0.5.
    splits = open_squares()
    assert nearest_centre(embed("supervised", tmp_path, splits, epochs=12), splits) >= 0.9


def test_the_supervised_encoder_learns_a_position(tmp_path):
    counts = {
        "encoder_train": 8,
        "encoder_validation": 4,
        "probe_train": 120,
        "probe_validation": 30,
        "test": 40,
    }
    splits = open_squares(task="regression", counts=counts)
    found = embed("supervised", tmp_path, splits, epochs=15)
    train, test = (splits[split].labels["corner"] for split in SPLITS)
    inputs = [np.c_[found[split], np.ones(len(found[split]))] for split in SPLITS]
    predicted = inputs[1] @ np.linalg.lstsq(inputs[0], train, rcond=None)[0]
    error, chance = (np.abs(values - test).mean() for values in (predicted, train.mean(0)))
    assert error < 0.6 * chance


@pytest.mark.slow
def test_images_outside_the_probe_mask_are_not_used(tmp_path):
    """The last image of each split is outside the mask: neither it nor its label matters."""
    splits, spoilt = open_squares(), open_squares()
    for split in ("probe_train", "probe_validation"):
        spoilt[split].labels["class"][-1] = 1 - splits[split].labels["class"][-1]
        spoilt[split].images[-1] = 255
    arrays = [SupervisedEncoder(tmp_path, 6, 0, 2, 8).fit(each).arrays for each in (splits, spoilt)]
    for one, other in zip(*arrays, strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_interrupted_training_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("tfdeepsim.training.best_weights.BestWeights.on_epoch_end", interrupt)
    with pytest.raises(KeyboardInterrupt):
        embed("supervised", tmp_path)
    assert not list(tmp_path.rglob("*.npz"))
    assert not list(tmp_path.rglob("*.npy"))


def test_the_dtype_policy_of_training_is_ignored_and_restored(tmp_path):
    expected = embed("random_encoder", tmp_path / "plain")["test"]
    keras.config.set_dtype_policy("mixed_bfloat16")
    found = embed("random_encoder", tmp_path / "mixed")["test"]
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("options", "dataset", "left_out"),
    [
        ({}, {}, {}),
        ({"comparator": None}, {}, {"comparator_features": "needs a comparator"}),
        ({}, {"task": None}, {"supervised": "needs labels"}),
        (
            {},
            {"side": 72},
            {"random_encoder": "64 + 16 n.*72x72", "supervised": "64 \\+ 16 n"},
        ),
    ],
)
def test_unusable_baselines_are_left_out_with_a_reason(tmp_path, options, dataset, left_out):
    created = [make(name, tmp_path, **options) for name in BASELINE_NAMES]
    able, sentences = usable(created, open_squares(**dataset).dataset)
    assert [representation.name for representation in able] == [
        name for name in BASELINE_NAMES if name not in left_out
    ]
    assert len(sentences) == len(left_out)
    for (name, reason), sentence in zip(left_out.items(), sentences, strict=True):
        assert sentence.startswith(f"baseline {name} left out: ")
        assert reason.split(".*")[-1].replace("\\", "") in sentence
    assert not list(tmp_path.iterdir())


def test_an_unusable_baseline_refuses_to_embed(tmp_path):
    with pytest.raises(InputError, match="needs labels"):
        embed("supervised", tmp_path, open_squares(task=None))


def test_colours_differ_enough():
    assert np.abs(np.subtract(*COLOURS)).max() > 100
