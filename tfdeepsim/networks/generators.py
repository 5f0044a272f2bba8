"""The autoencoders of both papers by name."""

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.networks import alexnet_encoder, dosovitskiy, pihlgren
from tfdeepsim.networks.alexnet_encoder import AlexNetEncoder
from tfdeepsim.networks.autoencoder import Autoencoder
from tfdeepsim.networks.dosovitskiy import MapDecoder, MapEncoder
from tfdeepsim.networks.leaky_layers import check_width
from tfdeepsim.networks.upconv_generator import UpConvGenerator

GENERATORS = ("pihlgren", "dosovitskiy")
"""Names of the networks: the first authors of their papers."""


def check_generator(
    network: str,
    image_shape: tuple[int, int, int],
    latent_dim: int,
    variational: bool,
    width: float = 1.0,
    encoder_as_trained: bool = False,
) -> None:
    """Refuse what `make_generator` would refuse, without building anything.

    Args:
        network, image_shape, latent_dim, variational, width, encoder_as_trained: As
            `make_generator` takes them.

    Raises:
        InputError: If there is no such network, or one of the sizes does not suit it.
    """
    _check_network(network, width)
    if latent_dim < 1:
        raise InputError("latent size must be positive", got=latent_dim, accepted="1 or more")
    if network == "pihlgren":
        pihlgren.check_image_shape(image_shape)
    elif variational:
        alexnet_encoder.check_image_shape(image_shape, encoder_as_trained)
    else:
        dosovitskiy.code_shape(image_shape, latent_dim)


def generator_of(config: TrainConfig, image_shape: tuple[int, int, int]) -> Autoencoder:
    """The generator that a run's config names.

    `config.width` is the width of the network `dosovitskiy`; the network `pihlgren` has a fixed
    width, and `config.width` is that of its discriminator alone. Weights are random, also where the
    config names those that the encoder's training starts from.

    Raises:
        InputError: As `make_generator`.
    """
    width = config.width if config.network == "dosovitskiy" else 1.0
    variational = config.model == "vae"
    return make_generator(
        config.network,
        image_shape,
        config.latent_dim,
        variational,
        config.seed,
        width,
        config.decoder_activation,
        config.encoder_weights == "alexnet",
    )


def make_generator(
    network: str,
    image_shape: tuple[int, int, int],
    latent_dim: int,
    variational: bool,
    seed: int = 0,
    width: float = 1.0,
    dense_activation: str = "relu",
    encoder_as_trained: bool = False,
) -> Autoencoder:
    """Build the encoder and decoder of a paper as one generator.

    `pihlgren` is that of Pihlgren et al. 2020. `dosovitskiy` is Table 2 of Dosovitskiy & Brox 2016;
    the variational one is AlexNet up to fc6 with the decoder of Table 5.

    Args:
        network: One of `GENERATORS`.
        image_shape: (height, width, channels).
        latent_dim: Size of the embedding.
        variational: Whether the encoder returns a posterior.
        seed: Seed of the noise that a variational generator adds to latents in training.
        width: Multiplies the numbers of channels; must be 1 for `pihlgren`.
        dense_activation: Activation behind the first dense layer of `pihlgren.Decoder`.
        encoder_as_trained: Whether the variational encoder of `dosovitskiy` computes what AlexNet
            computes in the form in which it was trained, see `AlexNetEncoder`.

    Raises:
        InputError: If there is no such network, or one of the sizes does not suit it.

    Example:
        >>> generator = make_generator("pihlgren", (64, 64, 3), 64, variational=False)
        >>> reconstruction = generator(images)["image"]
    """
    check_generator(network, image_shape, latent_dim, variational, width, encoder_as_trained)
    if network == "pihlgren":
        return pihlgren.make_autoencoder(
            image_shape, latent_dim, variational, seed, dense_activation
        )
    if variational:
        encoder = AlexNetEncoder(image_shape, latent_dim, variational, width, encoder_as_trained)
        return Autoencoder(encoder, UpConvGenerator((latent_dim,), image_shape, width), seed)
    encoder = MapEncoder(image_shape, latent_dim, width=width)
    return Autoencoder(encoder, MapDecoder(image_shape, latent_dim, width), seed)


def _check_network(network: str, width: float) -> None:
    if network not in GENERATORS:
        raise InputError("unknown network", got=repr(network), accepted=", ".join(GENERATORS))
    check_width(width)
    if network == "pihlgren" and width != 1:
        raise InputError("width of the network 'pihlgren' is fixed", got=width, accepted="1")
