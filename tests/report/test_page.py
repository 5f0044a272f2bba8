import base64
import html.parser
import io
import re

import pytest
from PIL import Image

from tfdeepsim.report.comparison import compare
from tfdeepsim.report.figures.gallery import draw_all
from tfdeepsim.report.page import page
from tfdeepsim.report.record import read_record

HOSTILE = "<script>alert('x')</script>\" onload=\"x&amp;"
VOID = {"meta", "img", "wbr"}


class Reader(html.parser.HTMLParser):
    """Checks that elements are balanced, and collects what a browser would see."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.tables, self.headings = [], [], [], []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag in ("h2", "h3"):
            self.headings.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open or not self.open:
            return
        self.text += data.replace("\N{NO-BREAK SPACE}", " ")
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data.replace("\N{NO-BREAK SPACE}", " ")
        if self.open[-1] in ("h2", "h3"):
            self.headings[-1] += data

    def values(self, tag, name):
        return [value for t, n, value in self.attributes if (t, n) == (tag, name)]


@pytest.fixture(scope="module")
def made(four_records, four_scores):
    """The page of four whole runs."""
    pictures = draw_all(four_records)
    return page(four_records, compare(four_scores), pictures, "python evaluate.py a b --probes mlp")


def test_it_is_one_whole_document(made):
    assert made.startswith("<!DOCTYPE html>\n<html lang=")
    reader = Reader(made)
    assert reader.values("meta", "charset") == ["utf-8"]
    assert reader.headings == [
        "Scores of mlp probes",
        "Originals and reconstructions",
        "Learning curves",
        "Predictions on the test split",
        "Settings",
        "Different between runs",
        "Common to all runs",
        "Chosen mlp probes",
        "Environment",
        "Different between runs",
        "Common to all runs",
        "Command",
    ]


def test_nothing_is_fetched_and_nothing_runs(made):
    reader = Reader(made)
    assert all(value.startswith("data:image/png;base64,") for value in reader.values("img", "src"))
    assert not {name for _, name, _ in reader.attributes} & {"href", "srcset", "action", "data", "onload"}
    rest = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", made)
    assert len(rest) < len(made) / 2
    assert not re.search(r"https?:|//|url\(|@import|<script|<link|<iframe", rest)
    (policy,) = [v for v in reader.values("meta", "content") if "default-src" in v]
    assert "default-src 'none'" in policy


def test_figures_are_whole_and_have_their_size_and_text(made):
    reader = Reader(made)
    images = [
        Image.open(io.BytesIO(base64.b64decode(src.partition(",")[2]))) for src in reader.values("img", "src")
    ]
    assert len(images) == 3
    for image, width, height in zip(
        images, reader.values("img", "width"), reader.values("img", "height"), strict=True
    ):
        image.verify()
        assert image.size == (2 * int(width), 2 * int(height))
    assert all(len(alt) > 40 for alt in reader.values("img", "alt"))


def test_the_table_holds_the_scores_and_marks_the_best(made):
    reader = Reader(made)
    header, *rows = reader.tables[0]
    assert header == ["Encoder", "Mean L1 distance ↓", "Seeds"]
    assert rows[0] == ["AEae", "0.820 ± 0.050", "3"]
    assert rows[3] == ["P. VAEpvae · random_alexnet:relu2", "0.310 ± 0.050", "3"]
    assert rows[4] == ["Chance", "0.850", ""]
    assert reader.values("td", "class").count("number best") == 2


def test_it_says_what_may_be_concluded(made):
    text = Reader(made).text
    assert "This page compares AE (ae), VAE (vae), P. AE (pae) and P. VAE (pvae) by mlp probes" in text
    assert "the intervals do not tell it from P. VAE (pvae)" in text
    assert "Not better than chance: AE (ae)." in text
    assert "Each encoder was trained once, so the interval does not cover a new encoder seed" in text


def test_settings_that_differ_stand_apart(made):
    reader = Reader(made)
    settings = {row[0]: row[1:] for row in reader.tables[1]}
    assert settings["loss"] == ["pixel", "pixel", "perceptual", "perceptual"]
    assert "latent_dim" not in settings
    assert reader.text.count("latent_dim") == 1


def test_environment_probes_and_command_are_there(made):
    text = Reader(made).text
    assert "ab" * 32 in text
    assert "2.21.0" in text
    assert "hidden: 64, 32" in text
    assert "python evaluate.py a b --probes mlp" in text


def test_names_of_runs_are_text(make_run, make_score):
    score = make_score(HOSTILE.replace("/", "|"), comparator="<img src=x>", dataset="folder:<b>&")
    run = make_run(score, config={HOSTILE: HOSTILE})
    record = read_record(run, score)
    made = page([record], compare([score]), draw_all([record]), HOSTILE)
    reader = Reader(made)
    assert score.run in reader.text
    assert "folder:<b>&" in reader.text
    assert reader.text.count(HOSTILE) == 3
    assert "<script" not in made
    assert len(reader.values("img", "src")) == 3


def test_what_a_run_lacks_is_said_in_words(make_run, four_scores):
    runs = [make_run(score) for score in four_scores[:2]]
    for path in (runs[0].samples, runs[1].history, runs[1].environment, runs[1].results / "llv2" / "mlp.npz"):
        path.unlink()
    (runs[0].results / "llv2" / "mlp.json").unlink()
    records = [read_record(run, score) for run, score in zip(runs, four_scores, strict=False)]
    text = Reader(page(records, compare(four_scores[:2]), draw_all(records), "")).text
    assert "Not shown: AE (ae), which has no samples.npz." in text
    assert "Not shown: VAE (vae), which has no history.csv." in text
    assert "Not shown: VAE (vae), which has no results/llv2/mlp.npz." in text
    assert "VAE (vae) has no environment.json." in text
    assert "AE (ae) has no results/llv2/mlp.json." in text
    assert "Command" not in text


def test_a_run_that_lacks_everything_still_has_its_score(make_run, make_score):
    score = make_score()
    run = make_run(score)
    for path in (run.samples, run.history, run.environment, *(run.results / "llv2").iterdir()):
        path.unlink()
    record = read_record(run, score)
    made = page([record], compare([score]), draw_all([record]), "")
    reader = Reader(made)
    assert reader.values("img", "src") == []
    assert reader.tables[0][1] == ["AEae", "0.820 ± 0.050", "3"]


def test_two_probes_make_two_tables(make_run, make_score):
    scores = [make_score(), make_score(probe="svm", metric="accuracy", values=(0.5, 0.52), chance=0.1)]
    record = read_record(make_run(scores[0]), scores[0])
    reader = Reader(page([record], compare(scores), [], ""))
    assert reader.tables[1][0] == ["Encoder", "Accuracy (%) ↑", "Seeds"]
    assert "Scores of svm probes" in reader.headings
    assert "AE (ae) has an accuracy of 51.0" in reader.text
