"""Files for TensorBoard's projector."""

import numpy as np
import pytest
from google.protobuf import text_format
from PIL import Image
from tensorboard.plugins import projector

from tfdeepsim.training.projector import write_projector

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(5, 2))
IMAGES = np.broadcast_to(np.arange(5, dtype=np.uint8)[:, None, None, None] * 9, (5, 40, 40, 3))


def config(folder):
    text = (folder / "projector_config.pbtxt").read_text()
    [entry] = text_format.Parse(text, projector.ProjectorConfig()).embeddings
    return entry


def test_config_names_the_other_files(tmp_path):
    write_projector(tmp_path, Z, IMAGES, {"class": np.arange(5)})
    entry = config(tmp_path)
    for name in (entry.tensor_path, entry.metadata_path, entry.sprite.image_path):
        assert (tmp_path / name).is_file()
    np.testing.assert_allclose(np.loadtxt(tmp_path / entry.tensor_path), Z, rtol=1e-5)
    assert list(entry.sprite.single_image_dim) == [32, 32]


@pytest.mark.parametrize("channels", [1, 3])
def test_sprite_holds_the_images_row_by_row(tmp_path, channels):
    write_projector(tmp_path, Z, IMAGES[..., :channels], {})
    sprite = np.asarray(Image.open(tmp_path / "sprite.png"))
    assert sprite.shape == (96, 96, 3)
    np.testing.assert_array_equal(sprite[::32, ::32, 0].ravel()[:5], np.arange(5) * 9)


def test_one_column_of_labels_has_no_heading_and_several_have(tmp_path):
    write_projector(tmp_path / "one", Z, IMAGES, {"class": np.arange(5)})
    assert (tmp_path / "one/labels.tsv").read_text().split() == list("01234")
    write_projector(tmp_path / "two", Z, IMAGES, {"class": np.arange(5), "position": Z})
    lines = (tmp_path / "two/labels.tsv").read_text().splitlines()
    assert lines[0] == "class\tposition_0\tposition_1"
    assert len(lines) == 6


def test_no_labels(tmp_path):
    write_projector(tmp_path, Z, IMAGES, {})
    assert not config(tmp_path).metadata_path
    assert not (tmp_path / "labels.tsv").exists()
