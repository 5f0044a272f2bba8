"""The decoder probe: which part of an image is still in its embedding (Pihlgren et al. 2020, Fig.
1)."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from tfdeepsim.batches import batch_slices
from tfdeepsim.data.dataset import Splits
from tfdeepsim.data.pipeline import batches, training_batches
from tfdeepsim.data.splits.split import Split
from tfdeepsim.data.splits.subset import Subset
from tfdeepsim.errors import InputError
from tfdeepsim.files import read_json, replacing, sha256_of, slug, write_json
from tfdeepsim.networks.pihlgren import Decoder, check_image_shape
from tfdeepsim.networks.precision import float32
from tfdeepsim.numpy_files import DamagedArrays, read_npz
from tfdeepsim.pixels import to_bytes
from tfdeepsim.run import RunDirectory
from tfdeepsim.training.best_weights import BestWeights

SPLITS = ("encoder_train", "encoder_validation", "test")
LEARNING_RATE = 1e-3
VALIDATIONS, VALIDATION_IMAGES = 10, 2048
"""How often the decoder is validated during training, and on how many images at most."""
MOMENTS_BATCH_SIZE = 8192


class Embedded(Protocol):
    """What the decoder probe needs to know of a representation."""

    name: str
    folder: RunDirectory
    identity: str


@dataclasses.dataclass(frozen=True)
class DecoderProbeResult:
    """Test images, decoded from their embeddings.

    Attributes:
        original: Images of the test split, evenly spaced over it, uint8 [n, H, W, C].
        decoded: Images that were decoded from their embeddings, uint8 [n, H, W, C].
        mse: Mean squared error of pixels in [0, 1], over all test images.

    Example:
        >>> result = train_decoder(representation, splits, embeddings, steps=1000)
        >>> result.mse
    """

    original: np.ndarray
    decoded: np.ndarray
    mse: float


def train_decoder(
    representation: Embedded,
    splits: Splits,
    embeddings: Mapping[str, np.ndarray],
    *,
    dataset_name: str | None = None,
    steps: int = 2000,
    batch_size: int = 64,
    seed: int = 0,
    samples: int = 16,
) -> DecoderProbeResult:
    """Train a decoder on embeddings with the mean squared error of pixels, and decode test images.

    The decoder is that of Pihlgren et al. 2020, on embeddings that are standardized over
    `encoder_train`. Its weights are those with the lowest error on `encoder_validation`. The result
    is stored in `<folder>/decoded/<dataset>/` as `decoded.npz` (`original`, `decoded`) and
    `decoded.json` (`mse`, settings), and reused for the same embeddings and settings.

    Args:
        representation: The representation that computed the embeddings.
        splits: Splits of the dataset.
        embeddings: float32 [N, Z] of all images, for each of `SPLITS`.
        dataset_name: Name of the dataset as on the command line; None for the dataset's own name.
        steps: Number of optimizer steps.
        batch_size: Images per step; fewer if `encoder_train` has fewer.
        seed: Seed of the weights and of the order of images.
        samples: Number of test images to store; fewer if there are fewer.

    Raises:
        InputError: If the decoder cannot produce images of this size, or an embedding is missing.
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
        "dense_activation": "relu",
    }
    result = _read(folder, settings)
    if result is None:
        pairs = {split: _Pairs(splits[split], embeddings[split]) for split in SPLITS}
        model = _network(embeddings["encoder_train"], dataset.image_shape, seed)
        _train(model, f"decoder of {representation.name}", pairs, steps, batch_size, seed)
        result = _decode(model, pairs["test"], samples, batch_size)
        _write(folder, result, settings)
    return result


