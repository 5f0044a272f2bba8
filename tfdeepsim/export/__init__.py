"""Export what a run trained, for programs without tfdeepsim.

Importing this module does not load TensorFlow; a name's module is loaded when the name is first
used.

Example:
    >>> from tfdeepsim.export import export_run
    >>> export_run(RunDirectory("runs/ae"), "onnx", "encoder.onnx")
"""

import importlib
from typing import TYPE_CHECKING, Any

_MODULES = {
    "EncoderModule": "tfdeepsim.export.saved_model",
    "GeneratorModule": "tfdeepsim.export.saved_model",
    "export": "tfdeepsim.export.saved_model",
    "export_run": "tfdeepsim.export.portable",
    "load_generator": "tfdeepsim.export.saved_model",
}

__all__ = [*_MODULES]

# For type checkers and editors: the same names.
if TYPE_CHECKING:
    from tfdeepsim.export.portable import export_run as export_run
    from tfdeepsim.export.saved_model import EncoderModule as EncoderModule
    from tfdeepsim.export.saved_model import GeneratorModule as GeneratorModule
    from tfdeepsim.export.saved_model import export as export
    from tfdeepsim.export.saved_model import load_generator as load_generator
else:

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(_MODULES[name]), name)
        return value
