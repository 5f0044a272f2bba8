"""What all tests share."""

import os

# Before TensorFlow starts: quiet, and two devices to distribute over.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest


@pytest.fixture(autouse=True)
def float32_policy():
    """Leave no dtype policy behind, where a test loaded Keras at all."""
    yield
    import sys

    if "keras" in sys.modules:
        sys.modules["keras"].config.set_dtype_policy("float32")
