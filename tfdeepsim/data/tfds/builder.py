"""Builders of TensorFlow Datasets, with their data prepared."""

import contextlib
import shutil
import sys
import urllib.parse
from pathlib import Path
from typing import NamedTuple

import requests
import tensorflow_datasets as tfds

from tfdeepsim.data.tfds.prepared import INFO, prepared_folder
from tfdeepsim.errors import InputError
from tfdeepsim.lock import locked

_URLS_TRIED, _SECONDS_TO_ANSWER = 3, 10


class ManualFiles(NamedTuple):
    """Files that a user can put in place by hand where nothing can be downloaded.

    Attributes:
        name: Name of the dataset as the command line spells it.
        files: Which files, in words.
        size: Approximate size of the download in bytes; 0 if unknown.

    Example:
        >>> ManualFiles("svhn", "train_32x32.mat of ufldl.stanford.edu/housenumbers", 1.8e8)
    """

    name: str
    files: str
    size: float = 0


def find_builder(spec: str, root: Path) -> tfds.core.DatasetBuilder:
    """The builder that `spec` names, whether its data is prepared or not; never uses the network.

    Args:
        spec: `NAME`, `NAME/CONFIG`, `NAME:VERSION` or `NAME/CONFIG:VERSION`.
        root: Folder that all datasets are kept in.

    Raises:
        InputError: If there is neither such a builder nor a folder that one has prepared.
    """
    name = spec.partition(":")[0]
    try:
        if "/" not in name and ":" not in spec and (folder := prepared_folder(name, root)):
            # Works for any version, even if the builder itself does not exist here.
            return tfds.builder_from_directory(folder)
        return tfds.builder(spec, data_dir=root)
    except tfds.core.DatasetNotFoundError as error:
        raise InputError(
            "tfds:NAME names a dataset of TensorFlow Datasets",
            got=f"tfds:{spec}",
            accepted="a name from tensorflow.org/datasets/catalog, or of a prepared folder in "
            f"{root}",
        ) from error
    # Builders are code of many authors, and some need packages that are not installed.
    except Exception as error:
        raise InputError(
            "the builder must be usable",
            got=f"tfds:{spec} ({_one_line(error)})",
            accepted="another NAME/CONFIG",
        ) from error


def prepared_builder(spec: str, root: Path, manual: ManualFiles) -> tfds.core.DatasetBuilder:
    """The builder that `spec` names, with its data: prepared already, or downloaded, or made from
    files that the user has put in place.

    Args:
        spec: The builder as `find_builder` takes it.
        root: Folder that all datasets are kept in.
        manual: What to tell the user if the data cannot be downloaded.

    Raises:
        InputError: If there is no such builder, or its data cannot be prepared.
    """
    builder = find_builder(spec, root)
    if is_prepared(builder):
        return builder
    _check_network(builder, root, manual)
    folder = Path(builder.data_dir)
    with locked(folder):
        builder = find_builder(spec, root)  # another process may have prepared it
        if not is_prepared(builder):
            for leftover in folder.parent.glob(f"incomplete.*_{folder.name}"):
                shutil.rmtree(leftover)
            _prepare(builder, root, manual)
    return builder


def is_prepared(builder: tfds.core.DatasetBuilder) -> bool:
    """Whether the data of a builder is prepared."""
    return Path(builder.data_dir, INFO).is_file()


def _prepare(builder: tfds.core.DatasetBuilder, root: Path, manual: ManualFiles) -> None:
    size = f", a download of about {manual.size / 1e9:.1f} GB," if manual.size else ""
    print(f"Preparing {manual.name}{size} into {builder.data_dir}", file=sys.stderr)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            builder.download_and_prepare(
                download_dir=root / "downloads",
                download_config=tfds.download.DownloadConfig(try_download_gcs=False),
            )
    except InputError:
        raise
    # Any error of the network, of the disk, or of the builder, whose authors are many.
    except Exception as error:
        raise InputError(
            f"{manual.name} could not be fetched",
            got=_one_line(error),
            accepted=_accepted(manual, root),
        ) from error


def _check_network(builder: tfds.core.DatasetBuilder, root: Path, manual: ManualFiles) -> None:
    """Refuse at once a download whose servers do not answer; TensorFlow Datasets would try for
    minutes."""
    urls = list(builder.url_infos or ())[:_URLS_TRIED]
    downloads = root / "downloads"
    if not urls or any(downloads.glob("manual/*")) or any(downloads.glob("**/*.INFO")):
        return  # some files are in place, so perhaps nothing has to be downloaded
    for url in urls:
        try:
            requests.head(url, timeout=_SECONDS_TO_ANSWER)
            return
        except requests.ConnectionError as error:
            last = error
        except requests.RequestException:
            return  # the server has answered
    raise InputError(
        f"{manual.name} could not be fetched",
        got=f"no answer from {urllib.parse.urlsplit(urls[-1]).hostname}",
        accepted=_accepted(manual, root),
    ) from last


def _accepted(manual: ManualFiles, root: Path) -> str:
    return f"a network, or {manual.files} in {root / 'downloads' / 'manual'}"


def _one_line(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0][:160]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
