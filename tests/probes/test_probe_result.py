import dataclasses
import math

import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.probes.result import ProbeResult, read_result
from tfdeepsim.scores import Score

RUN = {"run": "ae-1", "model": "ae", "loss": "pixel", "comparator": "", "dataset": "llv2"}
NO_RUN = dict.fromkeys(RUN, "")


def result(value=1.5, **changes):
    fields = {
        "probe": "mlp",
        "task": "regression",
        "scores": [
            Score(
                **NO_RUN,
                probe="mlp",
                metric="l1",
                value=value,
                low=1.0,
                high=2.0,
                chance=3.0,
                seeds=2,
            )
        ],
        "chosen": [
            {"seed": 0, "hidden": [64], "validation_loss": 0.5, "best_epoch": 3, "epochs": 5}
        ],
        "settings": {"hidden": [[], [64]], "epochs": 5},
        "targets": np.float32([[1, 2], [3, 4]]),
        "predictions": np.float32([[value, 2], [3, 5]]),
    }
    return ProbeResult(**(fields | changes))


def assert_equal(first, second):
    for field in dataclasses.fields(ProbeResult):
        values = [getattr(result, field.name) for result in (first, second)]
        if field.name == "scores":
            values = [[dataclasses.asdict(score) for score in scores] for scores in values]
        np.testing.assert_equal(*values)


@pytest.mark.parametrize(
    "saved",
    [
        result(),
        result().of_run(**RUN),
        result(task="classification", targets=np.array([0, 7]), predictions=np.array([7, 7])),
        result(
            scores=[
                Score(
                    **RUN,
                    probe="mlp",
                    metric="l1",
                    value=1,
                    low=math.nan,
                    high=math.nan,
                    chance=1,
                    seeds=1,
                )
            ]
        ),
    ],
    ids=["plain", "of a run", "classes", "one seed"],
)
def test_saved_result_is_read_again(tmp_path, saved):
    saved.save(tmp_path / "results")
    assert_equal(read_result(tmp_path / "results", "mlp"), saved)
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["mlp.json", "mlp.npz"]


def test_of_run_names_the_run_in_every_score():
    [score] = result().of_run(**RUN).scores
    assert (score.run, score.model, score.loss, score.comparator, score.dataset) == tuple(
        RUN.values()
    )
    assert score.value == 1.5


def test_saving_again_replaces(tmp_path):
    result().save(tmp_path)
    result(value=9.0).save(tmp_path)
    assert_equal(read_result(tmp_path, "mlp"), result(value=9.0))


def test_a_failed_save_leaves_the_old_result(tmp_path):
    result().save(tmp_path)
    with pytest.raises(TypeError):
        result(value=9.0, settings={"not": {"JSON"}}).save(tmp_path)
    assert_equal(read_result(tmp_path, "mlp"), result())
    assert len(list(tmp_path.iterdir())) == 2


def drop_json(folder):
    (folder / "mlp.json").unlink()


def drop_arrays(folder):
    (folder / "mlp.npz").unlink()


def cut_json(folder):
    (folder / "mlp.json").write_text((folder / "mlp.json").read_text()[:-20])


def cut_arrays(folder):
    (folder / "mlp.npz").write_bytes((folder / "mlp.npz").read_bytes()[:-20])


def other_json(folder):
    (folder / "mlp.json").write_text("[1, 2]")


def arrays_of_another(folder):
    other = folder / "other"
    result(value=9.0).save(other)
    (other / "mlp.npz").replace(folder / "mlp.npz")


def change_json(old, new):
    def change(folder):
        text = (folder / "mlp.json").read_text()
        assert old in text
        (folder / "mlp.json").write_text(text.replace(old, new))

    return change


@pytest.mark.parametrize(
    "damage",
    [
        drop_json,
        drop_arrays,
        cut_json,
        cut_arrays,
        other_json,
        arrays_of_another,
        change_json('"low": 1.0', '"low": null'),
        change_json('"low": 1.0', '"low": {}'),
        change_json('"probe": "mlp"', '"probe": 3'),
        change_json('"seeds": 2', '"seeds": "2"'),
        change_json('"epochs": 5\n  }', '"epochs": 5\n  }, "more": 3'),
    ],
)
def test_a_damaged_result_is_refused_in_one_line(tmp_path, damage):
    result().save(tmp_path)
    damage(tmp_path)
    with pytest.raises(InputError, match="the result of probe mlp must be readable") as caught:
        read_result(tmp_path, "mlp")
    assert "\n" not in str(caught.value)
