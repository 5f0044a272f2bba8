import dataclasses
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from handmade_caffe import (
    CAFFE_ORDER,
    layer_v1,
    layers_of_npy,
    swapped,
    write_caffemodel,
    write_npy_of_python_2,
    write_npy_of_python_3,
)
from handmade_checkpoint import write_arrays

from tfdeepsim.comparators import check_comparator
from tfdeepsim.comparators.chains.architecture import Layer
from tfdeepsim.comparators.chains.caffe_alexnet import CAFFE_ALEXNET, VIDEONET, ordered
from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.comparators.chains.convolution import frozen_convolution
from tfdeepsim.comparators.chains.forward import features
from tfdeepsim.comparators.weights.load import random_weights
from tfdeepsim.errors import InputError

PHOTOGRAPHS = Path(__file__).resolve().parents[4] / "shared" / "data" / "imagenet_sample_jpeg.zip"
ORDERS = {"lrn first": CAFFE_ORDER, "pool first": swapped(CAFFE_ORDER)}
MEAN_BGR = np.array([104.0069879, 116.6687677, 122.6789143], np.float32)
TO_POOL5 = CAFFE_ALEXNET.layer_names[: CAFFE_ALEXNET.layer_names.index("pool5") + 1]


def images(*size, batch=2, seed=0):
    return tf.constant(np.random.default_rng(seed).random((batch, *size, 3)), tf.float32)


