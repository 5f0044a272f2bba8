"""Small whole files of every format that is read, and how each is read to its end."""

import dataclasses
import io
import json
import tarfile
import types
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import scipy.io
from handmade_caffe import write_caffemodel
from handmade_caffe import write_npy_of_python_3 as write_npy
from handmade_checkpoint import write_arrays
from safetensors.numpy import save_file

from tfdeepsim.arrays import load_arrays, save_arrays
from tfdeepsim.comparators.weights.formats.read import read_weight_file
from tfdeepsim.config import TrainConfig
from tfdeepsim.data import open_dataset, svhn
from tfdeepsim.data.dataset import SPLITS
from tfdeepsim.data.images.decode import Undecodable, decode
from tfdeepsim.data.resizing import Resizing
from tfdeepsim.data.shards.index import Index, write_index
from tfdeepsim.data.shards.info import Info, ShardSize
from tfdeepsim.errors import InputError
from tfdeepsim.files import sha256_of, write_json
from tfdeepsim.options import DataOptions
from tfdeepsim.probes.result import ProbeResult, read_result
from tfdeepsim.report.record import read_record
from tfdeepsim.representations.stored_embeddings import StoredEmbeddings
from tfdeepsim.run import RunDirectory
from tfdeepsim.scores import Score

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
LABELS = np.arange(12) % 2
WEIGHTS = {
    "conv1.weight": np.float32(RANDOM.normal(size=(4, 3, 3, 3))),
    "conv1.bias": np.zeros(4, np.float32),
}


