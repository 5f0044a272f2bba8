"""What `python -m tfdeepsim.data` counts, prints and draws."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import rich.console

from tfdeepsim.data import describe, open_dataset
from tfdeepsim.data.__main__ import main, make_parser
from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.inspect.contact_sheet import COLUMNS, ROWS, captions, contact_sheet
from tfdeepsim.data.inspect.contents import decimals, inspect_labels
from tfdeepsim.data.inspect.report import bar, print_report, shown_classes, skipped_lines
from tfdeepsim.data.splits.split import Split
from tfdeepsim.files import slug

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)


@pytest.fixture
def classes(tmp_path):
    """20 red, 10 green and 10 blue images, as npz."""
    ids = np.array([0] * 20 + [1] * 10 + [2] * 10)
    images = np.broadcast_to(COLOURS[ids][:, None, None], (40, 16, 16, 3))
    np.savez(
        tmp_path / "colours.npz", images=images, labels=np.array(["red", "green", "blue"])[ids]
    )
    return f"npz:{tmp_path / 'colours.npz'}"


@pytest.fixture
def numbers(tmp_path):
    values = np.stack([np.linspace(0, 1, 40), np.full(40, 5.0)], axis=1)
    np.savez(tmp_path / "numbers.npz", images=np.zeros((40, 16, 16, 3), np.uint8), labels=values)
    return f"npz:{tmp_path / 'numbers.npz'}"


def run(capsys, *argv):
    code = main([str(argument) for argument in argv])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_classes_are_counted_in_each_split(classes, tmp_path):
    dataset = open_dataset(classes, tmp_path)
    counts = {
        split: each.counts.tolist()
        for split, each in inspect_labels(dataset, Splits(dataset)).items()
    }
    assert counts["probe_train"] == [7, 7, 14]  # blue, green, red
    assert counts["encoder_train"] == counts["probe_train"]
    assert counts["test"] == [2, 2, 4]


def test_numbers_are_summarised_by_coordinate(numbers, tmp_path):
    dataset = open_dataset(numbers, tmp_path)
    splits = Splits(dataset)
    first, second = inspect_labels(dataset, splits)["probe_train"].coordinates
    values = splits["probe_train"].labels["label"][:, 0]
    assert first.mean == pytest.approx(values.mean())
    assert first.quantiles == pytest.approx(
        [np.quantile(values, q) for q in (0, 0.25, 0.5, 0.75, 1)]
    )
    assert second.quantiles == (5.0,) * 5


def test_frames_that_serve_no_probe_are_not_counted(tiny):
    dataset = open_dataset(*tiny)
    splits = Splits(dataset)
    for split, each in inspect_labels(dataset, splits).items():
        positions = splits[split].labels["position"][dataset.probe_mask(splits[split])]
        assert each.coordinates[1].mean == pytest.approx(positions[:, 1].mean())


def test_the_report_shows_task_sizes_classes_and_skipped_files(classes, tmp_path):
    dataset = open_dataset(classes, tmp_path)
    dataset.skipped = (("a.jpg", "an empty file"),)
    console = rich.console.Console(width=80, record=True, file=io.StringIO())
    labels = inspect_labels(dataset, Splits(dataset))
    print_report(console, dataset, describe(classes, tmp_path), labels)
    text = console.export_text()
    for expected in (
        "classification, 3 classes",
        "64 x 64 x 3",
        dataset.fingerprint,
        "a.jpg: an empty file",
    ):
        assert expected in text
    lines = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert lines["red"].split() == ["red", "14", "2", "4", "█" * 12]
    assert lines["blue"].split() == ["blue", "7", "1", "2", "█" * 6]
    assert max(map(len, text.splitlines())) <= 80


def test_skipped_files_are_listed_and_counted(classes, tmp_path):
    dataset = open_dataset(classes, tmp_path)
    assert skipped_lines(dataset) == []
    dataset.skipped = tuple((f"{number}.jpg", "no image") for number in range(12))
    lines = skipped_lines(dataset)
    assert lines[0] == "skipped 12 files:"
    assert lines[-1] == "  and 7 more"
    assert len(lines) == 7


@pytest.mark.parametrize(
    ("share", "expected"), [(0, ""), (1, "████"), (0.5, "██"), (1e-9, "▏"), (0.28125, "█▏")]
)
def test_bars_are_rounded_to_eighths_of_a_cell(share, expected):
    assert bar(share, 4) == expected


def test_of_many_classes_the_largest_and_smallest_are_shown():
    assert shown_classes(np.arange(3)) == [0, 1, 2]
    assert shown_classes(np.arange(50)) == [*range(49, 39, -1), None, *range(9, -1, -1)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 1.0], ["0.00", "1.00"]),
        ([-0.0001, 2.0], ["0.00", "2.00"]),
        ([5, 5], ["5.000"] * 2),
        ([0, 900], ["0", "900"]),
    ],
)
def test_numbers_are_rounded_by_their_range(values, expected):
    assert decimals(values) == expected


def test_a_row_of_the_sheet_is_a_class(classes, tmp_path):
    dataset = open_dataset(classes, tmp_path)
    split = dataset.split("probe_train")
    sheet = contact_sheet(split, split.labels["label"], dataset.class_names)
    pixels = np.asarray(sheet)
    for line, colour in enumerate(("blue", "green", "red")):
        band = pixels[12 + line * 68 : 12 + line * 68 + 64]
        row = band[32, -12 - 10 * 68 :]
        shown = {tuple(pixel) for pixel in row.tolist() if tuple(pixel) != (255, 255, 255)}
        assert shown == {tuple(COLOURS[["red", "green", "blue"].index(colour)].tolist())}
        assert (band[:, :60] < 128).any()  # its name


def test_a_sheet_has_a_limited_size():
    many = Split(np.zeros((3000, 8, 8, 3), np.uint8), {})
    labels = np.arange(3000) % 1000
    by_class = contact_sheet(many, labels)
    assert by_class.height == 24 + ROWS * 12 - 4
    grid = contact_sheet(many, None)
    assert grid.size == (24 + COLUMNS * 12 - 4, 24 + COLUMNS * 12 - 4)


def test_captions_are_the_first_two_numbers():
    assert captions(np.array([[0, 5, 1], [1, 5, 1]], np.float32)) == ["0.00, 5.000", "1.00, 5.000"]


def test_the_command_prints_and_draws(classes, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(
        capsys, classes, "--data-dir", tmp_path / "data", "--contact-sheet", "sheet.png"
    )
    assert code == 0
    assert "contact sheet of probe_train: sheet.png" in out
    with PIL.Image.open("sheet.png") as sheet:
        assert sheet.format == "PNG"
    assert not (tmp_path / "data").exists()  # nothing is decoded but what is shown


def test_a_sheet_of_the_user_is_never_replaced_unasked(tiny, tmp_path, capsys):
    name, data_dir = tiny
    sheet = tmp_path / "sheet.png"
    sheet.write_bytes(b"mine")
    arguments = name, "--data-dir", data_dir, "--contact-sheet", sheet
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert "which exists" in err
    assert sheet.read_bytes() == b"mine"
    assert run(capsys, *arguments, "--overwrite")[0] == 0
    assert sheet.read_bytes() != b"mine"


def test_the_sheet_lies_beside_the_cached_images_by_default(
    tiny, classes, folder, tmp_path, capsys, monkeypatch
):
    here, data_dir = tmp_path / "here", tmp_path / "data"
    here.mkdir()
    monkeypatch.chdir(here)
    simulated, simulated_in = tiny
    for name, root, place in (
        (simulated, simulated_in, f"{simulated}/1.0.0/decoded/llv2-4x3-stride7-seed5"),
        (classes, data_dir, f"decoded/{slug(classes)[-100:]}"),
        (f"folder:{folder}", data_dir, f"images/photos-*/{slug(f'folder:{folder}')[-100:]}"),
    ):
        for _ in range(2):  # the second time, the sheet is replaced
            code, out, _ = run(capsys, name, "--data-dir", root)
            assert code == 0
            (sheet,) = root.glob(f"{place}-contact-sheet.png")
            assert out.endswith(f": {sheet}\n")
            with PIL.Image.open(sheet) as picture:
                assert picture.format == "PNG"
            sheet.write_bytes(b"older")
    assert list(here.iterdir()) == []


def test_a_cache_that_cannot_be_written_ends_in_one_line(classes, tmp_path, capsys):
    (tmp_path / "data").touch()
    code, out, err = run(capsys, classes, "--data-dir", tmp_path / "data")
    assert code == 2
    assert "classification, 3 classes" in out
    assert "needs a folder that can be written" in err
    assert "accepted: --contact-sheet FILE" in err
    assert err.count("\n") == 1


def test_a_full_disk_is_told_as_by_every_command(classes, tmp_path, capsys, monkeypatch):
    def full(picture, path, format):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(PIL.Image.Image, "save", full)
    code, _, err = run(capsys, classes, "--data-dir", tmp_path / "data")
    assert code == 2
    assert err.startswith("error: disk full while writing: ")
    assert err.count("\n") == 1


def test_the_report_of_a_regression_dataset(numbers, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(
        capsys, numbers, "--data-dir", "data", "--contact-sheet", "sheet.png", "--image-size", 32
    )
    assert code == 0
    assert "regression" in out
    assert "32 x 32 x 3" in out
    assert "median" in out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["nothing"], "dataset must be known"),
        (["npz:none.npz"], "npz:FILE names a file"),
        (["llv2", "--contact-sheet", "sheet.jpg"], "writes a PNG"),
        (["llv2", "--contact-sheet", "nowhere/sheet.png"], "needs an existing folder"),
        (["llv2", "--crop", "round"], "unknown --crop"),
        (["llv2", "--resize", "tile"], "--resize is for image files"),
        (["llv2", "--split", "1/2"], "add up to 100"),
        ([], "required: DATASET"),
    ],
)
def test_bad_input_ends_in_one_line_and_writes_nothing(
    argv, message, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with_code = None
    try:
        with_code, _, err = run(capsys, *argv)
    except SystemExit as stop:
        with_code, err = stop.code, capsys.readouterr().err
    assert with_code == 2
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_fits_into_80_columns_and_loads_nothing_heavy():
    assert max(map(len, make_parser().format_help().splitlines())) <= 80
    program = (
        "import sys\ntry:\n import tfdeepsim.data.__main__ as m; m.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = ('tensorflow', 'numpy', 'PIL', 'scipy', 'rich')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
