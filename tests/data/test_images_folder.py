"""Image files listed in a folder."""

import os

import pytest

from tfdeepsim.data.images.folder import Folder
from tfdeepsim.errors import InputError


def write(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


def names(store):
    return [file.name for file in store.files]


def test_images_are_listed_by_their_ending_in_a_fixed_order(tmp_path):
    write(tmp_path, "b/2.JPG", "b/1.jpeg", "a/x/y.Png", "c.webp", "d.gif", "e.bmp")
    store = Folder(str(tmp_path))
    assert names(store) == ["a/x/y.Png", "b/1.jpeg", "b/2.JPG", "c.webp", "d.gif", "e.bmp"]
    assert store.skipped == []
    assert store.name == f"folder:{tmp_path}"
    assert store.read(store.files[1]) == b"b/1.jpeg"


def test_other_files_are_skipped_but_the_labels_are_not_counted(tmp_path):
    write(tmp_path, "a.jpg", "notes.txt", "labels.csv", "x/other.csv", "noending")
    assert sorted(Folder(str(tmp_path), str(tmp_path / "labels.csv")).skipped) == [
        (name, "not an image file") for name in ("noending", "notes.txt", "x/other.csv")
    ]


def test_hidden_files_and_those_of_file_managers_are_ignored(tmp_path):
    write(
        tmp_path,
        "a.jpg",
        ".b.jpg",
        ".git/c.jpg",
        "__MACOSX/d.jpg",
        "Thumbs.db",
        ".DS_Store",
        "x/.e.jpg",
    )
    store = Folder(str(tmp_path))
    assert (names(store), store.skipped) == (["a.jpg"], [])


def test_links_are_followed_but_not_in_circles(tmp_path):
    write(tmp_path, "set/a/1.jpg", "elsewhere/2.jpg")
    (tmp_path / "set/b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set/a/up").symlink_to(tmp_path / "set")
    (tmp_path / "set/a/self").symlink_to(tmp_path / "set/a")
    (tmp_path / "set/gone.jpg").symlink_to(tmp_path / "nothing")
    store = Folder(str(tmp_path / "set"))
    assert names(store) == ["a/1.jpg", "b/2.jpg"]
    assert store.skipped == [("gone.jpg", "not a file, or a link to nothing")]


def test_a_tilde_stands_for_the_home_folder(tmp_path, monkeypatch):
    write(tmp_path, "photos/a.jpg")
    monkeypatch.setenv("HOME", str(tmp_path))
    store = Folder("~/photos")
    assert (names(store), store.name) == (["a.jpg"], "folder:~/photos")


def test_paths_that_are_not_folders_are_refused(tmp_path):
    write(tmp_path, "a.jpg")
    with pytest.raises(InputError, match="which does not exist"):
        Folder(str(tmp_path / "none"))
    with pytest.raises(InputError, match=r"a\.jpg, a file"):
        Folder(str(tmp_path / "a.jpg"))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    write(tmp_path, "a.jpg")
    store = Folder(str(tmp_path))
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(InputError, match=r"a\.jpg \(No such file"):
        store.read(store.files[0])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_named(tmp_path):
    write(tmp_path, "a/1.jpg")
    (tmp_path / "a").chmod(0)
    try:
        with pytest.raises(InputError, match=r"a \(Permission denied"):
            Folder(str(tmp_path))
    finally:
        (tmp_path / "a").chmod(0o700)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"\xff\xd8\xff\xe0", True),
        (b"\x89PNG\r\n\x1a\n", True),
        (b"GIF89a", True),
        (b"RIFF\x00\x00\x00\x00WEBP", True),
        (b"BM\x36\x00\x00\x00\x00\x00\x00\x00", True),
        (b"RIFF\x00\x00\x00\x00WAVE", False),
        (b"BMW is a car", False),
        (b"", False),
    ],
)
def test_files_of_other_endings_are_images_by_their_first_bytes(tmp_path, head, found):
    (tmp_path / "scan.jfif").write_bytes(head)
    assert bool(Folder(str(tmp_path)).files) == found


@pytest.mark.parametrize("name", ["@eaDir", "$RECYCLE.BIN", "System Volume Information"])
def test_rubbish_of_disks_is_ignored(tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "a.jpg").touch()
    store = Folder(str(tmp_path))
    assert (store.files, store.skipped) == ([], [])
