"""Text from outside is printed as it is, and no module prints in another way."""

import io
import re
from pathlib import Path

import pytest

from tfdeepsim.console import PlainConsole
from tfdeepsim.tables import Table, print_table

PACKAGE = Path(__file__).parent.parent / "tfdeepsim"
NAMES = ["odd [/x]", "apple [red]", "apple [green]", "[bold]b[/bold]", ":smile:"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_as_it_is(name):
    out = io.StringIO()
    console = PlainConsole(file=out)
    console.print(name)
    console.rule(name)
    print_table(Table(name, ["class", "images"], [[[name, "1"]]], [name]), console)
    assert out.getvalue().count(name) == 5


def test_all_of_the_package_prints_by_this_console():
    others = [
        path
        for path in PACKAGE.rglob("*.py")
        if path.name != "console.py"
        and re.search(r"^(?!.*>>>).*(?<!Plain)\bConsole\(", path.read_text(), re.MULTILINE)
    ]
    assert others == []
