"""Inversion through the command: a run is trained, killed, resumed, exported, and used without
tfdeepsim."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from squares import squares

from tfdeepsim.arrays import load_arrays, save_arrays
from tfdeepsim.commands.train import main
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.export import export, load_generator
from tfdeepsim.external.from_config import make_extractor
from tfdeepsim.files import write_json
from tfdeepsim.networks.pihlgren import make_autoencoder
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.inversion_task import InversionTask

CHECKOUT = Path(__file__).parents[2]
EPOCHS = 6
DEEPSIM = ("--loss", "deepsim", "--comparator", "random_alexnet:relu1")
NOISY = ("--noise-dim", "3", "--lambda-diversity", "0.1")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "squares.npz"
    np.savez(path, images=squares(40, seed=3)[0])
    return path


@pytest.fixture(scope="module")
def autoencoder(tmp_path_factory):
    """A run with random weights and its exported encoder."""
    run = RunDirectory(tmp_path_factory.mktemp("runs") / "ae")
    run.create()
    write_json(run.config, TrainConfig(latent_dim=6).to_dict())
    write_json(run.environment, {"dataset": {"image_shape": [64, 64, 3]}})
    keras.utils.set_random_seed(0)
    save_arrays(
        run.best,
        [v.numpy() for v in make_autoencoder((64, 64, 3), 6, variational=False).weights],
        {},
    )
    export(run)
    return run


def arguments(archive, run, invert, *more):
    common = ("--task", "inversion", "--dataset", f"npz:{archive}", "--image-size", "64")
    sizes = ("--width", "0.02", "--batch-size", "8")
    return [*common, *sizes, "--invert", str(invert), "--run-dir", str(run), *more]


def start(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )


def finish(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, f"{out[-1000:]}\n{err[-3000:]}"
    return out, err


TRAIN = "import sys; from tfdeepsim.commands.train import main; sys.exit(main(sys.argv[1:]))"
RESUME_AND_TRAIN = """
import sys
from tfdeepsim.commands.train import main
assert main(["--resume", "--run-dir", sys.argv[1]]) == 0
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture(scope="module")
def killed_and_whole(archive, tmp_path_factory):
    """Two runs of one configuration, of which one was killed after its second epoch and resumed."""
    folder = tmp_path_factory.mktemp("noisy")
    flags = (*NOISY, "--deterministic", "--epochs", str(EPOCHS))
    killed, whole = (
        arguments(archive, folder / name, "random_alexnet:relu6", *flags)
        for name in ("killed", "whole")
    )
    process, history = start(TRAIN, *killed), folder / "killed" / "history.csv"
    while process.poll() is None and not (
        history.exists() and len(history.read_text().splitlines()) > 2
    ):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    left = len(history.read_text().splitlines()) - 1
    assert 2 <= left < EPOCHS, "it was not killed in time to prove anything"
    assert not (folder / "killed" / "generator").exists()
    finish(start(RESUME_AND_TRAIN, folder / "killed", *whole))
    return [RunDirectory(folder / name) for name in ("killed", "whole")]


@pytest.fixture(scope="module")
def runs(archive, autoencoder, killed_and_whole, tmp_path_factory):
    """Finished runs by the network that they invert."""
    folder = tmp_path_factory.mktemp("runs")
    pool5 = arguments(archive, folder / "pool5", "random_alexnet:pool5", *DEEPSIM, "--steps", "4")
    assert main([*pool5, "--seed", "4"]) == 0
    assert main(arguments(archive, folder / "encoder", autoencoder.path, "--steps", "4")) == 0
    return {
        "pool5": RunDirectory(folder / "pool5"),
        "encoder": RunDirectory(folder / "encoder"),
        "relu6": killed_and_whole[1],
    }


