"""The scale of feature errors: measured on training images, recorded, and read on resuming."""

import dataclasses
import io
from types import SimpleNamespace

import numpy as np
import pytest
import rich.console
import tensorflow as tf
from squares import squares

from tfdeepsim.arrays import load_arrays
from tfdeepsim.comparators import make_comparator
from tfdeepsim.config import TrainConfig
from tfdeepsim.data import describe
from tfdeepsim.data.lazy_dataset import LazyDataset
from tfdeepsim.data.splits.split import Split
from tfdeepsim.errors import InputError
from tfdeepsim.files import write_json
from tfdeepsim.run import RunDirectory
from tfdeepsim.training import generator_task
from tfdeepsim.training.autoencoder_task import AutoencoderTask
from tfdeepsim.training.build import build_model
from tfdeepsim.training.feature_scale import factor_of_bytes, mean_squares
from tfdeepsim.training.trainer import train

QUIET = rich.console.Console(quiet=True)
IMAGES = squares(20, seed=3)[0]
LAYERS = "random_alexnet:conv1+relu2"


def squares_of(images, layers=LAYERS):
    features = make_comparator(layers, seed=0)(images.astype(np.float32) / 255)
    return [float(np.mean(np.square(x))) for x in tf.nest.flatten(features)]


def test_mean_square_of_every_layer():
    measured = mean_squares(make_comparator(LAYERS, seed=0), Split(IMAGES, {}))
    assert measured == pytest.approx(squares_of(IMAGES), rel=1e-5)
    assert len(measured) == 2


def test_images_are_spread_over_the_split():
    """A few images of a large split, the last one too."""
    images = np.zeros((1000, 64, 64, 3), np.uint8)
    images[-1] = IMAGES[0]
    read = []

    class Reading:
        shape, ndim, dtype = images.shape, images.ndim, images.dtype

        def __len__(self):
            return len(images)

        def __getitem__(self, rows):
            read.extend(rows)
            return images[rows]

    mean_squares(make_comparator("random_alexnet:relu1", seed=0), Split(Reading(), {}))
    assert len(read) == 256
    assert (min(read), max(read)) == (0, 999)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_features_without_a_scale_are_refused(value):
    class Constant:
        layers = ("conv1",)

        def __call__(self, images):
            return tf.fill((len(images), 3), np.float32(value))

    with pytest.raises(InputError, match=r"finite and not all 0: got mean square .* of conv1 over"):
        mean_squares(Constant(), Split(IMAGES, {}))


def test_factor_of_pixels_from_0_to_255():
    images = IMAGES.astype(np.float32) / 255
    comparator = make_comparator("random_alexnet:conv1", seed=0)
    # A random network has no biases: features of pixels that are 255 times a deviation of about
    # 0.226 as large are as many times larger.
    factor = factor_of_bytes(comparator, images)
    assert factor == pytest.approx((255 * 0.226) ** 2, rel=0.05)
    assert factor_of_bytes(lambda x: x, images) is None


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "squares.npz"
    np.savez(path, images=squares(40, seed=3)[0])
    return path


def config(archive, **fields):
    sizes = {"network": "dosovitskiy", "width": 0.05, "batch_size": 8, "image_size": 64}
    data = {"dataset": f"npz:{archive}"}
    return TrainConfig(**{**sizes, **data, "loss": "perceptual", "comparator": LAYERS, **fields})


def recorded(run):
    return run.read_environment()["comparator"].get("feature_mean_squares")


def test_a_resumed_run_reads_the_recorded_mean_squares(archive, tmp_path, monkeypatch):
    whole, part = (RunDirectory(tmp_path / name) for name in ("whole", "part"))
    train(config(archive, epochs=2), whole, console=QUIET)
    train(config(archive, epochs=1), part, console=QUIET)
    assert recorded(whole) == recorded(part)
    assert recorded(part) == pytest.approx(squares_of(squares(40, seed=3)[0]), rel=0.2)

    def measure(*arguments):
        raise AssertionError("measured again")

    monkeypatch.setattr(generator_task, "mean_squares", measure)
    train(config(archive, epochs=2), part, resume=True, console=QUIET)
    assert recorded(whole) == recorded(part)
    (arrays, _), (others, _) = load_arrays(part.state), load_arrays(whole.state)
    for a, b in zip(arrays, others, strict=True):
        np.testing.assert_array_equal(a, b)
    # Whatever is recorded is kept, to the last bit.
    environment = part.read_environment()
    environment["comparator"]["feature_mean_squares"] = [0.1 + 0.2, 1 / 3]
    write_json(part.environment, environment)
    train(config(archive, epochs=3), part, resume=True, console=QUIET)
    assert recorded(part) == [0.1 + 0.2, 1 / 3]


