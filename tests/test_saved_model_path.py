"""SavedModels are loaded from folders whose names look like patterns."""

from pathlib import Path

import pytest
import tensorflow as tf

from tfdeepsim.saved_model_path import path_without_patterns


@pytest.mark.parametrize("name", ["a[1]b", "c\\d", "e*f", "g?", "plain"])
def test_a_saved_model_is_loaded_from_any_folder(name, tmp_path):
    module = tf.Module()
    module.number = tf.Variable(7.0)
    folder = tmp_path / name / "encoder"
    tf.saved_model.save(module, str(folder))
    with path_without_patterns(folder) as plain:
        assert float(tf.saved_model.load(plain).number) == 7.0
    assert (plain == str(folder)) == (name == "plain")
    assert Path(plain).exists() == (name == "plain")