KNOWN = {
    "pool5": {"name": "random_alexnet", "layer": "pool5", "feature_shape": [1, 1, 256]},
    "encoder": {"name": "ae", "layer": "output", "feature_shape": [6]},
    "relu6": {"name": "random_alexnet", "layer": "relu6", "feature_shape": [4096]},
}


@pytest.fixture(scope="module")
def extractors(runs):
    configs = {name: TrainConfig.from_dict(run.read_config()) for name, run in runs.items()}
    return {
        name: make_extractor(config.invert, seed=config.seed) for name, config in configs.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["state.npz", "best.npz"])
def test_killed_and_resumed_is_bit_for_bit_the_same(killed_and_whole, name):
    (resumed, meta), (whole, other) = (load_arrays(run.path / name) for run in killed_and_whole)
    assert len(resumed) > 10
    for a, b in zip(resumed, whole, strict=True):
        np.testing.assert_array_equal(a, b)
    assert meta.get("step") == other.get("step")


@pytest.mark.parametrize("name", KNOWN)
def test_the_inverted_network_is_recorded(runs, extractors, name):
    known, extractor = runs[name].read_environment()["inverted"], extractors[name]
    assert {key: known[key] for key in KNOWN[name]} == KNOWN[name]
    assert (known["source"], known["sha256"]) == (extractor.source, extractor.sha256)
    # A power of two that brings the mean square over the first training images near 1.
    assert np.log2(known["feature_scale"]) == round(np.log2(known["feature_scale"]))
    features = extractor(squares(40, seed=3)[0].astype(np.float32) / 255).numpy()
    assert 0.4 < np.mean((known["feature_scale"] * features) ** 2) < 2.5


def test_files_of_a_run(runs):
    for run in runs.values():
        assert not run.encoder.exists()
        assert run.outcome("inversion").is_dir()
        assert {"val_loss", "image"} <= set(columns(run))
    of_diversity = {"gradient_diversity", "weighted_diversity", "val_diversity"}
    assert of_diversity <= set(columns(runs["relu6"]))
    assert {"gradient_feature", "gradient_adversarial", "ratio", "val_feature"} <= set(
        columns(runs["pool5"])
    )
    assert 0 < columns(runs["relu6"])["val_diversity"] < 1
    config = TrainConfig.from_dict(runs["relu6"].read_config())
    assert (config.invert, config.noise_dim, config.latent_dim) == ("random_alexnet:relu6", 3, None)


def columns(run):
    """Of the last epoch."""
    with open(run.history) as file:
        return {name: float(value) for name, value in list(csv.DictReader(file))[-1].items()}


@pytest.mark.parametrize("name", KNOWN)
def test_samples_are_the_best_generators(runs, extractors, name):
    with np.load(runs[name].samples) as samples:
        original, found = samples["original"], samples["reconstruction"]
    assert original.shape == found.shape == (4, 64, 64, 3)
    features = extractors[name](original.astype(np.float32) / 255)
    image = load_generator(runs[name])(features)["image"]
    expected = np.round(255 * np.clip(image, 0, 1))
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert found.std() > 0


USER = """
import sys
sys.modules["tfdeepsim"] = None  # an import of it would fail
import numpy as np, tensorflow as tf
for folder in sys.argv[1:]:
    with np.load(f"{folder}/given.npz") as given:
        features, noise = given["features"], given["noise"]
    images = {}
    loaded = tf.saved_model.load(f"{folder}/generator")
    if noise.size:
        images["noise"] = loaded.generate(features, noise)
        zeros = 0 * noise
        images["in one line"] = tf.saved_model.load(f"{folder}/generator").generate(features, zeros)
        images["signature"] = loaded.signatures["serving_default"](
            features=tf.constant(features), noise=tf.constant(0 * noise)
        )["output_0"]
        images["one"] = loaded.generate(features[:1], 0 * noise[:1])
    else:
        images["in one line"] = tf.saved_model.load(f"{folder}/generator").generate(features)
        serve = loaded.signatures["serving_default"]
        images["signature"] = serve(features=tf.constant(features))["output_0"]
        images["one"] = loaded.generate(features[:1])
    np.savez(f"{folder}/images.npz", **images)
"""