def photographs(size, batch=2):
    """[batch, size, size, 3]: centres of real photographs, or noise if these are not available."""
    if not PHOTOGRAPHS.is_file():
        return images(size, size, batch=batch)
    from PIL import Image

    found = []
    with zipfile.ZipFile(PHOTOGRAPHS) as archive:
        for name in archive.namelist()[:batch]:
            image = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
            left, top = ((side - size) // 2 for side in image.size)
            found.append(np.asarray(image.crop((left, top, left + size, top + size))))
    return tf.constant(np.stack(found), tf.float32) / 255


def trained_like(network, layer, seed=0):
    """Random weights with biases, and a first kernel for pixels in 0 to 255."""
    weights = random_weights(network.tensor_shapes(layer), seed)
    rng = np.random.default_rng(seed)
    for name, value in weights.items():
        if name.endswith("bias"):
            value[:] = rng.normal(size=value.shape)
    weights["conv1.weight"] /= 32
    return weights


@pytest.fixture(scope="module")
def weights():
    return trained_like(CAFFE_ALEXNET, "pool5")


@pytest.fixture
def built(tmp_path):
    """A function that writes weights to a file and builds Caffe's AlexNet from it."""

    def built(weights, *layers, order=CAFFE_ORDER, **options):
        write_caffemodel(tmp_path / "a.caffemodel", weights, order, **options)
        return ChainComparator("caffe_alexnet", layers, weights_file=tmp_path / "a.caffemodel")

    return built


def test_scales_pixels_as_caffe_does(weights, built):
    kernel = np.zeros_like(weights["conv1.weight"])
    kernel[[0, 1, 2], [0, 1, 2], 5, 5] = 1  # output i is channel i in the middle of the window
    network = built({"conv1.weight": kernel, "conv1.bias": np.zeros(96, np.float32)}, "conv1")
    x = images(31, 35)
    expected = x.numpy()[:, 5:-5:4, 5:-5:4, ::-1] * 255 - MEAN_BGR
    np.testing.assert_allclose(network(x)[..., :3], expected, atol=1e-4)
    assert not network(x)[..., 3:].numpy().any()


def test_lrn_divides_alpha_by_the_window(weights, built):
    relu, found = (
        np.float64(value) for value in built(weights, "relu1", "norm1")(images(31, 31) * 4)
    )
    expected = np.zeros_like(relu)
    for channel in range(96):
        window = relu[..., max(0, channel - 2) : channel + 3]
        expected[..., channel] = relu[..., channel] / (1 + 1e-4 / 5 * (window**2).sum(-1)) ** 0.75
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    # Without the division of alpha, some outputs would be far from these.
    assert (relu**2).max() * 1e-4 > 0.5


@pytest.mark.parametrize("size", [(39, 43), (47, 51), (19, 15), (15, 11)])
def test_pools_count_a_window_over_the_edge(size, weights, built):
    """Maps of 8x9, 10x11, 3x2 and 2x1 positions."""
    network = built(weights, "norm1", "pool1")
    if min(size) < network.minimum_size:
        with pytest.raises(InputError, match="large enough"):
            network(images(*size))
        return
    norm, found = (value.numpy() for value in network(images(*size)))
    height, width = norm.shape[1:3]
    rows, columns = (int(np.ceil((side - 3) / 2)) + 1 for side in (height, width))
    assert found.shape == (2, rows, columns, 96)
    for i in range(rows):
        for j in range(columns):
            window = norm[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            np.testing.assert_array_equal(found[:, i, j], window.max((1, 2)))


def test_a_window_over_the_edge_holds_no_zeros():
    """All maxima of a map of negative numbers are negative."""
    steps = Layer("conv1", "conv", 3), Layer("pool1", "pool", 3, 3, 2, ceil=True)
    network = dataclasses.replace(
        CAFFE_ALEXNET, layers=steps, mean=(0, 0, 0), std=(1, 1, 1), bgr=False
    )
    minus = {"conv1": (tf.constant(-np.eye(3)[None, None], tf.float32), tf.zeros(3))}
    x = 1 + images(8, 8)
    found = features(network, x, minus, ["pool1"], convolve=frozen_convolution, dtype=tf.float32)[
        "pool1"
    ]
    assert found.shape == (2, 4, 4, 3)
    np.testing.assert_array_equal(found[:, 3, 3], -tf.reduce_min(x[:, 6:, 6:], (1, 2)))
    np.testing.assert_array_equal(found[:, 3, 0], -tf.reduce_min(x[:, 6:, :3], (1, 2)))


@pytest.mark.parametrize(("before", "grouped"), [("conv3", "conv4"), ("conv4", "conv5")])
def test_groups_do_not_see_each_other(before, grouped, weights, built):
    x = photographs(64)
    half = len(weights[f"{before}.bias"]) // 2
    changed = {name: value.copy() for name, value in weights.items()}
    changed[f"{before}.bias"][:half] += 1
    found = [built(values, grouped)(x).numpy() for values in (weights, changed)]
    differs = (found[0] != found[1]).any((0, 1, 2))
    middle = len(weights[f"{grouped}.bias"]) // 2
    assert differs[:middle].all()
    assert not differs[middle:].any()


def test_a_convolution_without_groups_sees_all(weights, built):
    x = photographs(64)
    changed = {name: value.copy() for name, value in weights.items()}
    changed["conv2.bias"][0] += 3
    found = [built(values, "conv3")(x).numpy() for values in (weights, changed)]
    assert (found[0] != found[1]).any((0, 1, 2)).all()


def test_the_file_says_the_order_of_pool_and_lrn(weights, built):
    networks = [built(weights, "norm1", "pool1", order=order) for order in ORDERS.values()]
    architectures = [network.architecture for network in networks]
    assert architectures == [CAFFE_ALEXNET, ordered(CAFFE_ALEXNET, pool_first=True)]
    x = photographs(64)
    (norm, _), (swapped_norm, _) = (network(x) for network in networks)
    assert norm.shape[1:3] == (14, 14)
    assert swapped_norm.shape[1:3] == (7, 7)
    # The weights are the same.
    assert networks[0].sha256 == networks[1].sha256


def test_the_order_of_pool_and_lrn_can_be_swapped_and_back():
    turned = ordered(CAFFE_ALEXNET, pool_first=True)
    assert list(turned.layer_names) == swapped(CAFFE_ORDER)[1:]
    assert ordered(turned, pool_first=True) == turned
    assert (
        ordered(turned, pool_first=False)
        == ordered(CAFFE_ALEXNET, pool_first=False)
        == CAFFE_ALEXNET
    )
    # Wang & Gupta's network has its pools first.
    assert VIDEONET.layer_names.index("pool1") < VIDEONET.layer_names.index("norm1")


def test_every_form_of_file_gives_the_same_digest(weights, tmp_path):
    layers = layers_of_npy(weights)
    write_caffemodel(tmp_path / "v2.caffemodel", weights)
    write_caffemodel(tmp_path / "v1.caffemodel", weights, layer=layer_v1, legacy=True)
    doubles = {name: value.astype(np.float64) for name, value in weights.items()}
    write_caffemodel(tmp_path / "doubles.caffemodel", doubles)
    write_npy_of_python_2(tmp_path / "2.npy", layers)
    write_npy_of_python_3(tmp_path / "3.npy", layers, 4)
    arrays = {name.replace(".", "__"): value for name, value in weights.items()}
    write_arrays(tmp_path / "a.pth", **arrays)
    files = sorted(path for path in tmp_path.iterdir() if path.is_file())
    digests = {
        ChainComparator("caffe_alexnet", ["pool5"], weights_file=file).sha256 for file in files
    }
    assert (len(files), len(digests)) == (6, 1)


def test_dense_layers_are_the_same_from_both_forms(tmp_path):
    """A network for small images, whose first dense layer reads a map of 2x2."""
    weights = trained_like(CAFFE_ALEXNET, "pool5")
    rng = np.random.default_rng(1)
    weights["fc6.weight"] = rng.normal(0, 0.02, (4096, 256 * 2 * 2)).astype(np.float32)
    weights["fc6.bias"] = rng.normal(size=4096).astype(np.float32)
    write_caffemodel(tmp_path / "a.caffemodel", weights, legacy=True)
    write_npy_of_python_2(tmp_path / "a.npy", layers_of_npy(weights, side=2))
    networks = [
        ChainComparator("caffe_alexnet", ["pool5", "fc6"], weights_file=tmp_path / f"a.{form}")
        for form in ("caffemodel", "npy")
    ]
    assert networks[0].sha256 == networks[1].sha256
    x = photographs(96)
    for network in networks:
        pooled, found = (value.numpy() for value in network(x))
        assert pooled.shape == (2, 2, 2, 256)
        flat = pooled.transpose(0, 3, 1, 2).reshape(2, -1)
        expected = flat @ weights["fc6.weight"].T + weights["fc6.bias"]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    # Unchecked, reshaping would take a larger map for the maps of several images.
    with pytest.raises(InputError, match="images of one size"):
        networks[0](images(160, 160, batch=4))


def test_says_which_shape_was_found_and_which_expected(weights, built):
    other = {**weights, "conv1.weight": np.zeros((64, 3, 11, 11), np.float32)}
    with pytest.raises(
        InputError, match=r"conv1\.weight of shape \[64, 3, 11, 11\].*\[96, 3, 11, 11\]"
    ):
        built(other, "relu1")
    ungrouped = {**weights, "conv2.weight": np.zeros((256, 96, 5, 5), np.float32)}
    with pytest.raises(InputError, match=r"conv2\.weight of shape .*accepted: \[256, 48, 5, 5\]"):
        built(ungrouped, "relu2")


def test_names_missing_layers(weights, built):
    with pytest.raises(
        InputError, match=r"up to fc7: got no fc6\.weight, fc6\.bias, fc7\.weight, fc7\.bias;"
    ):
        built(weights, "fc7")


def test_refuses_images_that_do_not_fit(weights, built, tmp_path):
    network = built(weights, "pool5")
    with pytest.raises(InputError, match="got 12x12 pixels; accepted: at least") as error:
        network(images(12, 12))
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="got 12x12 pixels"):
        check_comparator("caffe_alexnet:pool5", (12, 12, 3), tmp_path / "a.caffemodel")
    for size in (CAFFE_ALEXNET.minimum_size("pool5"), 227):
        check_comparator("caffe_alexnet:pool5", (size, size, 3), tmp_path / "a.caffemodel")


def test_dense_layers_take_the_sizes_that_end_in_their_map():
    with pytest.raises(
        InputError, match=r"got 256x256 pixels; accepted: (\d+)x\1 to (\d+)x\2,"
    ) as error:
        CAFFE_ALEXNET.feature_shape("fc6", (256, 256))
    smallest, largest = (
        int(part.split("x")[0]) for part in error.value.accepted.split(",")[0].split(" to ")
    )
    assert smallest <= 227 <= largest
    for size in range(200, 260):
        fits = CAFFE_ALEXNET.feature_shape("pool5", (size, size)) == (6, 6, 256)
        assert fits == (smallest <= size <= largest)
    for size in (smallest, 227, largest):
        assert CAFFE_ALEXNET.feature_shape("fc6", (size, size)) == (4096,)


def test_has_the_maps_of_the_paper():
    sides = {"conv1": 55, "pool1": 27, "conv2": 27, "pool2": 13, "conv5": 13, "pool5": 6}
    for network in (CAFFE_ALEXNET, VIDEONET):
        assert {name: network.feature_shape(name, (227, 227))[0] for name in sides} == sides
    assert VIDEONET.feature_shape("fc7", (227, 227)) == (1024,)
    assert VIDEONET.layer_names[-1] == "fc7"
    assert (
        sum(np.prod(shape) for shape in CAFFE_ALEXNET.tensor_shapes("fc8").values()) == 60_965_224
    )


@pytest.fixture
def pytorch():
    """Caffe's AlexNet in PyTorch: features and gradient of images, for weights and an order."""
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    from torch.nn import functional

    def normalized(x):
        return functional.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1.0)

    def pooled(x):
        return functional.max_pool2d(x, 3, 2, ceil_mode=True)

    steps = {"norm": normalized, "pool": pooled, "relu": functional.relu}
    steps["prob"] = lambda x: functional.softmax(x, 1)
    options = {"conv1": (4, 0, 1, 1), "conv2": (1, 2, 1, 2), "conv3": (1, 1, 1, 1)}
    options |= {"conv4": (1, 1, 1, 2), "conv5": (1, 1, 1, 2)}

    def run(weights, x, order, last):
        tensors = {name: torch.tensor(value) for name, value in weights.items()}
        images = torch.tensor(x.numpy(), requires_grad=True)
        y = (images.flip(3) * 255 - torch.tensor(MEAN_BGR)).permute(0, 3, 1, 2)
        found = {}
        for name in order[1 : order.index(last) + 1]:
            parts = tensors.get(f"{name}.weight"), tensors.get(f"{name}.bias")
            if name in options:
                y = functional.conv2d(y, *parts, *options[name])
            elif name.startswith("fc"):
                y = functional.linear(y.flatten(1), *parts)
            else:
                y = steps[name.rstrip("1234567")](y)
            found[name] = y
        (y**2).mean().backward()
        outputs = {
            name: (value.permute(0, 2, 3, 1) if value.ndim == 4 else value).detach().numpy()
            for name, value in found.items()
        }
        return outputs, images.grad.numpy()

    return run


