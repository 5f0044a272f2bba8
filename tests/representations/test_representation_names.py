"""Names of baselines on the command line."""

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.representations import BASELINE_NAMES, check_baselines


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("all", BASELINE_NAMES),
        ("none", ()),
        ("supervised, pca", ("pca", "supervised")),
        ("pca,pca", ("pca",)),
    ],
)
def test_baselines_come_in_the_order_of_a_table(text, names):
    assert check_baselines(text) == names


@pytest.mark.parametrize("text", ["", "PCA", "pca,,supervised", "pca,none"])
def test_unknown_baselines(text):
    with pytest.raises(InputError, match=r"baseline must be known.*random_encoder"):
        check_baselines(text)
