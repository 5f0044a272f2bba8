"""Tables of text, whatever stands in them."""

import io
import re

import pytest
from rich.console import Console

from tfdeepsim.tables import ABSENT, Cell, Table, print_table, printable, table_markdown

HEADINGS = ["Features", "Method", "Error (%) ↓"]
ROWS = [["relu6", "DeePSiM", "55.1 ± 0.4"], ["fc8", "pixel", ABSENT]]


def make(rows=ROWS, notes=(), headings=HEADINGS, title="Title", text_columns=(0,)):
    return Table(title, headings, [rows], notes, text_columns)


def printed(table, encoding="utf-8", **options):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    print_table(table, Console(file=file, **options))
    lines = file.buffer.getvalue().decode(encoding).splitlines()
    assert all(line == line.rstrip() for line in lines)
    return lines


def test_markdown():
    table = make(notes=["One note.", "Another."], title="A title", text_columns=(0, 1))
    assert table_markdown(table).splitlines() == [
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
    assert table_markdown(make()).endswith("| fc8 | pixel | – |\n")


def test_looks_in_markdown():
    looks = [Cell("a_1", "baseline"), Cell("1", "best"), Cell("2", "faint")]
    assert table_markdown(make([looks])).splitlines()[-1] == "| *a_1* | **1** | 2 |"


@pytest.mark.parametrize(
    "text", ["a | b", "*bold*", "<script>", "[x](y)", "`code`", "~~x~~", "# x", "a\\b"]
)
def test_text_stays_text_in_markdown(text):
    table = make([[text, "1"]], [text], ["", "n"], "t")
    lines = table_markdown(table).splitlines()
    plain = lines[4].replace("\\", "\0", 1) if text == "a\\b" else lines[4]
    assert (
        sum(before != "\\" and c == "|" for before, c in zip(" " + plain, plain, strict=False)) == 3
    )
    for line in (lines[4].removeprefix("| ").removesuffix(" | 1 |"), lines[-1]):
        assert "".join(line.split("\\")) == text.replace("\\", "")
        assert all(line[place - 1] == "\\" for place, c in enumerate(line) if c in "|*<[`~#")


def test_text_stands_left_and_numbers_right():
    one, two = (printed(make(text_columns=columns), width=80) for columns in ((0,), (0, 1)))
    method = next(line.index("Method") for line in two if "Method" in line)
    assert [line[method:].split()[0] for line in two[-2:]] == ["DeePSiM", "pixel"]
    assert one[-1].index("pixel") > two[-1].index("pixel")
    ends = {len(line) for line in two[-2:]}
    assert len(ends) == 1


def test_the_last_column_may_hold_text():
    table = make([["a", "1", "██"], ["b", "22", "█"]], (), ["class", "images", ""], "", (0, -1))
    lines = printed(table, width=80)
    assert [line.index("█") for line in lines[-2:]] == [lines[-1].index("█")] * 2
    assert printed(table, width=12) == ["a", "  images: 1", "  ██", "b", "  images: 22", "  █"]


def test_all_cells_and_notes_are_printed():
    lines = printed(make(notes=["One note."]), width=80)
    assert lines[0] == "Title"
    assert lines[-1] == "One note."
    assert lines[-3].split() == ["relu6", "DeePSiM", "55.1", "±", "0.4"]


def test_without_headings_there_is_no_rule():
    facts = Table("", [], [[("folder", "/a/b"), ("images", "5")]], text_columns=(0, 1))
    assert printed(facts, width=80) == ["folder  /a/b", "images  5"]
    assert printed(facts, width=9) == ["folder", "  /a/b", "images", "  5"]


def test_a_line_separates_sections():
    table = Table("", HEADINGS, [ROWS, [], ROWS[:1]])
    lines = printed(table, width=80)
    assert [set(line) == {"─"} for line in lines] == [False, True, False, False, True, False]
    assert (
        printed(Table("", HEADINGS, [[], ROWS]), width=80)[1:]
        == printed(Table("", HEADINGS, [ROWS]), width=80)[1:]
    )
    turned = printed(
        Table("", [*HEADINGS, *"abcdefgh"], [[[*r, *"12345678"]] for r in ROWS]), width=35
    )
    assert [line.count("│") for line in turned if "─" not in line] == [1] * len(turned[1:])


def test_the_best_is_starred_and_styled():
    table = make([["a", Cell("1.0", "best"), "2.0"], ["b", "0.5", Cell("9", "faint")]])
    assert printed(table, width=80)[-2].split() == ["a", "*", "1.0", "2.0"]
    styled = printed(table, width=80, force_terminal=True, color_system="standard")
    assert "\x1b[1;32m* 1.0\x1b[0m" in styled[-2]
    assert "\x1b[2m9\x1b[0m" in styled[-1]
    assert "\x1b[1;32m" in "".join(
        printed(table, width=8, force_terminal=True, color_system="standard")
    )


MANY = [["alexnet:relu6", f"method {number}", "55.1 ± 0.4", "48.2 ± 0.9"] for number in range(12)]


def test_a_wide_table_of_few_rows_is_turned():
    wide = make([["a", *"123456789"]], (), ["", *(f"measure {number}" for number in range(9))])
    lines = printed(wide, width=40)
    assert max(map(len, lines)) <= 40
    assert [line.split() for line in lines[3:]] == [
        ["measure", str(n), str(n + 1)] for n in range(9)
    ]


@pytest.mark.parametrize("width", [40, 50, 60])
def test_a_table_of_many_rows_is_not_turned_into_one_of_many_columns(width):
    table = make(MANY, (), ["Features", "Method", "Image error", "Feature error"], "", (0, 1))
    lines = printed(table, width=width)
    assert max(map(len, lines)) <= width
    heads = [line for line in lines if line.startswith(("alex", "Feat"))]
    assert len(heads) == 13


def test_a_heading_may_have_several_words():
    lines = printed(make([["a", "1"]], (), ["", "Feature error (%) ↓"]), width=80)
    assert max(map(len, lines)) < 20  # wrapped, so that the column is narrow
    assert not any(line.split() == ["↓"] for line in lines)


# A name without a sign at which it may be wrapped, and names with such signs.
NAMES = ["random_alexnet:relu2", "a-long-name/of_one_run+another", "PCA of comparator's features"]
LONG = Table(
    "folder-of-photos, probe mlp",
    ["Encoder", "Run", "Mean L1 distance ↓", "Classification accuracy (%) ↑", "Seeds"],
    [
        [
            ["P. VAE", name, Cell("0.300 ± 0.050", "best"), "61.0 ± 12.7", "3 probes"]
            for name in NAMES
        ],
        [["Random encoder", ABSENT, "0.700 ± 0.050", "51.0 ± <0.1", "4 encoders"]],
        [[Cell(text, "faint") for text in ("Chance", "", "0.850", "10.0", "")]],
    ],
    ["± is a 95 % interval over probe seeds (Student's t) on random_alexnet:relu2…"],
    (0, 1),
)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("width", [20, 28, 40, 60, 80, 120])
@pytest.mark.parametrize("rows", [1, 3])
def test_no_word_is_broken_and_nothing_is_lost(width, encoding, rows):
    first, *others = LONG.sections
    table = Table(LONG.title, LONG.headings, [first[-rows:], *others], LONG.notes, (0, 1))
    lines = printed(table, encoding, width=width)
    assert max(map(len, lines)) <= width
    cells = [cell if isinstance(cell, str) else cell.text for row in table.rows for cell in row]
    words = [
        word
        for text in (table.title, *table.headings[1:], *cells, *table.notes)
        for word in re.findall(r"\w+", text)
    ]
    printed_words = re.findall(r"\w+", " ".join(lines))
    for word in words:
        assert printed_words.count(word) >= words.count(word)
    plus_minus = "+/-" if encoding == "ascii" else "±"
    for number in (f"0.300 {plus_minus} 0.050", f"61.0 {plus_minus} 12.7"):
        assert sum(line.count(number) for line in lines) == rows


def test_a_word_longer_than_the_terminal_stays_whole():
    name = "a" * 70
    assert name in "\n".join(printed(make([[name, "x", "1"]], [name], title=name), width=40))


def test_wide_letters_are_measured():
    lines = printed(make([["数字画像", "x", "1"], ["abcdefgh", "y", "2"]]), width=80)
    assert lines[-2].index("x") + 4 == lines[-1].index("y")


def test_letters_that_a_terminal_has_not():
    table = make([*ROWS, ["naïve", "x", "↑"], ["a", "█▏", "…"]], ["– and ±"], title="Größe")
    text = "\n".join(printed(table, "ascii", width=80))
    for shown in ("Gr??e", "Error (%)", "(low)", "55.1 +/- 0.4", "na?ve", "(high)", "- and +/-"):
        assert shown in text
    assert "#." in text
    assert "..." in text
    assert "-----" in text


@pytest.mark.parametrize("name", ["a [bold]run", "\x1b[31mred"])
def test_names_are_no_markup_and_no_control(name):
    text = "\n".join(printed(make([[name, "1"]], [name], ["", "n"], name), width=80))
    assert "\x1b" not in text
    assert text.count("[bold]" if "bold" in name else "[31m") == 3


def test_controls_and_line_ends_are_replaced():
    assert printable("a\x1b[31m\nb\u202ec") == "a\ufffd[31m\ufffdb\ufffdc"
