import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.tuning.settings import SearchSettings, hyperband_epochs
from tfdeepsim.tuning.space import GRID_SIZE


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"tuner": "psychic"},
            "tuner must be known: got 'psychic'; accepted: random, bayesian, hyperband, grid",
        ),
        ({"epochs": 10**9}, "--epochs is out of range"),
        ({"trials": 0}, "--trials is out of range: got 0; accepted: 1 to 1000000"),
        ({"epochs": 0}, "--epochs is out of range"),
        ({"patience": -1}, "--patience is out of range"),
        ({"seed": -1}, "--seed is out of range: got -1; accepted: 0 to 2147483647"),
        ({"probe_settings": "mse"}, "accepted: standard, pihlgren"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        SearchSettings(**settings)


@pytest.mark.parametrize(
    ("settings", "trials", "epochs"),
    [
        ({}, 30, 3000),
        ({"tuner": "bayesian", "trials": 7, "epochs": 2}, 7, 14),
        ({"tuner": "grid", "epochs": 2}, GRID_SIZE, 2 * GRID_SIZE),
        ({"tuner": "grid", "trials": 1000, "epochs": 1}, GRID_SIZE, GRID_SIZE),
        # Two brackets: three trials of 1 epoch, one of which continues for 2 more; and two of 3.
        ({"tuner": "hyperband", "epochs": 3}, 6, 3 * 1 + 1 * 2 + 2 * 3),
        ({"tuner": "hyperband", "epochs": 3, "trials": 2}, 2, 6),
    ],
)
def test_maximum_numbers_of_trials_and_epochs(settings, trials, epochs):
    settings = SearchSettings(**settings)
    assert (settings.most_trials, settings.most_epochs) == (trials, epochs)


def test_settings_as_json_are_those_of_earlier_versions_unless_probes_are_trained_otherwise():
    earlier = {"tuner": "random", "trials": None, "epochs": 100, "patience": 10, "seed": 0}
    assert SearchSettings().to_dict() == earlier
    settings = SearchSettings(probe_settings="pihlgren")
    assert settings.to_dict() == earlier | {"probe_settings": "pihlgren"}
    assert SearchSettings(**settings.to_dict()) == settings


def test_hyperband_has_the_brackets_of_the_paper():
    """81 epochs are the example of Li et al.: brackets of 1, 3, 9, 27 and 81 first epochs."""
    epochs = hyperband_epochs(81)
    assert min(epochs) == 1
    assert max(epochs) == 81
    assert epochs.count(81) == 5
