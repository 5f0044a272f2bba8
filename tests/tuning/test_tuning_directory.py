import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.tuning.directory import SearchDirectory


def test_folder_without_a_search_is_refused(tmp_path):
    (tmp_path / "photo.jpg").touch()
    for overwrite in (False, True):
        with pytest.raises(InputError, match="a search directory must be new, or hold a search"):
            SearchDirectory(tmp_path).open({"task": "regression"}, overwrite)
    assert (tmp_path / "photo.jpg").exists()
    with pytest.raises(InputError, match="is a folder"):
        SearchDirectory(tmp_path / "photo.jpg").check()


def test_start_resume_and_replace(tmp_path):
    directory = SearchDirectory(tmp_path / "search")
    directory.open({"task": "regression", "data": "a"})
    (directory.path / "trials.csv").touch()
    (directory.path / "trials").mkdir()
    directory.open({"task": "regression", "data": "a"})
    assert directory.table.exists()
    with pytest.raises(InputError, match="another search: other data"):
        directory.open({"task": "regression", "data": "b"})
    directory.open({"task": "regression", "data": "b"}, overwrite=True)
    assert {entry.name for entry in directory.path.iterdir()} == {".tfdeepsim", "search.json"}
    assert directory.read_description()["data"] == "b"


def test_overwrite_spares_foreign_files_and_what_no_search_made(tmp_path):
    directory = SearchDirectory(tmp_path / "search")
    directory.open({"task": "regression"})
    (directory.path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"only what this program wrote.*notes\.txt"):
        directory.open({"task": "regression"}, overwrite=True)
    other = SearchDirectory(tmp_path / "other")
    other.path.mkdir()
    other.description.write_text('{"query": "cats"}')
    with pytest.raises(InputError, match=r"which tuning\.search did not make"):
        other.open({"task": "regression"}, overwrite=True)
    assert other.description.exists()


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_damaged_description_is_refused(tmp_path, text):
    (tmp_path / "search.json").write_text(text)
    with pytest.raises(InputError, match=r"holds a readable search\.json"):
        SearchDirectory(tmp_path).open({"task": "regression"})


def test_one_process_at_a_time(tmp_path):
    directory = SearchDirectory(tmp_path / "search")
    with (
        directory.locked(),
        pytest.raises(InputError, match="one search at a time"),
        directory.locked(),
    ):
        pass
    with directory.locked():
        pass
