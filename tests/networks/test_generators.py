"""The autoencoders of both papers by name."""

import numpy as np
import pytest

from tfdeepsim.config import TrainConfig
from tfdeepsim.errors import InputError
from tfdeepsim.networks import generators
from tfdeepsim.networks.alexnet_encoder import AlexNetEncoder
from tfdeepsim.networks.dosovitskiy import MapDecoder, MapEncoder
from tfdeepsim.networks.generators import GENERATORS, check_generator, generator_of, make_generator
from tfdeepsim.networks.pihlgren import Decoder, Encoder
from tfdeepsim.networks.upconv_generator import UpConvGenerator


@pytest.mark.parametrize(
    ("network", "variational", "width", "latent_dim", "parts"),
    [
        ("pihlgren", False, 1.0, 64, (Encoder, Decoder)),
        ("pihlgren", True, 1.0, 64, (Encoder, Decoder)),
        ("dosovitskiy", False, 0.1, 512, (MapEncoder, MapDecoder)),
        ("dosovitskiy", True, 0.02, 82, (AlexNetEncoder, UpConvGenerator)),
    ],
)
def test_parts_and_shapes(network, variational, width, latent_dim, parts):
    shape = (64, 64, 3)
    generator = make_generator(network, shape, latent_dim, variational, seed=4, width=width)
    assert (type(generator.encoder), type(generator.decoder), generator.seed) == (*parts, 4)
    generated = generator(np.zeros((2, *shape), np.float32), training=True)
    assert generated["image"].shape == (2, *shape)
    assert generated["latent"].shape == (2, latent_dim)
    assert ("log_variance" in generated) == variational


@pytest.mark.parametrize(
    ("network", "variational", "shape", "width", "expected"),
    [
        ("pihlgren", False, (96, 64, 3), 1.0, 64),
        ("dosovitskiy", False, (64, 64, 3), 1.0, 512),
        ("dosovitskiy", False, (96, 64, 3), 0.5, 768),
        ("dosovitskiy", True, (64, 64, 3), 1.0, 4096),
        ("dosovitskiy", True, (227, 227, 3), 0.1, 410),
    ],
)
def test_the_papers_latent_size_fits(network, variational, shape, width, expected):
    check_generator(network, shape, expected, variational, width)


BAD = {
    "network": (
        ("resnet", (64, 64, 3), 64, False, 1.0),
        r"unknown network: got 'resnet'; accepted: pihlgren, ",
    ),
    "width of pihlgren": (
        ("pihlgren", (64, 64, 3), 64, False, 0.5),
        r"fixed: got 0.5; accepted: 1",
    ),
    "width": (("dosovitskiy", (64, 64, 3), 512, False, -1.0), r"must be positive: got -1.0"),
    "side of pihlgren": (("pihlgren", (72, 64, 3), 64, False, 1.0), r"64 \+ 16 n"),
    "side of the map": (("dosovitskiy", (63, 64, 3), 512, False, 1.0), r"multiples of 8"),
    "side of AlexNet": (("dosovitskiy", (62, 64, 3), 512, True, 1.0), r"63 or more"),
    "code": (("dosovitskiy", (64, 64, 3), 65, False, 1.0), r"multiples of 64"),
    "latent size": (
        ("pihlgren", (64, 64, 3), 0, True, 1.0),
        r"latent size must be positive: got 0",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_impossible_requests(name):
    (network, shape, latent_dim, variational, width), message = BAD[name]
    with pytest.raises(InputError, match=message):
        check_generator(network, shape, latent_dim, variational, width)
    with pytest.raises(InputError, match=message):
        make_generator(network, shape, latent_dim, variational, width=width)


@pytest.mark.parametrize("model", ["ae", "vae"])
def test_the_generator_of_a_config(model):
    config = TrainConfig(network="dosovitskiy", model=model, width=0.02, latent_dim=64, seed=3)
    generator = generator_of(config, (64, 64, 3))
    assert (generator.encoder.width, generator.encoder.latent_dim, generator.seed) == (0.02, 64, 3)
    assert ("log_variance" in generator.encoder.output_names) == (model == "vae")


@pytest.mark.parametrize("weights", ["random", "alexnet"])
def test_the_encoder_has_the_form_that_its_weights_need(weights, monkeypatch):
    flags = {"network": "dosovitskiy", "model": "vae", "latent_dim": 8}
    config = TrainConfig(**flags, encoder_weights=weights)
    read = []
    monkeypatch.setattr(
        generators, "UpConvGenerator", lambda *_: MapDecoder((64, 64, 3), 64, width=0.1)
    )
    monkeypatch.setattr("tfdeepsim.comparators.weights.load.read_weight_file", read.append)
    encoder = generator_of(config, (64, 64, 3)).encoder
    assert encoder.as_trained == (weights == "alexnet")
    assert not read


def test_width_beside_pihlgren_is_the_discriminators():
    generator = generator_of(TrainConfig(loss="deepsim", width=0.5), (64, 64, 3))
    assert isinstance(generator.encoder, Encoder)


def test_names():
    assert GENERATORS == ("pihlgren", "dosovitskiy")
