"""Tables of text, whatever stands in them."""

import io

import pytest
from rich.console import Console

from tfdeepsim.report.grid import NONE, grid_markdown, print_grid

CELLS = [
    ["Features", "Method", "Error (%) ↓"],
    ["relu6", "DeePSiM", "55.1 ± 0.4"],
    ["fc8", "pixel", NONE],
]


def printed(cells=CELLS, notes=(), names=1, title="Title", **options):
    file = io.StringIO()
    print_grid(title, cells, notes, Console(file=file, **options), names)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def test_markdown():
    assert grid_markdown("A title", CELLS, ["One note.", "Another."], names=2).splitlines() == [
        "**A title**",
        "",
        "| Features | Method | Error (%) ↓ |",
        "| --- | --- | ---: |",
        "| relu6 | DeePSiM | 55.1 ± 0.4 |",
        "| fc8 | pixel | – |",
        "",
        "One note.",
        "",
        "Another.",
    ]


def test_markdown_without_notes_ends_with_the_table():
    assert grid_markdown("A title", CELLS).endswith("| fc8 | pixel | – |\n")


@pytest.mark.parametrize(
    "text", ["a | b", "*bold*", "<script>", "[x](y)", "`code`", "~~x~~", "# x", "a\\b"]
)
def test_text_stays_text_in_markdown(text):
    lines = grid_markdown("t", [["", "n"], [text, "1"]], [text]).splitlines()
    plain = lines[4].replace("\\", "\0", 1) if text == "a\\b" else lines[4]
    assert (
        sum(before != "\\" and c == "|" for before, c in zip(" " + plain, plain, strict=False)) == 3
    )
    for line in (lines[4].removeprefix("| ").removesuffix(" | 1 |"), lines[-1]):
        assert "".join(line.split("\\")) == text.replace("\\", "")
        assert all(line[place - 1] == "\\" for place, c in enumerate(line) if c in "|*<[`~#")


def test_names_stand_left_and_numbers_right():
    one, two = (printed(names=names, width=80) for names in (1, 2))
    method = next(line.index("Method") for line in two if "Method" in line)
    assert [line[method:].split()[0] for line in two[-2:]] == ["DeePSiM", "pixel"]
    assert one[-1].index("pixel") > two[-1].index("pixel")
    ends = {len(line) for line in two[-2:]}
    assert len(ends) == 1


def test_all_cells_and_notes_are_printed():
    lines = printed(notes=["One note."], width=80)
    assert lines[0] == "Title"
    assert lines[-1] == "One note."
    assert lines[-3].split() == ["relu6", "DeePSiM", "55.1", "±", "0.4"]


MANY = [["Features", "Method", "Image error", "Feature error"]]
MANY += [["alexnet:relu6", f"method {number}", "55.1 ± 0.4", "48.2 ± 0.9"] for number in range(12)]


def test_a_wide_table_of_few_rows_is_turned():
    wide = [["", *(f"measure {number}" for number in range(9))], ["a", *"123456789"]]
    lines = printed(wide, width=40)
    assert max(map(len, lines)) <= 40
    assert [line.split() for line in lines[3:]] == [
        ["measure", str(n), str(n + 1)] for n in range(9)
    ]


@pytest.mark.parametrize("width", [40, 50, 60])
def test_a_table_of_many_rows_is_not_turned_into_one_of_many_columns(width):
    lines = printed(MANY, names=2, width=width)
    assert max(map(len, lines)) <= width
    heads = [line for line in lines if line.startswith(("alex", "Feat"))]
    assert len(heads) == 13


def test_a_title_may_have_several_words():
    lines = printed([["", "Feature error (%) ↓"], ["a", "1"]], width=80)
    assert max(map(len, lines)) < 20  # folded, so that the column is narrow


def test_letters_that_a_terminal_has_not():
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    print_grid("Größe", [*CELLS, ["naïve", "x", "↑"]], ["– and ±"], Console(file=file, width=80))
    text = file.buffer.getvalue().decode("ascii")
    for shown in ("Gr??e", "Error (%)", "(low)", "55.1 +/- 0.4", "na?ve", "(high)", "- and +/-"):
        assert shown in text


@pytest.mark.parametrize("name", ["a [bold]run", "\x1b[31mred"])
def test_names_are_no_markup_and_no_control(name):
    text = "\n".join(printed([["", "n"], [name, "1"]], [name], title=name, width=80))
    assert "\x1b" not in text
    assert text.count("[bold]" if "bold" in name else "[31m") == 3
