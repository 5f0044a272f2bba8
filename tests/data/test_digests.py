import hashlib
import json
import os

import pytest

from tfdeepsim.data import digests
from tfdeepsim.data.digests import file_digest, short_digest


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(digests, "REMEMBERED_FROM", 4)
    path = tmp_path / "file"
    path.write_bytes(b"hello")
    return path


def test_the_digest_of_a_file_is_its_sha256(file, tmp_path):
    assert file_digest(file, tmp_path / "notes.json") == hashlib.sha256(b"hello").hexdigest()


def test_a_large_file_is_read_once_until_it_changes(file, tmp_path, monkeypatch):
    notes, read = tmp_path / "kept" / "notes.json", []
    monkeypatch.setattr(
        digests, "sha256_of", lambda path: read.append(path) or f"digest {len(read)}"
    )
    assert [file_digest(file, notes) for _ in range(3)] == ["digest 1"] * 3
    file.write_bytes(b"hello there")
    assert file_digest(file, notes) == "digest 2"
    os.utime(file, ns=(0, 0))
    assert file_digest(file, notes) == "digest 3"
    assert len(read) == 3


def test_digests_of_small_files_are_not_remembered(tmp_path):
    (tmp_path / "file").write_bytes(b"hello")
    file_digest(tmp_path / "file", tmp_path / "notes.json")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("junk", ["{", "[]", '{"/x": 3}'])
def test_a_damaged_file_of_digests_is_replaced(file, tmp_path, junk):
    notes = tmp_path / "notes.json"
    notes.write_text(junk)
    assert file_digest(file, notes) == hashlib.sha256(b"hello").hexdigest()
    assert str(file) in json.loads(notes.read_text())


def test_digests_are_computed_even_if_they_cannot_be_remembered(file):
    assert file_digest(file, file / "notes.json") == hashlib.sha256(b"hello").hexdigest()


def test_different_values_have_different_digests():
    values = [("ab", "c"), ("a", "bc"), ("abc",), (["a"], "bc"), (b"ab", b"c"), (1, 2), (12,)]
    assert len({short_digest(*value) for value in values}) == len(values)
    assert all(len(short_digest(*value)) == 16 for value in values)
