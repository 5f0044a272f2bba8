import pytest

from tfdeepsim.data.naming import dataset_name


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("zip:cifar10_jpeg.zip", "cifar10_jpeg"),
        ("zip:/home/me/down loads/photos.v2.ZIP", "photos.v2"),
        ("zip:photos.v2", "photos.v2"),
        ("npz:../squares64.npz", "squares64"),
        ("folder:/home/me/photos", "photos"),
        ("folder:photos.v2/", "photos.v2"),
        ("folder:a:b", "a:b"),
        ("folder:..", "folder:.."),
        ("folder:.", "folder:."),
        ("folder:/", "folder:/"),
        ("llv2/quickstart", "llv2/quickstart"),
        ("svhn", "svhn"),
        ("tfds:mnist", "tfds:mnist"),
        ("shards:/data/photos/*.tfrecord", "photos"),
        ("shards:photos", "photos"),
        ("shards:*.tfrecord", "shards:*.tfrecord"),
        ("", ""),
    ],
)
def test_a_path_is_left_out_of_the_name(spelling, name):
    assert dataset_name(spelling) == name