def test_the_loss_of_a_run_is_relative(archive, tmp_path):
    """The same network under both scales: the ratio of losses is the mean square."""
    losses = {}
    for scale in ("relative", "absolute"):
        run = RunDirectory(tmp_path / scale)
        # Nothing is learned.
        fields = {"comparator": "random_alexnet:relu1", "feature_scale": scale}
        train(config(archive, steps=1, learning_rate=1e-12, **fields), run, console=QUIET)
        _, meta = load_arrays(run.best)
        losses[scale] = meta["val_loss"]
        if scale == "absolute":
            assert recorded(run) is None
        else:
            (square,) = recorded(run)
    assert losses["absolute"] == pytest.approx(square * losses["relative"], rel=1e-4)
    assert square != pytest.approx(1, rel=0.1)


def test_an_inversion_has_the_same_scale(archive, tmp_path):
    fields = {"task": "inversion", "invert": "random_alexnet:relu6", "network": "pihlgren"}
    run = RunDirectory(tmp_path / "run")
    train(config(archive, steps=1, width=0.02, **fields), run, console=QUIET)
    assert recorded(run) == pytest.approx(squares_of(squares(40, seed=3)[0]), rel=0.2)


def test_data_that_do_not_exist_yet_are_measured_after_they_are_created():
    options = TrainConfig(loss="perceptual", comparator=LAYERS, latent_dim=4)
    description = dataclasses.replace(describe("llv2", None, options), ready=False)
    data = SimpleNamespace(description=description, splits={})
    task = AutoencoderTask(options, data)
    model = build_model(task)
    assert model.feature_scales is None
    assert "feature_mean_squares" not in task.record(model)["comparator"]
    data.splits = {"encoder_train": Split(IMAGES, {})}
    task.prepare(model)
    assert model.feature_scales == pytest.approx(squares_of(IMAGES), rel=1e-5)
    assert task.record(model)["comparator"]["feature_mean_squares"] == list(model.feature_scales)


def rows_of(archive, **fields):
    """Rows of the plan of a run in the paper's units, and its model."""
    task = AutoencoderTask(config(archive, lambda_units="paper", **fields))
    model = build_model(task)
    return task.plan(model), model


def test_the_plan_tells_what_the_papers_weight_means_for_another_comparator(archive):
    fields = {"comparator": "random_alexnet:conv1", "lambda_feat": 0.01}
    rows, model = rows_of(archive, **fields)
    # Squares of features of pixels that are 57.6 times as far from the mean.
    assert "would have larger squares by a factor of 3," in rows["paper units"]
    assert "caffe_alexnet" in rows["paper units"]
    (shape,) = model.comparator.feature_shapes((64, 64))
    assert model.loss_weights == {"feature": pytest.approx(0.01 * np.prod(shape) / 2)}


def test_the_plan_tells_nothing_of_a_comparator_on_the_papers_pixels(archive):
    rows, model = rows_of(archive, comparator="random_alexnet:conv1", lambda_feat=0.01)
    model.comparator.architecture = dataclasses.replace(
        model.comparator.architecture, std=(1 / 255,) * 3
    )
    task = AutoencoderTask(config(archive, lambda_units="paper", lambda_feat=0.01))
    assert "paper units" in rows
    assert "paper units" not in task.plan(model)
    task = AutoencoderTask(config(archive))
    assert "paper units" not in task.plan(model)


@pytest.mark.parametrize(
    ("weights", "sentences"),
    [
        ({"lambda_feat": 1.0, "lambda_img": 1e-6}, {"feature": "over 90%", "image": "under 1%"}),
        ({"lambda_feat": 1e-6, "lambda_img": 1.0}, {"image": "over 90%", "feature": "under 1%"}),
        ({"lambda_feat": 0.0, "lambda_img": 1.0}, {}),
    ],
)
def test_the_plan_shows_the_balance_of_the_gradient(archive, tmp_path, weights, sentences):
    out = io.StringIO()
    console = rich.console.Console(file=out, width=300)
    comparator = "random_alexnet:relu1" if weights["lambda_feat"] else None
    run = RunDirectory(tmp_path / "run")
    train(config(archive, **weights, comparator=comparator), run, dry_run=True, console=console)
    text = out.getvalue()
    assert not run.path.exists()
    assert ("at the generated image over the trial steps" in text) == bool(sentences)
    assert text.count("of the gradient") == len(sentences)
    for term, words in sentences.items():
        assert f"the term '{term}' has {words} of the gradient" in text


class Late(LazyDataset):
    """A dataset that does not exist before it is opened."""

    @property
    def description(self):
        return dataclasses.replace(super().description, ready="splits" in vars(self))


def test_data_that_are_created_first_have_scale_and_balance_before_the_first_epoch(
    archive, tmp_path
):
    out = io.StringIO()
    console = rich.console.Console(file=out, width=300)
    options = config(archive, steps=1, lambda_img=1.0)
    run = RunDirectory(tmp_path / "run")
    train(options, run, console=console, data=Late(options))
    assert recorded(run) == pytest.approx(squares_of(squares(40, seed=3)[0]), rel=0.2)
    text = out.getvalue()
    assert text.count("at the generated image over the trial steps") == 1
    assert text.index("at the generated image") > text.index("run directory")
    out.truncate(0)
    other = RunDirectory(tmp_path / "other")
    train(options, other, dry_run=True, console=console, data=Late(options))
    assert "at the generated image" not in out.getvalue()
