import csv
import dataclasses
import io

import pytest
from rich.console import Console

from tfdeepsim.errors import InputError
from tfdeepsim.fidelity.fidelity import Fidelity
from tfdeepsim.report.fidelity_table import (
    FidelityTable,
    fidelity_markdown,
    print_fidelity,
    write_fidelity,
)

SE = Fidelity(0.1534, 0.41, 0.82, 123.4, 0.0912, 0.0031, 0.42, 0.0213)
OURS = Fidelity(0.2149, 0.2811, 0.7011, 9.876, 0.0104, 0.0009, 0.97, 0.0017)
TABLE = FidelityTable(
    {"SE": SE, "DeePSiM | AlexNet": OURS},
    extra={
        "SVM (%) ↑": {"SE": "34.1 ± 0.6"},
        "Images per second": {"SE": 12.0, "DeePSiM | AlexNet": 3.456},
    },
    paper={"normalized_error": {"SE": 0.153}, "SVM (%) ↑": {"DeePSiM | AlexNet": "52.3 ± 0.6"}},
    notes=["Features are alexnet:relu3."],
)


def markdown_rows(table):
    lines = [line for line in fidelity_markdown(table).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line[1:-1].replace("\\|", "/").split("|")] for line in lines]


def printed(table, **options):
    file = io.StringIO()
    print_fidelity(table, Console(file=file, **options))
    return file.getvalue()


def test_cells():
    titles, rule, se, ours = markdown_rows(TABLE)
    assert titles == [
        *("", "Image error (%) ↓", "Paper", "Feature error (%) ↓", "SSIM ↑", "FID ↓", "KID ↓"),
        *("Gradients (1 = real)", "Gradient distance ↓", "SVM (%) ↑", "Paper", "Images per second"),
    ]
    assert rule == ["---"] + ["---:"] * 11
    assert se == [
        *("SE", "15.3", "15.3", "41.0", "0.820", "123", "0.0912 ± 0.0031", "0.42", "0.0213"),
        *("34.1 ± 0.6", "–", "12.0"),
    ]
    assert ours == [
        *(
            "DeePSiM / AlexNet",
            "21.5",
            "–",
            "28.1",
            "0.701",
            "10",
            "0.0104 ± 0.0009",
            "0.97",
            "0.0017",
        ),
        *("–", "52.3 ± 0.6", "3.5"),
    ]


def test_tiny_values_are_shown_as_0():
    same = dataclasses.replace(OURS, fid=1e-13, kid=-1e-6)
    rows = markdown_rows(FidelityTable({"a": same, "b": OURS}))
    assert rows[2][4] == "0.00"
    assert rows[2][5] == "0.0000 ± 0.0009"  # without a sign
    assert rows[3][4] == "9.88"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite(value):
    row = markdown_rows(FidelityTable({"a": dataclasses.replace(OURS, fid=value)}))[2]
    assert row[4] == ("–" if value != value else "inf")


def test_no_paper_no_column():
    assert "Paper" not in fidelity_markdown(FidelityTable({"a": SE}))


def test_printed_with_all_columns_and_notes():
    text = printed(TABLE, width=200)
    [se] = [line for line in text.splitlines() if line.strip().startswith("SE ")]
    shown = "SE 15.3 15.3 41.0 0.820 123 0.0912 ± 0.0031 0.42 0.0213 34.1 ± 0.6 – 12.0"
    assert " ".join(se.split()) == shown
    assert text.rstrip().endswith("Features are alexnet:relu3.")


def test_columns_become_rows_on_a_narrow_terminal():
    lines = [line.rstrip() for line in printed(TABLE, width=80).splitlines()]
    assert max(map(len, lines)) <= 80
    [kid] = [line for line in lines if line.startswith("KID")]
    assert kid.split() == ["KID", "↓", "0.0912", "±", "0.0031", "0.0104", "±", "0.0009"]
    assert sum(line.startswith("Paper") for line in lines) == 2


@pytest.mark.parametrize("name", ["a [bold]run", "\x1b[31mred", "a" * 70])
def test_names_are_printed_as_they_are(name):
    text = printed(FidelityTable({name: SE}), width=100)
    assert "15.3" in text
    assert "\x1b" not in text
    assert "[bold]" in text or "aaaa" in text or "[31mred" in text


def test_files(tmp_path):
    write_fidelity(tmp_path / "new", TABLE)
    assert (tmp_path / "new" / "fidelity.md").read_text(encoding="utf-8") == fidelity_markdown(
        TABLE
    )
    with open(tmp_path / "new" / "fidelity.csv", newline="", encoding="utf-8") as file:
        se, ours = csv.DictReader(file)
    assert (
        Fidelity(**{field.name: float(se[field.name]) for field in dataclasses.fields(Fidelity)})
        == SE
    )
    assert se["paper_normalized_error"] == "0.153"
    assert (ours["name"], ours["SVM (%) ↑"], ours["paper_SVM (%) ↑"]) == (
        "DeePSiM | AlexNet",
        "",
        "52.3 ± 0.6",
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": {}}, "needs rows"),
        ({"paper": {"speed": {"SE": 1.0}}}, "must be a column of the table: got speed"),
        ({"paper": {"fid": {"L1": 1.0}}}, "to a row of the table: got L1; accepted: SE"),
        ({"extra": {"speed": {"L1": 1.0}}}, "to a row of the table: got L1"),
    ],
)
def test_wrong_values_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        FidelityTable(**({"rows": {"SE": SE}} | options))


def test_an_ascii_terminal():
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    print_fidelity(TABLE, Console(file=file, width=200))
    text = file.buffer.getvalue().decode("ascii")
    assert "SSIM (high)" in text
    assert "0.0912 +/- 0.0031" in text
