"""Weights of loss terms that keep each term's share of the gradient at the generated image."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.errors import InputError
from tfdeepsim.step_values import mean_over_replicas

DECAY = 0.8
"""Factor by which the earlier norms count less with each step: a running mean over about five."""
LEAST = 1e-9
"""Smallest norm that a term is taken to have, as a part of the largest one, so that a term without
gradient has no infinite weight."""
REFERENCES = ("image", "feature", "adversarial", "diversity")
"""Terms in the order in which one of them sets the size of the loss."""


@keras.saving.register_keras_serializable("tfdeepsim")
class GradientShares(keras.layers.Layer):
    """Sets the weight of each loss term so that its gradient at the generated image has a fixed
    share of the whole.

    With shares s (which are divided by their sum) and the norm m of the gradient of each term
    without weight, as a running mean over steps, the weight of term i is

        w_i = s_i · m_reference / m_i

    so the weighted norms are in the ratio of the shares, and their sum is the norm of the reference
    term alone: the image term, or without one the first of `REFERENCES` that there is. The weight
    of the reference is its share. A loss of a single term is the same as with a weight of 1.

    The running mean is corrected for its start at 0, as in Adam, so it is exact after one step.
    Since it includes the step that it is used in, no step can have more than five times its share,
    1 / (1 − `DECAY`). The norm of a term is the mean over all examples of the Euclidean norm of the
    gradient of each example's own loss.

    Args:
        shares: Share of each term that acts on the generated image, by name: numbers of 0 or more,
            of which only the proportions count.

    Attributes:
        reference: Name of the term that sets the size of the loss.
        norms: Variable, float32 [terms]: sums of norms, older ones multiplied by powers of `DECAY`.
        seen: Scalar variable: the same sum of ones, so that `norms / seen` are the running means.

    Raises:
        InputError: If a share is negative, or all are 0.

    Example:
        >>> shares = GradientShares({"feature": 0.6, "adversarial": 0.1, "image": 0.3})
        >>> shares.update({"feature": 50.0, "adversarial": 0.5, "image": 0.1})
        >>> {name: round(float(w), 4) for name, w in shares.weights_of_terms().items()}
        {'feature': 0.0012, 'adversarial': 0.02, 'image': 0.3}
    """

    def __init__(self, shares: Mapping[str, float], **options: Any):
        super().__init__(trainable=False, **options)
        total = math.fsum(shares.values())
        if not (total > 0 and math.isfinite(total) and min(shares.values()) >= 0):
            raise InputError(
                "shares of the gradient at the generated image are 0 or more",
                got=dict(shares),
                accepted='for example {"feature": 0.6, "adversarial": 0.1, "image": 0.3}',
            )
        self.shares = dict(shares)
        self.reference = next(name for name in REFERENCES if name in self.shares)
        # All replicas compute the same values, so any one of them may write.
        self.norms, self.seen = (
            self.add_weight(
                shape,
                "zeros",
                name=name,
                dtype="float32",
                trainable=False,
                aggregation="only_first_replica",
            )
            for name, shape in (("norms", (len(self.shares),)), ("seen", ()))
        )
        self.built = True

    def update(self, norms: Mapping[str, tf.Tensor]) -> None:
        """Add the gradients of a step to the running mean.

        Args:
            norms: Scalar by the name of each term: the mean norm of the gradients of this replica's
                examples, of the term without its weight.
        """
        now = mean_over_replicas(tf.stack([norms[name] for name in self.shares]))
        # In float16 a gradient may overflow; such a step counts for nothing.
        decay = tf.where(tf.reduce_all(tf.math.is_finite(now)), DECAY, 1.0)
        now = tf.where(decay < 1.0, now, 0.0)
        self.norms.assign(decay * self.norms + (1 - decay) * now)
        self.seen.assign(decay * self.seen + (1 - decay))

    def weights_of_terms(self) -> dict[str, tf.Tensor]:
        """Weight of each term, float32 scalars by name; before the first step, its share."""
        means = tf.math.divide_no_nan(
            tf.convert_to_tensor(self.norms), tf.convert_to_tensor(self.seen)
        )
        least = tf.maximum(LEAST * tf.reduce_max(means), 1e-30)
        norms = dict(zip(self.shares, tf.unstack(tf.maximum(means, least)), strict=True))
        total = sum(self.shares.values())
        return {
            name: share / total * norms[self.reference] / norms[name]
            for name, share in self.shares.items()
        }

    def get_config(self) -> dict[str, Any]:
        return {"shares": dict(self.shares), "name": self.name}
