import json

import numpy as np
import pytest

from tfdeepsim.errors import InputError
from tfdeepsim.probes.label_efficiency import Efficiency, Point
from tfdeepsim.report.record import read_records


def test_a_complete_run(make_run, make_score, read_scored, originals):
    score = make_score("pvae", model="vae", loss="perceptual", comparator="random_alexnet:relu2")
    record = read_scored(make_run(score), score)
    assert record.full_name == "P. VAE (pvae)"
    assert record.missing == {}
    assert record.config["latent_dim"] == 64
    assert record.environment["comparator"]["sha256"] == "ab" * 32
    np.testing.assert_array_equal(record.history["epoch"], [1, 2, 3, 4, 5])
    np.testing.assert_allclose(record.history["weighted_kl"], 0.002 * record.history["kl"])
    np.testing.assert_array_equal(record.samples.reconstruction, 255 - originals)
    assert record.predictions.target.shape == (100, 2)
    assert not record.predictions.classes
    assert record.probes[0]["hidden"] == [64, 32]


def test_a_dataset_with_slashes_is_found(make_run, make_score, read_scored):
    score = make_score(dataset="folder:some/where")
    assert read_scored(make_run(score), score).missing == {}


def test_missing_files_are_reported(make_run, make_score, read_scored):
    score = make_score()
    run = make_run(score)
    for path in (run.history, run.samples, run.environment):
        path.unlink()
    record = read_scored(run, score)
    assert record.history is record.samples is record.environment is None
    assert record.missing == {
        "environment": "has no environment.json",
        "history": "has no history.csv",
        "samples": "has no samples.npz",
    }


def test_a_damaged_archive_is_reported(make_run, make_score, read_scored):
    score = make_score()
    run = make_run(score)
    whole = run.samples.read_bytes()
    generator = np.random.default_rng(0)
    for length in generator.integers(0, len(whole), 20):
        run.samples.write_bytes(whole[:length])
        record = read_scored(run, score)
        assert record.samples is None
        assert record.missing["samples"].startswith("has an unusable samples.npz (")


def write_pickle(path):
    np.savez(path, original=np.array([{}], object), reconstruction=np.array([{}], object))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: np.savez(path, original=np.zeros((2, 4, 4, 3), np.uint8)),
        lambda path: np.savez(
            path, original=np.zeros((2, 4, 4, 3)), reconstruction=np.zeros((2, 4, 4, 3))
        ),
        lambda path: np.savez(
            path,
            original=np.zeros((2, 4, 4, 3), np.uint8),
            reconstruction=np.zeros((1, 4, 4, 3), np.uint8),
        ),
        write_pickle,
        lambda path: path.write_bytes(b"no archive"),
    ],
    ids=["one array", "floats", "other number", "pickle", "no archive"],
)
def test_unusable_samples_are_reported(make_run, make_score, read_scored, write):
    score = make_score()
    run = make_run(score)
    write(run.samples)
    assert "unusable samples.npz" in read_scored(run, score).missing["samples"]


@pytest.mark.parametrize(
    "text", ["", "epoch,loss\n", "loss\n1\n", "epoch,loss\n1,high\n", "epoch\n1,2,3\n"]
)
def test_unusable_history_is_reported(make_run, make_score, read_scored, text):
    score = make_score()
    run = make_run(score)
    run.history.write_text(text)
    assert "unusable history.csv" in read_scored(run, score).missing["history"]


@pytest.mark.parametrize(
    ("target", "predicted"),
    [
        (np.zeros((5, 2), np.float32), np.zeros((4, 2), np.float32)),
        (np.zeros(5, np.float32), np.zeros(5, np.float32)),
        (np.zeros(5, np.int64), np.zeros(5, np.float32)),
        (np.full((5, 2), np.nan, np.float32), np.zeros((5, 2), np.float32)),
        (np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)),
    ],
    ids=["other number", "float classes", "mixed kinds", "NaN", "empty"],
)
def test_unusable_predictions_are_reported(make_run, make_score, read_scored, target, predicted):
    score = make_score()
    run = make_run(score)
    np.savez(run.results / "llv2" / "mlp.npz", target=target, predicted=predicted)
    assert "unusable results/llv2/mlp.npz" in read_scored(run, score).missing["predictions"]


@pytest.mark.parametrize("value", [[], {}, {"chosen": 1}, {"chosen": [1]}])
def test_an_unusable_record_of_probes_is_reported(make_run, make_score, read_scored, value):
    score = make_score()
    run = make_run(score)
    (run.results / "llv2" / "mlp.json").write_text(json.dumps(value))
    assert "unusable results/llv2/mlp.json" in read_scored(run, score).missing["probes"]


def test_a_folder_without_config_is_no_run(make_run, make_score, read_scored):
    score = make_score()
    run = make_run(score)
    run.config.unlink()
    with pytest.raises(InputError, match=r"config\.json"):
        read_scored(run, score)


