import numpy as np
import pytest
from handmade_checkpoint import write_arrays

from tfdeepsim.comparators.alexnet_weights import digest, load_weights, random_weights
from tfdeepsim.errors import InputError


@pytest.fixture(scope="module")
def weights():
    return random_weights("conv2", seed=1)


def write(path, weights):
    write_arrays(path, **{name.replace(".", "__"): value for name, value in weights.items()})


def test_random_weights_are_the_same_everywhere():
    expected = "e412408355170a1d913a4a98d7d8e38efbc27a8f4ae47096085c0a0b20fbebdb"
    assert digest(random_weights("relu2", seed=0)) == expected


def test_random_weights_of_a_deeper_network_start_with_those_of_a_shallower(weights):
    deeper = random_weights("conv3", seed=1)
    for name, value in weights.items():
        np.testing.assert_array_equal(deeper[name], value)
    assert not np.array_equal(
        random_weights("conv2", seed=2)["features.0.weight"], weights["features.0.weight"]
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
        random_weights("conv1", seed=-1)


def test_the_digest_tells_values_names_and_shapes_apart(weights):
    changed = {name: value.copy() for name, value in weights.items()}
    changed["features.0.weight"][0, 0, 0, 0] += 1
    renamed = {name.replace("3", "4"): value for name, value in weights.items()}
    reshaped = {name: value.reshape(-1) for name, value in weights.items()}
    assert len({digest(w) for w in (weights, changed, renamed, reshaped)}) == 4


def test_reads_both_formats_to_the_same_digest(weights, tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy", reason="reads .safetensors")
    write(tmp_path / "a.pth", weights)
    safetensors.save_file(weights, tmp_path / "a.safetensors")
    for name in ("a.pth", "a.safetensors"):
        assert digest(load_weights(tmp_path / name, "conv2")) == digest(weights)


def test_reads_only_the_layers_asked_for(weights, tmp_path):
    write(tmp_path / "a.pth", weights)
    assert list(load_weights(tmp_path / "a.pth", "pool1")) == ["features.0.weight", "features.0.bias"]


def test_takes_half_precision_as_float32(weights, tmp_path):
    halves = {name: value.astype(np.float16) for name, value in weights.items()}
    write(tmp_path / "a.pth", halves)
    loaded = load_weights(tmp_path / "a.pth", "conv2")
    for name, value in halves.items():
        assert loaded[name].dtype == np.float32
        np.testing.assert_array_equal(loaded[name], value)


def test_names_missing_tensors(weights, tmp_path):
    write(tmp_path / "a.pth", weights)
    with pytest.raises(InputError, match=r"no features\.6\.weight, features\.6\.bias;"):
        load_weights(tmp_path / "a.pth", "relu3")


def test_says_which_shape_was_found_and_which_expected(weights, tmp_path):
    other = {**weights, "features.0.weight": np.zeros((96, 3, 11, 11), np.float32)}
    write(tmp_path / "a.pth", other)
    with pytest.raises(
        InputError, match=r"features\.0\.weight of shape \[96, 3, 11, 11\].*\[64, 3, 11, 11\]"
    ):
        load_weights(tmp_path / "a.pth", "conv1")


def test_refuses_integers_and_nan(weights, tmp_path):
    write(tmp_path / "a.pth", {**weights, "features.0.bias": np.zeros(64, np.int64)})
    with pytest.raises(InputError, match="int64"):
        load_weights(tmp_path / "a.pth", "conv1")
    write(tmp_path / "a.pth", {**weights, "features.0.bias": np.full(64, np.nan, np.float32)})
    with pytest.raises(InputError, match=r"NaN or infinity in features\.0\.bias"):
        load_weights(tmp_path / "a.pth", "conv1")


def test_a_published_name_must_keep_its_promise(weights, tmp_path):
    path = tmp_path / "alexnet-owt-7be5be79.pth"
    write(path, weights)
    with pytest.raises(InputError, match=r"SHA-256 [0-9a-f]{8}.*7be5be79"):
        load_weights(path, "conv1")


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors", "alexnet-owt-7be5be79.pth"])
def test_refuses_missing_and_damaged_files(name, tmp_path):
    path = tmp_path / name
    with pytest.raises(InputError, match="must be a file"):
        load_weights(path, "conv1")
    path.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{")
    with pytest.raises(InputError) as error:
        load_weights(path, "conv1")
    assert "\n" not in str(error.value)
