"""Types of fields in JSON files."""

from typing import Literal

import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.files import write_json
from tfdeepsim.json_fields import check_fields
from tfdeepsim.run import RunDirectory


@pytest.mark.parametrize(
    ("kind", "fits", "others"),
    [
        (int, [0, -5], [True, 1.0, "1", None, []]),
        (float, [0.5, 3], ["0.5", False, None]),
        (str, [""], [1, None, {}]),
        (bool, [True], [1, 0, "true"]),
        (str | None, ["a", None], [0, False]),
        (list[int], [[], [1, 2]], [[1, "2"], (1,), 1, "12"]),
        (Literal["a", "b"], ["a"], ["c", 1, None]),
        (dict, [{}], [[], None]),
    ],
)
def test_a_value_has_the_type_of_its_field(kind, fits, others):
    for value in fits:
        check_fields({"x": value}, {"x": kind}, "a.json")
    for value in others:
        with pytest.raises(InputError, match=r"x in a\.json has another type"):
            check_fields({"x": value}, {"x": kind}, "a.json")


@pytest.mark.parametrize(
    "change",
    [{"latent_dim": "64"}, {"batch_size": None}, {"loss": 3}, {"comparator": ["alexnet"]},
     {"deterministic": 1}, {"learning_rate": {}}, {"cache": "tape"}],
)  # fmt: skip
def test_a_config_of_other_types_is_one_line(change):
    values = TrainConfig().to_dict() | change
    with pytest.raises(InputError, match=rf"{next(iter(change))} in config.json has another type"):
        TrainConfig.from_dict(values)


@pytest.mark.parametrize(
    "change",
    [{"dataset": []}, {"dataset": {}}, {"dataset": {"name": "x"}}, {"comparator": "alexnet"},
     {"dataset": {"name": "", "image_shape": [1, "1"], "fingerprint": "", "class_names": []}}],
)  # fmt: skip
def test_an_environment_that_lacks_what_is_read_is_one_line(change, tmp_path):
    run = RunDirectory(tmp_path)
    write_json(run.environment, {"packages": {}} | change)
    with pytest.raises(InputError, match=r"environment\.json"):
        run.read_environment()
