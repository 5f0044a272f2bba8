import io

import pytest
from rich.console import Console

from tfdeepsim.recipes.systems import print_reported


@pytest.mark.parametrize(
    ("dataset", "heading", "row"),
    [
        ("llv2", "Mean L1 distance in pixels", ["vae", "12.70"]),
        ("svhn", "Accuracy (%)", ["p-ae", "84.0"]),
    ],
)
def test_reported_values_are_printed_as_a_table(dataset, heading, row):
    file = io.StringIO()
    print_reported(dataset, Console(file=file, width=80))
    lines = file.getvalue().splitlines()
    assert row in [line.split() for line in lines]
    assert set(heading.split()) <= set(file.getvalue().split())
    assert ("does not name the unit" in lines[-1]) == (dataset == "llv2")
    assert ("That is an inference." in lines[-2]) == (dataset == "llv2")
