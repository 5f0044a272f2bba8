import csv
import dataclasses
import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfdeepsim.errors import InputError
from tfdeepsim.report.embedded_images import EmbeddedImages
from tfdeepsim.report.write import check_free, write_report
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score

FILES = [
    "figures",
    "figures/learning_curves.png",
    "figures/predictions.png",
    "figures/reconstructions.png",
    "report.html",
    "results.csv",
    "results.md",
]


def named(runs):
    return {run.name: run for run in runs}


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture
def scores(four_scores):
    """An AE and a P. AE."""
    return list(four_scores[::2])


@pytest.fixture
def runs(make_run, scores):
    return [make_run(score) for score in scores]


def test_all_files_are_written_and_nothing_else(runs, scores, tmp_path):
    folder = tmp_path / "new" / "report"
    assert write_report(named(runs), scores, folder, "mlp") == folder / "report.html"
    assert files(folder) == FILES
    for path in (folder / "figures").iterdir():
        Image.open(path).verify()


def test_csv_gives_the_scores_back(runs, scores, tmp_path):
    write_report(named(runs), scores, tmp_path, "mlp")
    with open(tmp_path / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    types = {field.name: field.type for field in dataclasses.fields(Score)}
    types["values"] = lambda text: tuple(map(float, text.split()))
    assert [Score(**{k: types[k](v) for k, v in row.items()}) for row in rows] == scores


def test_rows_are_in_the_order_of_the_runs(runs, scores, tmp_path):
    write_report(named(runs[::-1]), scores, tmp_path, "mlp")
    with open(tmp_path / "results.csv", newline="") as file:
        assert [row["run"] for row in csv.DictReader(file)] == ["pae", "ae"]


def test_equal_input_gives_equal_files(runs, scores, tmp_path):
    first, second = (write_report(named(runs), scores, tmp_path / name, "mlp") for name in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_a_classification_is_reported(make_run, make_score, tmp_path):
    score = make_score(metric="accuracy", values=(0.6, 0.62), chance=0.25, dataset="folder:a/b")
    write_report(named([make_run(score, classes=True)]), [score], tmp_path / "out", "mlp")
    assert "61.0" in (tmp_path / "out" / "results.md").read_text()
    assert "true class" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    "name", ["report.html", "results.csv", "results.md", "figures/predictions.png"]
)
def test_files_are_not_replaced_without_overwrite(runs, scores, tmp_path, name):
    folder = tmp_path / "out"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text("mine")
    before = files(folder)
    with pytest.raises(InputError, match="replaces files with --overwrite only"):
        write_report(named(runs), scores, folder, "mlp")
    assert files(folder) == before
    assert (folder / name).read_text() == "mine"


def test_overwriting_replaces_the_whole_report_and_keeps_other_files(runs, scores, tmp_path):
    write_report(named(runs), scores, tmp_path / "out", "mlp")
    (tmp_path / "out" / "figures" / "mine.png").write_text("mine")
    for run in runs:
        run.history.unlink()
    write_report(named(runs), scores, tmp_path / "out", "mlp", overwrite=True)
    expected = sorted([*FILES, "figures/mine.png"])
    expected.remove("figures/learning_curves.png")
    assert files(tmp_path / "out") == expected


def test_a_folder_in_the_place_of_a_file_is_never_replaced(runs, scores, tmp_path):
    (tmp_path / "out" / "report.html").mkdir(parents=True)
    with pytest.raises(InputError):
        write_report(named(runs), scores, tmp_path / "out", "mlp", overwrite=True)
    assert files(tmp_path / "out") == ["report.html"]


@pytest.mark.parametrize("name", ["out", "out/figures", "out/deeper/still"])
def test_a_file_in_the_place_of_the_folder_is_seen_before_any_work(tmp_path, name):
    place = tmp_path / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("mine")
    with pytest.raises(InputError, match=f"needs a writable folder: got {place}"):
        check_free(place.parent if name == "out/figures" else place / "report", overwrite=True)


def test_checking_creates_nothing(tmp_path):
    check_free(tmp_path / "a" / "b")
    assert files(tmp_path) == []


def test_a_disk_that_fills_up_leaves_the_old_report(runs, scores, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    page = write_report(named(runs), scores, folder, "mlp")
    old = {name: (folder / name).read_bytes() for name in FILES if "." in name}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    # The last file of all; the others have been written by then.
    write_bytes = Path.write_bytes
    monkeypatch.setattr(
        Path,
        "write_bytes",
        lambda path, *a, **k: full() if path.name == page.name else write_bytes(path, *a, **k),
    )
    with pytest.raises(OSError, match="No space left"):
        write_report(named(runs[:1]), scores[:1], folder, "mlp", overwrite=True)
    assert {name: (folder / name).read_bytes() for name in old} == old
    assert files(folder) == FILES


def test_a_run_without_scores_is_refused(runs, scores, tmp_path):
    with pytest.raises(InputError, match="none of probe mlp for pae"):
        write_report(named(runs), scores[:1], tmp_path / "out", "mlp")
    assert not (tmp_path / "out").exists()


def test_a_score_without_its_run_is_refused(runs, scores, tmp_path):
    with pytest.raises(InputError, match="a score of pae"):
        write_report(named(runs[:1]), scores, tmp_path / "out", "mlp")


def test_mixed_datasets_are_refused_before_anything_is_written(make_run, make_score, tmp_path):
    scores = [make_score("a"), make_score("b", dataset="svhn")]
    runs = [make_run(score) for score in scores]
    with pytest.raises(InputError, match="one dataset"):
        write_report(named(runs), scores, tmp_path / "out", "mlp")
    assert not (tmp_path / "out").exists()


def test_no_rows_are_refused(tmp_path):
    with pytest.raises(InputError, match="needs rows"):
        write_report({}, [], tmp_path / "out", "mlp")


def test_the_requested_probe_comes_first(make_run, make_score, tmp_path):
    scores = [make_score(probe="svm", values=(0.5,)), make_score()]
    runs = [make_run(scores[1])]
    page = write_report(named(runs), scores, tmp_path / "out", "mlp").read_text()
    assert page.index("Scores of mlp probes") < page.index("Scores of svm probes")


def test_a_hostile_name_of_a_run(make_run, make_score, tmp_path):
    score = make_score("<img src=x onerror=alert(1)> $x$ `|` \x1b[2J")
    page = write_report(named([make_run(score)]), [score], tmp_path / "out", "mlp").read_text()
    assert "<img src=x" not in page
    assert "\x1b" not in page + (tmp_path / "out" / "results.md").read_text()


def test_a_dataset_without_labels(runs, tmp_path):
    folder = tmp_path / "out"
    page = write_report(named(runs), [], folder, "mlp")
    assert files(folder) == [
        "figures",
        "figures/learning_curves.png",
        "figures/reconstructions.png",
        "report.html",
    ]
    assert "llv2 has no labels, so there are no probe scores." in page.read_text()
    assert (
        "svhn has no labels"
        in write_report(named(runs), [], folder, "mlp", overwrite=True, dataset="svhn").read_text()
    )


def test_a_report_without_labels_deletes_the_tables_of_an_earlier_report(runs, scores, tmp_path):
    write_report(named(runs), scores, tmp_path / "out", "mlp")
    write_report(named(runs), [], tmp_path / "out", "mlp", overwrite=True)
    assert not (tmp_path / "out" / "results.csv").exists()
    assert not (tmp_path / "out" / "results.md").exists()


def test_a_dataset_without_labels_must_have_a_name(tmp_path):
    (tmp_path / "clip").mkdir()
    with pytest.raises(InputError, match="the name of its dataset"):
        write_report({"clip": RunDirectory(tmp_path / "clip")}, [], tmp_path / "out", "mlp")


def test_rows_may_have_other_names_than_their_folders(make_run, make_score, tmp_path):
    """Several seeds stand in one row, whose files are those of the first."""
    score = make_score("pixel", over="encoder")
    run = make_run(dataclasses.replace(score, run="pixel-seed0"))
    page = write_report(
        {"pixel": run}, [score], tmp_path / "out", "mlp", missing_baselines=["no x: no y"]
    )
    text = page.read_text()
    assert "AE (pixel)" in text
    assert "pixel-seed0" not in text
    assert "Where a row stands for several encoder seeds, the first one is shown." in text
    assert "No x: no y." in text
    assert "No x: no y." in (tmp_path / "out" / "results.md").read_text()
    assert "figures/seeds.png" in files(tmp_path / "out")


def test_baselines_come_last_whatever_their_place(make_run, make_score, tmp_path):
    scores = [make_score("pca", model="pca", loss=""), make_score()]
    rows = {score.run: make_run(score) for score in scores}
    write_report(rows, scores, tmp_path / "out", "mlp")
    with open(tmp_path / "out" / "results.csv", newline="") as file:
        assert [row["run"] for row in csv.DictReader(file)] == ["ae", "pca"]


def test_maps_are_written_where_embeddings_are_given(runs, scores, tmp_path):
    embeddings = np.random.default_rng(0).normal(size=(9, 4))
    names = [run.name for run in runs]
    shown = EmbeddedImages(np.zeros((9, 8, 8, 1), np.uint8), None, dict.fromkeys(names, embeddings))
    pages = [
        write_report(named(runs), scores, tmp_path / name, "mlp", shown=shown) for name in "ab"
    ]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    assert files(tmp_path / "a") == sorted([*FILES, "figures/maps.png"])
    write_report(named(runs), scores, tmp_path / "a", "mlp", overwrite=True)
    assert files(tmp_path / "a") == FILES
