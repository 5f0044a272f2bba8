"""The builder of LLv2, used directly and by `tfds build`."""

import json
from pathlib import Path

import numpy as np
import simple_parsing
import tensorflow_datasets as tfds
from tensorflow_datasets.scripts.cli import build

from tfdeepsim.data import open_dataset
from tfdeepsim.data.llv2 import llv2, size


def test_the_number_of_workers_does_not_change_the_data(tiny, tmp_path):
    name, data_dir = tiny
    config = name.removeprefix("llv2/")
    llv2.Llv2(config=config, data_dir=tmp_path, workers=3).download_and_prepare()
    one = tmp_path / name / size.VERSION
    other = data_dir / name / size.VERSION
    for file in other.glob("llv2-*"):
        assert (one / file.name).read_bytes() == file.read_bytes()
    assert open_dataset(name, tmp_path).fingerprint == open_dataset(name, data_dir).fingerprint


def test_several_shards_are_read_in_order(tiny, tmp_path):
    name, data_dir = tiny
    builder = llv2.Llv2(config=name.removeprefix("llv2/"), data_dir=tmp_path)
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(num_shards=3))
    assert builder.info.splits["test"].num_shards == 3
    one, several = (open_dataset(name, folder).split("test") for folder in (data_dir, tmp_path))
    np.testing.assert_array_equal(several.images, one.images)
    np.testing.assert_array_equal(several.labels["state"], one.labels["state"])


def test_a_builder_reads_what_another_process_has_written_meanwhile(tmp_path):
    first, late = (llv2.Llv2(config="2x1-stride1", data_dir=tmp_path) for _ in range(2))
    first.download_and_prepare()
    late.download_and_prepare()
    assert late.info.splits["test"].num_examples == first.info.splits["test"].num_examples == 2


def test_the_origin_is_recorded_with_the_data(tiny):
    name, data_dir = tiny
    metadata = json.loads((data_dir / name / size.VERSION / "metadata.json").read_text())
    assert metadata["environment"] == "LunarLander-v3"
    assert {"gymnasium", "numpy"} < set(metadata["versions"])
    assert (metadata["seed"], metadata["rollouts"], metadata["frames"], metadata["stride"]) == (
        5,
        4,
        3,
        7,
    )
    assert set(metadata["sha256"]) == set(size.parse("small").splits)


def test_the_data_can_be_read_without_this_package(tiny):
    name, data_dir = tiny
    builder = tfds.builder_from_directory(data_dir / name / size.VERSION)
    example = next(iter(tfds.as_numpy(builder.as_dataset(split="test"))))
    assert example["image"].shape == (64, 64, 3)
    assert example["position"].tolist() == example["state"][:2].tolist()


def tfds_build(*arguments):
    """What `tfds build` does, without the tool's other commands, which import Apache Beam and
    Croissant."""
    parser = simple_parsing.ArgumentParser()
    parser.add_arguments(build.Args, "build")
    parser.parse_args(arguments).build.execute()


def test_tfds_build_works_on_the_folder_of_the_builder(start, tmp_path, tiny):
    name, data_dir = tiny
    folder = Path(llv2.__file__).parent
    arguments = folder, "--config", name.removeprefix("llv2/"), "--data_dir", tmp_path
    process = start(tfds_build, *map(str, arguments))
    process.join(timeout=120)
    assert process.exitcode == 0
    assert open_dataset(name, tmp_path).fingerprint == open_dataset(name, data_dir).fingerprint
