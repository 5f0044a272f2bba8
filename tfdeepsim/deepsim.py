"""DeePSiM, the model that is trained: every system of both papers is a configuration of it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdeepsim.comparators import make_comparator
from tfdeepsim.comparators.chains.one_pass import in_one_pass
from tfdeepsim.comparators.discriminator_features import DiscriminatorFeatures
from tfdeepsim.discriminator_step import checked_loss, discriminator_gradients
from tfdeepsim.distributed_fit import DistributedFit
from tfdeepsim.errors import InputError
from tfdeepsim.gate import CHANCE, Gate, GatedAdam, skipping_adam
from tfdeepsim.generator_batch import check_generator, outputs_of, two_logits
from tfdeepsim.generator_step import generator_gradients, gradients_at_image
from tfdeepsim.gradient_shares import GradientShares
from tfdeepsim.loss_scale import LossScale
from tfdeepsim.loss_terms import IMAGE_LOSSES, OF_IMAGES, Tensors, check_weights, loss_terms
from tfdeepsim.networks.discriminator import discriminator_for
from tfdeepsim.step_checks import StepChecks
from tfdeepsim.step_examples import StepExamples, step_examples
from tfdeepsim.step_measures import (
    discriminator_measures,
    gradient_measures,
    loss_measures,
    measured_names,
)
from tfdeepsim.step_values import example_norms, sum_in_order

NETWORKS = ("generator", "comparator", "discriminator", "extractor")
"""Attributes of `DeePSiM` that hold networks."""


@keras.saving.register_keras_serializable("tfdeepsim")
class DeePSiM(DistributedFit, keras.Model):
    """A generator trained under a weighted sum of loss terms, eq. (1) of Dosovitskiy & Brox 2016.

        L = λ_feature · L_feature + λ_adversarial · L_adversarial + λ_image · L_image + λ_kl · L_kl

    An AE uses the image term alone, a perceptual AE the feature term alone; a VAE and a perceptual
    VAE use the same with the kl term. The loss DeePSiM is the feature, adversarial and image terms
    together. Inversion is any of these with an extractor. A term is computed only if it has a
    weight. Terms are means over the elements of an example, see `tfdeepsim.losses`.

    With an extractor the generator draws images from their features, and the discriminator is
    called with `[images, features]` (Sec. 4.3). With the term `diversity` the generator takes
    noise, and every example of a batch is generated twice.

    With the adversarial term a step trains the discriminator too, by another optimizer with the
    same settings, on the same generated images. Neither network's gradient reaches the other. Until
    the step `adversarial_start` the discriminator is only measured: the term's weight is 0, and the
    discriminator and the gate stay as they are.

    A `.keras` file of this model holds all networks, the optimizers and the gate, but not the state
    of random generators: noise and dropout start again from their seeds. Import `tfdeepsim.saving`
    before loading one.

    Args:
        generator: Built Keras model that maps its input to images [B, H, W, C] in [0, 1], or to a
            dictionary with `image`, and, if it is variational, `latent` and `log_variance`. With an
            extractor it maps features. For the term `diversity` it has an attribute `noise_dim`,
            takes the argument `noise`, and returns `noise` too.
        loss_weights: Weight λ of each term to use, by name: `feature`, `adversarial`, `image`,
            `kl`, `diversity`.
        comparator: Network from images to features, which is not trained: `NAME:LAYER` as on the
            command line, a `Comparator`, or any Keras model or layer; needed for `feature`.
        discriminator: Maps images to logits [B, 2], see `losses.discriminator_loss`, or [B, 1], the
            logit of a real image; None for the `Discriminator` of the paper with the term
            `adversarial`, without which it is ignored.
        image_loss: `l2` or `l1`.
        gate: Key of `gate.GATES`: the rule that pauses generator and discriminator.
        discriminator_weight_decay: Factor λ of L2 regularization of the discriminator: λ times each
            weight is added to its gradient before Adam, as in Caffe, for biases too. This is not
            the decoupled weight decay of `keras.optimizers.AdamW`.
        adversarial_start: Number of optimizer steps after which the adversarial term and the
            discriminator's training join.
        lambda_units: `mean`, or `shares` if the weights of the terms on images are shares of the
            gradient at the generated image, see `GradientShares`. The weight of `kl`, which acts on
            the posterior, is then relative to an image term of weight 1.
        extractor: Frozen map from images to the features that are inverted; it need not be
            differentiable. None for a generator of images.
        feature_scales: Number for each layer of the comparator that the squared error of its
            features is divided by, such as their mean square; None to divide by nothing.

    Example:
        >>> generator = tds.Autoencoder(tds.Encoder(latent_dim=8), tds.Decoder(latent_dim=8))
        >>> comparator = tds.make_comparator("random_alexnet:relu1")
        >>> model = tds.DeePSiM(generator, {"feature": 1.0, "image": 0.1}, comparator)
        >>> model.compile("adam")
        >>> batches = tf.data.Dataset.from_tensors({"image": images})
        >>> history = model.fit(batches, shuffle=False, verbose=0)
    """

    def __init__(
        self,
        generator: keras.Model,
        loss_weights: Mapping[str, float],
        comparator: keras.layers.Layer | str | None = None,
        discriminator: keras.Model | None = None,
        image_loss: str = "l2",
        gate: str = "paper",
        extractor: Any = None,
        feature_scales: Sequence[float] | None = None,
        discriminator_weight_decay: float = 0.0,
        adversarial_start: int = 0,
        lambda_units: str = "mean",
        **kwargs: Any,
    ):
        # Autocast would round the images that an extractor sees under mixed precision.
        super().__init__(autocast=False, **kwargs)
        check_weights(loss_weights, has_comparator=comparator is not None)
        check_generator(generator)
        if isinstance(comparator, str):
            comparator = make_comparator(comparator)
        if "adversarial" in loss_weights and discriminator is None:
            discriminator = discriminator_for(generator)
        self.generator = generator
        self.extractor: Any = extractor
        self.comparator: Any = comparator
        self._one_pass = in_one_pass(comparator, extractor)
        self.loss_weights = dict(loss_weights)
        self.discriminator: Any = discriminator if "adversarial" in self.loss_weights else None
        self.image_loss = IMAGE_LOSSES[image_loss]
        if isinstance(comparator, DiscriminatorFeatures):
            comparator.connect(self.discriminator)
        self.gate: Any = Gate(gate) if self.discriminator else None
        self.discriminator_optimizer: Any = None
        is_float16 = self.dtype_policy.compute_dtype == "float16"
        self.loss_scale: Any = LossScale() if is_float16 else None
        self._feature_scales = None if feature_scales is None else tuple(feature_scales)
        self.discriminator_weight_decay = discriminator_weight_decay
        self.adversarial_start = adversarial_start
        self._choices = {
            "image_loss": image_loss,
            "gate": gate,
            "discriminator_weight_decay": discriminator_weight_decay,
            "adversarial_start": adversarial_start,
            "lambda_units": lambda_units,
        }
        if lambda_units not in ("mean", "shares"):
            raise InputError("unknown lambda_units", got=lambda_units, accepted="mean, shares")
        on_images = {name: loss_weights[name] for name in OF_IMAGES if name in loss_weights}
        self.gradient_shares: Any = GradientShares(on_images) if lambda_units == "shares" else None
        names = measured_names(
            list(self.loss_weights),
            with_discriminator=self.discriminator is not None,
            with_shares=lambda_units == "shares",
        )
        self.means = {name: keras.metrics.Mean(name) for name in names}
        self.checks = StepChecks()
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, with the networks serialized.

        Raises:
            InputError: If one of the networks is no Keras layer, and so cannot be saved.
        """
        config: dict[str, Any] = {"loss_weights": dict(self.loss_weights), **self._choices}
        config["feature_scales"] = self.feature_scales and list(self.feature_scales)
        for name in NETWORKS:
            network = getattr(self, name)
            if network is not None and not isinstance(network, keras.layers.Layer):
                raise InputError(
                    f"a model is saved only if its {name} is a Keras layer",
                    got=type(network).__name__,
                    accepted="a comparator; or save model.generator alone",
                )
            config[name] = keras.saving.serialize_keras_object(network)
        return config | {"name": self.name, "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "DeePSiM":
        networks = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in NETWORKS
        }
        return cls(**{**config, **networks})

    def compile(self, optimizer: Any = "adam", **options: Any) -> None:
        """Set the optimizer; a discriminator gets another one with the same settings.

        Args:
            optimizer: Optimizer of the generator, or its name.
            **options: Other options of `keras.Model.compile`.

        Raises:
            InputError: If the model computes in float16 with another optimizer than Adam.
        """
        # The model scales its own loss.
        super().compile(optimizer=optimizer, **options | {"auto_scale_loss": False})
        if self.loss_scale:
            self.optimizer: Any = skipping_adam(self.optimizer)
        self.optimizer.build(self.generator.trainable_variables)
        names = [*self.loss_weights, *(["discriminator"] if self.discriminator else [])]
        self.checks = StepChecks(names, self.optimizer.iterations, compiled=self.jit_compile)
        if self.discriminator:
            settings = self.optimizer.get_config()
            settings |= {"name": "discriminator_adam", "first_step": self.adversarial_start}
            self.discriminator_optimizer = GatedAdam.from_config(settings)
            self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))

    @property
    def feature_scales(self) -> tuple[float, ...] | None:
        """Number for each layer of the comparator that the error of its features is divided by;
        None if it is divided by nothing."""
        return self._feature_scales

    @feature_scales.setter
    def feature_scales(self, scales: Sequence[float] | None) -> None:
        self._feature_scales = None if scales is None else tuple(scales)
        # Functions that Keras traced hold the earlier numbers.
        self.train_function = self.test_function = None

    def _layer_weights(self) -> list[float]:
        """Weight of the squared error of each of the comparator's layers; none if all are 1."""
        scales = self.feature_scales
        # Keras' own models have no weights of layers.
        weights = list(getattr(self.comparator, "layer_weights", [1.0] * len(scales or ())))
        if scales is None:
            return weights
        return [weight / scale for weight, scale in zip(weights, scales, strict=True)]

    @property
    def trained_network(self) -> keras.Model:
        """The network that a run exports: the generator."""
        return self.generator

    def state_variables(self) -> list[keras.Variable]:
        """All that a training step changes: weights, random state, moments, the gate, the norms of
        the gradients whose shares are kept."""
        state = [*self.generator.variables, *self.optimizer.variables]
        if self.discriminator:
            stateful = (self.discriminator, self.discriminator_optimizer, self.gate)
            state += [variable for part in stateful for variable in part.variables]
        for part in (self.gradient_shares, self.loss_scale):
            state += part.variables if part else []
        return state

    def call(self, images: tf.Tensor, training: bool = False) -> Any:
        generator_input = self.extractor(images) if self.extractor else images
        return self.generator(generator_input, training=training)

    def terms(self, batch: Any, training: bool = False) -> Tensors:
        """Values of all terms that have a weight, not yet multiplied by it.

        Args:
            batch: A dictionary with `image`, float [B, H, W, C] in [0, 1], the target, and
                optionally `input`, what the generator or the extractor takes, and `features`, what
                the comparator returns for the target; a pair (input, target); or targets alone,
                which are the input too.
            training: Whether batch statistics, noise and dropout are used.

        Returns:
            By name of the term, float32 [B], or [2 B] with the term `diversity`.
        """
        examples = self._examples(batch)
        return self._terms(examples, *self._generate(examples, training))

    def _examples(self, batch: Any) -> StepExamples:
        return step_examples(
            batch,
            self.comparator if "feature" in self.loss_weights else None,
            self.extractor,
            self.checks,
            one_pass=self._one_pass,
            twice="diversity" in self.loss_weights,
        )

    def _generate(self, examples: StepExamples, training: bool) -> tuple[Tensors, Tensors]:
        """Outputs of the generator; logits [B, 2] of the discriminator for `real` and `generated`
        images, if there is one."""
        target, generator_input, _ = examples
        outputs = self.generator(
            generator_input, training=training, **self._noise(generator_input, training)
        )
        generated = outputs_of(outputs, target)
        logits = {}
        if self.discriminator:
            for name, images in (("real", target), ("generated", generated["image"])):
                inputs = [images, generator_input] if self.extractor else images
                logits[name] = two_logits(self.discriminator(inputs, training=training))
        return generated, logits

    def _noise(self, generator_input: tf.Tensor, training: bool) -> Tensors:
        """Noise of validation with the term `diversity`: without it both images would be equal."""
        if training or "diversity" not in self.loss_weights:
            return {}
        shape = tf.stack([tf.shape(generator_input)[0], self.generator.noise_dim])
        return {"noise": tf.random.stateless_normal(shape, seed=(0, 0))}

    def _terms(self, examples: StepExamples, generated: Tensors, logits: Tensors) -> Tensors:
        return loss_terms(
            self.loss_weights,
            examples.target,
            generated,
            logits,
            image_loss=self.image_loss,
            comparator=self.comparator,
            target_features=examples.features,
            layer_weights=self._layer_weights() if "feature" in self.loss_weights else (),
            checks=self.checks,
        )

    def weigh(self, terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The loss of each example: the weighted sum of `terms`, float32 [B]."""
        weights = self._current_weights()
        return sum_in_order([weights[name] * value for name, value in terms.items()])

    def _has_started(self) -> tf.Tensor:
        """Whether the adversarial term and the discriminator's training have joined."""
        return tf.convert_to_tensor(self.optimizer.iterations) >= self.adversarial_start

    def _current_weights(self) -> dict[str, Any]:
        """Weight of each term in the next step."""
        weights: dict[str, Any] = dict(self.loss_weights)
        if self.gradient_shares:
            weights |= self.gradient_shares.weights_of_terms()
        if self.adversarial_start and self.discriminator:
            weights["adversarial"] = tf.where(self._has_started(), weights["adversarial"], 0.0)
        return weights

    def train_step(self, batch: Any) -> Tensors:
        # Optimizers sum the gradients of all replicas.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        scale: Any = 1.0
        if self.loss_scale:
            scale, self.optimizer.open = tf.convert_to_tensor(self.loss_scale.scale), 1.0
        examples = self._examples(batch)
        with tf.GradientTape(persistent=True) as tape:
            generated, logits = self._generate(examples, training=True)
            terms = self._terms(examples, generated, logits)
            means = {name: scale * tf.reduce_mean(x) / replicas for name, x in terms.items()}
            discriminator_loss = checked_loss(logits, self.checks) if logits else None
        image_gradients = gradients_at_image(tape, means, generated["image"])
        norms = {name: example_norms(g) / scale for name, g in image_gradients.items()}
        if self.gradient_shares:
            self.gradient_shares.update({name: tf.reduce_mean(n) for name, n in norms.items()})
        weights = self._current_weights()
        variables = self.generator.trainable_variables
        gradients = generator_gradients(
            tape, variables, means, generated["image"], image_gradients, weights
        )
        measures = loss_measures(terms, weights)
        measures |= gradient_measures(norms, weights, self.gradient_shares is not None)
        updates = [(self.optimizer, [g / scale for g in gradients], variables)]
        ratio = CHANCE
        if self.discriminator:
            measures |= discriminator_measures(logits, discriminator_loss, terms["adversarial"])
            # Before the optimizers count this step.
            has_started = self._has_started()
            # At the ratio of chance no rule pauses a network.
            ratio = tf.where(has_started, measures["ratio"], CHANCE)
            measures |= self._open_gates(has_started)
            optimizer, decay = self.discriminator_optimizer, self.discriminator_weight_decay
            gradients = discriminator_gradients(
                self.discriminator, tape, discriminator_loss, optimizer.open, decay, scale
            )
            updates.append((optimizer, gradients, self.discriminator.trainable_variables))
        if self.loss_scale:
            updates, is_fine = self.loss_scale.skip_if_infinite(updates)
            ratio = tf.where(is_fine, ratio, math.nan)  # no rule holds
        logs = self._log(measures)
        for optimizer, gradients, variables in reversed(updates):
            optimizer.apply(gradients, variables)
        if self.discriminator:
            self.gate.update(ratio)
        return logs

    def _open_gates(self, has_started: tf.Tensor) -> Tensors:
        """Set which of the optimizers update their network in this step.

        Returns:
            Measures that tell it.
        """
        # Copies, since an optimizer adds a variable that it is assigned to its own variables.
        is_open = tf.where(has_started, tf.identity(self.gate.discriminator), 0.0)
        generator_is_open = tf.identity(self.gate.generator)
        self.discriminator_optimizer.open = is_open
        if isinstance(self.optimizer, GatedAdam):
            self.optimizer.open = generator_is_open
        return {"discriminator_trained": is_open, "generator_trained": generator_is_open}

    def test_step(self, batch: Any) -> Tensors:
        examples = self._examples(batch)
        generated, logits = self._generate(examples, training=False)
        terms = self._terms(examples, generated, logits)
        measures = loss_measures(terms, self._current_weights())
        if self.discriminator:
            loss = checked_loss(logits, self.checks)
            measures |= discriminator_measures(logits, loss, terms["adversarial"])
        return self._log(measures)
