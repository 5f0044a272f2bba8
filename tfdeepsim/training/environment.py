"""Versions, devices and settings that a run was trained with."""

import importlib.metadata
import os
import platform
from typing import Any

import tensorflow as tf

PACKAGES = ("tfdeepsim", "tensorflow", "keras", "numpy", "tensorflow-datasets", "gymnasium")
# The bits of a result depend on these, see `--deterministic`.
SETTINGS = (
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
)


def environment() -> dict[str, Any]:
    """Versions, processor, devices and thread settings, for `environment.json`."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "devices": [device.name for device in tf.config.list_logical_devices()],
        "settings": {name: os.environ.get(name) for name in SETTINGS},
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
