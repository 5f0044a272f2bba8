"""The network that a config inverts: a layer of a comparator, or an external network.

Importing this module does not load TensorFlow, and neither does checking a random comparator.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tfdeepsim.comparators import check_comparator, make_comparator
from tfdeepsim.comparators.spec import ARCHITECTURES, KERAS, SPELLINGS, parse
from tfdeepsim.config import TrainConfig
from tfdeepsim.config.defaults import DEFAULT_RANGE, EXTERNAL
from tfdeepsim.errors import InputError
from tfdeepsim.external import check_input_range

if TYPE_CHECKING:
    from tfdeepsim.comparators.comparator import Comparator
    from tfdeepsim.external.external_features import ExternalFeatures


def check_extractor(
    invert: str,
    image_shape: tuple[int, int, int],
    weights: str | os.PathLike | None = None,
    external_range: str = DEFAULT_RANGE,
) -> None:
    """Check the network that `--invert` names. A comparator is not built for that; an external
    network is loaded.

    Args:
        invert: `NAME:LAYER` of a comparator, or the path of a network as `ExternalFeatures` takes
            it.
        image_shape: Height, width and channels of the images.
        weights: Weights of a comparator, as `locate_weights` takes them.
        external_range: Range of the floats that an external network takes, a key of `INPUT_RANGES`.

    Raises:
        InputError: If there is no such network, an option does not belong to it, or the images do
            not suit it.
    """
    if _is_comparator(invert, weights, external_range):
        with _naming_invert_weights():
            check_comparator(invert, image_shape, weights)
        return
    from tfdeepsim.external.external_features import ExternalFeatures

    ExternalFeatures(invert, external_range).feature_shape(tuple(image_shape))


def make_extractor(
    invert: str,
    weights: str | os.PathLike | None = None,
    seed: int = 0,
    external_range: str = DEFAULT_RANGE,
) -> "Comparator | ExternalFeatures":
    """Build the network that `--invert` names.

    Args:
        invert: `NAME:LAYER` of a comparator, or the path of a network as `ExternalFeatures` takes
            it.
        weights: Weights of a comparator, as `locate_weights` takes them.
        seed: Seed of a comparator's random weights.
        external_range: Range of the floats that an external network takes, a key of `INPUT_RANGES`.

    Returns:
        A function from images, float [B, H, W, 3] in [0, 1], to features, float32 [B, h, w, c] or
        [B, n]. It has `layers`, of which there is one, `feature_shapes`, `source`, `sha256` and
        `input_range`.

    Raises:
        InputError: If there is no such network, or an option does not belong to it.
    """
    if _is_comparator(invert, weights, external_range):
        with _naming_invert_weights():
            return make_comparator(invert, weights, seed)
    from tfdeepsim.external.external_features import ExternalFeatures

    return ExternalFeatures(invert, external_range)


def extractor_of(config: TrainConfig) -> "Comparator | ExternalFeatures":
    """Build the network that a config of `--task inversion` inverts.

    Raises:
        InputError: As `make_extractor`.
    """
    return make_extractor(
        str(config.invert), config.invert_weights, config.seed, config.external_range
    )


def _is_comparator(invert: str, weights: str | os.PathLike | None, external_range: str) -> bool:
    """Whether `--invert` names a comparator, and not an external network.

    Raises:
        InputError: If it names neither, or an option of the other kind is given.
    """
    check_input_range(external_range)
    if invert.startswith(KERAS) or invert.partition(":")[0] in ARCHITECTURES:
        _check_one_layer(invert)
        if external_range != DEFAULT_RANGE:
            raise InputError(
                "--external-range is for external networks",
                got=f"{external_range} with --invert {invert}",
                accepted="no --external-range: a comparator scales its images itself",
            )
        return True
    if not Path(invert).exists():
        spellings = [name for name in SPELLINGS if not name.startswith(EXTERNAL)]
        raise InputError(
            "--invert names a comparator's layer or the path of a network",
            got=f"{invert!r}, which does not exist",
            accepted=f"{', '.join(f'{name}:LAYER' for name in spellings)}; or a SavedModel folder, "
            "a .keras file, a run of train.py",
        )
    if weights is not None:
        raise InputError(
            "--invert-weights is for comparators",
            got=f"{weights} with --invert {invert}",
            accepted="no --invert-weights: an external network brings its own",
        )
    return False


def _check_one_layer(invert: str) -> None:
    name, layers = invert.rpartition(":")[0], parse(invert).layers
    if len(layers) > 1:
        raise InputError(
            "--invert takes the features of one layer",
            got=repr(invert),
            accepted=f"{name}:LAYER, e.g. {name}:{layers[-1]}",
        )


@contextlib.contextmanager
def _naming_invert_weights() -> Iterator[None]:
    """Let errors about a comparator's weights name `--invert-weights`, the flag they have here."""
    try:
        yield
    except InputError as error:
        texts = (str(text) for text in (error.rule, error.got, error.accepted))
        rule, got, accepted = (
            text.replace("--comparator-weights", "--invert-weights") for text in texts
        )
        raise InputError(rule, got=got, accepted=accepted) from error
