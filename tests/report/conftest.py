"""Small runs and scores, with the files of finished runs."""

import csv
import dataclasses
import json
import math

import numpy as np
import pytest

from tfdeepsim.files import slug
from tfdeepsim.report.record import read_record, read_records
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score, interval

SIZE = 16


@pytest.fixture(scope="session")
def make_score():
    """A score from the values of its probe seeds."""

    def make(run="ae", values=(0.8, 0.82, 0.84), metric="l1", chance=0.85, **fields):
        value, low, high = interval(list(values))
        names = {
            "model": "ae",
            "loss": "pixel",
            "comparator": "",
            "dataset": "llv2",
            "probe": "mlp",
        }
        numbers = {"value": value, "low": low, "high": high, "chance": chance, "seeds": len(values)}
        numbers["values"] = tuple(values)
        return Score(run=run, metric=metric, **numbers, **(names | fields))

    return make


@pytest.fixture(scope="session")
def four_scores(make_score):
    """AE, VAE, P. AE and P. VAE, of which the last two cannot be told apart."""
    perceptual = {"loss": "perceptual", "comparator": "random_alexnet:relu2"}
    return (
        make_score("ae", (0.80, 0.82, 0.84)),
        make_score("vae", (0.79, 0.80, 0.81), model="vae"),
        make_score("pae", (0.28, 0.30, 0.32), **perceptual),
        make_score("pvae", (0.29, 0.31, 0.33), model="vae", **perceptual),
    )


@pytest.fixture(scope="session")
def originals():
    """Flat images of clearly different colours, uint8 [10, SIZE, SIZE, 3]."""
    colours = np.random.default_rng(0).integers(0, 256, (10, 1, 1, 3), dtype=np.uint8)
    return np.broadcast_to(colours, (10, SIZE, SIZE, 3)).copy()


@pytest.fixture
def make_run(tmp_path, originals):
    """Writes the files of the trained and evaluated run that a score names."""

    def make(score, folder=tmp_path / "runs", **kinds):
        return _write_run(folder / score.run, score, originals, **kinds)

    return make


@pytest.fixture(scope="session")
def four_records(tmp_path_factory, four_scores, originals):
    """The records of the runs of `four_scores`, which tests must not change."""
    folder = tmp_path_factory.mktemp("runs")
    rows = {s.run: _write_run(folder / s.run, s, originals) for s in four_scores}
    return read_records(rows, four_scores, "llv2", "mlp")


@pytest.fixture(scope="session")
def read_scored():
    """The record of a run that a score names."""

    def read(run, score):
        return read_record(score.run, run, score, score.dataset, score.probe)

    return read


@pytest.fixture(scope="session")
def study_scores(make_score):
    """An AE and a P. AE over the same four encoder seeds, an external encoder, and all
    baselines."""
    nothing = {"loss": ""}
    return (
        make_score("pixel", (0.50, 0.60, 0.56, 0.62), over="encoder"),
        make_score("perceptual", (0.41, 0.52, 0.47, 0.54), over="encoder", loss="perceptual"),
        make_score("clip.keras", (0.58, 0.59), model="external", **nothing),
        make_score("pca", (0.70, 0.71), model="pca", **nothing),
        make_score(
            "random_encoder",
            (0.57, 0.55, 0.58, 0.56),
            over="encoder",
            model="random_encoder",
            **nothing,
        ),
        make_score(
            "comparator_features", (0.3,), model="comparator_features", comparator="a:b", **nothing
        ),
        make_score("supervised", (0.1, 0.12), model="supervised", **nothing),
    )


def _write_run(path, score, images, config=None, classes=False):
    run = RunDirectory(path)
    run.path.mkdir(parents=True)
    settings = {
        "dataset": score.dataset,
        "model": score.model,
        "loss": score.loss,
        "latent_dim": 64,
    }
    settings |= {"comparator": score.comparator or None, "seed": 0}
    run.config.write_text(json.dumps(settings | (config or {})))
    run.environment.write_text(json.dumps(_environment(score)))
    _write_history(run, score)
    np.savez(run.samples, original=images, reconstruction=255 - images)
    results = run.results / slug(score.dataset)
    results.mkdir(parents=True)
    np.savez(results / f"{score.probe}.npz", **_predictions(classes))
    chosen = [{"seed": 0, "hidden": [64, 32], "validation_loss": 0.125, "epochs": 7}]
    record = {"scores": [dataclasses.asdict(score)], "chosen": chosen}
    (results / f"{score.probe}.json").write_text(json.dumps(record))
    return run


def _environment(score):
    name, _, layer = score.comparator.partition(":")
    comparator = {"name": name, "layer": layer, "source": "seed 0", "sha256": "ab" * 32}
    return {
        "packages": {"tensorflow": "2.21.0", "keras": "3.15.1"},
        "comparator": comparator if name else None,
        "parameters": 1000,
    }


def _write_history(run, score):
    term = "feature" if score.loss == "perceptual" else "image"
    terms = {term: 1.0, "kl": 0.002} if score.model == "vae" else {term: 1.0}
    rows = []
    for epoch in range(1, 6):
        row = {"epoch": epoch}
        for prefix, factor in (("", 1.0), ("val_", 1.2)):
            raw = {name: factor * math.exp(-epoch) + 0.1 for name in terms}
            row |= {f"{prefix}{name}": value for name, value in raw.items()}
            row |= {f"{prefix}weighted_{name}": terms[name] * value for name, value in raw.items()}
            row[f"{prefix}loss"] = sum(terms[name] * raw[name] for name in terms)
        rows.append(row | {"learning_rate": 1e-3, "images_per_second": 300.0})
    with open(run.history, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _predictions(classes):
    generator = np.random.default_rng(1)
    if classes:
        target = generator.integers(0, 4, 100)
        return {"target": target, "predicted": np.where(generator.random(100) < 0.7, target, 0)}
    target = generator.uniform(-1, 1, (100, 2)).astype(np.float32)
    return {"target": target, "predicted": (0.5 * target).astype(np.float32)}
