"""Encoders by their path: runs, SavedModels and `.keras` files."""

import keras
import numpy as np
import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.export import export
from tfdeepsim.files import write_json
from tfdeepsim.loaded_encoder import load_encoder
from tfdeepsim.networks.generators import generator_of
from tfdeepsim.run import RunDirectory

IMAGES = np.random.default_rng(0).integers(256, size=(5, 64, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A run with an exported encoder, and its generator."""
    run = RunDirectory(tmp_path_factory.mktemp("runs") / "run")
    config = TrainConfig(latent_dim=3, image_size=64)
    write_json(run.config, config.to_dict())
    generator = generator_of(config, (64, 64, 3))
    export(run, generator)
    return run, generator


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A `.keras` file of a network whose embedding is the mean colour in -1 to 1."""
    path = tmp_path_factory.mktemp("files") / "mean.keras"
    layers = [keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D()]
    keras.Sequential(layers).save(path)
    return path


@pytest.mark.parametrize("as_floats", [False, True])
@pytest.mark.parametrize("part", ["", "encoder"])
def test_a_run_and_its_saved_model_embed_like_the_network(own, part, as_floats):
    run, generator = own
    encoder = load_encoder(run.path / part)
    floats = IMAGES.astype(np.float32) / 255
    expected = generator.encoder(floats, training=False)["latent"]
    np.testing.assert_allclose(encoder.embed(floats if as_floats else IMAGES), expected, atol=1e-5)
    assert encoder.image_shape == (64, 64, 3)
    assert encoder.embedding_size == 3


def test_no_images_give_no_embeddings(own, file):
    for path in (own[0].path, file):
        encoder = load_encoder(path)
        embeddings = encoder.embed(IMAGES[:0])
        assert (embeddings.shape, embeddings.dtype) == ((0, 3), np.float32)


def test_a_keras_file_gets_its_size_and_range(file):
    colours = np.full((2, 16, 16, 3), 255, np.uint8)
    colours[1] = [0, 51, 102]
    embeddings = load_encoder(file, input_range="-1-1").embed(colours)
    np.testing.assert_allclose(embeddings, [[1, 1, 1], [-1, -0.6, -0.2]], atol=1e-5)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (IMAGES[0], r"got shape \[64, 64, 3\]; accepted: \[images, 64, 64, 3\]"),
        (IMAGES[:, :8], r"got shape \[5, 8, 64, 3\]"),
        (IMAGES.astype(np.int64), "bytes or floats: got int64"),
        (IMAGES.astype(np.float32), r"lie in \[0, 1\]: got 0 to 255"),
        (np.full((1, 64, 64, 3), np.nan, np.float32), r"lie in \[0, 1\]: got nan"),
    ],
)
def test_unsuitable_images_are_refused(own, images, words):
    with pytest.raises(InputError, match=words):
        load_encoder(own[0].path).embed(images)


def test_what_is_no_encoder_is_refused(tmp_path, own):
    with pytest.raises(InputError, match="which does not exist"):
        load_encoder(tmp_path / "none")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="something else"):
        load_encoder(tmp_path / "notes.txt")
    write_json(tmp_path / "config.json", own[0].read_config())
    with pytest.raises(InputError, match=r"holds no saved_model\.pb"):
        load_encoder(tmp_path)