@pytest.fixture(scope="module")
def generated(runs):
    """What a process without tfdeepsim generates from random features, and what is expected."""
    random, expected = np.random.default_rng(0), {}
    for name, run in runs.items():
        generator = load_generator(run)
        features = (
            random.normal(size=(3, *generator.feature_shape)).astype(np.float32)
            / generator.feature_scale
        )
        features *= np.float32([1, 5, 300]).reshape(3, *(1,) * (features.ndim - 1))
        noise = random.normal(size=(3, generator.noise_dim)).astype(np.float32)
        np.savez(run.path / "given.npz", features=features, noise=noise)
        expected[name] = [generator(features)["image"].numpy()]
        if generator.noise_dim:
            expected[name].append(generator(features, noise=noise)["image"].numpy())
    finish(start(USER, *(run.path for run in runs.values())))
    return expected


@pytest.mark.slow
@pytest.mark.parametrize("name", KNOWN)
def test_generates_in_a_process_without_tfdeepsim(runs, generated, name):
    still, *noisy = generated[name]
    assert still.min() < 0 or still.max() > 1, "nothing was clipped"
    with np.load(runs[name].path / "images.npz") as images:
        assert ("noise" in images) == bool(noisy)
        for kind in images.files:
            assert images[kind].dtype == np.float32
            linear = noisy[0] if kind == "noise" else still[: len(images[kind])]
            np.testing.assert_allclose(images[kind], np.clip(linear, 0, 1), atol=1e-5, err_msg=kind)
        assert len(images.files) == (4 if noisy else 3)


