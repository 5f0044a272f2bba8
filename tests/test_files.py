"""Files: complete or absent, errors in one line, digests, and names."""

import hashlib
from pathlib import Path

import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.files import (
    home_path,
    read_json,
    replacing,
    sha256_of,
    sha256_of_json,
    slug,
    spreadsheet_cell,
    sweep,
    write_json,
)


def leftovers(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_replacing_a_file(tmp_path):
    target = tmp_path / "deep" / "file.txt"
    for text in ("one", "two"):
        with replacing(target) as new:
            new.write_text(text)
        assert target.read_text() == text
    assert leftovers(target.parent) == []


def test_replacing_a_folder(tmp_path):
    target = tmp_path / "folder"
    for name in ("one", "two"):
        with replacing(target) as new:
            new.mkdir()
            (new / name).touch()
        assert [path.name for path in target.iterdir()] == [name]
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failure_leaves_what_was_there(tmp_path, error):
    target = tmp_path / "file.txt"
    target.write_text("old")

    def write_and_fail():
        with replacing(target) as new:
            new.write_text("half")
            raise error

    with pytest.raises(type(error)):
        write_and_fail()
    assert target.read_text() == "old"
    assert leftovers(tmp_path) == []


def test_a_whole_folder_is_replaced_and_its_parents_are_created(tmp_path):
    target = tmp_path / "a" / "b"
    with replacing(target) as new:
        assert new.parent.parent == target.parent
        assert not new.exists()
        new.mkdir()
        (new / "inner").write_text("inner")
    assert (target / "inner").read_text() == "inner"


def test_json_is_read_as_it_was_written(tmp_path):
    value = {"b": [1, 2.5, None, True], "a": {"ü": "ö"}}
    write_json(tmp_path / "deep" / "value.json", value)
    assert read_json(tmp_path / "deep" / "value.json") == value
    assert leftovers(tmp_path / "deep") == []


def test_a_value_that_is_no_json_leaves_the_file_as_it_was(tmp_path):
    write_json(tmp_path / "value.json", {"a": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "value.json", {"a": object()})
    assert read_json(tmp_path / "value.json") == {"a": 1}


@pytest.mark.parametrize("text", [None, "", '{"half": ', "[1]", "3", "\xff", 10_000 * "["])
def test_what_is_no_json_object_is_one_line(tmp_path, text):
    path = tmp_path / "value.json"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"^value\.json must be a readable JSON object") as caught:
        read_json(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"^a card is whole: got .*; accepted: another card$"):
        read_json(path, "a card is whole", "another card")


def test_home_folders():
    assert home_path("~/photos") == Path.home() / "photos"
    assert home_path("photos/~") == Path("photos/~")
    with pytest.raises(InputError, match="name of a user or by a slash: got ~nosuchuser/x"):
        home_path("~nosuchuser/x")


def test_slug():
    assert slug("llv2/200x15-stride10-seed3") == "llv2-200x15-stride10-seed3"
    assert "/" not in slug("folder:../../etc")


def test_digest_changes_with_names_and_contents(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").write_bytes(b"1")
    first = sha256_of(tmp_path)
    assert first == sha256_of(tmp_path)
    assert len(first) == 64
    (tmp_path / "inner" / "a").rename(tmp_path / "inner" / "b")
    second = sha256_of(tmp_path)
    (tmp_path / "inner" / "b").write_bytes(b"2")
    assert len({first, second, sha256_of(tmp_path)}) == 3


def test_digest_of_a_file_is_sha256_of_its_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"bytes" * 100_000)
    assert sha256_of(tmp_path / "file") == hashlib.sha256(b"bytes" * 100_000).hexdigest()


def test_digest_of_json_does_not_depend_on_the_order_of_keys():
    first, second = {"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}
    assert sha256_of_json(first) == sha256_of_json(second)
    assert sha256_of_json(first) != sha256_of_json(second | {"a": 2})
    assert sha256_of_json([]) == hashlib.sha256(b"[]").hexdigest()


def test_sweep_finishes_a_replacement_of_a_folder_that_was_complete(tmp_path):
    holder = tmp_path / ".encoder.a1b2.part"
    (holder / "old").mkdir(parents=True)
    (holder / "encoder").mkdir()
    (holder / "encoder" / "new").touch()
    sweep(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["encoder", "new"]


def test_sweep_keeps_what_stands_and_what_it_is_told_to_spare(tmp_path):
    for name in (".state.npz.a1b2.part", "search/.trials.x.part", "train/.events.y.part"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "state.npz").write_text("whole")
    sweep(tmp_path, spare=("search",))
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "search",
        "search/.trials.x.part",
        "state.npz",
        "train",
    ]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@sum", "'@sum"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("+x", "'+x"),
        ("-0.5 1.2e-05", "-0.5 1.2e-05"),
        ("p-ae", "p-ae"),
        (-0.5, -0.5),
    ],
)
def test_no_cell_is_a_formula(value, written):
    assert spreadsheet_cell(value) == written
