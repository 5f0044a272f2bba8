"""Run directories and saved models that an earlier version wrote are read, resumed and evaluated.

`earlier_runs.zip` was written by the code of 24 November 2026, before modules, classes and the flag
`--foreign-range` were renamed, with these commands (P = python, squares16.npz and squares64.npz are
coloured squares on grey):

    P train.py --dataset npz:squares16.npz --batch-size 16 --deterministic \
        --network dosovitskiy --width 0.1 --epochs 2 --run-dir runs/pixel
    P train.py --dataset npz:squares64.npz --batch-size 8 --deterministic \
        --network dosovitskiy --width 0.1 --loss deepsim --comparator random_alexnet:conv1 \
        --epochs 2 --run-dir runs/deepsim
    P train.py --dataset npz:squares64.npz --batch-size 8 --deterministic \
        --network dosovitskiy --model vae --width 0.02 --latent-dim 4 --loss perceptual \
        --comparator random_alexnet:relu1 --epochs 2 --run-dir runs/vae
    P train.py --dataset npz:squares64.npz --batch-size 8 --deterministic \
        --task inversion --invert random_alexnet:pool1 --width 0.02 --loss pixel --epochs 2 \
        --run-dir runs/inversion
    P train.py --dataset npz:squares16.npz --batch-size 16 --deterministic \
        --task inversion --invert runs/pixel --foreign-range 0-255 --width 0.02 --loss pixel \
        --epochs 2 --run-dir runs/reversed
    P evaluate.py runs/pixel runs/pixel/encoder --dataset npz:squares16.npz --probes linear,mlp \
        --probe-seeds 2 --probe-epochs 3 --baselines pca,random_encoder --card --decode 2 \
        --label-fractions 0.5,1 --report-dir runs/report
    P -m tuning.search runs/pixel --trials 2 --epochs 2

Files that weigh much and that evaluation computes again were taken out. `resumed_to_epoch_3.json`
is what the same code measured when it resumed the first four runs to epoch 3. `comparator.keras` is
`keras.Model(images, make_comparator("random_alexnet:conv1", seed=3)(images))`.
"""

import csv
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import rich.console

from tfdeepsim.config import TrainConfig
from tfdeepsim.probes.result import read_result
from tfdeepsim.report.record import read_record
from tfdeepsim.run import RunDirectory
from tfdeepsim.study import check_same_config
from tfdeepsim.training.trainer import train

QUIET = rich.console.Console(quiet=True)


@pytest.fixture
def earlier(tmp_path, monkeypatch):
    """The folder of the earlier runs, as the current one: their datasets are named from it."""
    with zipfile.ZipFile(Path(__file__).with_name("earlier_runs.zip")) as archive:
        archive.extractall(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(path):
    return list(csv.DictReader(Path(path).read_text().splitlines()))


@pytest.mark.parametrize("name", ["pixel", "deepsim", "vae", "inversion", "reversed"])
def test_configs_are_read(earlier, name):
    run = RunDirectory(f"runs/{name}")
    config = TrainConfig.from_dict(run.read_config())
    check_same_config(config, run)
    assert config.external_range == ("0-255" if name == "reversed" else "0-1")


@pytest.mark.parametrize("name", ["pixel", "deepsim", "vae", "inversion"])
def test_runs_are_resumed(earlier, name):
    run = RunDirectory(f"runs/{name}")
    config = TrainConfig.from_dict(run.read_config() | {"epochs": 3, "deterministic": False})
    train(config, run, resume=True, console=QUIET)
    history = table(run.history)
    expected = json.loads(Path("resumed_to_epoch_3.json").read_text())[name]
    assert [int(row["epoch"]) for row in history] == [1, 2, 3]
    # Other processors add up in other orders.
    for term in ("loss", "val_loss"):
        assert float(history[-1][term]) == pytest.approx(expected[term], rel=1e-2)


def test_runs_are_evaluated(earlier):
    code = "from tfdeepsim.commands.evaluate import main; raise SystemExit(main())"
    arguments = ["runs/pixel", "runs/pixel/encoder", "--dataset", "npz:squares16.npz"]
    options = ["--probes", "linear", "--baselines", "pca", "--report-dir", "again"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, *options], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = {row["run"]: row for row in table("again/results.csv")}
    before = {
        row["run"]: row for row in table("runs/report/results.csv") if row["probe"] == "linear"
    }
    assert set(rows) == {"pixel", "encoder", "pca"}
    assert rows["encoder"]["model"] == "external"
    for name, row in rows.items():
        assert row["value"] == before[name]["value"]


def test_results_of_an_external_encoder_are_read(earlier):
    (folder,) = Path("runs/foreign").iterdir()
    result = read_result(folder / "results" / "npz-squares16.npz", "mlp")
    assert {score.model for score in result.scores} == {"external"}
    assert RunDirectory(folder).origin.name == "contender.json"
    (score, *_) = result.scores
    record = read_record("encoder", RunDirectory(folder), score, "npz:squares16.npz", "mlp")
    assert record.origin["form"] == "saved_model"


def test_a_saved_comparator_is_loaded(earlier):
    code = (
        "import keras, numpy as np, tfdeepsim.comparators.chains.chain_comparator\n"
        "model = keras.models.load_model('comparator.keras')\n"
        "x = np.linspace(0, 1, 64 * 64 * 3, dtype='float32').reshape(1, 64, 64, 3)\n"
        "print(float(np.mean(model(x))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(0.022889812, rel=1e-4)
