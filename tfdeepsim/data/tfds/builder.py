"""Builders of TensorFlow Datasets, with their data in place."""

import contextlib
import shutil
import sys
import urllib.parse
from pathlib import Path
from typing import NamedTuple

import requests
import tensorflow_datasets as tfds

from tfdeepsim.data.tfds.prepared import INFO, prepared
from tfdeepsim.errors import InputError
from tfdeepsim.lock import locked

_URLS_TRIED, _SECONDS_TO_ANSWER = 3, 10


class Wanted(NamedTuple):
    """What a user can do where nothing can be fetched.

    Attributes:
        name: Of the dataset, as the command line spells it.
        files: Which files to put in place.
        size: Bytes to download, about; 0 if unknown.
    """

    name: str
    files: str
    size: float = 0


def find_builder(spec: str, root: Path) -> tfds.core.DatasetBuilder:
    """The builder that `spec` names, its data prepared or not; touches no network.

    Args:
        spec: `NAME`, `NAME/CONFIG`, `NAME:VERSION` or `NAME/CONFIG:VERSION`.
        root: Of all datasets.

    Raises:
        InputError: If there is no such builder, and no folder that one has prepared.
    """
    name = spec.partition(":")[0]
    try:
        if "/" not in name and ":" not in spec and (folder := prepared(name, root)):
            return tfds.builder_from_directory(
                folder
            )  # of any version, even if its builder is gone
        return tfds.builder(spec, data_dir=root)
    except tfds.core.DatasetNotFoundError as error:
        raise InputError(
            "tfds:NAME names a dataset of TensorFlow Datasets",
            got=f"tfds:{spec}",
            accepted=f"a name from tensorflow.org/datasets/catalog, or of a prepared folder in {root}",
        ) from error
    except (
        Exception
    ) as error:  # builders are code of many authors, and some want packages of their own
        raise InputError(
            "the builder must be usable",
            got=f"tfds:{spec} ({_line(error)})",
            accepted="another NAME/CONFIG",
        ) from error


def opened(spec: str, root: Path, wanted: Wanted) -> tfds.core.DatasetBuilder:
    """The builder that `spec` names, with its data: downloaded, or from files put in place, if need
    be.

    Args:
        spec: As `find_builder` takes it.
        root: Of all datasets.
        wanted: What to tell a user if that fails.

    Raises:
        InputError: If there is no such builder, or its data cannot be had.
    """
    builder = find_builder(spec, root)
    if is_prepared(builder):
        return builder
    _check_network(builder, root, wanted)
    folder = Path(builder.data_dir)
    with locked(folder):
        builder = find_builder(spec, root)  # another process may have made it
        if not is_prepared(builder):
            for leftover in folder.parent.glob(f"incomplete.*_{folder.name}"):
                shutil.rmtree(leftover)
            _prepare(builder, root, wanted)
    return builder


def is_prepared(builder: tfds.core.DatasetBuilder) -> bool:
    """Whether the data of a builder is in place."""
    return Path(builder.data_dir, INFO).is_file()


def _prepare(builder: tfds.core.DatasetBuilder, root: Path, wanted: Wanted) -> None:
    size = f", a download of about {wanted.size / 1e9:.1f} GB," if wanted.size else ""
    print(f"Preparing {wanted.name}{size} into {builder.data_dir}", file=sys.stderr)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            builder.download_and_prepare(
                download_dir=root / "downloads",
                download_config=tfds.download.DownloadConfig(try_download_gcs=False),
            )
    except InputError:
        raise
    except (
        Exception
    ) as error:  # of the network, of the disk, or of the builder, which anybody may have written
        raise InputError(
            f"{wanted.name} could not be fetched",
            got=_line(error),
            accepted=_accepted(wanted, root),
        ) from error


def _check_network(builder: tfds.core.DatasetBuilder, root: Path, wanted: Wanted) -> None:
    """Refuse at once what would be tried for minutes: a download where no server can be reached."""
    urls = list(builder.url_infos or ())[:_URLS_TRIED]
    downloads = root / "downloads"
    if not urls or any(downloads.glob("manual/*")) or any(downloads.glob("**/*.INFO")):
        return  # files are in place, and perhaps nothing is missing
    for url in urls:
        try:
            requests.head(url, timeout=_SECONDS_TO_ANSWER)
            return
        except requests.ConnectionError as error:
            last = error
        except requests.RequestException:
            return  # somebody is there
    raise InputError(
        f"{wanted.name} could not be fetched",
        got=f"no answer from {urllib.parse.urlsplit(urls[-1]).hostname}",
        accepted=_accepted(wanted, root),
    ) from last


def _accepted(wanted: Wanted, root: Path) -> str:
    return f"a network, or {wanted.files} in {root / 'downloads' / 'manual'}"


def _line(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0][:160]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
