"""Any Keras model as a comparator: keras.applications, keras-hub, the user's own."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.comparators.comparator import UNKNOWN_FIELD, Comparator, Field
from tfdeepsim.comparators.frozen_model import FrozenModel
from tfdeepsim.comparators.keras_applications.receptive_field import is_known, receptive_fields
from tfdeepsim.comparators.preprocessing import preprocessing, serialized, shown
from tfdeepsim.comparators.truncation import up_to
from tfdeepsim.comparators.weights.labels_seen import UNKNOWN
from tfdeepsim.comparators.weights.load import digest
from tfdeepsim.errors import InputError


@keras.saving.register_keras_serializable("tfdeepsim")
class ModelComparator(Comparator):
    """A Keras model up to some of its layers, as `Comparator.from_keras` builds it.

    Args:
        model: Functional or Sequential model of colour images, [B, H, W, 3]. It is copied.
        layers: Names of its layers.
        value_range: Values of black and white, as the model or its `preprocess` expects them.
        preprocess: What follows the scaling to `value_range`, see `Comparator.from_keras`.
        source: Where the model comes from, for the record; None for its name.
        sha256: Digest of the model, for the record; None for that of the weights in use.
        saw_labels: Dataset whose labels the model was trained with; None for none.
        **options: Arguments of `Comparator`, and `name` and `dtype` of the Keras layer. The model
            keeps the dtype policies of its own layers.

    Attributes:
        value_range: As given.
        preprocess: As given.
        network: The copy up to `layers`, with the sizes of images that it takes.

    Raises:
        InputError: As `Comparator.from_keras`.

    Example:
        >>> comparator = ModelComparator(model, ["block2_conv2"], value_range=(0, 255))
        >>> features = comparator(tf.zeros((1, 64, 64, 3)))
    """

    def __init__(
        self,
        model: keras.Model,
        layers: Sequence[str],
        *,
        value_range: tuple[float, float] = (0.0, 255.0),
        preprocess: Any = None,
        source: str | None = None,
        sha256: str | None = None,
        saw_labels: str | None = UNKNOWN,
        **options: Any,
    ):
        layers = (layers,) if isinstance(layers, str) else tuple(layers)
        low, high = _checked_range(value_range)
        preprocess_name, function = preprocessing(preprocess)
        frozen = up_to(model, layers)
        network = FrozenModel(model.name, layers, frozen, _fixed_size(frozen))
        super().__init__(
            layers,
            source=source or f"the Keras model {model.name}",
            sha256=sha256 or digest({str(i): w.numpy() for i, w in enumerate(frozen.weights)}),
            minimum_size=network.minimum_size,
            saw_labels=saw_labels,
            **options,
        )
        self.value_range = (low, high)
        self.preprocess = preprocess_name
        self.comparator_input = f"{low:g} to {high:g}{shown(preprocess_name)}"
        self.network = network
        # Keras finds the weights of a layer that is an attribute, but not those of one that an
        # attribute holds.
        self._frozen = frozen
        self._preprocess: Callable[[tf.Tensor], tf.Tensor] = function
        self.built = True
        self._check_gradients()

    def check_size(self, size: tuple[int, int]) -> None:
        self.feature_shapes(size)

    def extract(self, images: tf.Tensor) -> list[tf.Tensor]:
        low, high = self.value_range
        pixels = self._preprocess(images * (high - low) + low)
        pixels = tf.cast(pixels, self._frozen.inputs[0].dtype)
        # A model with one output may return it without a list.
        return keras.tree.flatten(self._frozen(pixels, training=False))

    def feature_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        return self.network.feature_shapes(size)

    def receptive_fields(self) -> list[Field]:
        """As `Comparator.receptive_fields`; `unknown` if a layer mixes positions in a way that is
        not known here, such as attention."""
        if not all(map(is_known, self._frozen.operations)):
            return [UNKNOWN_FIELD] * len(self.layers)
        return list(receptive_fields(self._frozen))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, with the model serialized.

        Raises:
            InputError: If `preprocess` is a function that Keras cannot save.
        """
        return super().get_config() | {
            "model": keras.saving.serialize_keras_object(self._frozen),
            "value_range": list(self.value_range),
            "preprocess": serialized(self.preprocess),
            "source": self.source,
            "sha256": self.sha256,
            "saw_labels": self.saw_labels,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "ModelComparator":
        networks = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in ("model", "preprocess")
        }
        return cls(**{**config, **networks})

    def _check_gradients(self) -> None:
        """Check that each layer's features are differentiable with respect to the images."""
        side = self.minimum_size
        size = self.network.size or (side, side)
        images = tf.random.stateless_uniform((1, *size, 3), seed=(0, 0))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(images)
            features = self.extract(images)
        for layer, values in zip(self.layers, features, strict=True):
            is_float = values.dtype.is_floating
            if not is_float or tape.gradient(values, images) is None:
                raise InputError(
                    "a comparator's layer is differentiable",
                    got=f"{layer} of {self.network.name}, "
                    + ("without a gradient at the images" if is_float else f"{values.dtype.name}s"),
                    accepted="a layer before rounding, argmax and integers",
                )


def _fixed_size(model: keras.Model) -> tuple[int, int] | None:
    height, width = model.inputs[0].shape[1:3]
    return None if height is None or width is None else (height, width)


def _checked_range(value_range: Any) -> tuple[float, float]:
    try:
        low, high = (float(value) for value in value_range)
    except (TypeError, ValueError):
        low = high = math.nan
    if not -math.inf < low < high < math.inf:
        raise InputError(
            "value_range gives the values of black and white",
            got=repr(value_range),
            accepted="two numbers, the lower first, e.g. (0, 255)",
        )
    return low, high
