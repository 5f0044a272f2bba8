"""The network of a `.keras` file as comparator, through the commands."""

import json
import shutil

import keras
import numpy as np
import pytest
from squares import squares

from tfdeepsim.commands import evaluate, train
from tfdeepsim.comparators import make_comparator
from tfdeepsim.comparators.from_config import comparator_identity, labels_seen_by
from tfdeepsim.config import TrainConfig
from tfdeepsim.files import sha256_of
from tfdeepsim.run import RunDirectory

LAYERS = keras.layers


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Images, and files of networks; one of them in a folder with a colon in its name."""
    folder = tmp_path_factory.mktemp("C:files")
    np.savez(folder / "squares.npz", images=squares(40, seed=3)[0])
    keras.utils.set_random_seed(2)
    images = keras.Input((40, 40, 3))
    x = LAYERS.Conv2D(6, 5, strides=2, activation="relu", name="early")(images)
    x = LAYERS.Conv2D(4, 3, name="late")(x)
    bytes_ = LAYERS.Activation("relu", dtype="float32", name="rectified")(x)
    x = keras.ops.cast(bytes_, "int32")
    x = LAYERS.Reshape((-1,), dtype="int32", name="integers")(x)
    keras.Model(images, x, name="backbone").save(folder / "net.keras")
    for name, make in {
        "grey": lambda: [keras.Input((40, 40, 1)), LAYERS.ReLU(name="early")],
        "lambda": lambda: [keras.Input((40, 40, 3)), LAYERS.Lambda(lambda x: x, name="early")],
        "large": lambda: [keras.Input((None, None, 3)), LAYERS.MaxPooling2D(99, name="early")],
    }.items():
        keras.Sequential(make(), name=name).save(folder / f"{name}.keras")
    (folder / "broken.keras").write_bytes((folder / "net.keras").read_bytes()[:900])
    return folder


def arguments(folder, comparator, *more):
    data = ("--dataset", f"npz:{folder / 'squares.npz'}", "--image-size", "64", "--batch-size", "8")
    network = ("--network", "dosovitskiy", "--width", "0.05", "--comparator", comparator)
    return [*data, *network, *more]


def spec(folder, layers="early+late", name="net"):
    return f"external:{folder / name}.keras:{layers}"


@pytest.fixture(scope="module")
def run(folder):
    """A run of two steps under two layers of the network."""
    path = folder / "run"
    flags = ("--loss", "perceptual", "--steps", "2", "--layer-weights", "1,2")
    flags += ("--comparator-range", "0-255", "--comparator-saw-labels", "Birds-7")
    argv = arguments(folder, spec(folder), "--lambda-img", "0.1", *flags)
    assert train.main([*argv, "--run-dir", str(path)]) == 0
    return RunDirectory(path)


def test_the_record_names_file_digest_and_labels(folder, run):
    record = run.read_environment()["comparator"]
    assert record["layer"] == "early+late"
    assert record["source"] == f".keras file {folder / 'net.keras'}"
    assert record["sha256"] == sha256_of(folder / "net.keras")
    assert record["saw_labels"] == "Birds-7"
    assert record["comparator_input"] == "0 to 255"
    assert record["layer_weights"] == [1, 2]
    config = TrainConfig.from_dict(run.read_config())
    assert labels_seen_by(config) == "Birds-7"
    identity = comparator_identity(config)
    assert (identity["weights"], identity["comparator_range"]) == (record["sha256"], "0-255")


def test_features_are_those_of_the_file(folder):
    model = keras.saving.load_model(folder / "net.keras")
    comparator = make_comparator(spec(folder, "late"), comparator_range="-1-1")
    images = np.random.default_rng(0).random((2, 40, 40, 3), np.float32)
    expected = keras.Model(model.inputs[0], model.get_layer("late").output)(images * 2 - 1)
    np.testing.assert_allclose(comparator(images), expected, atol=1e-5)
    assert (comparator.name, comparator.saw_labels) == ("net", "unknown")
    none = make_comparator(spec(folder, "late"), saw_labels="none")
    assert none.saw_labels is None


def test_a_run_is_resumed_with_the_same_file_only(folder, run, capsys):
    assert train.main(["--resume", "--run-dir", str(run.path), "--steps", "4"]) == 0
    assert "early: 30x30x6 features, each of 5x5 pixels, every 2, weight 1" in (
        capsys.readouterr().out
    )
    kept = folder / "kept.keras"
    shutil.copy(folder / "net.keras", kept)
    model = keras.saving.load_model(kept)
    kernel, bias = model.get_layer("early").get_weights()
    model.get_layer("early").set_weights([kernel * 2, bias])
    try:
        model.save(folder / "net.keras")
        assert train.main(["--resume", "--run-dir", str(run.path), "--steps", "6"]) == 2
    finally:
        shutil.move(kept, folder / "net.keras")
    assert "goes on with the same comparator: got sha256" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [
        ("--loss", "deepsim"),
        ("--loss", "perceptual", "--task", "inversion", "--invert", "random_alexnet:pool2"),
    ],
)
def test_other_losses_and_tasks_train_under_it(folder, flags, tmp_path):
    argv = arguments(folder, spec(folder, "late"), *flags, "--steps", "2")
    if "inversion" in flags:
        del argv[argv.index("--network") : argv.index("--network") + 2]
    assert train.main([*argv, "--run-dir", str(tmp_path / "run")]) == 0
    history = (tmp_path / "run" / "history.csv").read_text()
    assert "feature" in history.splitlines()[0]


@pytest.mark.slow
def test_losses_are_compared_under_it(folder, tmp_path, capsys):
    argv = arguments(folder, spec(folder), "--steps", "2", "--run-dir", str(tmp_path / "study"))
    assert evaluate.main(["--compare", "pixel,perceptual", "--dry-run", *argv]) == 0
    assert "early+late" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "layers", "flags", "message"),
    [
        ("net", "middle", (), "backbone has no such layer: got 'middle'; accepted: early, late"),
        ("net", "integers", (), "layer is differentiable: got integers of backbone, int32s"),
        ("large", "early", (), "got 64x64 pixels; accepted: at least 99x99 pixels"),
        ("grey", "early", (), "takes colour images: got grey, which takes [?, 40, 40, 1]"),
        ("lambda", "early", (), "it holds a Lambda layer, which is code"),
        ("broken", "early", (), "Keras' own layers and no code"),
        ("none", "early", (), "which does not exist"),
        ("net", "early", ("--comparator-range", "0-2"), "0-2"),
        ("net", "early", ("--comparator-weights", "x.pth"), "brings its own weights"),
        ("net", "early", ("--comparator-input", "raw"), "--comparator-input raw leaves out"),
    ],
)
def test_bad_input_is_one_line(folder, capsys, tmp_path, name, layers, flags, message):
    argv = arguments(folder, spec(folder, layers, name), "--loss", "perceptual", *flags)
    try:
        code = train.main([*argv, "--run-dir", str(tmp_path / "run")])
    except SystemExit as stop:  # argparse's own checks
        code = stop.code
    err = capsys.readouterr().err
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("flag", ["--comparator-range", "--comparator-saw-labels"])
def test_its_flags_are_for_no_other_comparator(folder, capsys, flag):
    argv = arguments(folder, "alexnet:relu2", "--loss", "perceptual", flag, "0-255")
    assert train.main([*argv, "--run-dir", str(folder / "other")]) == 2
    assert f"{flag} is for external comparators" in capsys.readouterr().err


def test_earlier_configs_have_no_external_fields():
    values = TrainConfig(loss="perceptual").to_dict()
    del values["comparator_range"], values["comparator_saw_labels"]
    assert TrainConfig.from_dict(json.loads(json.dumps(values))) == TrainConfig(loss="perceptual")
