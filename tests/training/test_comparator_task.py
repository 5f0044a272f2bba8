"""A comparator is trained, resumed, bundled and used by another run, through the commands."""

import csv
import json

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file
from squares import squares

from tfdeepsim.commands.train import main
from tfdeepsim.comparators import check_comparator, make_comparator
from tfdeepsim.comparators.__main__ import main as pack
from tfdeepsim.comparators.weights.bundled import bundled_file
from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.epoch_progress import EpochProgress


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Image files of squares of two colours, in one folder for each colour."""
    path = tmp_path_factory.mktemp("images")
    images, classes, _ = squares(60, seed=3)
    for index, (image, kind) in enumerate(zip(images, classes, strict=True)):
        (path / f"colour{kind}").mkdir(exist_ok=True)
        Image.fromarray(image).save(path / f"colour{kind}" / f"{index}.png")
    return path


def arguments(folder, run, *more):
    common = (
        "--task",
        "comparator",
        "--dataset",
        f"folder:{folder}",
        "--run-dir",
        str(run),
        "--batch-size",
        "8",
    )
    return [*common, *more]


@pytest.fixture(scope="module")
def exemplar(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "exemplar"
    flags = ("--comparator", "exemplar_cnn", "--surrogate-classes", "4", "--epochs", "2")
    assert main(arguments(folder, path, *flags)) == 0
    return RunDirectory(path)


def test_leaves_a_comparator_and_its_record(exemplar):
    record = json.loads((exemplar.path / "result.json").read_text())
    assert (record["objective"], record["saw_labels"]) == ("surrogate", None)
    assert 0 <= record["val_accuracy"] <= 1
    with open(exemplar.history) as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    # Warm-up and cosine.
    assert float(rows[-1]["learning_rate"]) < float(rows[0]["learning_rate"])
    assert json.loads(exemplar.environment.read_text())["objective"] == "surrogate"


@pytest.mark.slow
def test_a_run_is_resumed_where_it_stopped(exemplar, folder, tmp_path):
    run = tmp_path / "run"
    flags = ("--comparator", "exemplar_cnn", "--surrogate-classes", "4")
    assert main(arguments(folder, run, *flags, "--epochs", "1")) == 0
    assert main(["--resume", "--run-dir", str(run), "--epochs", "2"]) == 0
    with open(run / "history.csv") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]


def test_its_features_are_those_of_the_file(exemplar, tmp_path):
    check_comparator("exemplar_cnn:conv3", (64, 64, 3), exemplar.path)
    x = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    features = make_comparator("exemplar_cnn:conv3", exemplar.path)(x)
    packed = tmp_path / "exemplar_cnn.safetensors"
    assert (
        pack(
            [
                str(exemplar.path),
                "--layer",
                "relu3",
                "--out",
                str(packed),
                "--data",
                "squares",
                "--licence",
                "CC0-1.0",
            ]
        )
        == 0
    )
    found = make_comparator("exemplar_cnn:conv3", packed)(x)
    np.testing.assert_allclose(found, features, atol=2e-3 * np.abs(features).max())
    card = json.loads(packed.with_suffix(".json").read_text())
    assert card["layers"][-1] == "relu3"
    assert "--surrogate-classes 4" in card["command"]
    assert card["saw_labels"] is None
    # The dense layer was not packed.
    with pytest.raises(InputError, match=r"fc4\.weight"):
        make_comparator("exemplar_cnn:fc4", packed)


def test_packing_replaces_nothing_unasked(exemplar, tmp_path, capsys):
    out = tmp_path / "a.safetensors"
    out.write_bytes(b"mine")
    assert (
        pack(
            [
                str(exemplar.path),
                "--layer",
                "relu3",
                "--out",
                str(out),
                "--data",
                "x",
                "--licence",
                "y",
            ]
        )
        == 2
    )
    assert "--overwrite" in capsys.readouterr().err
    assert out.read_bytes() == b"mine"


def test_an_autoencoder_trains_under_it(exemplar, folder, tmp_path):
    flags = (
        "--loss",
        "perceptual",
        "--comparator",
        "exemplar_cnn:relu1+conv3",
        "--layer-weights",
        "1,0.5",
    )
    flags += (
        "--comparator-weights",
        str(exemplar.path),
        "--feature-normalization",
        "channel",
        "--latent-dim",
        "4",
    )
    run = tmp_path / "pae"
    common = (
        "--dataset",
        f"folder:{folder}",
        "--run-dir",
        str(run),
        "--batch-size",
        "8",
        "--steps",
        "3",
    )
    assert main([*common, *flags]) == 0
    record = json.loads((run / "environment.json").read_text())["comparator"]
    assert record["layer"] == "relu1+conv3"
    assert record["layer_weights"] == [1.0, 0.5]
    assert (record["saw_labels"], record["comparator_input"]) == (None, "imagenet")
    assert str(exemplar.path) in record["source"]
    assert len(record["sha256"]) == 64


def test_alexnet_learns_from_labels(folder, tmp_path):
    whole = tmp_path / "whole"
    assert main(arguments(folder, whole, "--comparator", "alexnet", "--steps", "3")) == 0
    record = json.loads((whole / "result.json").read_text())
    assert record["saw_labels"] == f"folder:{folder}"
    assert (record["convolutions"], record["initial_weights_sha256"]) == ("random", None)
    assert 0 <= record["test_accuracy"] <= 1
    check_comparator("alexnet:fc8+prob", (64, 64, 3), whole)
    comparator = make_comparator("alexnet:fc8+prob", whole)
    assert comparator.compute_output_shape((None, 64, 64, 3)) == [(None, 2)] * 2
    assert comparator.saw_labels == f"folder:{folder}"
    x = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    logits, probabilities = (features.numpy() for features in comparator(x))
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    expected = exponentials / exponentials.sum(1, keepdims=True)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    # fc8 is trained as logits, which may be negative and add up to anything.
    assert np.abs(logits.sum(1) - 1).min() > 1e-3


ON_IMAGENET = ("--comparator", "alexnet", "--convolutions", "frozen", "--epochs", "2")
ON_IMAGENET += ("--deterministic", "--precision", "mixed_bfloat16")


@pytest.fixture(scope="module")
def on_imagenet(folder, tmp_path_factory):
    """A run on top of ImageNet's convolutions."""
    path = tmp_path_factory.mktemp("runs") / "frozen"
    assert main(arguments(folder, path, *ON_IMAGENET)) == 0
    return RunDirectory(path)


