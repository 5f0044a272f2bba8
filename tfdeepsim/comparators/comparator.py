"""The base class of comparators: a frozen map from images to features."""

import importlib
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.comparators.activation import check_activation, check_normalization
from tfdeepsim.errors import InputError

NORMALIZATION_EPSILON = 1e-10
"""Added under the root of a channel normalization."""
UNKNOWN_FIELD = "unknown"
"""In place of a receptive field that is not known."""

Field = tuple[int, int] | str | None
"""Side of a receptive field in pixels, and the pixels between those of neighbouring features; None
for the whole image; or `UNKNOWN_FIELD`."""


class Comparator(keras.layers.Layer):
    """A frozen network whose features measure how similar two images are (Dosovitskiy & Brox 2016,
    eq. 2).

    It scales its input itself. `trainable` stays False whatever it is set to: Keras passes that
    switch from a model to all its layers, and a comparator that is trained with the generator could
    lower the loss by ignoring the images.

    Subclasses create their weights in the constructor and implement `extract`, `feature_shapes` and
    `receptive_fields`.

    Args:
        layers: Names of the layers whose features are compared.
        source: Where the weights come from, in words, for the record.
        sha256: Digest of the weights in use, for the record.
        saw_labels: Dataset whose labels the network was trained with, as `labels_seen` returns it,
            for the record.
        minimum_size: Smallest height and width of an image, in pixels.
        layer_weights: Weight of each layer in the feature loss; None for 1 each.
        feature_normalization: `none`, or `channel` for features of unit length over the channels of
            each position.
        feature_activation: `none`, or `sigmoid` on the features, after their normalization, as in
            the code of Pihlgren et al. 2020.
        **options: `name` and `dtype` of the Keras layer.

    Attributes:
        input_range: Values of black and white in the images.
        comparator_input: How the network's pixels are scaled, one of `COMPARATOR_INPUTS`.

    Raises:
        InputError: If there is no such normalization or activation, or not one weight for each
            layer.

    Example:
        >>> comparator = tds.make_comparator("random_alexnet:relu2")
        >>> comparator(images).shape
        TensorShape([4, 7, 7, 192])
    """

    input_range = (0.0, 1.0)
    comparator_input = "imagenet"

    def __init__(
        self,
        layers: Sequence[str],
        *,
        source: str,
        sha256: str,
        minimum_size: int,
        saw_labels: str | None = None,
        layer_weights: Sequence[float] | None = None,
        feature_normalization: str = "none",
        feature_activation: str = "none",
        **options: Any,
    ):
        check_normalization(feature_normalization)
        check_activation(feature_activation)
        # Without autocast, pixels reach the input scaling unrounded under mixed precision too.
        super().__init__(trainable=False, autocast=False, **options)
        self.layers = tuple(layers)
        self.source = source
        self.sha256 = sha256
        self.saw_labels = saw_labels
        self.minimum_size = minimum_size
        self.layer_weights = (
            (1.0,) * len(self.layers) if layer_weights is None else tuple(layer_weights)
        )
        self.feature_normalization = feature_normalization
        self.feature_activation = feature_activation
        if len(self.layer_weights) != len(self.layers):
            raise InputError(
                "layer_weights are one for each layer",
                got=f"{len(self.layer_weights)} for {self.layer}",
                accepted=len(self.layers),
            )

    @staticmethod
    def from_keras(
        model: keras.Model,
        layers: str | Sequence[str],
        *,
        value_range: tuple[float, float] = (0.0, 255.0),
        preprocess: Any = None,
        saw_labels: str | None = "unknown",
        **options: Any,
    ) -> "Comparator":
        """Make a comparator of any Keras model: of `keras.applications`, of keras-hub, or your own.

        Images in [0, 1] are scaled to `value_range` and pass through `preprocess`; then come the
        model's layers. The model is copied up to the deepest of `layers` and frozen; the given one
        stays as it is. Batch normalization uses the statistics of the model, dropout is off. If
        these layers take images of any size, so does the comparator, else of the model's size.

        Args:
            model: Functional or Sequential model of colour images, [B, H, W, 3].
            layers: Name or names of its layers, as `model.summary()` shows them.
            value_range: Values of black and white, as the model or its `preprocess` expects them.
            preprocess: What else is done to pixels in `value_range`: the name of a module of
                `keras.applications`, such as `vgg16`, for its `preprocess_input`; that function; a
                Keras layer; or a differentiable function, which needs to be registered with
                `keras.saving` if the comparator is saved.
            saw_labels: Dataset whose labels the model was trained with, such as `ImageNet-1k`, for
                the record; None for none.
            **options: `layer_weights`, `feature_normalization`, `feature_activation`, `name` and
                `dtype`, as `Comparator` takes them.

        Raises:
            InputError: If the model does not take colour images, there is no such layer, a layer is
                not differentiable with respect to the images, or an option is out of its range.

        Example:
            >>> model = keras.applications.VGG16(weights=None, include_top=False)
            >>> comparator = tds.Comparator.from_keras(model, ["block2_conv2"], preprocess="vgg16")
            >>> comparator(np.zeros((1, 64, 64, 3), np.float32)).shape
            TensorShape([1, 32, 32, 128])
        """
        # That class is derived from this one.
        module = importlib.import_module("tfdeepsim.comparators.model_comparator")
        return module.ModelComparator(
            model,
            layers,
            value_range=value_range,
            preprocess=preprocess,
            saw_labels=saw_labels,
            **options,
        )

    @property
    def layer(self) -> str:
        """The layers as users spell them, e.g. `conv1+relu2`."""
        return "+".join(self.layers)

    def extract(self, images: tf.Tensor) -> list[tf.Tensor]:
        """Features of each of `layers`, in the compute dtype.

        Args:
            images: float32 [B, H, W, 3] in [0, 1].
        """
        raise NotImplementedError

    def feature_shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        """Shape of one image's features at each of `layers`, without the batch axis.

        Args:
            size: Height and width of the image in pixels.

        Raises:
            InputError: If images of that size do not reach the layers.
        """
        raise NotImplementedError

    def receptive_fields(self) -> Sequence[Field]:
        """Receptive field at each of `layers`: its side in pixels, and the pixels between the
        fields of neighbouring features; None where a feature sees the whole image; `unknown` where
        that is not known."""
        raise NotImplementedError

    def check_size(self, size: tuple[int, int]) -> None:
        """Check that images of some size reach all layers.

        Args:
            size: Height and width of the images in pixels.

        Raises:
            InputError: If they do not.
        """
        if min(size) < self.minimum_size:
            raise InputError(
                "images must be large enough for the comparator",
                got=f"{size[0]}x{size[1]} pixels",
                accepted=f"at least {self.minimum_size}x{self.minimum_size}",
            )

    def call(self, images: tf.Tensor) -> Any:
        """Features of images.

        Args:
            images: float [B, H, W, 3] in [0, 1].

        Returns:
            float32 [B, h, w, c], or [B, c] of a dense layer; a list of these if there are several
            layers.

        Raises:
            InputError: If the images have another shape or dtype, or do not reach the layers.
        """
        return self.finished(self.extract(tf.cast(images, tf.float32)))

    def finished(self, features: Sequence[tf.Tensor]) -> Any:
        """What the comparator returns, given what `extract` returned."""
        finished = [self._finish(tf.cast(x, tf.float32)) for x in features]
        return finished if len(finished) > 1 else finished[0]

    def _finish(self, features: tf.Tensor) -> tf.Tensor:
        if self.feature_normalization == "channel":
            # The epsilon stands inside the root: the gradient is finite where all channels are
            # zero.
            length = tf.reduce_sum(tf.square(features), -1, keepdims=True) + NORMALIZATION_EPSILON
            features = features * tf.math.rsqrt(length)
        return tf.sigmoid(features) if self.feature_activation == "sigmoid" else features

    def compute_output_shape(self, input_shape: tuple[Any, ...]) -> Any:
        shapes = [(input_shape[0], *shape) for shape in self.feature_shapes(input_shape[1:3])]
        return shapes if len(shapes) > 1 else shapes[0]

    def check_images(self, images: Any) -> None:
        """Check shape and dtype of images.

        Raises:
            InputError: If they are no colour images, or do not reach all layers.
        """
        _check_images(images)
        self.check_size(tuple(images.shape[1:3]))

    def __call__(self, images: Any, *args: Any, **kwargs: Any) -> Any:
        # Keras would wrap an error of `call` in a message of several lines.
        self.check_images(images)
        return super().__call__(images, *args, **kwargs)

    @property
    def trainable(self) -> bool:
        """Always False; setting it does nothing."""
        return False

    @trainable.setter
    def trainable(self, value: bool) -> None:
        pass

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["trainable"]
        names = ("layers", "layer_weights", "feature_normalization", "feature_activation")
        return config | {name: getattr(self, name) for name in names}


def _check_images(images: Any) -> None:
    shape = tuple(images.shape)
    dtype = keras.backend.standardize_dtype(images.dtype)
    if len(shape) != 4 or shape[3] != 3 or None in shape[1:3] or "float" not in dtype:
        raise InputError(
            "a comparator takes colour images of a known size",
            got=f"shape {list(shape)}, {dtype}",
            accepted="[batch, height, width, 3], floating point in [0, 1]",
        )
