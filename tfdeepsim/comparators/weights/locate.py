"""Where a comparator's weights are: in a file, in a run, bundled, or on a server."""

import os
from pathlib import Path

from tfdeepsim.comparators.spec import KERAS
from tfdeepsim.comparators.weights.bundled import bundled_file
from tfdeepsim.comparators.weights.fetch import RemoteFile, fetch
from tfdeepsim.config.defaults import EXTERNAL
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory

DOWNLOAD = "download"
"""In place of a file: the file that the network's authors or torchvision publish."""

TORCH_URL = "https://download.pytorch.org/models"
_TORCH_ALEXNET = "alexnet-owt-7be5be79.pth"

_RUN = "a run of train.py --task comparator --comparator"
_ACCEPTED_FILES = {
    "alexnet": f"torchvision's {_TORCH_ALEXNET} from {TORCH_URL}/",
    "caffe_alexnet": "bvlc_alexnet.caffemodel or bvlc_alexnet.npy",
    "videonet": f"a .caffemodel of Wang & Gupta, or {_RUN} videonet",
    "exemplar_cnn": f"{_RUN} exemplar_cnn",
}


def is_random(name: str) -> bool:
    """Whether a comparator has random weights, which are drawn from a seed.

    Args:
        name: Name of the comparator, without its layers.
    """
    return name == "random_alexnet"


def locate_weights(name: str, weights: str | os.PathLike | None) -> Path | None:
    """The file with a comparator's weights.

    Args:
        name: Name of the comparator, without its layers.
        weights: A file; the run directory of a comparator that was trained here; the word
            `download`; or None for the bundled weights.

    Returns:
        The file, which need not exist; None for random weights.

    Raises:
        InputError: If the comparator needs weights and none are bundled, it is a random one and
            weights are given, an external file is missing, or the download fails.
    """
    if is_random(name):
        if weights is not None:
            raise InputError(
                f"{name} draws its weights from the seed",
                got=f"the weights {weights}",
                accepted="no weights, or another comparator with them",
            )
        return None
    if name.startswith(EXTERNAL):
        return _external_file(name, weights)
    if weights is None:
        if path := bundled_file(name):
            return path
        raise InputError(
            f"{name} needs its trained weights",
            got="none",
            accepted=f"--comparator-weights FILE, where FILE is {accepted_files(name)}"
            + ("" if name.startswith(KERAS) else "; or the comparator random_alexnet"),
        )
    if os.fspath(weights) == DOWNLOAD:
        return download(name)
    path = Path(weights)
    return _file_of_run(RunDirectory(path)) if path.is_dir() else path


def accepted_files(name: str) -> str:
    """Which files may hold the weights of a comparator, in words for an error.

    Args:
        name: Name of the comparator, without its layers.
    """
    if name.startswith(KERAS):
        model = name.removeprefix(KERAS)
        return f"what keras.applications offers for {model}, or the word {DOWNLOAD}"
    return _ACCEPTED_FILES[name]


def download(name: str) -> Path:
    """Download the published weights of a comparator, unless they are cached.

    Those of torchvision are cached in `~/.cache/tfdeepsim` (or below `XDG_CACHE_HOME`); those of
    `keras.applications`, without the classifier, where Keras itself caches them.

    Args:
        name: Name of the comparator, without its layers.

    Returns:
        The path of the file in the cache.

    Raises:
        InputError: If nobody publishes weights of it at a fixed address, or the download fails.
    """
    if name.startswith(KERAS):
        from tfdeepsim.comparators.keras_applications.catalog import remote_file_of

        return fetch(remote_file_of(name.removeprefix(KERAS), top=False))
    if name == "alexnet":
        url = f"{TORCH_URL}/{_TORCH_ALEXNET}"
        return fetch(RemoteFile(_cache() / _TORCH_ALEXNET, url, "7be5be79"))
    raise InputError(
        f"nobody offers weights of {name} under a fixed address",
        got="the word download",
        accepted=f"--comparator-weights FILE, where FILE is {accepted_files(name)}",
    )


def _external_file(name: str, weights: str | os.PathLike | None) -> Path:
    path = Path(name.removeprefix(EXTERNAL))
    if weights is not None:
        raise InputError(
            "an external comparator brings its own weights",
            got=f"--comparator-weights {weights} with {name}",
            accepted="no --comparator-weights",
        )
    if not path.is_file():
        raise InputError(
            "an external comparator is a .keras file",
            got=f"{path}, {'a folder' if path.is_dir() else 'which does not exist'}",
            accepted=f"{EXTERNAL}FILE.keras:LAYER with the path of a file",
        )
    return path


def _file_of_run(run: RunDirectory) -> Path:
    if not run.comparator.is_file():
        raise InputError(
            "a folder with a comparator's weights is a run that trained one",
            got=f"{run.path}, which holds no {run.comparator.name}",
            accepted="the --run-dir of train.py --task comparator, when it is done, or a file",
        )
    return run.comparator


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "tfdeepsim")
