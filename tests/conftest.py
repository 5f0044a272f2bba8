"""What all tests share."""

import gc
import os
import signal
import sys

# Before TensorFlow starts, as the commands do it.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import pytest

# A shell starts background jobs deaf to Ctrl-C, and so would be the processes that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish():
    """What the imports made stays; each collection of garbage would look through it in vain."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def forgetful_keras():
    """Leave no networks behind for the tests of other files to carry along."""
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()


@pytest.fixture(autouse=True)
def float32_policy():
    """Leave no dtype policy behind, where a test loaded Keras at all."""
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].config.set_dtype_policy("float32")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Name and data folder of an LLv2 that was really simulated: 4 rollouts of 3 frames each
    purpose."""
    from tfdeepsim.data import open_dataset

    name, data_dir = "llv2/4x3-stride7-seed5", tmp_path_factory.mktemp("datasets")
    open_dataset(name, data_dir)
    return name, data_dir
