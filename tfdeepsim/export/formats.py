"""The formats that a run is exported to, and where their files may be written."""

import dataclasses
import importlib.util
from pathlib import Path

from tfdeepsim.errors import InputError


@dataclasses.dataclass(frozen=True)
class Format:
    """A format of exported files.

    Attributes:
        suffix: End of the file's name; empty for a folder.
        runtime: What loads the file, in words.
        packages: Packages that writing it needs beside those of tfdeepsim; an extra of the format's
            name has them.
        batch: Sizes of a batch that run, in words.
    """

    suffix: str
    runtime: str
    packages: tuple[str, ...] = ()
    batch: str = "1 or more"


# With oneDNN, a convolution of TensorFlow returns the wrong shape for a batch of 0 images.
_WITHOUT_ONEDNN = "1 or more; 0 if TensorFlow runs with TF_ENABLE_ONEDNN_OPTS=0"

FORMATS = {
    "savedmodel": Format(
        "", "TensorFlow: tf.saved_model.load, or keras.layers.TFSMLayer", batch=_WITHOUT_ONEDNN
    ),
    "keras": Format(".keras", "Keras 3: keras.saving.load_model", batch=_WITHOUT_ONEDNN),
    "onnx": Format(".onnx", "onnxruntime: InferenceSession", ("onnx", "tf2onnx"), "0 or more"),
    "litert": Format(".tflite", "ai_edge_litert: Interpreter"),
}
"""Formats by the names that `--to` takes."""


def check_format(to: str) -> None:
    """Refuse an unknown format, and one whose packages are not installed.

    Raises:
        InputError: If files of that format cannot be written.
    """
    if to not in FORMATS:
        raise InputError("unknown format", got=repr(to), accepted=", ".join(FORMATS))
    missing = [name for name in FORMATS[to].packages if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"the format {to} needs packages of the extra {to}",
            got=f"no {' and no '.join(missing)}",
            accepted=f"pip install 'tfdeepsim[{to}]', or another format",
        )


def check_output(path: Path, to: str, overwrite: bool) -> None:
    """Refuse a path that an exported file cannot have. Changes nothing.

    Args:
        path: The file, or the folder of a SavedModel.
        to: One of `FORMATS`.
        overwrite: Whether an exported file of the same format may be replaced.

    Raises:
        InputError: If the name does not fit the format, or something is there that may not be
            replaced.
    """
    suffix = FORMATS[to].suffix
    others = {known.suffix for known in FORMATS.values()} - {""}
    if path.suffix != suffix if suffix else path.suffix in others:
        raise InputError(
            f"the format {to} is written to a {f'{suffix} file' if suffix else 'folder'}",
            got=path,
            accepted=f"a name that ends in {suffix}" if suffix else "a name without such a suffix",
        )
    if not path.exists():
        return
    if not overwrite:
        raise InputError(
            "the exported file must be new",
            got=f"{path}, which exists",
            accepted="another --output, or --overwrite to replace it",
        )
    same_kind = path.is_file() if suffix else (path / "saved_model.pb").is_file()
    if not same_kind:
        raise InputError(
            f"--overwrite replaces a {f'{suffix} file' if suffix else 'SavedModel'} only",
            got=f"{path}, which is something else",
            accepted="another --output",
        )
