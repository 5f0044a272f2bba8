"""Bad input on the command line: one line, exit code 2, nothing written. Help: light and narrow."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfdeepsim.commands import evaluate, train

CHECKOUT = Path(__file__).parents[2]
PERCEPTUAL = ["--loss", "perceptual", "--comparator", "random_alexnet:relu2"]


@pytest.fixture
def fails(tmp_path, capsys, monkeypatch):
    """A function that runs a command in an empty folder, and returns the line of its error."""
    monkeypatch.chdir(tmp_path)

    def begin(*arguments, **options):
        pytest.fail("bad input was accepted, and half an hour of training would begin")

    monkeypatch.setattr("tfdeepsim.training.trainer.train", begin)
    monkeypatch.setattr("tfdeepsim.study.Study.train", begin)

    def run(command, *argv):
        before = sorted(tmp_path.rglob("*"))
        try:
            code = command.main(list(argv))
        except SystemExit as stop:  # argparse's own checks
            code = stop.code
        captured = capsys.readouterr()
        assert code == 2
        assert captured.out == ""
        lines = captured.err.splitlines()
        assert len(lines) == 1, captured.err
        assert lines[0].startswith("error: ")
        assert sorted(tmp_path.rglob("*")) == before
        return lines[0]

    return run


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--dataset", "mnist"], "mnist"),
        (["--loss", "psychic"], "unknown --loss: got psychic; accepted: pixel, l1, perceptual"),
        (["--model", "gan"], "unknown --model"),
        (["--latent-dim", "0"], "--latent-dim is out of range: got 0; accepted: 1 to 2147483647"),
        (["--run-dir=~nosuchuser/run"], "~ is followed by the name of a user"),
        (["--dataset", "npz:~nosuchuser/a.npz"], "~ is followed by the name of a user"),
        (["--run-dir", "\udcff"], "arguments are UTF-8"),
        (["--data-dir", "~nosuchuser"], "~ is followed by the name of a user"),
        (["--latent-dim", "many"], "invalid int value: 'many'"),
        (["--epochs", "0"], "--epochs is out of range: got 0"),
        (["--epochs", "2", "--steps", "3"], "exclude each other"),
        (
            ["--loss", "perceptual", "--layer-weights", "1,2"],
            "a number from 1e-12 to 1e12 for each",
        ),
        (["--loss", "perceptual", "--comparator", "alexnet:fc6"], "or an earlier layer"),
        (["--task", "comparator"], "needs the name of a network that can be trained here"),
        (["--comparator", "random_alexnet:relu2"], "used by the feature term alone"),
        (["--loss", "perceptual", "--comparator", "vgg:relu2"], "vgg"),
        (["--loss", "perceptual", "--comparator", "random_alexnet:relu9"], "relu9"),
        (["--loss", "perceptual", "--comparator", "random_alexnet"], "random_alexnet"),
        (
            ["--loss", "perceptual", "--comparator", "caffe_alexnet:relu2"],
            "bvlc_alexnet.caffemodel",
        ),
        ([*PERCEPTUAL, "--comparator-weights", "none.pth"], "none.pth"),
        (
            [
                "--loss",
                "perceptual",
                "--comparator",
                "alexnet:relu2",
                "--comparator-weights",
                "none.pth",
            ],
            "none.pth",
        ),
        (["--resume", "--overwrite"], "exclude each other"),
        (["--resume"], "readable config.json"),
        (["--colour", "red"], "unrecognized arguments: --colour red; see --help"),
        (["--scale", "0.5"], "--scale is the size of a recipe"),
        (["--latent-dims", "32"], "--latent-dims is for a recipe: got no --recipe"),
        (
            ["--recipe", "quickstart", "--gammas", "0"],
            "a recipe sets all other flags itself: got --gammas",
        ),
        (
            ["--recipe", "table1", "--latent-dims", "32,many"],
            "--latent-dims is a list of numbers: got 32,many",
        ),
        (
            ["--recipe", "table1", "--gammas", "0,nothing"],
            "--gammas is a list of numbers: got 0,nothing",
        ),
        (["--recipe", "lasagne"], "unknown recipe: got lasagne; accepted: quickstart"),
        (
            ["--recipe", "quickstart", "--batch-size", "3"],
            "a recipe sets all other flags itself: got --batch-size",
        ),
        (["--recipe", "quickstart", "--scale", "0"], "--scale is out of range: got 0.0; accepted"),
    ],
)
def test_train(fails, flags, message):
    assert message in fails(train, "--run-dir", "run", *flags)


def test_run_directory_is_needed(fails):
    assert "a run needs a folder" in fails(train, "--dataset", "llv2")


def test_existing_run_directory(fails, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    assert "run directory must be new" in fails(train, "--run-dir", "run")


def test_run_directory_inside_a_file(fails, tmp_path):
    (tmp_path / "file").touch()
    assert "run directory must be writable" in fails(train, "--run-dir", "file/run")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_run_directory(fails, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "run directory must be writable" in fails(train, "--run-dir", "locked/run")


def test_resume_with_another_configuration(fails, tmp_path):
    from tfdeepsim.config import TrainConfig

    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps(TrainConfig().to_dict()))
    line = fails(train, "--run-dir", "run", "--resume", "--latent-dim", "32")
    assert (
        "--resume continues with the same configuration: got --latent-dim 32, where the run has 64"
        in line
    )


def test_resume_of_a_later_version(fails, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text('{"telepathy": true}')
    assert "unknown field in config.json: got telepathy" in fails(
        train, "--run-dir", "run", "--resume"
    )


@pytest.fixture
def earlier_run(tmp_path):
    """A run whose `config.json` has the name that `external_range` had earlier; its config."""
    from tfdeepsim.config import TrainConfig

    config = TrainConfig(task="inversion", invert="net.keras", external_range="0-255")
    fields = config.to_dict()
    fields["foreign_range"] = fields.pop("external_range")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps(fields))
    return config


@pytest.mark.parametrize("name", [None, "--external-range", "--foreign-range"])
def test_a_run_of_an_earlier_version_is_resumed(earlier_run, tmp_path, monkeypatch, capsys, name):
    resumed = []
    monkeypatch.setattr(train, "check_data", lambda *arguments: None)
    monkeypatch.setattr(
        "tfdeepsim.training.trainer.train", lambda config, run, **modes: resumed.append(config)
    )
    monkeypatch.setattr("tfdeepsim.export.export", lambda *arguments: None)
    flags = [name, "0-255"] if name else []
    assert train.main(["--resume", "--run-dir", str(tmp_path / "run"), *flags]) == 0
    assert resumed == [earlier_run]
    assert capsys.readouterr().err == ""


def test_another_range_is_not_resumed_whatever_its_name(earlier_run, fails):
    line = fails(train, "--run-dir", "run", "--resume", "--foreign-range", "0-1")
    assert "got --external-range 0-1, where the run has 0-255" in line


@pytest.mark.parametrize("name", ["--external-range", "--foreign-range"])
def test_range_of_an_external_encoder_under_both_names(tmp_path, monkeypatch, capsys, name):
    evaluated = []
    monkeypatch.setattr(
        "tfdeepsim.comparison.compare_encoders",
        lambda encoders, data, options, *_, **__: evaluated.append(options),
    )
    assert evaluate.main(["net.keras", "--dataset", "npz:x.npz", name, "0-255"]) == 0
    assert [options.external_range for options in evaluated] == ["0-255"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["nowhere"], "an encoder must be a run directory or come in a known form: got nowhere"),
        (["run", "--probes", "crystal"], "crystal"),
        (["run", "--probes", "mlp,mlp"], "mlp"),
        (["run", "--probe-seeds", "0"], "seeds"),
        (["run", "--probe-epochs", "0"], "epochs"),
        (["run", "--probe-settings", "mse"], "accepted: standard, pihlgren"),
        (["run", "--label-fractions", "0.1,2"], "0.1,2"),
        (["run", "--baselines", "oracle"], "oracle"),
        (["run", "--dataset", "mnist"], "mnist"),
        (["run", "--seeds", "2"], "--seeds belongs to training: got no --compare"),
        (["run", "--epochs", "2"], "--epochs belongs to training"),
        ([], "there must be something to evaluate"),
        (["--compare", "pixel"], "--compare takes two losses or more: got pixel"),
        (["--compare", "pixel,pixel"], "--compare takes two losses or more"),
        (["--compare", "pixel,psychic"], "--compare takes two losses or more"),
        (["--compare", "pixel,l1"], "a comparison needs a folder"),
        (
            [
                "--compare",
                "pixel,perceptual",
                "--run-dir",
                "study",
                "--comparator",
                "videonet:pool5",
            ],
            "videonet needs its trained weights",
        ),
        (["--compare", "pixel,l1", "run", "--run-dir", "study"], "--compare trains its own runs"),
        (
            ["--compare", "pixel,l1", "--run-dir", "study", "--seeds", "0"],
            "--seeds must be a number of runs",
        ),
        (["--compare", "pixel,l1", "--run-dir", "study", "--dataset", "folder:none"], "none"),
    ],
)
def test_evaluate(fails, argv, message):
    assert message in fails(evaluate, *argv)


def fake_run(path, **config):
    from tfdeepsim.config import TrainConfig

    path.mkdir()
    (path / "config.json").write_text(json.dumps(TrainConfig(**config).to_dict()))


def test_evaluate_without_export(fails, tmp_path):
    fake_run(tmp_path / "run")
    assert "an evaluated run has an exported encoder" in fails(evaluate, "run")


def test_evaluate_runs_of_different_datasets(fails, tmp_path):
    for name, dataset in (("a", "llv2"), ("b", "llv2/paper")):
        fake_run(tmp_path / name, dataset=dataset)
        (tmp_path / name / "encoder").mkdir()
    line = fails(evaluate, "a", "b")
    assert (
        "runs in one table share a dataset; their dataset differs: got a on llv2, b on llv2/paper"
        in line
    )


def test_evaluate_keeps_an_existing_report(fails, tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.html").touch()
    assert "--overwrite" in fails(evaluate, "run", "--report-dir", "report")


def test_compare_keeps_an_existing_report(fails, tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.html").touch()
    flags = ("--compare", "pixel,l1", "--run-dir", "study", "--report-dir", "report")
    assert "--overwrite" in fails(evaluate, *flags)


@pytest.mark.parametrize("command", [train, evaluate])
def test_help_fits_80_columns(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stop:
        command.main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    for action in command.make_parser()._actions:
        assert all(flag in text for flag in action.option_strings)
        assert action.help


def test_full_disk_is_one_line(capsys):
    from tfdeepsim.command_line import run_command

    def body(argv):
        with open("/dev/full", "w") as file:
            file.write("x")

    assert run_command(body, []) == 2
    assert capsys.readouterr().err.startswith("error: disk full while writing")


class Unclosed:
    def __init__(self, number):
        self.number = number

    def __del__(self):
        raise OSError(self.number, "as h5py does when it cannot close a file")


def test_full_disk_is_not_reported_again_by_files_that_cannot_be_closed(monkeypatch, capsys):
    import errno

    from tfdeepsim.command_line import run_command

    monkeypatch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
    assert run_command(lambda argv: 0, []) == 0
    for number in (errno.ENOSPC, errno.EIO):
        Unclosed(number)
    assert capsys.readouterr().err.count("Exception ignored") == 1


def test_a_bug_keeps_its_traceback():
    from tfdeepsim.command_line import run_command

    with pytest.raises(ZeroDivisionError):
        run_command(lambda argv: 1 // 0, [])


PRINTS = """
import sys
from tfdeepsim.command_line import run_command
from tfdeepsim.console import PlainConsole
from tfdeepsim.errors import InputError

def body(arguments):
    console = PlainConsole()
    for number in range(int(arguments[0])):
        console.print("Käse \u2028 µ", number)
    if arguments[1:]:
        raise InputError("a name", got="Käse", accepted="cheese")

sys.exit(run_command(body, None))
"""


def run(arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-X", "utf8=0", "-c", PRINTS, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **environment},
    )


def test_a_terminal_that_knows_ascii_only_gets_all_text():
    out, err = run(["2", "fail"], PYTHONIOENCODING="ascii").communicate()
    assert out.decode("ascii").splitlines()[0].startswith("K\\xe4se")
    assert err.decode("ascii") == "error: a name: got K\\xe4se; accepted: cheese\n"


def test_a_reader_that_is_gone_ends_a_command_quietly():
    with run(["50000"]) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