class _Pairs:
    """Images of a split, each with its embedding."""

    def __init__(self, split: Split, embeddings: np.ndarray):
        self.split = Split(split.images, {"embedding": embeddings})

    def __len__(self) -> int:
        return len(self.split.images)

    def spread(self, count: int) -> Split:
        """At most `count` pairs, evenly spaced over the split."""
        rows = np.linspace(0, len(self) - 1, min(count, len(self))).astype(int)
        return Split(
            Subset(self.split.images, rows), {"embedding": self.split.labels["embedding"][rows]}
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
    pairs: Mapping[str, _Pairs],
    steps: int,
    batch_size: int,
    seed: int,
) -> None:
    """Train for `steps` steps, rounded down to a multiple of the validations, and assign the
    weights of the best validation."""
    train = pairs["encoder_train"].split
    batch_size = min(batch_size, len(train.images))
    validations = min(VALIDATIONS, steps)
    steps_between = steps // validations
    data = training_batches(
        train, batch_size=batch_size, seed=seed, steps=range(validations * steps_between)
    )
    validation = batches(pairs["encoder_validation"].spread(VALIDATION_IMAGES), batch_size)
    with BestWeights(what) as best:
        model.fit(
            data.map(_inputs_and_targets),
            validation_data=validation.map(_inputs_and_targets),
            epochs=validations,
            steps_per_epoch=steps_between,
            shuffle=False,
            verbose=0,
            callbacks=[best],
        )
    best.restore()


def _network(embeddings: np.ndarray, image_shape: tuple[int, int, int], seed: int) -> keras.Model:
    """Standardization and decoder, compiled, in float32 whatever the current dtype policy."""
    mean, variance = _moments(embeddings)
    with float32():
        keras.utils.set_random_seed(seed)
        inputs = keras.Input(mean.shape)
        standardized = keras.layers.Normalization(mean=mean, variance=variance)(inputs)
        images = Decoder(image_shape, len(mean))(standardized)
        model = keras.Model(inputs, images)
        model.compile(keras.optimizers.Adam(LEARNING_RATE), keras.losses.MeanSquaredError())
    return model


def _moments(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each dimension; the variance of a constant dimension is set to 1.

    Computed in batches, because embeddings may be mapped from a file that exceeds memory.
    """
    parts = list(batch_slices(len(embeddings), MOMENTS_BATCH_SIZE))
    mean = sum(embeddings[rows].sum(0, np.float64) for rows in parts) / len(embeddings)
    variance = sum(((embeddings[rows] - mean) ** 2).sum(0) for rows in parts) / len(embeddings)
    variance = np.where(variance > 0, variance, 1)
    return mean.astype(np.float32), variance.astype(np.float32)


def _inputs_and_targets(batch: Mapping[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    return batch["embedding"], batch["image"]


def _decode(model: keras.Model, test: _Pairs, samples: int, batch_size: int) -> DecoderProbeResult:
    mse = model.evaluate(batches(test.split, batch_size).map(_inputs_and_targets), verbose=0)
    shown = test.spread(samples)
    decoded = to_bytes(model(shown.labels["embedding"], training=False))
    return DecoderProbeResult(np.asarray(shown.images[:]), decoded, float(mse))


def _write(folder: Path, result: DecoderProbeResult, settings: dict[str, Any]) -> None:
    # Both files are complete before either is moved to its place.
    with replacing(folder / "decoded.json") as record, replacing(folder / "decoded.npz") as arrays:
        with open(arrays, "wb") as file:
            np.savez_compressed(file, original=result.original, decoded=result.decoded)
        digest = sha256_of(arrays)
        write_json(record, {"mse": result.mse, "settings": settings, "arrays_sha256": digest})


def _read(folder: Path, settings: dict[str, Any]) -> DecoderProbeResult | None:
    """The stored result of these settings; None if it is missing, damaged, or of others."""
    try:
        record = read_json(folder / "decoded.json")
        digest = sha256_of(folder / "decoded.npz")
        if record["settings"] != settings or record["arrays_sha256"] != digest:
            return None
        arrays = read_npz(folder / "decoded.npz", "original", "decoded")
        return DecoderProbeResult(arrays["original"], arrays["decoded"], record["mse"])
    except (InputError, OSError, DamagedArrays, KeyError, TypeError):
        return None