def assert_equal(network, x, outputs, gradient, kinks=0.0):
    """Assert that all layers and the gradient of the last one's mean square equal PyTorch's.

    `kinks` is the part of the gradient that may differ: among a million units a few are so close to
    the kink of a ReLU, or to another in the window of a pool, that rounding decides which way their
    gradient goes. PyTorch's own gradients in float32 and float64 differ there.
    """
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = network(x)
        loss = tf.reduce_mean(found[-1] ** 2)
    for layer, value in zip(network.layers, found, strict=True):
        expected = outputs[layer]
        assert expected.max() > 0
        np.testing.assert_allclose(
            value, expected, rtol=0, atol=1e-4 * np.abs(expected).max(), err_msg=layer
        )
    ours = tape.gradient(loss, x).numpy()
    differs = np.abs(ours - gradient) > 1e-4 * np.abs(gradient).max()
    assert differs.mean() <= kinks
    assert np.linalg.norm(ours - gradient) < (0.02 if kinks else 1e-3) * np.linalg.norm(gradient)


@pytest.mark.parity
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("last", ["relu1", "norm2", "conv4", "pool5"])
@pytest.mark.parametrize("size", [64, 79])
def test_layers_and_gradient_equal_pytorch(size, last, order, weights, built, pytorch):
    order = ORDERS[order]
    layers = order[1 : order.index(last) + 1]
    x = photographs(size)
    network = built(weights, *layers, order=order)
    assert_equal(network, x, *pytorch(weights, x, order, last))


@pytest.mark.parity
@pytest.mark.parametrize("layer", TO_POOL5)
def test_every_layer_alone_equals_pytorch(layer, weights, built, pytorch):
    x = photographs(64)
    expected = pytorch(weights, x, CAFFE_ORDER, layer)[0][layer]
    found = built(weights, layer)(x)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parity
@pytest.mark.parametrize(
    ("name", "last", "order"),
    [
        ("caffe_alexnet", "fc8", "lrn first"),
        ("caffe_alexnet", "fc8", "pool first"),
        ("caffe_alexnet", "prob", "lrn first"),
        ("videonet", "fc7", "pool first"),
    ],
)
def test_the_whole_network_equals_pytorch(name, last, order, pytorch, tmp_path):
    order = ORDERS[order]
    weights = trained_like({"caffe_alexnet": CAFFE_ALEXNET, "videonet": VIDEONET}[name], last)
    file = tmp_path / "a.caffemodel"
    write_caffemodel(file, weights, order, legacy=True)
    x = photographs(227)
    network = ChainComparator(name, order[1 : order.index(last) + 1], weights_file=file)
    file.unlink()  # a quarter of a gigabyte
    assert_equal(network, x, *pytorch(weights, x, order, last), kinks=0.01)
