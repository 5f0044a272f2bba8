"""The examples of a training step: targets, inputs of the generator, features of the targets."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tfdeepsim.generator_batch import input_and_target
from tfdeepsim.step_checks import StepChecks


class StepExamples(NamedTuple):
    """What a training step takes of a batch.

    Attributes:
        target: Target images, float [B, H, W, C].
        generator_input: What the generator takes.
        features: What the comparator returns for `target`, without a gradient; `()` without a
            comparator.

    Example:
        >>> target, generator_input, features = step_examples(batch, comparator, None, checks)
    """

    target: tf.Tensor
    generator_input: Any
    features: Any


def step_examples(
    batch: Any,
    comparator: Any,
    extractor: Any,
    checks: StepChecks,
    *,
    one_pass: Callable[[tf.Tensor], tuple[Any, Any]] | None = None,
    twice: bool = False,
) -> StepExamples:
    """Prepare the batch of a step.

    Args:
        batch: Batch in one of the forms that `input_and_target` takes; a dictionary may have
            `features`, what the comparator returns for the targets, where these are kept.
        comparator: Map from images to the features that are compared; None if none are.
        extractor: Map from images to the generator's input; None if that is in the batch.
        checks: Checks the range of the targets that are compared.
        one_pass: Map from images to what comparator and extractor return, if they share a pass.
        twice: Whether every example is generated twice, one half of the batch after the other.
    """
    generator_input, target = input_and_target(batch)
    is_target = generator_input is target
    if comparator is not None:
        target = checks.in_range(target, *getattr(comparator, "input_range", (0.0, 1.0)))
    generator_input = target if is_target else generator_input
    features = batch.get("features") if isinstance(batch, Mapping) else None
    if comparator is None:
        # An empty structure, in place of features.
        features = ()
    if features is None and one_pass is not None and is_target:
        features, generator_input = one_pass(target)
    else:
        features = comparator(target) if features is None else features
        generator_input = extractor(generator_input) if extractor else generator_input
    if extractor:
        generator_input = tf.stop_gradient(generator_input)
    features = tf.nest.map_structure(tf.stop_gradient, features)
    examples = StepExamples(target, generator_input, features)
    return tf.nest.map_structure(lambda x: tf.concat([x, x], 0), examples) if twice else examples
