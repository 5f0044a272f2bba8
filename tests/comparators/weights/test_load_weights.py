"""Weights from files and from seeds."""

import numpy as np
import pytest
import tensorflow as tf
from handmade_checkpoint import write_arrays

from tfdeepsim.comparators.chains.alexnet import ALEXNET
from tfdeepsim.comparators.chains.chain_comparator import ChainComparator
from tfdeepsim.comparators.chains.exemplar_cnn import EXEMPLAR_CNN
from tfdeepsim.comparators.weights.load import digest, load_weights, random_weights
from tfdeepsim.errors import InputError


def drawn(layer, seed, network=ALEXNET):
    return random_weights(network.tensor_shapes(layer), seed)


@pytest.fixture(scope="module")
def weights():
    return drawn("conv2", seed=1)


def load(path, *layers):
    return load_weights(path, ALEXNET, layers).tensors


def write(path, weights):
    write_arrays(path, **{name.replace(".", "__"): value for name, value in weights.items()})


def test_random_weights_are_the_same_everywhere():
    expected = "e412408355170a1d913a4a98d7d8e38efbc27a8f4ae47096085c0a0b20fbebdb"
    assert digest(drawn("relu2", seed=0)) == expected


def test_random_weights_of_a_deeper_network_start_with_those_of_a_shallower(weights):
    deeper = drawn("conv3", seed=1)
    for name, value in weights.items():
        np.testing.assert_array_equal(deeper[name], value)
    assert not np.array_equal(
        drawn("conv2", seed=2)["features.0.weight"], weights["features.0.weight"]
    )


def test_random_weights_have_the_moments_of_he(weights):
    for name, inputs in (("features.0", 3 * 11 * 11), ("features.3", 64 * 5 * 5)):
        kernel = weights[f"{name}.weight"]
        assert abs(kernel.mean()) < 5 * np.sqrt(2 / inputs / kernel.size)
        np.testing.assert_allclose(kernel.var(), 2 / inputs, rtol=0.02)
        assert np.abs(kernel).max() <= np.sqrt(6 / inputs)
        assert not weights[f"{name}.bias"].any()


def test_refuses_a_negative_seed():
    with pytest.raises(InputError, match="-1"):
        drawn("conv1", seed=-1)


def test_the_digest_tells_values_names_and_shapes_apart(weights):
    changed = {name: value.copy() for name, value in weights.items()}
    changed["features.0.weight"][0, 0, 0, 0] += 1
    renamed = {name.replace("3", "4"): value for name, value in weights.items()}
    reshaped = {name: value.reshape(-1) for name, value in weights.items()}
    assert len({digest(w) for w in (weights, changed, renamed, reshaped)}) == 4


def save(path, weights, **metadata):
    safetensors = pytest.importorskip("safetensors.numpy", reason="writes .safetensors")
    safetensors.save_file(weights, path, **metadata)


WRITERS = {"a.pth": write, "a.safetensors": save}


def test_reads_both_formats_to_the_same_digest(weights, tmp_path):
    write(tmp_path / "a.pth", weights)
    save(tmp_path / "a.safetensors", weights, metadata={"made": "here"})
    for name in ("a.pth", "a.safetensors"):
        assert digest(load(tmp_path / name, "conv2")) == digest(weights)


def test_reads_only_the_requested_layers(weights, tmp_path):
    write(tmp_path / "a.pth", weights)
    assert list(load(tmp_path / "a.pth", "pool1")) == ["features.0.weight", "features.0.bias"]
    assert list(load(tmp_path / "a.pth", "conv1", "relu2")) == list(weights)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("a.pth", np.float16),
        ("a.safetensors", np.float16),
        ("a.safetensors", tf.bfloat16.as_numpy_dtype),
    ],
)
def test_takes_half_precision_as_float32(name, dtype, weights, tmp_path):
    halves = {tensor: value.astype(dtype) for tensor, value in weights.items()}
    WRITERS[name](tmp_path / name, halves)
    loaded = load(tmp_path / name, "conv2")
    for tensor, value in halves.items():
        assert loaded[tensor].dtype == np.float32
        np.testing.assert_array_equal(loaded[tensor], value)


