"""Image files listed in, and read from, a zip archive."""

import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tfdeepsim.data.images.archive import Archive
from tfdeepsim.errors import InputError


@pytest.fixture
def make(tmp_path):
    def call(*names, compression=zipfile.ZIP_STORED):
        with zipfile.ZipFile(tmp_path / "set.zip", "w", compression) as archive:
            for name in names:
                archive.writestr(name, f"{name} " * 50)
        return str(tmp_path / "set.zip")

    return call


def test_members_are_listed_like_files(make):
    path = make("b/2.JPG", "a/1.png", "notes.txt", "__MACOSX/a/1.png", "a/.DS_Store", "empty/")
    store = Archive(path)
    assert [file.name for file in store.files] == ["a/1.png", "b/2.JPG"]
    assert store.skipped == [("notes.txt", "not an image file")]
    assert store.name == f"zip:{path}"


def test_images_are_found_by_content_and_under_a_dot(make, tmp_path):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("./cat/0.jpg", b"any")
        archive.writestr("cat/photo", b"\xff\xd8\xff\xe0" + bytes(20))
        archive.writestr("cat/scan.jfif", b"\xff\xd8\xff\xe1" + bytes(20))
        archive.writestr("cat/notes", b"any")
        archive.writestr("@eaDir/0.jpg", b"any")
    store = Archive(str(tmp_path / "set.zip"))
    assert [file.name for file in store.files] == ["cat/0.jpg", "cat/photo", "cat/scan.jfif"]
    assert [store.read(file)[:3] for file in store.files[1:]] == [b"\xff\xd8\xff"] * 2
    assert store.skipped == [("cat/notes", "not an image file")]


@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]
)
def test_many_threads_can_read_at_the_same_time(make, compression):
    store = Archive(make(*(f"{i}.jpg" for i in range(200)), compression=compression))
    with ThreadPoolExecutor(8) as threads:
        for file, data in zip(store.files, threads.map(store.read, store.files), strict=True):
            assert data.decode() == f"{file.name} " * 50
            assert file.size == len(data)


@pytest.mark.parametrize(
    "name", ["../a.jpg", "x/../../a.jpg", "/a.jpg", "C:/a.jpg", "x\\..\\a.jpg"]
)
def test_members_that_point_out_of_the_archive_are_refused(make, name):
    with pytest.raises(InputError, match="must lie in the archive"):
        Archive(make("b.jpg", name))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(make):
    with pytest.raises(InputError, match=r"'a\.jpg' twice"):
        Archive(make("a.jpg", "a.jpg"))


def test_an_encrypted_member_is_refused(make):
    path = make("a.jpg")
    data = bytearray(Path(path).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    Path(path).write_bytes(data)
    with pytest.raises(InputError, match="must not be encrypted"):
        Archive(path)


def test_a_wrong_checksum_ends_in_one_line(make):
    path = make("a.jpg")
    data = bytearray(Path(path).read_bytes())
    data[60] ^= 1
    Path(path).write_bytes(data)
    store = Archive(path)
    with pytest.raises(InputError, match=r"whole zip file: got .*a\.jpg: Bad CRC-32"):
        store.read(store.files[0])


@pytest.mark.parametrize("damage", ["cut", "junk", "empty"])
def test_a_damaged_archive_ends_in_one_line(make, damage):
    path = make(*(f"{i}.jpg" for i in range(20)))
    data = Path(path).read_bytes()
    Path(path).write_bytes({"cut": data[:-40], "junk": b"junk" * 100, "empty": b""}[damage])
    with pytest.raises(InputError, match="must be a whole zip file"):
        Archive(path)


def test_paths_that_are_not_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="which does not exist"):
        Archive(str(tmp_path / "none.zip"))
    with pytest.raises(InputError, match="a folder"):
        Archive(str(tmp_path))
