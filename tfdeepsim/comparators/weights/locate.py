"""Where a comparator's weights are: in a file, in a run, in the box, or on a server."""

import os
from pathlib import Path

from tfdeepsim.comparators.spec import KERAS
from tfdeepsim.comparators.weights.bundled import bundled_weights
from tfdeepsim.errors import InputError
from tfdeepsim.run import RunDirectory

DOWNLOAD = "download"
"""In place of a file: the one that the network's makers offer."""

_WHERE = {
    "alexnet": "torchvision's alexnet-owt-7be5be79.pth from https://download.pytorch.org/models/",
    "caffe_alexnet": "bvlc_alexnet.caffemodel or bvlc_alexnet.npy",
    "videonet": "a .caffemodel of Wang & Gupta, or a run of train.py --task comparator --comparator videonet",
    "exemplar_cnn": "a run of train.py --task comparator --comparator exemplar_cnn",
}


def is_random(name: str) -> bool:
    """Whether a comparator draws its weights."""
    return name == "random_alexnet"


def find_weights(name: str, weights: str | os.PathLike | None) -> Path | None:
    """The file with a comparator's weights.

    Args:
        name: Of the comparator, without its layers.
        weights: A file; the run directory of a comparator that was trained here; `download`; or
            None for the weights in the box.

    Returns:
        the file, which need not exist; None for random weights.

    Raises:
        InputError: If it needs weights and none are there, takes none, or the download fails.
    """
    if is_random(name):
        if weights is not None:
            raise InputError(
                f"{name} draws its weights from the seed",
                got=f"the weights {weights}",
                accepted="no weights, or another comparator with them",
            )
        return None
    if weights is None:
        if path := bundled_weights(name):
            return path
        raise InputError(
            f"{name} needs its trained weights",
            got="none",
            accepted=f"--comparator-weights FILE, where FILE is {where(name)}"
            + ("" if name.startswith(KERAS) else "; or the comparator random_alexnet"),
        )
    if os.fspath(weights) == DOWNLOAD:
        from tfdeepsim.comparators.weights.fetch import download

        return download(name)
    path = Path(weights)
    return _of_run(RunDirectory(path)) if path.is_dir() else path


def where(name: str) -> str:
    """Which file a comparator's weights may be read from, in words."""
    if name.startswith(KERAS):
        return (
            f"what keras.applications offers for {name.removeprefix(KERAS)}, or the word {DOWNLOAD}"
        )
    return _WHERE[name]


def _of_run(run: RunDirectory) -> Path:
    if not run.comparator.is_file():
        raise InputError(
            "a folder with a comparator's weights is a run that trained one",
            got=f"{run.path}, which holds no {run.comparator.name}",
            accepted="the --run-dir of train.py --task comparator, when it is done, or a file",
        )
    return run.comparator
