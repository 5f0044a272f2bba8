import dataclasses
import io
import re

import pytest
from rich.console import Console

from tfdeepsim.errors import InputError
from tfdeepsim.report.score_table import print_scores, scores_markdown

POINTS = "npz:points.npz"
"""A dataset with one table for each probe; on LLv2 there are two."""


@pytest.fixture
def four_scores(four_scores):
    return [dataclasses.replace(score, dataset=POINTS) for score in four_scores]


@pytest.fixture
def study_scores(study_scores):
    return [dataclasses.replace(score, dataset=POINTS) for score in study_scores]


def printed(scores, **settings):
    settings = {"width": 80, "force_terminal": False} | settings
    file = settings.pop("file", io.StringIO())
    missing = settings.pop("missing_baselines", ())
    print_scores(scores, Console(file=file, **settings), missing)
    return file


def with_l2(make_score, scores):
    return [
        s
        for score in scores
        for s in (
            score,
            make_score(
                score.run,
                [0.7 * v for v in (score.value - 0.01, score.value, score.value + 0.01)],
                "l2",
                chance=0.6,
                model=score.model,
                loss=score.loss,
                comparator=score.comparator,
                dataset=score.dataset,
            ),
        )
    ]


def test_two_metrics_of_four_runs_fit_80_columns_in_one_line_each(four_scores, make_score):
    text = printed(with_l2(make_score, four_scores)).getvalue()
    assert max(map(len, text.splitlines())) <= 80
    (row,) = [line.split() for line in text.splitlines() if "pae" in line.split()]
    assert row[:4] == ["P.", "AE", "pae", "random_alexnet:relu2"]
    assert " ".join(row[4:]) == "* 0.300 ± 0.050 * 0.210 ± 0.017 3 probes"


def test_stars_stand_at_the_best_only(four_scores):
    lines = printed(four_scores).getvalue().splitlines()
    starred = [line.split("*")[0].split()[-2] for line in lines if " * " in line]
    assert starred == ["pae", "pvae"]


def test_chance_stands_below_the_runs(four_scores):
    text = printed(four_scores).getvalue()
    lines = [line.split() for line in text.splitlines() if line.strip(" ─")]
    (place,) = [i for i, line in enumerate(lines) if line[0] == "Chance"]
    assert lines[place] == ["Chance", "0.850"]
    assert lines[place - 1][2] == "pvae"


def test_plain_when_not_a_terminal_and_styled_on_one(four_scores):
    assert "\x1b" not in printed(four_scores).getvalue()
    assert "\x1b[" in printed(four_scores, force_terminal=True, color_system="standard").getvalue()


def test_ascii_output(four_scores):
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    printed(four_scores, file=file).flush()
    assert "0.300 +/- 0.050" in raw.getvalue().decode("ascii")


def test_a_long_name_folds_and_stays_whole(make_score):
    name = "quite-a-long-name-of-a-run-that-somebody-chose-on-a-friday-evening-0123456789"
    text = printed([make_score(name, dataset=POINTS)]).getvalue()
    assert max(map(len, text.splitlines())) <= 80
    (header,) = [line for line in text.splitlines() if "Comparator" in line]
    start, end = header.index("Run"), header.index("Comparator")
    rows = text.splitlines()[text.splitlines().index(header) + 2 :]
    assert "".join(row[start:end].strip() for row in rows).startswith(name)


def test_names_are_neither_rich_markup_nor_terminal_escapes(make_score):
    text = printed(
        [make_score("[red]x[/red]\x1b[2J")], force_terminal=True, color_system=None
    ).getvalue()
    assert "[red]x[/red]" in text
    assert "\x1b[2J" not in text


def test_one_table_for_each_probe(make_score):
    text = printed([make_score("a"), make_score("a", probe="svm")]).getvalue()
    assert "llv2, probe mlp" in text
    assert "llv2, probe svm" in text


def test_distances_on_llv2_are_also_in_pixels(make_score, four_scores):
    scores = [
        dataclasses.replace(score, dataset="llv2/paper")
        for score in with_l2(make_score, four_scores)
    ]
    text = printed(scores).getvalue()
    assert max(map(len, text.splitlines())) <= 80
    units, pixels = text.split("llv2/paper, probe mlp, in pixels of the frame")
    for part, row, chance in (
        (units, "* 0.300 ± 0.050 * 0.210 ± 0.017", "0.850 0.600"),
        (pixels, "* 9.60 ± 1.59 * 6.72 ± 0.56", "27.20 19.20"),
    ):
        lines = [" ".join(line.split()) for line in part.splitlines()]
        assert f"P. AE pae random_alexnet:relu2 {row} 3 probes" in lines
        assert f"Chance {chance}" in lines
    assert "That is an inference: the paper names no unit" in " ".join(pixels.split())
    assert "Pixels are" not in units
    first, second = (
        parsed(part) for part in scores_markdown(scores).split("in pixels of the frame")
    )
    assert first[0][3:5] == ["Mean L1 distance ↓", "Mean L2 distance ↓"]
    assert second[0][3:5] == ["Mean L1 distance in pixels ↓", "Mean L2 distance in pixels ↓"]
    assert second[4][3:5] == ["**9.60 ± 1.59**", "**6.72 ± 0.56**"]


