"""The recipe of Tables 3 and 4: configs, folds of the SVM; and a tiny run."""

import numpy as np
import PIL.Image
import pytest

from tfdeepsim.config.defaults import FEATURE_FIELDS
from tfdeepsim.data import open_dataset
from tfdeepsim.errors import InputError
from tfdeepsim.options import DataOptions
from tfdeepsim.recipes import FLAGS, table4
from tfdeepsim.recipes.svm_folds import draw_folds, svm_folds


def test_is_a_recipe_on_any_images():
    assert "dataset" in FLAGS["table4"]


def test_rows_differ_in_the_loss_alone():
    rows = table4.configs(0.001)
    assert set(rows) == set(table4.REPORTED_ERROR) == set(table4.REPORTED_ACCURACY)
    for config in rows.values():
        assert (config.network, config.latent_dim, config.steps) == ("dosovitskiy", 512, 500)
        assert (config.image_size, config.shorter_side, config.augment) == (64, 96, "crop")
    first, *others = [config.to_dict() for config in rows.values()]
    differing = {key for other in others for key in first if other[key] != first[key]}
    assert differing <= {"loss", *FEATURE_FIELDS}


def test_alexnet_alone_takes_the_weights():
    rows = table4.configs(0.001, "zip:photos.zip", None, "runs/alexnet")
    assert {config.comparator: config.comparator_weights for config in rows.values()} == {
        None: None,
        "exemplar_cnn:conv3": None,
        "alexnet:conv3": "runs/alexnet",
    }


@pytest.mark.parametrize("scale", [0, -1, 2, 1e-9])
def test_bad_scales(scale):
    with pytest.raises(InputError, match="--scale is a share"):
        table4.configs(scale)


def test_folds_are_disjoint_and_even():
    labels = np.repeat([3, 5, 9], [400, 300, 500])
    folds = draw_folds(labels)
    assert len(folds) == 10
    assert len(np.unique(np.concatenate(folds))) == 1200
    for fold in folds:
        assert np.bincount(labels[fold])[[3, 5, 9]].tolist() == [40, 30, 50]


def test_folds_of_few_images_are_as_large_as_those_of_stl10_and_overlap():
    labels = np.repeat(np.arange(10), 500)
    folds = draw_folds(labels)
    assert len(folds) == 10
    for fold in folds:
        assert len(np.unique(fold)) == 1000
        assert set(np.bincount(labels[fold])) == {100}
    # Drawn independently, two folds of a fifth share about a fifth of their rows.
    shared = [len(np.intersect1d(folds[0], fold)) for fold in folds[1:]]
    assert all(120 < number < 280 for number in shared)


def test_folds_of_many_images_are_disjoint():
    folds = draw_folds(np.repeat(np.arange(4), 3000))
    assert len(np.unique(np.concatenate(folds))) == 10_000


@pytest.fixture
def photos(tmp_path):
    """Four classes of noisy colours, in folders."""
    generator = np.random.default_rng(0)
    for split, count in (("train", 80), ("test", 20)):
        for number, colour in enumerate(
            ((200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 200, 40))
        ):
            folder = tmp_path / "photos" / split / f"class{number}"
            folder.mkdir(parents=True)
            for image in range(count):
                pixels = np.clip(np.array(colour) + generator.normal(0, 30, (48, 48, 3)), 0, 255)
                PIL.Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{image}.png")
    return f"folder:{tmp_path / 'photos'}"


def test_folds_of_other_datasets_are_drawn_from_all_training_images(photos, tmp_path):
    dataset = open_dataset(photos, str(tmp_path / "data"), DataOptions(image_size=16))
    data = svm_folds(dataset)
    validation = dataset.splits["probe_validation"]
    assert validation > 0
    assert len(data.labels) == dataset.splits["probe_train"] + validation == 320
    assert len(np.unique(np.concatenate(data.folds))) == 320
    assert {tuple(np.bincount(data.labels[fold])) for fold in data.folds} == {(8, 8, 8, 8)}
    assert data.chance == 0.25
    assert "drawn from all 320 training images" in data.origin