def test_an_external_row_and_a_baseline_need_no_files_of_a_training(
    make_run, make_score, read_scored
):
    for model in ("external", "pca"):
        score = make_score(model, model=model, loss="")
        run = make_run(score)
        for path in (run.config, run.environment, run.history, run.samples):
            path.unlink()
        record = read_scored(run, score)
        assert record.missing == {}
        assert record.config is record.history is record.samples is None
        assert record.predictions is not None
        assert record.is_baseline == (model == "pca")


def write_extras(run, dataset="llv2", probe="mlp"):
    """Writes a card, nearest neighbours, decoded images and scores by number of labels."""
    from PIL import Image

    card = run.path / "card" / dataset
    decoded = run.path / "decoded" / dataset
    for folder in (card, decoded):
        folder.mkdir(parents=True)
    numbers = {
        "examples": 5,
        "effective_rank": 2.5,
        "kl": None,
        "kl_per_dimension": [0.5],
        "ok": True,
    }
    (card / "card.json").write_text(json.dumps(numbers))
    Image.new("RGB", (40, 20), "red").save(card / "neighbours.png")
    images = np.zeros((2, 8, 8, 3), np.uint8)
    np.savez(decoded / "decoded.npz", original=images, decoded=images + 1)
    (decoded / "decoded.json").write_text(json.dumps({"mse": 0.25}))
    points = [
        Point(m, f, int(100 * f), 5, 0.5, 0.4, 0.6, 0.9, (0.4, 0.6))
        for m in ("l1", "l2")
        for f in (0.1, 1)
    ]
    Efficiency(probe, "regression", points).save(run.results / dataset)


def test_card_decoded_images_and_curve(make_run, make_score, read_scored):
    score = make_score()
    run = make_run(score)
    assert read_scored(run, score).missing == {}
    write_extras(run)
    record = read_scored(run, score)
    assert record.missing == {}
    assert record.card == {"examples": 5, "effective_rank": 2.5, "kl": None}
    assert record.neighbours.startswith(b"\x89PNG")
    assert record.decoded.mse == 0.25
    assert record.decoded.decoded.max() == 1
    assert [point.examples for point in record.efficiency.curve("l2")] == [10, 100]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("card", "card/llv2/card.json"),
        ("neighbours", "card/llv2/neighbours.png"),
        ("decoded", "decoded/llv2/decoded.npz"),
        ("decoded", "decoded/llv2/decoded.json"),
        ("efficiency", "results/llv2/efficiency-mlp.json"),
    ],
)
@pytest.mark.parametrize("content", [b"", b"[]", b"\x89PNG\r\n\x1a\n"])
def test_damaged_optional_files_are_reported(
    make_run, make_score, read_scored, field, name, content
):
    score = make_score()
    run = make_run(score)
    write_extras(run)
    (run.path / name).write_bytes(content)
    record = read_scored(run, score)
    assert getattr(record, field) is None
    assert "unusable" in record.missing[field]
    assert str(run.path) not in record.missing[field]


def test_rows_without_scores(make_run, make_score):
    run = make_run(
        make_score("pvae", model="vae", loss="perceptual", comparator="random_alexnet:relu2")
    )
    external = make_run(make_score("clip.keras"))
    external.config.unlink()
    records = read_records(
        {"pca": external, "pvae": run, "clip.keras": external}, [], "llv2", "mlp"
    )
    assert [(r.full_name, r.is_baseline) for r in records] == [
        ("P. VAE (pvae)", False),
        ("clip.keras", False),
        ("PCA of pixels", True),
    ]
    assert all(record.missing == {} for record in records)


def test_class_names_are_those_of_the_dataset(make_run, make_score, read_scored):
    score = make_score()
    run = make_run(score)
    assert read_scored(run, score).class_names == []
    dataset = {"name": "llv2", "class_names": ["cat", "dog"]}
    run.environment.write_text(json.dumps({"dataset": dataset}))
    assert read_scored(run, score).class_names == ["cat", "dog"]
    (record,) = read_records({"ae": run}, [score], "llv2", "mlp", class_names=["a", "b"])
    assert record.class_names == ["a", "b"]


def test_class_names_of_another_dataset_are_not_used(make_run, make_score, read_scored):
    score = make_score()
    run = make_run(score)
    run.environment.write_text(
        json.dumps({"dataset": {"name": "svhn", "class_names": ["cat", "dog"]}})
    )
    assert read_scored(run, score).class_names == []


def test_settings_of_a_baseline(make_run, make_score):
    run = make_run(make_score("a-name"))
    run.config.unlink()
    origin = {"name": "x", "model": "supervised", "identity": "ab", "settings": {"epochs": 3}}
    (run.path / "representation.json").write_text(json.dumps(origin))
    (record,) = read_records({"a-name": run}, [], "llv2", "mlp")
    assert record.full_name == "Supervised encoder (a-name)"
    assert record.origin == {"epochs": 3}
    assert record.missing == {}
