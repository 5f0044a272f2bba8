"""`python -m tfdeepsim.export`: its arguments, and one line for each wrong one."""

import shutil
import sys

import pytest

from tfdeepsim.export.__main__ import main
from tfdeepsim.files import sha256_of
from tfdeepsim.run import RunDirectory


@pytest.fixture
def unfinished(finished_runs, tmp_path):
    run = RunDirectory(tmp_path / "unfinished")
    shutil.copytree(finished_runs["encoder"].path, run.path)
    shutil.rmtree(run.encoder)
    return run


def refused(capsys, *arguments):
    assert main(list(map(str, arguments))) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_it_says_what_it_wrote_and_replaces_it_only_when_asked(finished_runs, tmp_path, capsys):
    arguments = [str(finished_runs["encoder"].path), "--to", "keras", "--output"]
    path = tmp_path / "a.keras"
    assert main([*arguments, str(path)]) == 0
    assert capsys.readouterr().out == f"exported: {path}\n"
    assert "--overwrite" in refused(capsys, *arguments, path)
    path.write_bytes(b"earlier")
    assert main([*arguments, str(path), "--overwrite"]) == 0
    assert path.stat().st_size > 1000


def test_no_run(tmp_path, capsys):
    assert "config.json" in refused(capsys, tmp_path, "--to", "onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_run(unfinished, capsys):
    assert "finished" in refused(capsys, unfinished.path, "--to", "keras")


def test_damaged_weights_leave_nothing(unfinished, tmp_path, capsys):
    unfinished.encoder.mkdir()
    unfinished.best.write_bytes(b"junk")
    out = tmp_path / "out" / "a.keras"
    assert "best.npz" in refused(capsys, unfinished.path, "--to", "keras", "--output", out)
    assert not out.parent.exists()


def test_a_failure_while_writing_leaves_nothing(finished_runs, tmp_path, monkeypatch):
    from tfdeepsim.export import writers

    def fail(model, output, card, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setitem(writers.WRITERS, "keras", fail)
    out = tmp_path / "out" / "a.keras"
    run = str(finished_runs["encoder"].path)
    assert main([run, "--to", "keras", "--output", str(out)]) == 130
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("to", "name", "says"),
    [
        ("keras", "a.onnx", "ends in .keras"),
        ("litert", "a.lite", "ends in .tflite"),
        ("savedmodel", "a.onnx", "folder"),
        ("tensorrt", "a", "savedmodel, keras, onnx, litert"),
    ],
)
def test_names_and_formats(finished_runs, tmp_path, capsys, to, name, says):
    run, out = finished_runs["encoder"].path, tmp_path / name
    assert says in refused(capsys, run, "--to", to, "--output", out)
    assert not out.exists()


def test_only_a_saved_model_is_replaced_by_one(finished_runs, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    arguments = (finished_runs["encoder"].path, "--to", "savedmodel", "--output", tmp_path)
    assert "something else" in refused(capsys, *arguments, "--overwrite")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_missing_package_names_its_extra(finished_runs, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    err = refused(capsys, finished_runs["encoder"].path, "--to", "onnx")
    assert "tf2onnx" in err
    assert "tfdeepsim[onnx]" in err


def test_layers_are_of_comparators(finished_runs, tmp_path, capsys):
    out = ("--to", "keras", "--output", tmp_path / "a.keras")
    comparator, encoder = (finished_runs[name].path for name in ("comparator", "encoder"))
    assert "conv1, relu1" in refused(capsys, comparator, *out)
    assert "conv1, relu1" in refused(capsys, comparator, *out, "--layer", "conv9")
    # The images of the run have 64 pixels a side.
    assert "32x32" in refused(capsys, comparator, *out, "--layer", "relu4")
    assert "no --layer" in refused(capsys, encoder, *out, "--layer", "conv1")
    assert list(tmp_path.iterdir()) == []


def test_the_exported_run_is_unchanged(finished_runs, tmp_path):
    run = finished_runs["encoder"]
    before = sha256_of(run.path)
    assert main([str(run.path), "--to", "savedmodel", "--output", str(tmp_path / "a")]) == 0
    assert sha256_of(run.path) == before
