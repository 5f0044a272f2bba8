import itertools

import pytest

from tfdeepsim.data.llv2.size import NAMED, Size, parse
from tfdeepsim.errors import InputError


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("small", Size(1000, 15, 10)),
        ("quickstart", Size(500, 15, 10)),
        ("paper", Size(700, 150, 1)),
        ("200x15-stride10-seed3", Size(200, 15, 10, 3)),
        ("2x1-stride1", Size(2, 1, 1)),
    ],
)
def test_a_name_spells_a_size_and_back(name, size):
    assert parse(name) == size
    assert size.name == name


def test_another_spelling_of_the_same_size_has_the_same_name():
    assert parse("1000x15-stride10-seed0").name == "small"
    assert parse("20x3-stride2-seed0").name == "20x3-stride2"


@pytest.mark.parametrize(
    "name",
    [
        "", "big", "Small", "small ", "200", "200x15", "0x15-stride10", "1x15-stride10",
        "200x0-stride1", "200x15-stride0", "200x15-stride10-seed", "200x15-stride10-seed-1",
        "02x15-stride1", "20x15-stride10/..", "20x502-stride1", "20x52-stride10", "²x3-stride1",
    ],
)  # fmt: skip
def test_a_misspelt_size_is_refused_with_what_is_accepted(name):
    with pytest.raises(InputError, match="paper, or ROLLOUTSxFRAMES-strideN") as error:
        parse(name)
    assert error.value.got == repr(name)


@pytest.mark.parametrize("size", [*NAMED.values(), Size(2, 1, 1), Size(7, 3, 2, seed=9)])
def test_splits_share_no_rollout_and_have_the_stated_sizes(size):
    episodes = size.episodes
    together = list(itertools.chain(*episodes.values()))
    assert len(set(together)) == len(together) == 3 * size.rollouts
    assert min(map(len, episodes.values())) > 0
    assert size.splits == {split: len(numbers) * size.frames for split, numbers in episodes.items()}
    encoder = len(episodes["encoder_train"]) + len(episodes["encoder_validation"])
    assert encoder == len(episodes["test"]) == size.rollouts


def test_no_rollout_serves_two_purposes_even_across_sizes_and_seeds():
    sizes = [*NAMED.values(), Size(999_999, 15, 10), Size(999_999, 15, 10, seed=1)]

    def of(purpose):
        return [
            numbers
            for size in sizes
            for split, numbers in size.episodes.items()
            if split.startswith(purpose)
        ]

    for one, other in itertools.combinations(("encoder", "probe", "test"), 2):
        for a, b in itertools.product(of(one), of(other)):
            assert a[-1] < b[0] or b[-1] < a[0]


def test_the_shares_of_validation():
    assert parse("small").splits == {
        "encoder_train": 13_500,
        "encoder_validation": 1_500,
        "probe_train": 12_000,
        "probe_validation": 3_000,
        "test": 15_000,
    }