@pytest.mark.parametrize("name", WRITERS)
def test_names_missing_tensors(name, weights, tmp_path):
    WRITERS[name](tmp_path / name, weights)
    with pytest.raises(
        InputError,
        match=r"AlexNet up to conv1\+relu3: got no features\.6\.weight, features\.6\.bias;",
    ):
        load(tmp_path / name, "conv1", "relu3")
    with pytest.raises(InputError, match=r"features\.8\.bias \.\.\.;"):
        load(tmp_path / name, "fc8")


@pytest.mark.parametrize("name", WRITERS)
def test_says_which_shape_was_found_and_which_expected(name, weights, tmp_path):
    WRITERS[name](
        tmp_path / name, {**weights, "features.0.weight": np.zeros((96, 3, 11, 11), np.float32)}
    )
    with pytest.raises(
        InputError, match=r"features\.0\.weight of shape \[96, 3, 11, 11\].*\[64, 3, 11, 11\]"
    ):
        load(tmp_path / name, "conv1")


def test_fits_the_map_and_the_outputs_of_the_file(tmp_path):
    """A network that was trained on images of 20 pixels, not 32, and has 3 outputs, not 512."""
    weights = drawn("conv3", seed=1, network=EXEMPLAR_CNN)
    rng = np.random.default_rng(0)
    weights["fc4.weight"] = rng.normal(size=(3, 256 * 5 * 5)).astype(np.float32)
    weights["fc4.bias"] = np.arange(3, dtype=np.float32)
    save(tmp_path / "a.safetensors", weights)
    loaded = load_weights(tmp_path / "a.safetensors", EXEMPLAR_CNN, ["relu4"])
    assert (loaded.architecture.pooled, loaded.architecture.layers[-1].channels) == (5, 3)
    assert digest(loaded.tensors) == loaded.sha256 == digest(weights)
    comparator = ChainComparator(
        "exemplar_cnn", ["relu4", "conv1"], weights_file=tmp_path / "a.safetensors"
    )
    relu4, conv1 = comparator(np.zeros((2, 20, 20, 3), np.float32))
    assert (relu4.shape, conv1.shape) == ((2, 3), (2, 20, 20, 64))
    with pytest.raises(InputError, match="20x20 to 23x23"):
        comparator(np.zeros((2, 32, 32, 3), np.float32))


def test_a_bias_must_fit_the_outputs_of_the_file(tmp_path):
    weights = drawn("fc4", seed=1, network=EXEMPLAR_CNN)
    weights["fc4.weight"] = weights["fc4.weight"][:7]
    write(tmp_path / "a.pth", weights)
    with pytest.raises(InputError, match=r"fc4\.bias of shape \[512\].*accepted: \[7\]"):
        load_weights(tmp_path / "a.pth", EXEMPLAR_CNN, ["fc4"])


def test_refuses_integers_and_nan(weights, tmp_path):
    write(tmp_path / "a.pth", {**weights, "features.0.bias": np.zeros(64, np.int64)})
    with pytest.raises(InputError, match="int64"):
        load(tmp_path / "a.pth", "conv1")
    write(tmp_path / "a.pth", {**weights, "features.0.bias": np.full(64, np.nan, np.float32)})
    with pytest.raises(InputError, match=r"NaN or infinity in features\.0\.bias"):
        load(tmp_path / "a.pth", "conv1")


def test_a_file_with_a_published_name_must_have_its_digest(weights, tmp_path):
    path = tmp_path / "alexnet-owt-7be5be79.pth"
    write(path, weights)
    with pytest.raises(InputError, match=r"SHA-256 [0-9a-f]{8}.*7be5be79"):
        load(path, "conv1")


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors", "alexnet-owt-7be5be79.pth"])
def test_refuses_missing_and_damaged_files(name, tmp_path):
    path = tmp_path / name
    with pytest.raises(InputError, match="must be a file"):
        load(path, "conv1")
    path.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{")
    with pytest.raises(InputError) as error:
        load(path, "conv1")
    assert "\n" not in str(error.value)


def test_refuses_truncated_and_unknown_safetensors(weights, tmp_path):
    path = tmp_path / "a.safetensors"
    save(path, weights)
    whole = path.read_bytes()
    unknown = b'{"features.0.weight":{"dtype":"Q99","shape":[2],"data_offsets":[0,4]}}'
    for content in (
        b"",
        whole[:-4],
        whole[:100],
        b"\xff" * 64,  # a header of many exabytes
        len(unknown).to_bytes(8, "little") + unknown + bytes(4),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match="must be a whole safetensors file") as error:
            load(path, "conv1")
        assert "\n" not in str(error.value)
