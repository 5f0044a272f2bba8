"""What `keras.applications` has: networks, their preprocessing of images, and published weights."""

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras

from tfdeepsim.comparators.weights.fetch import RemoteFile
from tfdeepsim.errors import InputError

# NASNet consists of other layers for other sizes; this size is that of the published weights.
_NASNET_SHAPE = (224, 224, 3)


def network_names() -> tuple[str, ...]:
    """The networks, as `keras.applications` calls them."""
    return tuple(
        sorted(name for name, value in vars(keras.applications).items() if callable(value))
    )


def check_model(name: str) -> None:
    """Raises InputError if `keras.applications` has no network of that name."""
    if name not in network_names():
        raise InputError(
            "keras:MODEL names a network of keras.applications",
            got=repr(name),
            accepted=", ".join(network_names()),
        )


def build(name: str, top: bool) -> keras.Model:
    """Build a network of `keras.applications` with random weights.

    Args:
        name: Name of the network.
        top: Whether it has its classifier. With it, the network takes images of its own size;
            without, of any size.
    """
    shape = _NASNET_SHAPE if name.startswith("NASNet") else (None, None, 3)
    return getattr(keras.applications, name)(
        weights=None, include_top=top, input_shape=None if top else shape
    )


def preprocessing_of(name: str) -> Callable[[Any], Any]:
    """A function from images in [0, 255] to the input that a network was trained on."""
    family = getattr(keras.applications, name).__module__.rpartition(".")[2]
    return getattr(keras.applications, family).preprocess_input


def remote_file_of(name: str, top: bool) -> RemoteFile:
    """The file with ImageNet weights that Keras downloads for a network.

    No function of Keras tells its address. So the network is built up to the point where Keras
    calls `keras.utils.get_file`, which is replaced meanwhile; the arguments of the call tell.

    Args:
        name: Name of the network.
        top: Whether the file has the classifier.

    Raises:
        InputError: If there is no such network, or Keras downloads no file for it.
    """
    check_model(name)
    shape = _NASNET_SHAPE if name.startswith("NASNet") and not top else None
    try:
        with _get_file_raises(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MobileNet says for which size its weights are
            getattr(keras.applications, name)(
                weights="imagenet", include_top=top, input_shape=shape
            )
    except _GetFileCalled as call:
        return call.remote
    raise InputError(
        f"Keras must offer weights of {name}", got="none", accepted="--comparator-weights FILE"
    )


class _GetFileCalled(Exception):
    def __init__(self, remote: RemoteFile):
        super().__init__(remote.url)
        self.remote = remote


@contextlib.contextmanager
def _get_file_raises() -> Iterator[None]:
    """Let `keras.utils.get_file` raise `_GetFileCalled` instead of downloading a file."""

    def get_file(fname: str, origin: str, file_hash: str | None = None, **_: Any) -> str:
        home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
        raise _GetFileCalled(RemoteFile(home / "models" / fname, origin, file_hash or ""))

    # The networks look the function up in the module that defines it, at each call.
    module: Any = sys.modules[keras.utils.get_file.__module__]
    original = module.get_file
    module.get_file = get_file
    try:
        yield
    finally:
        module.get_file = original
