import keras
import pytest
from keras_networks import published, shaken

from tfdeepsim.comparators import make_comparator

applications = keras.applications


@pytest.fixture(scope="module")
def mobile():
    keras.utils.set_random_seed(0)
    return shaken(
        applications.MobileNetV2(weights=None, include_top=False, input_shape=(None, None, 3))
    )


@pytest.fixture(scope="module")
def mobile_file(mobile, tmp_path_factory):
    path = tmp_path_factory.mktemp("mobile") / "mobile.weights.h5"
    mobile.save_weights(path)
    return path


@pytest.fixture(scope="module")
def comparator(mobile_file):
    return make_comparator("keras:MobileNetV2:block_1_expand_relu", mobile_file)


@pytest.fixture(scope="module")
def vgg():
    keras.utils.set_random_seed(1)
    return applications.VGG16(weights=None, include_top=False)


@pytest.fixture(scope="module")
def vgg_file(vgg, tmp_path_factory):
    return published(
        vgg, tmp_path_factory.mktemp("vgg") / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    )
