import numpy as np
import pytest
from PIL import Image

from tfdeepsim.card import make_card, read_card, write_card
from tfdeepsim.card import write as writing

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(40, 3)).astype(np.float32)
IMAGES = RNG.integers(0, 255, size=(40, 8, 8, 3), dtype=np.uint8)
LABELS = {"class": np.arange(40), "position": RNG.normal(size=(40, 2))}


def names(folder):
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_writes_numbers_sheet_and_projector(tmp_path):
    card = make_card(Z, 0 * Z)
    write_card(tmp_path / "card", card, Z, IMAGES, LABELS)
    assert read_card(tmp_path / "card") == card
    assert np.asarray(Image.open(tmp_path / "card/neighbours.png")).shape[1] > 9 * 96
    projector = tmp_path / "card/projector"
    np.testing.assert_allclose(np.loadtxt(projector / "embeddings.tsv"), Z, rtol=1e-5)
    assert len((projector / "labels.tsv").read_text().splitlines()) == 41
    assert names(tmp_path / "card") == [
        "card.json",
        "neighbours.png",
        "projector/embeddings.tsv",
        "projector/labels.tsv",
        "projector/projector_config.pbtxt",
        "projector/sprite.png",
    ]


def test_no_labels_and_two_images(tmp_path):
    write_card(tmp_path, make_card(Z[:2]), Z[:2], IMAGES[:2], {})
    assert "projector/labels.tsv" not in names(tmp_path)
    assert (tmp_path / "neighbours.png").is_file()


def test_rows_of_the_projector_stay_together_when_some_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "PROJECTED", 5)
    write_card(tmp_path, make_card(Z), Z, IMAGES, {"class": LABELS["class"]})
    rows = np.loadtxt(tmp_path / "projector/labels.tsv", dtype=int)
    assert len(rows) == 5
    np.testing.assert_allclose(
        np.loadtxt(tmp_path / "projector/embeddings.tsv"), Z[rows], rtol=1e-5
    )


def test_two_encoders_have_the_same_query_images(tmp_path):
    sheets = []
    for name, z in (("a", Z), ("b", Z[::-1])):
        write_card(tmp_path / name, make_card(z), z, IMAGES, {})
        sheets.append(np.asarray(Image.open(tmp_path / name / "neighbours.png")))
    queries = slice(0, 10 + 128)
    np.testing.assert_array_equal(sheets[0][:, queries], sheets[1][:, queries])
    assert not np.array_equal(*sheets)


def test_a_failed_write_leaves_the_old_card(tmp_path):
    write_card(tmp_path, make_card(Z), Z, IMAGES, LABELS)
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    with pytest.raises(TypeError):  # no picture has six channels
        write_card(tmp_path, make_card(2 * Z), 2 * Z, IMAGES.reshape(40, 8, 4, 6), LABELS)
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before
