import os
import subprocess
import sys

import keras
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


def test_knows_the_file_that_keras_downloads(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    remote = remote_file_of("VGG16", top=False)
    assert remote.path == tmp_path / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert remote.url.startswith("https://")
    assert remote.url.endswith(remote.path.name)
    assert len(remote.digest) == 32
    assert remote_file_of("MobileNet", top=True).path.name == "mobilenet_1_0_224_tf.h5"


def test_what_is_private_in_keras_is_as_the_catalog_needs_it():
    """Three facts that Keras does not document; where one fails, `catalog.py` must be adapted.

    A network's module is named after its family, which has `preprocess_input`; that module has
    `file_utils`, the module of `keras.utils.get_file`; and `get_file` is looked up there.
    """
    home = sys.modules[keras.utils.get_file.__module__]
    assert home.get_file is keras.utils.get_file
    for name in network_names():
        network = getattr(keras.applications, name)
        family = sys.modules[network.__module__]
        public = getattr(keras.applications, family.__name__.rpartition(".")[2])
        assert public.preprocess_input is family.preprocess_input
        # ResNet V2 has its weights downloaded by ResNet.
        assert getattr(family, "resnet", family).file_utils is home


@pytest.mark.slow
def test_keras_looks_for_weights_in_the_same_place(tmp_path):
    """The folder of downloaded weights is not documented either."""
    code = (
        "import keras\n"
        "from tfdeepsim.comparators.keras_applications.catalog import remote_file_of\n"
        "path = remote_file_of('MobileNet', top=True).path\n"
        "path.parent.mkdir(parents=True)\n"
        "path.write_bytes(b'')\n"
        "print(keras.utils.get_file(path.name, 'https://nowhere.invalid', cache_subdir='models'))\n"
        "print(path)"
    )
    environment = {**os.environ, "KERAS_HOME": str(tmp_path / "keras")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    theirs, ours = done.stdout.splitlines()
    assert theirs == ours == str(tmp_path / "keras" / "models" / "mobilenet_1_0_224_tf.h5")