@dataclasses.dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        write: Writes whole files into a folder, and returns the one that is damaged.
        read: Reads the file, given its path; raises `InputError` if it cannot be used.
        heavy: Whether reading needs TensorFlow or a process of its own.
    """

    write: Callable[[Path], Path]
    read: Callable[[Path], Any]
    heavy: bool = False


def _image(kind: str, **options: Any) -> Format:
    def write(folder: Path) -> Path:
        mode = {"PNG16": np.uint16}.get(kind)
        pixels = IMAGES[0] if mode is None else IMAGES[0, ..., 0].astype(mode) * 256
        PIL.Image.fromarray(pixels).save(folder / "image", kind.removesuffix("16"), **options)
        return folder / "image"

    def read(path: Path) -> None:
        try:
            decode(path.read_bytes(), Resizing(16, max_pixels=10**6))
        except Undecodable as error:
            raise InputError("an image", got=str(error), accepted="another") from error

    return Format(write, read)


def _png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    PIL.Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def _read_dataset(name: str, folder: Path, **options: Any) -> None:
    # Each image is looked at, and nothing is remembered of the file before.
    dataset = open_dataset(name, folder, DataOptions(dataset=name, cache="none", **options))
    for split in dataset.splits:
        np.asarray(dataset.split(split, "none").images[:])


def _write_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "images.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True)):
            archive.writestr(f"{'ab'[label]}/{number}.png", _png(image))
    return folder / "images.zip"


def _write_csv(folder: Path) -> Path:
    (folder / "images").mkdir()
    lines = ["file,size"]
    for number, image in enumerate(IMAGES):
        (folder / "images" / f"{number}.png").write_bytes(_png(image))
        lines.append(f"{number}.png,{number / 7:.3f}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder / "labels.csv"


def _write_npz(folder: Path) -> Path:
    np.savez_compressed(folder / "data.npz", images=IMAGES, labels=LABELS)
    return folder / "data.npz"


def _write_embeddings(folder: Path) -> Path:
    np.save(folder / "embeddings.npy", np.float32(RANDOM.normal(size=(24, 5))))
    return folder / "embeddings.npy"


def _read_embeddings(path: Path) -> None:
    splits = {"probe_train": 12, "probe_validation": 4, "test": 8}
    dataset: Any = types.SimpleNamespace(splits=splits)
    StoredEmbeddings(path, path.parent / "external").check(dataset)


def _mat(*, compressed: bool) -> Format:
    def write(folder: Path) -> Path:
        content = {"X": np.moveaxis(IMAGES, 0, 3), "y": (LABELS + 1)[:, None].astype(np.uint8)}
        scipy.io.savemat(folder / "train_32x32.mat", content, do_compression=compressed)
        return folder / "train_32x32.mat"

    def read(path: Path) -> None:
        for split in svhn.open_raw_splits({"train": path}, path.parent).values():
            np.asarray(split.indexed(Resizing(32))[:])

    return Format(write, read)


def _shards(file: str) -> Format:
    """A file of a folder of shards; `info.json` always has the digest of `index.npz`, so that what
    is in it is looked at."""

    def write(folder: Path) -> Path:
        images = [_png(image) for image in IMAGES]
        data = b"".join(bytes(12) + image + bytes(4) for image in images)
        (folder / "0.tfrecord").write_bytes(data)
        lengths = np.array([*map(len, images)])
        index = Index(
            shard=np.zeros(12, np.int32), offset=np.cumsum(lengths + 16) - lengths - 4,
            length=lengths, crc=np.array([*map(zlib.crc32, images)], np.uint32),
            rows={split: np.arange(12) for split in SPLITS},
            labels={split: {"label": LABELS} for split in SPLITS},
        )  # fmt: skip
        info = Info(
            dataset="folder:x", fingerprint="0" * 16, side=32, shorter_side=None,
            task="classification", label="label", class_names=("a", "b"),
            splits=dict.fromkeys(SPLITS, 12), shards={"0.tfrecord": ShardSize(len(data), 12)},
            contents="0" * 16, index=write_index(folder, index),
        )  # fmt: skip
        write_json(folder / "info.json", info.to_json())
        return folder / file

    def read(path: Path) -> None:
        if file == "index.npz":
            info = json.loads((path.parent / "info.json").read_text())
            write_json(path.parent / "info.json", info | {"index": sha256_of(path)})
        _read_dataset(f"shards:{path.parent}", path.parent)

    return Format(write, read)


def _stl10(name: str) -> Format:
    def write(folder: Path) -> Path:
        place = folder / "stl10_binary"
        place.mkdir()
        for split in ("train", "test"):
            np.zeros((20, 3, 96, 96), np.uint8).tofile(place / f"{split}_X.bin")
            (np.arange(20, dtype=np.uint8) % 10 + 1).tofile(place / f"{split}_y.bin")
        (place / "fold_indices.txt").write_text("\n".join(["0 1", *["2 3"] * 9]))
        if name != "stl10_binary.tar.gz":
            return place / name
        with tarfile.open(folder / name, "w:gz") as tar:
            tar.add(place, "stl10_binary")
        for file in place.iterdir():
            file.unlink()
        place.rmdir()
        return folder / name

    def read(path: Path) -> None:
        root = path.parent if name.endswith("gz") else path.parent.parent
        dataset = open_dataset("stl10", root)
        if "fold" in name:
            dataset.folds()  # type: ignore[attr-defined]

    return Format(write, read)


def _weights(write: Callable[[Path], Path]) -> Format:
    return Format(write, lambda path: read_weight_file(path, WEIGHTS))


def _write_checkpoint(writer: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        write_arrays(folder / "weights.pth", writer, **WEIGHTS)
        return folder / "weights.pth"

    return write


def _write_caffe(folder: Path) -> Path:
    write_caffemodel(folder / "weights.caffemodel", WEIGHTS, ["conv1"])
    return folder / "weights.caffemodel"


def _write_npy_weights(folder: Path) -> Path:
    layers = {"conv1": [WEIGHTS["conv1.weight"].transpose(2, 3, 1, 0), WEIGHTS["conv1.bias"]]}
    write_npy(folder / "weights.npy", layers, 3)
    return folder / "weights.npy"


def _write_safetensors(folder: Path) -> Path:
    save_file(WEIGHTS, folder / "weights.safetensors")
    return folder / "weights.safetensors"


def _score() -> Score:
    return Score(
        run="run", model="ae", loss="pixel", comparator="", dataset="npz:x", probe="linear",
        metric="accuracy", value=0.5, low=0.4, high=0.6, chance=0.5, seeds=1, values=(0.5,),
    )  # fmt: skip


def _run(file: str) -> Format:
    """A file of a run directory."""

    def write(folder: Path) -> Path:
        run = RunDirectory(folder / "run")
        run.create()
        write_json(run.config, TrainConfig(dataset="npz:x", epochs=3).to_dict())
        dataset = {"name": "npz:x", "image_shape": [64, 64, 3], "splits": {"test": 4},
                   "fingerprint": "0" * 16, "task": "classification", "class_names": ["a", "b"],
                   "skipped": 0}  # fmt: skip
        write_json(run.environment, {"packages": {"tfdeepsim": "0.2.0"}, "dataset": dataset,
                                     "comparator": None, "inverted": None})  # fmt: skip
        save_arrays(run.state, [np.ones((3, 4)), np.zeros(2, np.int64)], {"history": [], "step": 2})
        run.history.write_text("epoch,loss,val_loss\n1,0.5,0.6\n2,0.4,0.5\n")
        np.savez(run.samples, original=IMAGES[:4], reconstruction=IMAGES[:4])
        result = ProbeResult(
            probe="linear", task="classification", scores=[_score()], chosen=[{"seed": 0}],
            settings={"asked": {}}, targets=LABELS, predictions=LABELS,
        )  # fmt: skip
        result.save(run.results / "npz-x")
        return run.path / file

    def read(path: Path) -> None:
        run = RunDirectory(path if (path / "config.json").exists() else _run_of(path))
        TrainConfig.from_dict(run.read_config())
        run.read_environment()
        load_arrays(run.state)
        read_result(run.results / "npz-x", "linear")
        read_record("run", run, _score(), "npz:x", "linear")

    return Format(write, read)


def _run_of(path: Path) -> Path:
    return next(parent for parent in path.parents if parent.name == "run")


def _write_h5(folder: Path) -> Path:
    import h5py

    with h5py.File(folder / "weights.h5", "w") as file:
        file.attrs["layer_names"] = ["a", "b"]
        file.create_group("layers/dense/vars").create_dataset("0", data=np.ones((3, 4), np.float32))
    return folder / "weights.h5"


def _read_h5(path: Path) -> None:
    from tfdeepsim.hdf5_check import check_hdf5

    check_hdf5(path, "a whole file", "another")


def _write_keras(folder: Path) -> Path:
    import keras

    inputs = keras.Input((8, 8, 3))
    outputs = keras.layers.Dense(2)(keras.layers.Flatten()(inputs))
    keras.Model(inputs, outputs).save(folder / "model.keras")
    return folder / "model.keras"


def _read_keras(path: Path) -> None:
    from tfdeepsim.comparators.keras_file import read_keras_file

    read_keras_file(path)


FORMATS: dict[str, Format] = {
    "png": _image("PNG"),
    "png of 16 bits": _image("PNG16"),
    "jpeg": _image("JPEG"),
    "gif": _image("GIF"),
    "bmp": _image("BMP"),
    "webp": _image("WEBP"),
    "zip": Format(_write_zip, lambda path: _read_dataset(f"zip:{path}", path.parent)),
    "csv labels": Format(
        _write_csv,
        lambda path: _read_dataset(
            f"folder:{path.parent / 'images'}", path.parent, labels=str(path)
        ),
    ),
    "npz": Format(_write_npz, lambda path: _read_dataset(f"npz:{path}", path.parent)),
    "npy embeddings": Format(_write_embeddings, _read_embeddings),
    "shard": _shards("0.tfrecord"),
    "shards' info.json": _shards("info.json"),
    "shards' index.npz": _shards("index.npz"),
    "mat": _mat(compressed=False),
    "mat, compressed": _mat(compressed=True),
    "stl10 labels": _stl10("train_y.bin"),
    "stl10 folds": _stl10("fold_indices.txt"),
    "stl10 archive": _stl10("stl10_binary.tar.gz"),
    "pth": _weights(_write_checkpoint("zip")),
    "pth before 1.6": _weights(_write_checkpoint("legacy")),
    "caffemodel": _weights(_write_caffe),
    "npy weights": _weights(_write_npy_weights),
    "safetensors": _weights(_write_safetensors),
    "config.json": _run("config.json"),
    "environment.json": _run("environment.json"),
    "state.npz": _run("state.npz"),
    "history.csv": _run("history.csv"),
    "samples.npz": _run("samples.npz"),
    "result json": _run("results/npz-x/linear.json"),
    "result npz": _run("results/npz-x/linear.npz"),
    "h5": Format(_write_h5, _read_h5, heavy=True),
    "keras": Format(_write_keras, _read_keras, heavy=True),
}