def test_accuracies_and_other_datasets_have_no_pixels(make_score):
    accuracy = make_score("a", (0.5, 0.6), "accuracy", chance=0.1, dataset="llv2")
    for scores in ([accuracy], [make_score("a", dataset=POINTS)]):
        assert "pixels" not in printed(scores).getvalue().lower()


def test_a_dataset_is_called_by_its_name(make_score):
    scores = [make_score("a", dataset="zip:/some/where/photos.zip")]
    for text in (printed(scores).getvalue(), scores_markdown(scores)):
        assert "photos, probe mlp" in text
        assert "where" not in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_name_is_broken(study_scores, four_scores, make_score, width):
    for scores in (study_scores, with_l2(make_score, four_scores)):
        text = printed(scores, width=width).getvalue()
        assert max(map(len, text.splitlines())) <= width
        words = re.findall(r"\w+", text)
        for score in scores:
            names = f"{score.run} {score.comparator}" if not score.is_baseline else score.comparator
            assert set(re.findall(r"\w+", names)) <= set(words)
        assert {"Run", "Comparator", "Seeds", "Chance"} <= set(words)


def test_mixed_datasets_are_refused(make_score):
    with pytest.raises(InputError, match="one dataset"):
        printed([make_score("a"), make_score("b", dataset="svhn")])


def parsed(markdown):
    """Cells of the first Markdown table, bold marks kept."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_markdown_has_the_same_cells(four_scores):
    header, rule, *rows = parsed(scores_markdown(four_scores))
    assert header == ["Encoder", "Run", "Comparator", "Mean L1 distance ↓", "Seeds"]
    assert set("".join(rule)) == {"-", ":"}
    assert rows[0] == ["AE", "ae", "–", "0.820 ± 0.050", "3 probes"]
    assert rows[2] == ["P. AE", "pae", "random_alexnet:relu2", "**0.300 ± 0.050**", "3 probes"]
    assert rows[4] == ["Chance", "", "", "0.850", ""]


def test_markdown_explains_marks_where_there_are_some(four_scores):
    assert "Bold: the best value" in scores_markdown(four_scores)
    assert "Bold" not in scores_markdown(four_scores[:1])


def test_markdown_in_names_is_escaped(make_score):
    text = scores_markdown([make_score("a|b<i>*c*_d_ e_f\n| x |")])
    assert r"a\|b\<i\>\*c\*\_d\_ e_f" in text
    assert "\n| x" not in text


def test_baselines_stand_below_a_rule_and_are_never_marked(study_scores):
    text = printed(study_scores, width=100).getvalue()
    rows = [line for line in text.splitlines() if line.strip()]
    order = [
        next(i for i, line in enumerate(rows) if name in line)
        for name in ("AE  ", "clip", "PCA of pix", "Chance")
    ]
    assert order == sorted(order)
    blank = [
        i
        for i, line in enumerate(text.splitlines())
        if not line.strip() or set(line.strip()) == {"─"}
    ]
    assert next(i for i, line in enumerate(text.splitlines()) if "PCA of pix" in line) - 1 in blank
    assert not any(
        line.lstrip().startswith(("PCA", "Random", "Superv")) and "* " in line for line in rows
    )
    assert "4 encoders" in text
    assert "2 probes" in text


def test_sentences_below_the_table(study_scores):
    text = " ".join(printed(study_scores, missing_baselines=["no x: no y"]).getvalue().split())
    assert "P. AE (perceptual) is lower than AE (pixel) by 0.085" in text
    assert "No x: no y." in text
    assert "with enough of them it is an upper bound" in text
    assert "No x: no y." in scores_markdown(study_scores, ["no x: no y"])


def test_markdown_of_baselines_is_italic(study_scores):
    rows = parsed(scores_markdown(study_scores))
    assert [row[0] for row in rows[2:]] == [
        "AE",
        "P. AE",
        "clip.keras",
        "*PCA of pixels*",
        "*Random encoder*",
        "*PCA of comparator's features*",
        "*Supervised encoder*",
        "Chance",
    ]
    assert rows[5][1:] == ["–", "–", "0.705 ± 0.064", "2 probes"]


@pytest.mark.parametrize("rows", [2, 12])
def test_many_rows_fit_80_columns(make_score, rows):
    scores = [
        make_score(f"run-{number}", (0.1, 0.2), "accuracy", chance=0.1, over="encoder")
        for number in range(rows)
    ]
    text = printed(scores).getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("2 encoders") == rows
