"""What `keras.applications` has: networks, what they do to images first, and the weights that it
offers."""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
from keras.src.utils import file_utils

from tfdeepsim.comparators.weights.fetch import RemoteFile
from tfdeepsim.errors import InputError


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
    """A network with random weights: with its classifier for images of its own size, else for any
    size.

    What NASNet is made of depends on the size, so it is built as for the weights that Keras offers.
    """
    shape = (224, 224, 3) if name.startswith("NASNet") else (None, None, 3)
    return getattr(keras.applications, name)(
        weights=None, include_top=top, input_shape=None if top else shape
    )


def preprocessing_of(name: str) -> Callable[[Any], Any]:
    """What a network's family does to images in [0, 255] before they enter it; some do it
    inside."""
    family = getattr(keras.applications, name).__module__.rpartition(".")[2]
    return getattr(keras.applications, family).preprocess_input


def remote_file_of(name: str, top: bool) -> RemoteFile:
    """The file with ImageNet weights that Keras fetches for a network.

    Keras tells nobody which one that is, so the network is built up to the point where Keras asks
    for it.

    Args:
        name: Of the network.
        top: Whether the file has the classifier.

    Raises:
        InputError: If there is no such network, or Keras asks for no file.
    """
    check_model(name)
    shape = (224, 224, 3) if name.startswith("NASNet") and not top else None
    try:
        with _asking(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MobileNet says for which size its weights are
            getattr(keras.applications, name)(
                weights="imagenet", include_top=top, input_shape=shape
            )
    except _Asked as asked:
        return asked.offer
    raise InputError(
        f"Keras must offer weights of {name}", got="none", accepted="--comparator-weights FILE"
    )


class _Asked(Exception):
    def __init__(self, offer: RemoteFile):
        super().__init__(offer.url)
        self.offer = offer


def _ask(fname: str, origin: str, file_hash: str | None = None, **_: Any) -> str:
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    raise _Asked(RemoteFile(home / "models" / fname, origin, file_hash or ""))


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    """Where `keras.applications` would fetch a file, let it raise `_Asked`."""
    original = file_utils.get_file
    file_utils.get_file = _ask
    try:
        yield
    finally:
        file_utils.get_file = original
