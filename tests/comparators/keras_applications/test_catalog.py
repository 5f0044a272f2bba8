import numpy as np
import pytest

from tfdeepsim.comparators.keras_applications.catalog import (
    network_names,
    preprocessing_of,
    remote_file_of,
)


def test_there_is_preprocessing_for_every_network():
    assert len(network_names()) >= 38
    x = np.full((1, 2, 2, 3), 255.0, np.float32)
    ranges = {name: float(np.max(preprocessing_of(name)(x.copy()))) for name in network_names()}
    assert ranges["VGG19"] == pytest.approx(255 - 103.939)
    assert ranges["ResNet50V2"] == ranges["NASNetMobile"] == 1
    assert ranges["ConvNeXtTiny"] == ranges["EfficientNetV2S"] == ranges["MobileNetV3Large"] == 255
    assert ranges["DenseNet121"] == pytest.approx((1 - 0.406) / 0.225)


def test_knows_the_file_that_keras_fetches(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    offer = remote_file_of("VGG16", top=False)
    assert offer.path == tmp_path / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert offer.url.startswith("https://")
    assert offer.url.endswith(offer.path.name)
    assert len(offer.digest) == 32
    assert remote_file_of("MobileNet", top=True).path.name == "mobilenet_1_0_224_tf.h5"
