import pytest

from tfdeepsim.probes.mlp.suite import HIDDEN
from tfdeepsim.tuning import TUNERS
from tfdeepsim.tuning.oracles import combinations, search_space
from tfdeepsim.tuning.space import GRID, GRID_SIZE, Design, declare_hyperparameters, design_of


def test_grid_has_the_architectures_of_the_fixed_suite():
    assert tuple(design_of({"hidden": name}).hidden for name in GRID["hidden"]) == HIDDEN


def test_grid_holds_each_design_once():
    grid = combinations(search_space("grid"))
    designs = [design_of(values) for values in grid]
    assert len(set(designs)) == len(designs) == GRID_SIZE == 57
    # The seven architectures with the settings of the suite come first.
    assert designs[:7] == [Design(hidden) for hidden in HIDDEN]


def test_only_active_hyperparameters_have_a_value():
    for values in combinations(search_space("grid")):
        assert ("dropout" in values) == (values["hidden"] != "linear")


@pytest.mark.parametrize("tuner", TUNERS)
def test_declaring_twice_changes_nothing(tuner):
    space = search_space(tuner)
    before = space.get_config()
    declare_hyperparameters(space, tuner)
    assert space.get_config() == before


def test_space_of_the_other_tuners():
    names = {hp.name for hp in search_space("random").space}
    assert names == {
        *("depth", "width_1", "width_2", "width_3", "activation"),
        *("dropout", "weight_decay", "learning_rate", "batch_size"),
    }
    assert search_space("random").get_config() == search_space("bayesian").get_config()


@pytest.mark.parametrize("tuner", TUNERS)
def test_all_probes_with_the_settings_of_pihlgren_et_al_have_their_batch_size(tuner):
    space = search_space(tuner, "pihlgren")
    assert design_of(space.values).batch_size == 512
    if tuner == "grid":
        assert {design_of(values).batch_size for values in combinations(space)} == {512}
        assert len(combinations(space)) == GRID_SIZE


def test_widths_beyond_the_depth_do_not_count():
    hp = search_space("random")
    hp.values |= {"depth": 1, "width_1": 32}
    assert design_of(hp.values).hidden == (32,)
    hp.values["depth"] = 0
    assert design_of(hp.values) == design_of(hp.values | {"activation": "gelu", "dropout": 0.5})


def test_design_as_text():
    assert str(Design()) == "linear, weight decay 0, learning rate 0.001, batch 256"
    assert str(Design((64, 32), dropout=0.2)).startswith("64-32, leaky_relu, dropout 0.2, ")
