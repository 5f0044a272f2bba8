"""Image files of one colour each, which is their value, for several test files."""

import numpy as np
import PIL.Image

SIDE = 8


def image(value, size=(SIDE, SIDE)):
    """A flat image whose colour is its value."""
    return PIL.Image.new("RGB", size, (value, value // 2, 255 - value))


def fill(root, names, size=(SIDE, SIDE)):
    """PNG files; the value of the n-th is n."""
    for value, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        image(value % 256, size).save(root / name, "PNG")
    return root


def values(split):
    """The value of each image; checks that all its pixels have it."""
    pixels = split.images[:].astype(int)
    found = pixels[:, 0, 0, 0]
    expected = np.stack([found, found // 2, 255 - found], axis=-1)[:, None, None]
    np.testing.assert_array_equal(pixels, np.broadcast_to(expected, pixels.shape))
    return found.tolist()
