"""A trained run as a representation: it embeds with its exported encoder."""

import keras
import numpy as np
import pytest
from squares import Squares, open_squares

from tfdeepsim.arrays import save_arrays
from tfdeepsim.config import TrainConfig
from tfdeepsim.data import open_dataset
from tfdeepsim.data.dataset import Splits
from tfdeepsim.errors import InputError
from tfdeepsim.export import export
from tfdeepsim.files import write_json
from tfdeepsim.networks.pihlgren import make_autoencoder
from tfdeepsim.representations.embeddings import embeddings_of
from tfdeepsim.representations.trained_run import TrainedRun
from tfdeepsim.run import RunDirectory


def exported(path, model="ae", seed=0, **config):
    run = RunDirectory(path)
    write_json(run.config, TrainConfig(model=model, latent_dim=5, **config).to_dict())
    write_json(run.environment, {"dataset": {"image_shape": [64, 64, 3]}})
    keras.utils.set_random_seed(seed)
    generator = make_autoencoder((64, 64, 3), 5, variational=model == "vae")
    save_arrays(run.best, [variable.numpy() for variable in generator.weights], {})
    export(run)
    return run, generator.encoder


def test_embeddings_of_frames_equal_the_encoder(tmp_path, tiny):
    name, data_dir = tiny
    run, encoder = exported(tmp_path / "ae", loss="perceptual", comparator="random_alexnet:relu2")
    representation = TrainedRun(run)
    assert (representation.name, representation.model, representation.loss) == (
        "ae",
        "ae",
        "perceptual",
    )
    assert representation.comparator == "random_alexnet:relu2"
    splits = Splits(open_dataset(name, data_dir))
    found = embeddings_of(representation, name, splits, ("encoder_train", "test"))
    for split, array in found.items():
        expected = encoder(splits[split].images.astype(np.float32) / 255)["latent"]
        np.testing.assert_allclose(array, expected, atol=1e-5)
    assert not (run.path / "representation.json").exists()


@pytest.mark.parametrize(
    ("comparator", "record", "saw_labels"),
    [
        ("alexnet:relu2", {"saw_labels": "ImageNet-1k"}, "ImageNet-1k"),
        ("exemplar_cnn:conv3", {"saw_labels": None}, ""),
        # An earlier version's record.
        ("alexnet:relu2", {"source": "a.pth"}, "unknown"),
        (None, None, ""),
    ],
)
def test_a_run_tells_whose_labels_its_comparator_saw(tmp_path, comparator, record, saw_labels):
    loss = {"loss": "perceptual", "comparator": comparator} if comparator else {}
    run, _ = exported(tmp_path / "run", **loss)
    write_json(run.environment, run.read_environment() | {"comparator": record})
    assert TrainedRun(run).saw_labels == saw_labels


@pytest.mark.parametrize("comparator", [None, "exemplar_cnn:conv3"])
def test_a_run_tells_whose_labels_the_first_weights_of_its_encoder_saw(tmp_path, comparator):
    run = RunDirectory(tmp_path / "run")
    loss = {"loss": "perceptual", "comparator": comparator} if comparator else {}
    vae = {"network": "dosovitskiy", "model": "vae", "encoder_weights": "alexnet"}
    write_json(run.config, TrainConfig(**vae, **loss).to_dict())
    # What `training.encoder_weights.load_alexnet` returns.
    record = {"name": "alexnet", "sha256": "0" * 64, "saw_labels": "ImageNet-1k"}
    features = comparator and {"saw_labels": None}
    dataset = {"image_shape": [64, 64, 3]}
    environment = {"dataset": dataset, "encoder_weights": record, "comparator": features}
    write_json(run.environment, environment)
    save_arrays(run.encoder, [], {})
    representation = TrainedRun(run)
    assert representation.encoder_saw_labels == "ImageNet-1k"
    assert representation.saw_labels == ""
    write_json(run.config, TrainConfig(**vae | {"encoder_weights": "random"}).to_dict())
    assert TrainedRun(run).encoder_saw_labels == ""


def test_a_run_that_is_exported_again_is_embedded_again(tmp_path):
    splits = open_squares()
    run, _ = exported(tmp_path / "ae")
    first = np.array(embeddings_of(TrainedRun(run), "squares", splits, ("test",))["test"])
    exported(tmp_path / "ae", seed=1)
    second = embeddings_of(TrainedRun(run), "squares", splits, ("test",))["test"]
    assert np.abs(first - second).max() > 1e-2


def test_log_variance_of_a_vae(tmp_path):
    images = open_squares()["test"].images
    run, encoder = exported(tmp_path / "vae", model="vae")
    expected = encoder(images.astype(np.float32) / 255)["log_variance"].numpy()
    found = TrainedRun(run).log_variance(images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_log_variance_of_an_autoencoder(tmp_path):
    run, _ = exported(tmp_path / "ae")
    assert TrainedRun(run).log_variance(open_squares()["test"].images) is None


def test_images_of_another_size(tmp_path):
    run, _ = exported(tmp_path / "ae")
    with pytest.raises(
        InputError, match=r"trained on: got \[80, 80, 3\] .*accepted: \[64, 64, 3\]"
    ):
        TrainedRun(run).check(Squares(side=80))


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(InputError, match=r"config\.json"):
        TrainedRun(RunDirectory(tmp_path))
