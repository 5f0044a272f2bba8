"""The exported encoder, also as it is used without tfdeepsim."""

import subprocess
import sys

import numpy as np
import pytest
import rich.console

from tfdeepsim.arrays import save_arrays
from tfdeepsim.config import TrainConfig
from tfdeepsim.embed import load_encoder
from tfdeepsim.errors import InputError
from tfdeepsim.export import export, load_generator
from tfdeepsim.files import write_json
from tfdeepsim.networks.pihlgren import make_autoencoder
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.trainer import train

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)
USER = """
import sys
sys.modules["tfdeepsim"] = None  # an import of it would fail
import numpy as np, tensorflow as tf
encoder = tf.saved_model.load(sys.argv[1])
images = np.load(sys.argv[2])
floats = images / 255.0
kinds = {
    "numpy bytes": images, "bytes": tf.constant(images),
    "numpy float32": floats.astype(np.float32), "float32": tf.constant(floats, tf.float32),
    "numpy float64": floats,
}
embeddings = {name: encoder.embed(value).numpy() for name, value in kinds.items()}
embeddings["in one line"] = tf.saved_model.load(sys.argv[1]).embed(images).numpy()
embeddings["one"] = np.concatenate([encoder.embed(image[None]).numpy() for image in images])
serve = encoder.signatures["serving_default"]
mean = {name: encoder.posterior(value)["mean"].numpy() for name, value in kinds.items()}
embeddings |= {f"mean of {name}": value for name, value in mean.items()}
embeddings["signature"] = serve(images=tf.constant(images))["embedding"].numpy()
np.savez(sys.argv[3], **embeddings)
try:
    encoder.embed(images.astype(np.int64))
except ValueError:
    print("refused")
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A run with random weights, and the embeddings by its encoder in memory."""
    run = RunDirectory(tmp_path_factory.mktemp("exported"))
    write_json(run.config, TrainConfig(model="vae", latent_dim=6).to_dict())
    write_json(run.environment, {"dataset": {"image_shape": [64, 64, 3]}})
    generator = make_autoencoder((64, 64, 3), 6, variational=True)
    save_arrays(run.best, [v.numpy() for v in generator.weights], {})
    export(run)
    return run, generator.encoder(IMAGES.astype(np.float32) / 255)["latent"].numpy()


def test_in_a_process_without_tfdeepsim(exported, tmp_path):
    run, expected = exported
    np.save(tmp_path / "images.npy", IMAGES)
    command = [
        sys.executable,
        "-c",
        USER,
        run.encoder,
        tmp_path / "images.npy",
        tmp_path / "out.npz",
    ]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "refused"
    with np.load(tmp_path / "out.npz") as embeddings:
        assert len(embeddings.files) == 13
        for name in embeddings.files:
            assert embeddings[name].dtype == np.float32
            np.testing.assert_allclose(embeddings[name], expected, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_the_network_in_memory_is_exported_in_float32(tiny, tmp_path, precision):
    run, (name, data_dir) = RunDirectory(tmp_path / "run"), tiny
    config = TrainConfig(
        dataset=name, data_dir=str(data_dir), latent_dim=4, batch_size=4, epochs=1,
        precision=precision,
    )  # fmt: skip
    network = train(config, run, console=rich.console.Console(quiet=True))
    assert network.encoder.compute_dtype == precision.removeprefix("mixed_")
    of_files = load_generator(run).encoder(IMAGES.astype(np.float32) / 255)["latent"]
    run.best.unlink()  # what is in memory needs no files
    export(run, network)
    encoder = load_encoder(run.encoder)
    np.testing.assert_allclose(encoder.embed(IMAGES), of_files, rtol=1e-5, atol=1e-6)
    for trace in encoder.embed.concrete_functions:
        assert "DT_BFLOAT16" not in str(trace.graph.as_graph_def())


def test_an_untrained_run(tmp_path):
    run = RunDirectory(tmp_path)
    write_json(run.config, TrainConfig().to_dict())
    write_json(run.environment, {"dataset": {"image_shape": [64, 64, 3]}})
    with pytest.raises(InputError, match=r"best\.npz"):
        export(run)
    assert not run.encoder.exists()


@pytest.mark.parametrize("damage", ["empty folder", "junk", "no embed"])
def test_damaged_encoders(exported, tmp_path, damage):
    folder = tmp_path / "encoder"
    folder.mkdir()
    if damage == "junk":
        (folder / "saved_model.pb").write_bytes(b"\x08\xff junk" * 9)
    elif damage == "no embed":
        import tensorflow as tf

        tf.saved_model.save(tf.Module(), str(folder))
    with pytest.raises(InputError, match="an encoder is a SavedModel"):
        load_encoder(folder)
