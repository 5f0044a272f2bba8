"""LLv2 as a TensorFlow Datasets builder: `tfds build` works on this folder.

(The `tfds` command of TFDS 4.9 imports `apache-beam` and `mlcroissant`, whatever it builds.)
"""

import contextlib
import hashlib
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from tensorflow_datasets.core.utils import tqdm_utils

from tfdeepsim.data.llv2 import making
from tfdeepsim.data.llv2.frame import ENVIRONMENT, SIDE
from tfdeepsim.data.llv2.size import VERSION, Size, parse
from tfdeepsim.data.llv2.workers import Workers
from tfdeepsim.errors import InputError
from tfdeepsim.lock import locked
from tfdeepsim.progress import ProgressBar

_DESCRIPTION = """
Frames of LunarLander under a random policy, labelled with the lander's position, after LLv2 in
"Improving Image Autoencoder Embeddings with Perceptual Loss". Rollouts are recorded further after
termination, and splits share no rollout.

The environment is LunarLander-v3, not the authors' LunarLander-v2, which Gymnasium does not offer:
the same game, but not the same frames bit for bit.
"""

_CITATION = """
@inproceedings{pihlgren2020improving,
  title = {Improving Image Autoencoder Embeddings with Perceptual Loss},
  author = {Pihlgren, Gustav Grund and Sandin, Fredrik and Liwicki, Marcus},
  booktitle = {International Joint Conference on Neural Networks},
  year = {2020}
}
"""


class Llv2(tfds.core.GeneratorBasedBuilder):
    """Frames and states of LunarLander-v3, each pair of the same instant.

    A config is named after its size: `small`, `quickstart`, `paper`, or any other, such as
    `200x15-stride10-seed3`. So data of another size or seed is never mistaken for it.

    The splits are `encoder_train`, `encoder_validation` (a tenth of the rollouts for encoders),
    `probe_train`, `probe_validation` (a fifth of the rollouts for probes) and `test`.

    Args:
        workers: Number of simulation processes; by default one for each core. It does not change
            the data.
        **kwargs: The arguments of every builder: `config`, `data_dir`, `version`.

    Raises:
        InputError: If the name of the config spells no size.

    Example:
        >>> Llv2(config="200x15-stride10").download_and_prepare()
    """

    VERSION = tfds.core.Version(VERSION)
    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name="small")]  # noqa: RUF012

    def __init__(self, *, workers: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self._workers = workers

    @classmethod
    def get_builder_config(cls, name: str, version: Any = None) -> tfds.core.BuilderConfig:
        """The config of the size that `name` spells."""
        name = parse(name).name
        return super().get_builder_config(name, version) or tfds.core.BuilderConfig(name=name)

    @property
    def size(self) -> Size:
        """The size that the name of the config spells."""
        return parse(self.builder_config.name)

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=_DESCRIPTION,
            citation=_CITATION,
            homepage="https://gymnasium.farama.org/environments/box2d/lunar_lander/",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(SIDE, SIDE, 3), encoding_format="png"),
                    "position": tfds.features.Tensor(shape=(2,), dtype=np.float32),
                    "state": tfds.features.Tensor(shape=(8,), dtype=np.float32),
                    "on_screen": tfds.features.Scalar(np.bool_),
                    "episode": tfds.features.Scalar(np.int64),
                    "step": tfds.features.Scalar(np.int64),
                    "terminated": tfds.features.Scalar(np.bool_),
                }
            ),
            supervised_keys=("image", "position"),
            metadata=tfds.core.MetadataDict(),
        )

    def download_and_prepare(self, **kwargs: Any) -> None:
        """Simulate and write the dataset unless it exists: completely, or not at all.

        If another process is writing the same dataset, wait for it.

        Raises:
            InputError: If the folder cannot be written or the disk has too little room.
        """
        folder = Path(self.data_dir)
        with _disk_errors(folder), locked(folder), _without_tfds_progress():
            if not folder.exists():
                making.remove_leftovers(folder)
                making.check_room(folder, self.size)
                making.announce(folder, self.size)
            super().download_and_prepare(**kwargs)
            if not self.info.splits:  # another process wrote it after this builder was created
                self.info.read_from_directory(self.data_dir)

    def _download_and_prepare(self, *args: Any, **kwargs: Any) -> None:
        total = sum(self.size.splits.values())
        self._digests = {split: hashlib.sha256() for split in self.size.splits}
        with (
            Workers(self._workers) as self._pool,
            ProgressBar(f"Simulating llv2/{self.size.name}", total) as self._bar,
        ):
            super()._download_and_prepare(*args, **kwargs)
        self.info.metadata.update(_origin(self.size))
        self.info.metadata["sha256"] = {
            split: digest.hexdigest() for split, digest in self._digests.items()
        }

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        return {split: self._generate_examples(split) for split in self.size.splits}

    def _generate_examples(self, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
        size, episodes = self.size, self.size.episodes[split]
        rollouts = self._pool.record(episodes, size.frames, size.stride)
        for episode, rollout in zip(episodes, rollouts, strict=True):
            self._digests[split].update(rollout.tobytes())
            yield from _examples(episode, rollout)
            self._bar.advance(len(rollout))

    def _log_download_bytes(self) -> None:
        """Log nothing, since nothing is downloaded."""

    def _log_download_done(self) -> None:
        """Log nothing, since nothing is downloaded."""


def _examples(episode: int, rollout: np.ndarray) -> Iterator[tuple[str, dict[str, Any]]]:
    position = rollout["state"][:, :2]
    x, y = position.T
    # The frames that Pihlgren et al. 2020 kept for probes.
    on_screen = (abs(x) <= 1) & (y >= -0.5) & (y <= 1.5)
    for frame, xy, visible in zip(rollout, position, on_screen, strict=True):
        yield (
            f"{episode}_{frame['step']}",
            {
                "image": frame["image"],
                "position": xy,
                "state": frame["state"],
                "on_screen": visible,
                "episode": episode,
                "step": frame["step"],
                "terminated": frame["terminated"],
            },
        )


def _origin(size: Size) -> dict[str, Any]:
    return {
        "environment": ENVIRONMENT,
        "policy": "uniform over the four actions",
        "versions": dict(_versions()),
        "seed": size.seed,
        "first and last episode, which is the rollout's seed": {
            split: [episodes[0], episodes[-1]] for split, episodes in size.episodes.items()
        },
        **{key: getattr(size, key) for key in ("rollouts", "frames", "stride")},
    }


def _versions() -> Iterator[tuple[str, str]]:
    for package in ("gymnasium", "box2d", "box2d-py", "pygame-ce", "pygame", "numpy"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            yield package, importlib.metadata.version(package)


@contextlib.contextmanager
def _without_tfds_progress() -> Iterator[None]:
    """Hide the progress bars of TensorFlow Datasets, which would be drawn over ours."""
    before = tqdm_utils._active
    tfds.disable_progress_bar()
    try:
        yield
    finally:
        tfds.display_progress_bar(before)


@contextlib.contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    """Turn errors of the disk into an InputError that names `folder`."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = _disk_error(error)
        if reason is None:
            raise
        raise InputError(
            "the dataset must be writable, with room on the disk",
            got=f"{folder} ({reason})",
            accepted="a data folder that this user may write, with room",
        ) from error


def _disk_error(error: BaseException | None) -> str | None:
    """The error of the disk in words, though errors of TensorFlow Datasets may wrap it; None if it
    is another error."""
    while error is not None:
        if isinstance(error, OSError | tf.errors.OpError):
            return str(error).partition("\n")[0] or type(error).__name__
        error = error.__cause__
    return None