def test_frozen_convolutions_are_in_the_file_as_they_were(on_imagenet):
    found, bundled = load_file(on_imagenet.comparator), load_file(bundled_file("alexnet"))
    assert {array.dtype.name for array in found.values()} == {"float32"}
    for name, expected in bundled.items():
        np.testing.assert_array_equal(found[name], expected.astype(np.float32), err_msg=name)
    assert sorted(set(found) - set(bundled)) == [
        f"classifier.{index}.{kind}" for index in (1, 4, 6) for kind in ("bias", "weight")
    ]
    x = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    ours, imagenet = (
        make_comparator("alexnet:pool5", weights)(x) for weights in (on_imagenet.path, None)
    )
    np.testing.assert_allclose(ours, imagenet, rtol=1e-6, atol=1e-6)


def test_the_record_has_the_labels_of_both_datasets(on_imagenet, folder):
    imagenet = make_comparator("alexnet:pool5")
    both = f"ImageNet-1k and folder:{folder}"
    assert make_comparator("alexnet:fc6", on_imagenet.path).saw_labels == both
    result = json.loads(on_imagenet.result.read_text())
    assert (result["convolutions"], result["saw_labels"]) == ("frozen", both)
    assert result["initial_weights_sha256"] == imagenet.sha256
    initial = json.loads(on_imagenet.environment.read_text())["initial_weights"]
    assert initial == {"name": "alexnet", "sha256": imagenet.sha256, "saw_labels": "ImageNet-1k"}


