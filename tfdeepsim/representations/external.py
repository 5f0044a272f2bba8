"""Encoders that tfdeepsim did not train: a SavedModel, a `.keras` file, or stored embeddings."""

import os
from pathlib import Path

from tfdeepsim.errors import InputError
from tfdeepsim.external import check_input_range
from tfdeepsim.external.keras_file import load_keras_file
from tfdeepsim.external.saved_model import load_saved_model
from tfdeepsim.representations.external_network import ExternalNetwork
from tfdeepsim.representations.representation import Representation
from tfdeepsim.representations.stored_embeddings import SPLIT_FILES, StoredEmbeddings

ACCEPTED = (
    "a SavedModel folder, a .keras file, a folder with "
    + ", ".join(SPLIT_FILES)
    + ", or one .npy file with the rows of those, one split after the other"
)


def external_representation(
    path: str | os.PathLike, folder_parent: str | os.PathLike, *, input_range: str = "0-1"
) -> Representation:
    """An external encoder, or embeddings that an external encoder computed.

    Nothing is unpickled and no Python code is run. A SavedModel is still a program of TensorFlow
    operations, which can read and write files: use only those whose source you trust.

    Args:
        path: One of
            - a SavedModel folder: its `embed` endpoint, else its signature `serving_default`;
            - a `.keras` file without Lambda layers and custom objects;
            - a folder with `probe_train.npy`, `probe_validation.npy` and `test.npy`, and optionally
              files named after other splits: float [N, Z], the embeddings of all images of the
              split in their order;
            - one `.npy` file with the rows of these three splits, one after the other.
        folder_parent: Folder in which a folder for embeddings and results is created.
        input_range: Range of the floats that a network takes: `0-1`, `0-255` or `-1-1`. A network
            that takes integers gets bytes, 0 to 255, whatever the range.

    Raises:
        InputError: If the path is none of these, or the range is unknown. Whether the encoder
            suits the images is found out by `check`, or when they are embedded.
    """
    check_input_range(input_range)
    path, parent = Path(path), Path(folder_parent)
    if path.is_dir() and (path / "saved_model.pb").is_file():
        return ExternalNetwork(path, parent, load_saved_model, input_range)
    if path.is_file() and path.suffix == ".keras":
        return ExternalNetwork(path, parent, load_keras_file, input_range)
    if path.is_dir() and any((path / name).is_file() for name in SPLIT_FILES):
        return StoredEmbeddings(path, parent)
    if path.is_file() and path.suffix == ".npy":
        return StoredEmbeddings(path, parent)
    kind = "a file of another kind" if path.is_file() else "a folder of other files"
    raise InputError(
        "an encoder must be a run directory or come in a known form",
        got=f"{path}, {kind if path.exists() else 'which does not exist'}",
        accepted=f"a run directory of train.py, {ACCEPTED}",
    )
