"""From a run to an encoder that needs nothing but TensorFlow."""

import keras
import tensorflow as tf

from tfdeepsim.arrays import assign, load_arrays
from tfdeepsim.config import TrainConfig
from tfdeepsim.networks.pihlgren import make_autoencoder
from tfdeepsim.run import RunDirectory, replacing


class EncoderModule(tf.Module):
    """What is saved: `embed`, from images to embeddings.

    `embed` takes uint8 images in 0 to 255, or float32 or float64 images in [0, 1], as [B, H, W, C], and
    gives float32 [B, Z]: the latent, which of a VAE is the mean of the posterior.

    Args:
        encoder: Float images in [0, 1] to a dictionary with `latent`.
        image_shape: (H, W, C).
    """

    def __init__(self, encoder: keras.Model, image_shape: tuple[int, int, int]):
        super().__init__()
        # As constants, the weights live as long as `embed` does: `load(path).embed(images)` works, where the
        # variables of a loaded model are gone with the model.
        weights = [
            [tf.constant(variable.numpy()) for variable in variables]
            for variables in (encoder.trainable_variables, encoder.non_trainable_variables)
        ]

        def embed(images: tf.Tensor) -> tf.Tensor:
            scale = 255.0 if images.dtype == tf.uint8 else 1.0
            floats = tf.cast(images, tf.float32) / scale
            outputs, _ = encoder.stateless_call(*weights, floats, training=False)
            return outputs["latent"]

        self.embed = tf.function(embed)
        # One trace a type, so that bytes and floats are told apart and never silently cast.
        for dtype in (tf.uint8, tf.float32, tf.float64):
            self.embed.get_concrete_function(tf.TensorSpec((None, *image_shape), dtype, "images"))


def export(run: RunDirectory) -> None:
    """Write the encoder with the run's best weights as the SavedModel `encoder/`, in float32.

    `tf.saved_model.load(...).embed(images)` works without tfdeepsim. The signature `serving_default` takes
    uint8 `images` and gives `embedding`.

    Args:
        run: A trained run.

    Raises:
        InputError: If the run was not trained, or its files are damaged.
    """
    config = TrainConfig.from_dict(run.read_config())
    image_shape = tuple(run.read_environment()["dataset"]["image_shape"])
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        generator = make_autoencoder(image_shape, config.latent_dim, config.model == "vae")
    finally:
        keras.config.set_dtype_policy(policy)
    assign(generator.weights, load_arrays(run.best)[0], run.best)
    module = EncoderModule(generator.encoder, image_shape)

    @tf.function(input_signature=[tf.TensorSpec((None, *image_shape), tf.uint8, "images")])
    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": module.embed(images)}

    with replacing(run.encoder) as new:
        tf.saved_model.save(module, str(new), signatures=serve)
