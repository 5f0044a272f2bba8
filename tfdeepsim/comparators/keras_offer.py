"""What `keras.applications` has: networks, their preprocessing, and the weights that Keras offers for them."""

import contextlib
import os
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
from keras.src.utils import file_utils

from tfdeepsim.comparators.download import Offer, matches
from tfdeepsim.errors import InputError


def network_names() -> tuple[str, ...]:
    """The networks, as `keras.applications` calls them."""
    return tuple(sorted(name for name, value in vars(keras.applications).items() if callable(value)))


def constructor_of(name: str) -> Callable[..., keras.Model]:
    """What builds a network.

    Raises:
        InputError: If there is none of that name.
    """
    if name not in network_names():
        raise InputError(
            "keras:MODEL names a network of keras.applications",
            got=repr(name),
            accepted=", ".join(network_names()),
        )
    return getattr(keras.applications, name)


def preprocessing_of(name: str) -> Callable[[Any], Any]:
    """What a network's family does to images in [0, 255] before they enter it; some do it inside."""
    families = (value for value in vars(keras.applications).values() if isinstance(value, types.ModuleType))
    return next(
        family.preprocess_input
        for family in families
        if hasattr(family, name) and hasattr(family, "preprocess_input")
    )


def offer_of(name: str, top: bool) -> Offer:
    """The file with ImageNet weights that Keras fetches for a network.

    Keras tells nobody which one that is: so the network is built, and its request goes no further.

    Args:
        name: Of the network.
        top: Whether the file has the classifier.

    Raises:
        InputError: If there is no such network.
    """
    constructor = constructor_of(name)
    try:
        with _files_from(_refuse):
            constructor(weights="imagenet", include_top=top, input_shape=None if top else BUILT_FOR)
    except _Asked as asked:
        return asked.offer
    raise InputError(f"Keras must offer weights of {name}", got="none", accepted="--comparator-weights FILE")


def as_offered(name: str, top: bool, path: str | os.PathLike) -> keras.Model | None:
    """A network as Keras builds it for its own weights, with those in `path`; None unless they are such.

    Keras' EfficientNet divides once more by the root of the deviation where it is built for the weights that
    Keras offers, and lists that layer where such a network was saved again.
    """
    if not (matches(path, offer_of(name, top).digest) or _rescales_twice(path)):
        return None
    with _files_from(lambda *args, **kwargs: os.fspath(path)):
        return constructor_of(name)(
            weights="imagenet", include_top=top, input_shape=None if top else BUILT_FOR
        )


BUILT_FOR = (224, 224, 3)
"""Shape of images that networks without classifier are built for: what NASNet is made of depends on it."""


class _Asked(Exception):
    def __init__(self, offer: Offer):
        super().__init__(offer.url)
        self.offer = offer


def _refuse(fname: str, origin: str, file_hash: str | None = None, **_: Any) -> str:
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    raise _Asked(Offer(home / "models" / fname, origin, file_hash or ""))


@contextlib.contextmanager
def _files_from(get_file: Callable[..., str]) -> Iterator[None]:
    """Let `keras.applications` have its files from `get_file`."""
    original = file_utils.get_file
    file_utils.get_file = get_file
    try:
        yield
    finally:
        file_utils.get_file = original


def _rescales_twice(path: str | os.PathLike) -> bool:
    try:
        with h5py.File(path) as file:
            names = file.attrs["layer_names"] if "layer_names" in file.attrs else file.get("layers", ())
            return sum("rescaling" in str(name) for name in names) > 1
    except Exception:  # of a damaged file, which is for its reader to say
        return False
