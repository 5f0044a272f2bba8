"""Oracles that are restarted, also after a kill between the writing of two files."""

import json

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.tuning.oracles import make_oracle
from tfdeepsim.tuning.settings import SearchSettings

pytestmark = [
    # keras-tuner uses deprecated names of `threading`.
    pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:getName:DeprecationWarning"),
]
TUNERS = ["random", "bayesian", "hyperband", "grid"]


def oracle_in(folder, tuner, reload=False):
    oracle = make_oracle(SearchSettings(tuner=tuner, trials=5, epochs=9))
    oracle.verbose = 0
    oracle._set_project_dir(str(folder), "trials")
    if reload:
        oracle.reload()
    return oracle


def run(oracle, trials):
    """Run trials whose loss is their number; returns their hyperparameters."""
    values = []
    for _ in range(trials):
        trial = oracle.create_trial("tuner0")
        assert trial.status == "RUNNING"
        values.append(trial.hyperparameters.values)
        oracle.update_trial(trial.trial_id, {"val_loss": float(trial.trial_id)})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    return values


@pytest.mark.parametrize("tuner", TUNERS)
def test_restarted_oracle_continues_the_same_sequence(tmp_path, tuner):
    uninterrupted = run(oracle_in(tmp_path / "whole", tuner), 3)
    parts = run(oracle_in(tmp_path / "parts", tuner), 2)
    oracle = oracle_in(tmp_path / "parts", tuner, reload=True)
    parts += run(oracle, 1)
    assert parts == uninterrupted
    assert oracle.end_order == ["0", "1", "2"] or tuner == "hyperband"
    assert len(oracle.end_order) == 3


@pytest.mark.parametrize("tuner", TUNERS)
def test_kill_at_the_start_of_a_trial(tmp_path, tuner):
    oracle = oracle_in(tmp_path, tuner)
    run(oracle, 1)
    before = (tmp_path / "trials" / "oracle.json").read_text()
    second = oracle.create_trial("tuner0")
    # The file of the trial was written, that of the oracle was not.
    (tmp_path / "trials" / "oracle.json").write_text(before)
    again = oracle_in(tmp_path, tuner, reload=True)
    assert list(again.trials) == [again.start_order[0]]
    trial = again.create_trial("tuner1")
    assert trial.trial_id == second.trial_id
    assert trial.hyperparameters.values == second.hyperparameters.values


@pytest.mark.parametrize("tuner", TUNERS)
def test_kill_at_the_end_of_a_trial(tmp_path, tuner):
    oracle = oracle_in(tmp_path, tuner)
    run(oracle, 2)
    state = json.loads((tmp_path / "trials" / "oracle.json").read_text())
    assert len(state["end_order"]) == 2
    assert state["ongoing_trials"], "keras-tuner writes before it lets go of the trial"
    again = oracle_in(tmp_path, tuner, reload=True)
    assert again.create_trial("tuner0").trial_id not in state["end_order"]


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", 10_000 * "[", "\xff", None])
@pytest.mark.parametrize("name", ["oracle.json", "trial.json"])
def test_damaged_files_are_one_line(tmp_path, name, text):
    run(oracle_in(tmp_path, "random"), 1)
    [file] = (tmp_path / "trials").rglob(name)
    if text is None:
        text = file.read_text().replace('"max_value": 0.1', '"max_value": {}')
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="files of keras-tuner must be as it wrote them"):
        oracle_in(tmp_path, "random", reload=True)


def test_end_of_the_grid(tmp_path):
    oracle = oracle_in(tmp_path, "grid")
    assert len({json.dumps(values) for values in run(oracle, 5)}) == 5
    assert oracle.create_trial("tuner0").status == "STOPPED"


def test_diverged_trials_do_not_stop_the_search(tmp_path):
    oracle = oracle_in(tmp_path, "random")
    for _ in range(5):
        trial = oracle.create_trial("tuner0")
        trial.status = "FAILED"
        oracle.end_trial(trial)
    assert oracle.create_trial("tuner0").status == "STOPPED"
