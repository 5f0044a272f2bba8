"""LPIPS is equal to the package of its authors, with the same weights."""

import sys
import types
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tfdeepsim.comparators.weights.bundled import bundled_file
from tfdeepsim.perceptual.lpips import LPIPS

VGG16 = Path(__file__).parents[3] / "shared/data/weights/vgg16_imagenet_features.safetensors"
# Number of convolutions of 3x3 in each block of VGG16, and their channels; a pool of 2x2 follows.
VGG16_BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
pytestmark = pytest.mark.parity


def alexnet_features(torch):
    convolutions = [(64, 11, 4, 2), (192, 5, 1, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1)]
    layers, channels = [], 3
    for number, (width, *shape) in enumerate(convolutions):
        layers += [torch.nn.Conv2d(channels, width, *shape), torch.nn.ReLU(inplace=True)]
        channels = width
        if number in (0, 1, 4):
            layers.append(torch.nn.MaxPool2d(3, 2))
    return torch.nn.Sequential(*layers)


def vgg16_features(torch):
    layers, channels = [], 3
    for convolutions, width in VGG16_BLOCKS:
        for _ in range(convolutions):
            layers.append(torch.nn.Conv2d(channels, width, 3, padding=1))
            layers.append(torch.nn.ReLU(inplace=True))
            channels = width
        layers.append(torch.nn.MaxPool2d(2, 2))
    return torch.nn.Sequential(*layers)


@pytest.fixture(scope="module")
def reference():
    """Builds the model of the package `lpips` for a file of convolutions.

    The package asks torchvision for its networks; torchvision's build of the Python Package Index
    does not load beside a CPU build of PyTorch. So the networks come from here, and everything else
    is the package's own code with its own weights of channels.
    """
    import torch

    torchvision = types.ModuleType("torchvision")
    torchvision.models = models = types.ModuleType("torchvision.models")

    def build(network, path, **options):
        features = {"alexnet": alexnet_features, "vgg16": vgg16_features}[network](torch)
        tensors = {
            name.removeprefix("features."): torch.from_numpy(value.astype(np.float32))
            for name, value in load_file(path).items()
            if name.startswith("features.")
        }
        features.load_state_dict(tensors)
        published = types.SimpleNamespace(features=features)
        setattr(models, network, lambda pretrained: published)
        names = {"alexnet": "alex", "vgg16": "vgg"}
        model = lpips.LPIPS(net=names[network], verbose=False, **options)

        def distance(target, output):
            pair = (torch.from_numpy(x.transpose(0, 3, 1, 2)) for x in (target, output))
            with torch.no_grad():
                return model(*pair, normalize=True).numpy()[:, 0]

        return distance

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torchvision", torchvision)
        patch.setitem(sys.modules, "torchvision.models", models)
        import lpips

    return build


@pytest.mark.parametrize("spatial", [False, True], ids=["mean", "map"])
@pytest.mark.parametrize("network", ["alexnet", "vgg16"])
def test_distances_are_those_of_the_authors_package(reference, network, spatial):
    path = {"alexnet": bundled_file("alexnet"), "vgg16": VGG16}[network]
    if not path.is_file():
        pytest.skip(f"needs {path.name}")
    theirs = reference(network, path, spatial=spatial)
    ours = LPIPS(network, weights=path, spatial=spatial, reduction="none")
    generator = np.random.default_rng(0)
    for height, width in ((64, 64), (96, 65), (256, 256)):
        target = generator.random((1, height, width, 3), np.float32)
        noise = generator.normal(0, 0.1, target.shape).astype(np.float32)
        # Noise, and flat images with a little of it, whose features are small.
        for output in (1 - target, np.clip(0.5 + 0.02 * noise, 0, 1), np.zeros_like(target)):
            expected = theirs(target, output)
            value = ours(target, output).numpy()
            assert expected.min() >= 0
            assert expected.max() > 0.1
            np.testing.assert_allclose(value, expected.reshape(value.shape), atol=1e-4)
