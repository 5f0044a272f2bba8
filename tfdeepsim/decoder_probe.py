"""The decoder probe: what of an image its embedding kept (Pihlgren et al. 2020, Fig. 1)."""

import dataclasses
import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.data.splits.split import Split
from tfdeepsim.data.splits.subset import Subset
from tfdeepsim.errors import InputError
from tfdeepsim.files import replacing, slug
from tfdeepsim.networks.pihlgren import Decoder, check_image_shape
from tfdeepsim.networks.precision import float32
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.best_weights import BestWeights

SPLITS = ("encoder_train", "encoder_validation", "test")
LEARNING_RATE = 1e-3
# Validation: so often, on at most so many images.
ROUNDS, VALIDATION_IMAGES = 10, 2048
BLOCK = 8192


class Embedded(Protocol):
    """Whose embeddings are decoded: any representation."""

    name: str
    folder: RunDirectory
    identity: str


@dataclasses.dataclass(frozen=True)
class Decoded:
    """What a decoder makes of embeddings.

    Attributes:
        original: Images of the test split at even distances, uint8 [n, H, W, C].
        decoded: What was made of their embeddings, uint8 [n, H, W, C].
        mse: Mean squared error over all test images and their pixels, in [0, 1].
    """

    original: np.ndarray
    decoded: np.ndarray
    mse: float


def decode_probe(
    representation: Embedded,
    splits: Splits,
    embeddings: Mapping[str, np.ndarray],
    *,
    dataset_name: str | None = None,
    steps: int = 2000,
    batch_size: int = 64,
    seed: int = 0,
    samples: int = 16,
) -> Decoded:
    """Train a decoder with pixel MSE on frozen embeddings, and decode test images with it.

    The decoder is that of Pihlgren et al.; it sees embeddings that are standardised over
    `encoder_train`. Its weights are those with the lowest error on `encoder_validation`. The result
    is kept in `<folder>/decoded/<dataset>/` as `decoded.npz` (`original`, `decoded`) and
    `decoded.json` (`mse`, settings), and is not computed again for the same embeddings and
    settings.

    Args:
        representation: Whose embeddings they are.
        splits: Of the dataset.
        embeddings: float32 [N, Z] of all images of `SPLITS`.
        dataset_name: As the command line spells it; None for the dataset's own name.
        steps: Optimizer steps.
        batch_size: Images a step; fewer if `encoder_train` has fewer.
        seed: Of the weights and of the order.
        samples: Test images to keep; fewer if there are fewer.

    Raises:
        InputError: If the images have a size that the decoder cannot reach, or an embedding is
            missing.
    """
    dataset = splits.dataset
    check_image_shape(dataset.image_shape)
    _check_embeddings(embeddings, dataset.splits)
    folder = representation.folder.path / "decoded" / slug(dataset_name or dataset.name)
    settings = {
        "encoder": representation.identity,
        "dataset": dataset.fingerprint,
        "steps": steps,
        "batch_size": batch_size,
        "seed": seed,
        "samples": samples,
        "learning_rate": LEARNING_RATE,
    }
    found = _read(folder, settings)
    if found is None:
        split_names = {split: _Pairs(splits[split], embeddings[split]) for split in SPLITS}
        model = _network(embeddings["encoder_train"], dataset.image_shape, seed)
        _train(model, f"decoder of {representation.name}", split_names, steps, batch_size, seed)
        found = _decode(model, split_names["test"], samples, batch_size)
        _write(folder, found, settings)
    return found


class _Pairs:
    """Images of a split, each with its embedding."""

    def __init__(self, source: Split, embeddings: np.ndarray):
        self.source = Split(source.images, {"embedding": embeddings})

    def __len__(self) -> int:
        return len(self.source.images)

    def spread(self, count: int) -> Split:
        """At most `count` examples, at even distances."""
        rows = np.linspace(0, len(self) - 1, min(count, len(self))).astype(int)
        return Split(
            Subset(self.source.images, rows), {"embedding": self.source.labels["embedding"][rows]}
        )