def test_dry_run_writes_nothing(archive, tmp_path, capsys):
    flags = ("--invert", "random_alexnet:pool5", *NOISY, "--dry-run")
    assert main([*arguments(archive, tmp_path / "run", "random_alexnet:pool5"), *flags]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "generator from 1x1x256 features of random_alexnet:pool5 and 3 of noise" in out
    assert "1 image + 0.1 diversity" in out
    assert list(tmp_path.iterdir()) == []


def save(folder, function, shape=(None, None, None, 3)):
    """An external network: a SavedModel with one function."""
    module = tf.Module()
    module.f = tf.function(function, input_signature=[tf.TensorSpec(shape, tf.float32)])
    tf.saved_model.save(module, str(folder), signatures=module.f)
    return folder


def refused(archive, folder, capsys, invert, *flags):
    """The error line, after checking that nothing else is printed and nothing is written."""
    capsys.readouterr()
    before = sorted(folder.rglob("*"))
    assert main(arguments(archive, folder / "run", invert, *flags)) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith("error: ")
    assert captured.out == ""
    assert sorted(folder.rglob("*")) == before
    return line


@pytest.mark.parametrize(
    ("invert", "flags", "message"),
    [
        ("random_alexnet:relu9", (), "got 'random_alexnet:relu9'; accepted: conv1, relu1"),
        ("runs/none", (), "got 'runs/none', which does not exist"),
        ("random_alexnet:pool5", ("--image-size", "32"), "AlexNet's pool5: got 32x32 pixels"),
        (
            "random_alexnet:relu1",
            ("--image-size", "16", *DEEPSIM),
            "too small for the discriminator",
        ),
        ("random_alexnet:pool5", ("--noise-dim", "-1"), "--noise-dim is out of range"),
        ("random_alexnet:pool5", ("--lambda-diversity", "1"), "got no --noise-dim"),
        ("random_alexnet:pool5", ("--model", "vae"), "--model is for autoencoders"),
        (
            "random_alexnet:pool5",
            ("--external-range", "0-255"),
            "--external-range is for external networks",
        ),
        ("random_alexnet:pool5", ("--invert-weights", "w.npy"), "draws its weights from the seed"),
        (
            "random_alexnet:pool5",
            ("--batch-size", "50"),
            "--batch-size must not exceed the training images",
        ),
    ],
)
def test_bad_flags_are_one_line(archive, tmp_path, capsys, invert, flags, message):
    assert message in refused(archive, tmp_path, capsys, invert, *flags)


def test_external_networks_that_cannot_be_inverted(archive, tmp_path, capsys):
    as_large = save(tmp_path / "as_large", lambda x: 2 * x)
    assert "got 64x64 for 64x64 pixels" in refused(archive, tmp_path, capsys, as_large)
    black = save(tmp_path / "black", lambda x: 0 * x[:, 0, 0])
    assert "finite and not all 0: got mean square 0 over" in refused(
        archive, tmp_path, capsys, black
    )
    broken = save(tmp_path / "broken", lambda x: tf.math.log(x[:, 0, 0] - 1))
    assert "got mean square nan over 28 training images" in refused(
        archive, tmp_path, capsys, broken
    )
    rows = save(tmp_path / "rows", lambda x: x, (None, 5))
    assert "takes images and nothing else: got [?, 5]" in refused(archive, tmp_path, capsys, rows)
    tf.saved_model.save(tf.Module(), str(tmp_path / "unsigned"))
    assert "unsigned" in refused(archive, tmp_path, capsys, tmp_path / "unsigned")
    (tmp_path / "empty").mkdir()
    assert "a folder of other files" in refused(archive, tmp_path, capsys, tmp_path / "empty")


def test_resume_needs_the_network_of_the_training(runs, autoencoder, tmp_path, capsys):
    """Another encoder at the same path is noticed."""
    run, known = runs["encoder"], runs["encoder"].read_environment()
    write_json(run.environment, {**known, "inverted": {**known["inverted"], "sha256": "0" * 64}})
    try:
        assert main(["--resume", "--run-dir", str(run.path), "--steps", "5"]) == 2
    finally:
        write_json(run.environment, known)
    assert f"accepted: {64 * chr(48)}, with which" in capsys.readouterr().err


def test_images_that_cannot_be_generated_are_refused_before_data_are_created(tmp_path):
    """LLv2 would be simulated first, for half an hour."""
    as_large = save(tmp_path / "as_large", lambda x: 2 * x)
    for flags in ({"invert": str(as_large)}, {"invert": "random_alexnet:relu1", "lambda_adv": 1.0}):
        config = TrainConfig(task="inversion", data_dir=str(tmp_path / "data"), **flags)
        task = InversionTask(config)
        task.description = type(task.description)(
            **{**vars(task.description), "image_shape": (16, 16, 3)}
        )
        with pytest.raises(InputError, match="16x16"):
            task.model()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("level", "scale"), [(1.0, 1.0), (1.4, 1.0), (1.5, 0.5), (1000.0, 2.0**-10), (0.01, 128)]
)
def test_scale_is_the_nearest_power_of_two(archive, level, scale):
    """Nearest in the exponent: √2 is the border of 1 and 2."""
    task = InversionTask(
        TrainConfig(task="inversion", invert="x", dataset=f"npz:{archive}", image_size=64)
    )
    assert task._scale(lambda images: tf.fill((len(images), 3), level)) == scale


def test_features_are_not_rounded_under_mixed_precision(archive):
    config = {
        "task": "inversion",
        "invert": "random_alexnet:relu2",
        "dataset": f"npz:{archive}",
        "image_size": 64,
    }
    images = squares(4, seed=3)[0].astype(np.float32) / 255
    expected = make_extractor("random_alexnet:relu2")(images)
    keras.config.set_dtype_policy("mixed_bfloat16")
    task = InversionTask(TrainConfig(**config, precision="mixed_bfloat16"))
    found = task.extractor()(images)
    assert found.dtype == tf.float32
    np.testing.assert_array_equal(found, expected)
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
