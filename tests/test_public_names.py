"""The names that a user imports from `tfdeepsim`."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import keras
import pytest

import tfdeepsim

ROOT = Path(__file__).parent.parent
# One name, one line: a change of what users can import is seen here.
PUBLIC = {
    "__version__",
    "AlexNetEncoder",
    "Autoencoder",
    "Comparator",
    "Decoder",
    "DeePSiM",
    "Discriminator",
    "Encoder",
    "FID",
    "InputError",
    "InversionGenerator",
    "KID",
    "LPIPS",
    "LoadedEncoder",
    "MapDecoder",
    "MapEncoder",
    "NormalizedError",
    "PerceptualLoss",
    "ProbeCallback",
    "ProbeScore",
    "PSNR",
    "SSIM",
    "UpConvGenerator",
    "load_encoder",
    "make_comparator",
    "open_dataset",
    "probe",
}
# Classes of Keras that are only subclassed.
ABSTRACT = {"Comparator"}


def test_the_public_names_are_these():
    assert set(tfdeepsim.__all__) == PUBLIC
    assert set(dir(tfdeepsim)) >= PUBLIC


def test_type_checkers_see_the_same_names():
    (block,) = (
        node
        for node in ast.parse(Path(tfdeepsim.__file__).read_text()).body
        if isinstance(node, ast.If)
    )
    imports = {alias.asname: node.module for node in block.body for alias in node.names}
    assert imports == tfdeepsim._MODULES


def test_the_import_loads_neither_tensorflow_nor_keras():
    code = """
import sys, tfdeepsim
dir(tfdeepsim)
assert "tfdeepsim.errors" not in sys.modules
tfdeepsim.InputError
heavy = {"tensorflow", "keras", "numpy", "scipy", "sklearn", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'tfdeepsim' has no attribute 'LPISP'"):
        _ = tfdeepsim.LPISP


@pytest.mark.parametrize("name", sorted(PUBLIC - {"__version__"}))
def test_a_public_name_is_documented_and_registered(name):
    value = getattr(tfdeepsim, name)
    assert value.__name__ == name
    assert "\nExample" in inspect.cleandoc(value.__doc__)
    if inspect.isclass(value) and value.__module__.startswith("tfdeepsim"):
        kinds = (keras.Layer, keras.Loss, keras.Metric)
        if issubclass(value, kinds) and name not in ABSTRACT:
            assert keras.saving.get_registered_name(value) == f"tfdeepsim>{name}"