def test_it_is_resumed_bit_for_bit(on_imagenet, folder, tmp_path, capsys):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    run = tmp_path / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EpochProgress, "on_epoch_end", interrupt)
        assert main(arguments(folder, run, *ON_IMAGENET)) == 130
    assert not (run / "comparator.safetensors").exists()
    assert main(["--resume", "--run-dir", str(run)]) == 0
    found = load_file(run / "comparator.safetensors")
    for name, expected in load_file(on_imagenet.comparator).items():
        np.testing.assert_array_equal(found[name], expected, err_msg=name)
    assert "those of ImageNet's AlexNet, frozen" in capsys.readouterr().out


def test_alexnet_of_some_classes_records_them(folder, tmp_path):
    run = tmp_path / "run"
    flags = ("--comparator", "alexnet", "--steps", "1", "--probe-classes", "colour0,colour1")
    assert main(arguments(folder, run, *flags)) == 0
    record = json.loads((run / "result.json").read_text())
    assert record["probe_classes"] == "colour0,colour1"
    saw_labels = make_comparator("alexnet:conv1", run).saw_labels
    assert saw_labels == f"folder:{folder} (classes colour0,colour1)"


@pytest.mark.parametrize(("comparator", "warns"), [("alexnet", True), ("random_alexnet", False)])
def test_raw_pixels_are_in_the_record_and_in_the_plan(folder, tmp_path, capsys, comparator, warns):
    run = tmp_path / "run"
    flags = ("--loss", "perceptual", "--comparator", f"{comparator}:conv1", "--latent-dim", "8")
    flags += ("--comparator-input", "raw", "--feature-activation", "sigmoid", "--steps", "2")
    common = ("--dataset", f"folder:{folder}", "--batch-size", "8", "--run-dir", str(run))
    assert main([*common, *flags]) == 0
    warning = "warning: takes raw pixels, but was trained on scaled ones"
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert sum(line.endswith(warning) for line in lines) == warns
    record = json.loads((run / "environment.json").read_text())["comparator"]
    assert (record["comparator_input"], record["feature_activation"]) == ("raw", "sigmoid")
    assert record["saw_labels"] == ("ImageNet-1k" if warns else None)
    assert json.loads((run / "config.json").read_text())["comparator_input"] == "raw"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--comparator", "caffe_alexnet"), "accepted: alexnet, exemplar_cnn, videonet"),
        (("--comparator", "alexnet", "--image-size", "32"), "64 pixels and more"),
        (("--comparator", "videonet"), "frames of videos"),
        (("--comparator", "alexnet", "--comparator-input", "raw"), "is for generators"),
        (("--comparator", "alexnet", "--convolutions", "imagenet"), "unknown --convolutions"),
        (
            ("--comparator", "videonet", "--convolutions", "frozen"),
            "--convolutions is for AlexNet's: got --convolutions frozen; "
            "accepted: --comparator alexnet",
        ),
        (
            ("--comparator", "exemplar_cnn", "--convolutions", "finetuned"),
            "accepted: --comparator alexnet",
        ),
        (
            ("--task", "autoencoder", "--convolutions", "frozen"),
            "--convolutions is for a comparator's training: got --convolutions frozen; "
            "accepted: --task comparator",
        ),
    ],
)
def test_bad_input_is_one_line(folder, tmp_path, capsys, flags, message):
    assert main(arguments(folder, tmp_path / "run", *flags)) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    assert message in error
    assert not (tmp_path / "run").exists()


def test_earlier_runs_had_random_convolutions():
    fields = TrainConfig(task="comparator", comparator="alexnet").to_dict()
    del fields["convolutions"]
    assert TrainConfig.from_dict(fields).convolutions == "random"
