"""LLv2 as a TensorFlow Datasets builder: `tfds build` works on this folder.

(TFDS 4.9 has its `tfds` command import `apache-beam` and `mlcroissant`, whatever it is asked for.)
"""

import contextlib
import hashlib
import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from tensorflow_datasets.core.utils import tqdm_utils
from tqdm.auto import tqdm

from tfdeepsim.data.llv2 import making
from tfdeepsim.data.llv2.frame import ENVIRONMENT, SIDE
from tfdeepsim.data.llv2.size import VERSION, Size, parse
from tfdeepsim.data.llv2.workers import Workers
from tfdeepsim.errors import InputError
from tfdeepsim.lock import locked

_DESCRIPTION = """
Frames of LunarLander under a random policy, labelled with the lander's position, after LLv2 in
"Improving Image Autoencoder Embeddings with Perceptual Loss". Rollouts are recorded on after termination,
and splits share no rollout.

The environment is LunarLander-v3, not the authors' LunarLander-v2, which Gymnasium no longer offers: the
same game, but not the same frames bit for bit.
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
    """Frames and states of the same instants of LunarLander-v3.

    A config is named after its size: `small`, `quickstart`, `paper`, or any other as in
    `200x15-stride10-seed3`. So data of another size or seed is never taken for it.

    Splits: `encoder_train`, `encoder_validation` (a tenth), `probe_train`, `probe_validation` (a
        fifth)
    and `test`, by rollout.

    Args:
        workers: Simulation processes; by default one for each core. They do not change the data.
        **kwargs: Those of every builder: `config`, `data_dir`, `version`.

    Raises:
        InputError: If the config's name spells no size.
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
        """What the config's name spells."""
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
        """Simulate and write the dataset if it is absent: whole, or not at all.

        Processes that want the same dataset wait for the first to make it.

        Raises:
            InputError: If the folder cannot be written or has too little room.
        """
        folder = Path(self.data_dir)
        with _writing(folder), locked(folder), _only_our_progress():
            if not folder.exists():
                making.sweep(folder)
                making.check_room(folder, self.size)
                making.announce(folder, self.size)
            super().download_and_prepare(**kwargs)
            if not self.info.splits:  # another process made it after this builder had looked
                self.info.read_from_directory(self.data_dir)

    def _download_and_prepare(self, *args: Any, **kwargs: Any) -> None:
        total = sum(self.size.splits.values())
        seldom = 0.2 if sys.stderr.isatty() else 10
        self._digests = {split: hashlib.sha256() for split in self.size.splits}
        with (
            Workers(self._workers) as self._pool,
            tqdm(
                total=total, desc=f"llv2/{self.size.name}", unit=" frames", mininterval=seldom
            ) as self._bar,
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
            self._bar.update(len(rollout))

    def _log_download_bytes(self) -> None:
        """Nothing is downloaded."""

    def _log_download_done(self) -> None:
        """Nor here."""


def _examples(episode: int, rollout: np.ndarray) -> Iterator[tuple[str, dict[str, Any]]]:
    position = rollout["state"][:, :2]
    x, y = position.T
    on_screen = (abs(x) <= 1) & (y >= -0.5) & (y <= 1.5)  # what [P] kept for probes
    for frame, where, visible in zip(rollout, position, on_screen, strict=True):
        yield (
            f"{episode}_{frame['step']}",
            {
                "image": frame["image"],
                "position": where,
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
def _only_our_progress() -> Iterator[None]:
    before = tqdm_utils._active
    tfds.disable_progress_bar()
    try:
        yield
    finally:
        tfds.display_progress_bar(before)


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
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
    """What the disk said, be it wrapped in errors of TensorFlow Datasets."""
    while error is not None:
        if isinstance(error, OSError | tf.errors.OpError):
            return str(error).partition("\n")[0] or type(error).__name__
        error = error.__cause__
    return None
