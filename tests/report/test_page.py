import base64
import dataclasses
import html.parser
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.report.figures.gallery import draw_all
from tfdeepsim.report.page import page
from tfdeepsim.report.record import read_records
from tfdeepsim.report.row_comparison import compare_rows
from tfdeepsim.report.run_files import DecodedEmbeddings, Samples
from tfdeepsim.run import RunDirectory

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


def whole_page(runs, scores, command="", **settings):
    """The page of runs and their scores."""
    rows = dict(zip(dict.fromkeys(score.run for score in scores), runs, strict=True))
    comparisons = compare_rows(scores)
    dataset, probe = comparisons[0].dataset, comparisons[0].probe
    records = read_records(rows, scores, dataset, probe)
    return page(
        dataset, records, comparisons, draw_all(records, comparisons[0]), command, **settings
    )


@pytest.fixture(scope="module")
def made(four_records, four_scores):
    """The page of four complete runs."""
    comparisons = compare_rows(four_scores)
    pictures = draw_all(four_records, comparisons[0])
    return page("llv2", four_records, comparisons, pictures, "python evaluate.py a b --probes mlp")


def test_the_page_is_one_complete_document(made):
    assert made.startswith("<!DOCTYPE html>\n<html lang=")
    reader = Reader(made)
    assert reader.values("meta", "charset") == ["utf-8"]
    assert reader.headings == [
        "Scores of mlp probes",
        "Originals and reconstructions",
        "Predictions on the test split",
        "Learning curves",
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
    assert not {name for _, name, _ in reader.attributes} & {
        "href",
        "srcset",
        "action",
        "data",
        "onload",
    }
    rest = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", made)
    assert len(rest) < len(made) / 2
    assert not re.search(r"https?:|//|url\(|@import|<script|<link|<iframe", rest)
    (policy,) = [v for v in reader.values("meta", "content") if "default-src" in v]
    assert "default-src 'none'" in policy


def test_figures_are_complete_and_have_size_and_alternative_text(made):
    reader = Reader(made)
    images = [
        Image.open(io.BytesIO(base64.b64decode(src.partition(",")[2])))
        for src in reader.values("img", "src")
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
    assert header == ["Encoder", "Mean L1 distance ↓", "Mean L1 distance in pixels ↓", "Seeds"]
    assert rows[0] == ["AEae", "0.820 ± 0.050", "26.24 ± 1.59", "3 probes"]
    name = "P. VAEpvae · random_alexnet:relu2"
    assert rows[3] == [name, "0.310 ± 0.050", "9.92 ± 1.59", "3 probes"]
    assert rows[4] == ["Chance", "0.850", "27.20", ""]
    assert reader.values("td", "class").count("number best") == 2 * 2
    assert "That is an inference: the paper names no unit" in reader.text


def test_the_page_states_its_conclusions(made):
    text = Reader(made).text
    assert (
        "This page compares AE (ae), VAE (vae), P. AE (pae) and P. VAE (pvae) by the scores of mlp "
        "probes. The probes were trained on frozen embeddings of llv2" in text
    )
    assert (
        "its interval overlaps that of P. VAE (pvae), so the intervals do not tell them apart"
        in text
    )
    assert "AE (ae) is not better than chance." in text
    assert "The interval does not cover other encoder seeds or other test images." in text


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
    made = whole_page([run], [score], HOSTILE)
    reader = Reader(made)
    assert score.run in reader.text
    assert "folder:<b>&" in reader.text
    assert reader.text.startswith("One encoder on <b>&")
    assert reader.text.count(HOSTILE) == 3
    assert "<script" not in made
    assert len(reader.values("img", "src")) == 3


def test_missing_files_are_reported_on_the_page(make_run, four_scores):
    runs = [make_run(score) for score in four_scores[:2]]
    for path in (
        runs[0].samples,
        runs[1].history,
        runs[1].environment,
        runs[1].results / "llv2" / "mlp.npz",
    ):
        path.unlink()
    (runs[0].results / "llv2" / "mlp.json").unlink()
    text = Reader(whole_page(runs, four_scores[:2])).text
    assert "Not shown: AE (ae), which has no samples.npz." in text
    assert "Not shown: VAE (vae), which has no history.csv." in text
    assert "Not shown: VAE (vae), which has no results/llv2/mlp.npz." in text
    assert "VAE (vae) has no environment.json." in text
    assert "AE (ae) has no results/llv2/mlp.json." in text
    assert "Command" not in text


def test_a_run_without_any_files_still_shows_its_score(make_run, make_score):
    score = make_score()
    run = make_run(score)
    for path in (run.samples, run.history, run.environment, *(run.results / "llv2").iterdir()):
        path.unlink()
    reader = Reader(whole_page([run], [score]))
    assert reader.values("img", "src") == []
    assert reader.tables[0][1] == ["AEae", "0.820 ± 0.050", "26.2 ± 1.6", "3 probes"]


def test_two_probes_make_two_tables(make_run, make_score):
    scores = [
        make_score(),
        make_score(probe="svm", metric="accuracy", values=(0.5, 0.52), chance=0.1),
    ]
    reader = Reader(whole_page([make_run(scores[0])], scores))
    assert reader.tables[1][0] == ["Encoder", "Accuracy (%) ↑", "Seeds"]
    assert "Scores of svm probes" in reader.headings
    assert "AE (ae) has an accuracy of 51.0" in reader.text


@pytest.fixture(scope="module")
def study(tmp_path_factory, study_scores, originals):
    """The page of a comparison over seeds, with baselines, an external encoder and all files."""
    folder = tmp_path_factory.mktemp("study")
    runs = []
    for score in study_scores:
        runs.append(RunDirectory(folder / score.run))
        runs[-1].path.mkdir()
        if score.model == "ae":
            runs[-1].config.write_text(
                json.dumps({"dataset": "llv2", "model": "ae", "loss": score.loss, "seed": 0})
            )
        else:
            origin = {"model": score.model, "settings": {"number": 4242}}
            (runs[-1].path / "representation.json").write_text(json.dumps(origin))
        card = runs[-1].path / "card" / "llv2"
        card.mkdir(parents=True)
        numbers = {"dimensions": 64, "effective_rank": 12.345, "kl": None, "own_number": 1.5}
        (card / "card.json").write_text(json.dumps(numbers))
        Image.new("RGB", (200, 100), "red").save(card / "neighbours.png")
    return whole_page(runs, study_scores, missing_baselines=["no x: no y"])


def test_baselines_stand_below_the_encoders(study):
    reader = Reader(study)
    names = [row[0] for row in reader.tables[0]]
    assert names[1:4] == ["AEpixel", "P. AEperceptual", "clip.keras"]
    assert names[4:] == [
        "PCA of pixels",
        "Random encoder",
        "PCA of comparator's featuresa:b",
        "Supervised encoder",
        "Chance",
    ]
    assert reader.values("tr", "class") == [
        "baseline first",
        "baseline",
        "baseline",
        "baseline",
        "chance",
    ]
    assert [row[-1] for row in reader.tables[0][1:5]] == [
        "4 encoders",
        "4 encoders",
        "2 probes",
        "2 probes",
    ]


def test_a_study_is_described_in_sentences(study):
    text = Reader(study).text
    assert "Three encoders and 4 baselines compared on llv2" in text
    assert (
        "AE (pixel), P. AE (perceptual) and clip.keras, alongside PCA of pixels, the random encoder"
        in text
    )
    assert "P. AE (perceptual) is lower than AE (pixel) by 0.085" in text
    assert (
        "95 % interval over 4 encoder seeds (Student's t); the score of each encoder is the mean "
        "over its probes." in text
    )
    assert "No x: no y." in text
    assert "AE (pixel), which has no history.csv" in text
    assert text.count("number: 4242") == 5
    for part in ("environment.json", "history.csv", "samples.npz", "config.json"):
        assert f"clip.keras, which has no {part}" not in text
        assert f"PCA of pixels has no {part}" not in text


def test_cards_and_neighbours(study):
    reader = Reader(study)
    (cards,) = [table for table in reader.tables if "Effective rank" in table[0]]
    assert cards[0] == ["Encoder", "Size", "Effective rank", "Own number"]
    assert cards[1] == ["AEpixel", "64", "12.3", "1.50"]
    assert [row[0] for row in cards[3:5]] == ["clip.keras", "PCA of pixels"]
    assert len(cards) == 8
    assert "Effective rank: number of directions in use" in reader.text
    assert reader.text.count("Nearest neighbours by ") == 7
    # One figure, of the seeds, and a sheet a row.
    assert len(reader.values("img", "src")) == 8


def test_the_page_stays_small(make_run, make_score, four_records):
    # Twelve rows of photographs that hardly pack: figures and sheets together.
    noise = np.random.default_rng(0).integers(0, 256, (16, 64, 64, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (500, 700, 3), dtype=np.uint8)).save(
        file, "png"
    )
    scores = [make_score(f"run-{number}") for number in range(12)]
    records = [
        dataclasses.replace(
            four_records[0],
            name=score.run,
            history=None,
            samples=Samples(noise, noise),
            decoded=DecodedEmbeddings(noise, 255 - noise, 0.1),
            neighbours=file.getvalue(),
        )
        for score in scores
    ]
    comparisons = compare_rows(scores)
    made = page("llv2", records, comparisons, draw_all(records, comparisons[0]), "")
    assert len(made) < 5e6
    kinds = [src.partition(";")[0] for src in Reader(made).values("img", "src")]
    assert "data:image/jpeg" in kinds


def test_without_labels_there_is_no_table(four_records):
    made = page("folder:/some/where/photos", four_records, [], draw_all(four_records, None), "")
    reader = Reader(made)
    assert "photos has no labels, so there are no probe scores." in reader.text
    assert "/some" not in reader.text
    assert not any("Seeds" in cell for table in reader.tables for row in table for cell in row)
    assert "Scores" not in " ".join(reader.headings)
    assert "Originals and reconstructions" in reader.headings


def test_a_dataset_is_called_by_its_name_and_its_path_is_a_setting(make_run, make_score):
    score = make_score(dataset="zip:/some/where/photos.zip")
    reader = Reader(whole_page([make_run(score)], [score]))
    assert "One encoder on photos" in reader.text
    assert "frozen embeddings of photos" in reader.text
    assert reader.text.count("zip:/some/where/photos.zip") == 1


def test_many_encoders_are_counted_not_listed(make_run, make_score):
    scores = [make_score(f"run-{number}") for number in range(5)]
    text = Reader(whole_page([make_run(score) for score in scores], scores)).text
    assert "5 encoders compared on llv2" in text
    assert "This page compares 5 encoders by the scores of mlp probes" in text