def _check_embeddings(embeddings: Mapping[str, np.ndarray], counts: Mapping[str, int]) -> None:
    for split in SPLITS:
        rows = len(embeddings[split]) if split in embeddings else 0
        if rows != counts[split] or not rows:
            raise InputError(
                "a decoder needs the embedding of every image",
                got=f"{rows} for the {counts[split]} of {split}",
                accepted=f"embeddings of {', '.join(SPLITS)}",
            )


def _train(
    model: keras.Model,
    what: str,
    split_names: Mapping[str, _Pairs],
    steps: int,
    batch_size: int,
    seed: int,
) -> None:
    """`steps` steps, up to what does not fill a round; the weights of the best round stay."""
    train = split_names["encoder_train"].source
    batch_size = min(batch_size, len(train.images))
    rounds = min(ROUNDS, steps)
    data = training_batches(
        train, batch_size=batch_size, seed=seed, steps=range(steps // rounds * rounds)
    )
    validation = batches(split_names["encoder_validation"].spread(VALIDATION_IMAGES), batch_size)
    with BestWeights(what) as best:
        model.fit(
            data.map(_pair),
            validation_data=validation.map(_pair),
            epochs=rounds,
            steps_per_epoch=steps // rounds,
            shuffle=False,
            verbose=0,
            callbacks=[best],
        )
    best.restore()


def _network(embeddings: np.ndarray, image_shape: tuple[int, int, int], seed: int) -> keras.Model:
    """Standardisation and decoder, compiled, in float32 whatever was trained before."""
    mean, variance = _moments(embeddings)
    with float32():
        keras.utils.set_random_seed(seed)
        inputs = keras.Input(mean.shape)
        standardised = keras.layers.Normalization(mean=mean, variance=variance)(inputs)
        images = Decoder(image_shape, len(mean))(standardised)
        model = keras.Model(inputs, images)
        model.compile(keras.optimizers.Adam(LEARNING_RATE), keras.losses.MeanSquaredError())
    return model


def _moments(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each dimension, read block by block; a constant one has variance 1."""
    blocks = [slice(start, start + BLOCK) for start in range(0, len(embeddings), BLOCK)]
    mean = sum(embeddings[rows].sum(0, np.float64) for rows in blocks) / len(embeddings)
    variance = sum(((embeddings[rows] - mean) ** 2).sum(0) for rows in blocks) / len(embeddings)
    variance = np.where(variance > 0, variance, 1)
    return mean.astype(np.float32), variance.astype(np.float32)


def _pair(batch: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    return batch["embedding"], batch["image"]


def _decode(model: keras.Model, test: _Pairs, samples: int, batch_size: int) -> Decoded:
    mse = model.evaluate(batches(test.source, batch_size).map(_pair), verbose=0)
    shown = test.spread(samples)
    images = model(shown.labels["embedding"], training=False).numpy()
    return Decoded(np.asarray(shown.images[:]), np.round(images * 255).astype(np.uint8), float(mse))


def _write(folder: Path, decoded: Decoded, settings: dict[str, Any]) -> None:
    # Both are complete before either takes its place.
    with replacing(folder / "decoded.json") as text, replacing(folder / "decoded.npz") as arrays:
        with open(arrays, "wb") as file:
            np.savez_compressed(file, original=decoded.original, decoded=decoded.decoded)
        record = {"mse": decoded.mse, "settings": settings, "arrays_sha256": _sha256(arrays)}
        text.write_text(json.dumps(record, indent=2) + "\n")


def _read(folder: Path, settings: dict[str, Any]) -> Decoded | None:
    """What is there of these settings, if it is whole."""
    try:
        record = json.loads((folder / "decoded.json").read_text())
        if record["settings"] != settings or record["arrays_sha256"] != _sha256(
            folder / "decoded.npz"
        ):
            return None
        with np.load(folder / "decoded.npz", allow_pickle=False) as arrays:
            return Decoded(arrays["original"], arrays["decoded"], record["mse"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return None


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
