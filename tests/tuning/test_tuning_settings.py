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
        ({"trials": 0}, "--trials is out of range: got 0; accepted: 1 or more"),
        ({"epochs": 0}, "--epochs is out of range"),
        ({"patience": -1}, "--patience is out of range"),
        ({"seed": -1}, "--seed is out of range: got -1; accepted: 0 or more"),
    ],
)
def test_out_of_range(settings, message):
    with pytest.raises(InputError, match=message):
        SearchSettings(**settings)


@pytest.mark.parametrize(
    ("settings", "trials", "epochs"),
    [
        ({}, 30, 3000),
        ({"tuner": "bayesian", "trials": 7, "epochs": 2}, 7, 14),
        ({"tuner": "grid", "epochs": 2}, GRID_SIZE, 2 * GRID_SIZE),
        ({"tuner": "grid", "trials": 1000, "epochs": 1}, GRID_SIZE, GRID_SIZE),
        # Two brackets: three trials of 1 epoch, of which one goes on for 2 more; and two of 3
        # epochs.
        ({"tuner": "hyperband", "epochs": 3}, 6, 3 * 1 + 1 * 2 + 2 * 3),
        ({"tuner": "hyperband", "epochs": 3, "trials": 2}, 2, 6),
    ],
)
def test_size_is_known_before_it_starts(settings, trials, epochs):
    settings = SearchSettings(**settings)
    assert (settings.most_trials, settings.most_epochs) == (trials, epochs)


def test_hyperband_gives_each_bracket_about_as_many_epochs():
    """81 epochs are the example of Li et al.: brackets of 1, 3, 9, 27 and 81 first epochs."""
    epochs = hyperband_epochs(81)
    assert min(epochs) == 1
    assert max(epochs) == 81
    assert epochs.count(81) == 5
