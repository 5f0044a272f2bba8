"""Base class of the networks that are built as a graph of Keras layers."""

from typing import Any, ClassVar

import keras

from tfdeepsim.networks.precision import precision


class FunctionalNetwork(keras.Model):
    """A functional Keras model that is saved as the arguments of its constructor.

    Keras would save the graph of layers, which a constructor with other arguments cannot take.

    Attributes:
        arguments: Names of the constructor's arguments. The network has an attribute for each.
    """

    arguments: ClassVar[tuple[str, ...]]

    def get_config(self) -> dict[str, Any]:
        config = {name: getattr(self, name) for name in self.arguments}
        return config | {"name": self.name, "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        arguments = dict(config)
        with precision(arguments.pop("dtype", None)):
            return cls(**arguments)