FOLDS = [np.random.default_rng(fold).permutation(100)[:60] for fold in range(10)]


@pytest.fixture
def stl10(tmp_path):
    """A folder with STL-10 of 100 training images, whose folds overlap as the real ones do."""
    folder = tmp_path / "stl10_binary"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for name, count in (("train", 100), ("test", 20), ("unlabeled", 10)):
        images = generator.integers(256, size=(count, 3, 96, 96), dtype=np.uint8)
        (folder / f"{name}_X.bin").write_bytes(images.tobytes())
        if name != "unlabeled":
            labels = np.arange(count, dtype=np.uint8) % 10 + 1
            (folder / f"{name}_y.bin").write_bytes(labels.tobytes())
    lines = [" ".join(map(str, fold)) for fold in FOLDS]
    (folder / "fold_indices.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_folds_of_stl10_are_those_that_come_with_it(stl10):
    data = svm_folds(open_dataset("stl10", str(stl10), DataOptions(image_size=64)))
    np.testing.assert_array_equal(np.stack(data.folds), FOLDS)
    assert data.labels.tolist() == [row % 10 for row in range(100)]
    assert (len(data.labels), data.classes, data.chance) == (100, 10, 0.1)

    def embed(images):
        """Embeddings that are the class of the image, in which SVMs make no mistake if rows and
        labels belong together."""
        return np.eye(10)[np.arange(len(images)) % 10]

    assert data.accuracies(embed).accuracies == (1.0,) * 10


def test_stl10_without_its_file_of_folds_is_one_line_before_the_training(stl10):
    (stl10 / "stl10_binary" / "fold_indices.txt").unlink()
    with pytest.raises(InputError, match="folds of STL-10 must be readable"):
        table4.reproduce(str(stl10 / "run"), 4e-6, "stl10", str(stl10))
    assert not (stl10 / "run").exists()


def test_too_few_images_of_a_class_are_refused_before_the_training(photos, tmp_path):
    for path in sorted((tmp_path / "photos" / "train" / "class0").iterdir())[15:]:
        path.unlink()
    with pytest.raises(InputError, match="20 training images each: got 4 classes, 15 images"):
        table4.reproduce(str(tmp_path / "run"), 4e-6, photos, str(tmp_path / "data"))
    assert not (tmp_path / "run").exists()


def test_stl10_in_files_of_any_name_keeps_its_size():
    for dataset, side in (("stl10", 96), ("zip:a/stl10_jpeg.zip", 96), ("folder:stl10/cats", 72)):
        config = table4.configs(4e-6, dataset)["SE"]
        assert config.shorter_side == side


def test_measures_and_accuracies_are_means_over_seeds():
    rows = [table4.FoldScores(mean, 0.02, (mean,), 1.0) for mean in (0.4, 0.5)]
    assert table4._accuracy(rows[:1]) == "40.0 ± 2.0"
    assert table4._accuracy(rows) == "45.0 ± 63.5"
    one, other = table4.Fidelity(*[1.0] * 8), table4.Fidelity(*[2.0] * 8)
    assert table4._mean([one, other]) == table4.Fidelity(*[1.5] * 8)


def test_number_of_seeds(tmp_path):
    with pytest.raises(InputError, match="--seeds must be a number of runs"):
        table4.reproduce(str(tmp_path / "run"), seeds=0)


@pytest.mark.slow
def test_a_tiny_one_runs_to_the_end(photos, tmp_path, capsys):
    table4.reproduce(str(tmp_path / "run"), 4e-6, photos, str(tmp_path / "data"), seeds=2)
    assert not (tmp_path / "run" / "alexnet").exists()
    text = (tmp_path / "run" / "fidelity.md").read_text()
    assert "Chance (%)" in text
    assert "4 classes" in text
    for name in ("fidelity.csv", "fidelity.md", "reconstructions.png"):
        assert (tmp_path / "run" / name).stat().st_size > 100
