"""Making images small enough for one page; the files of the figures stay as they were drawn."""

import io
from collections.abc import Sequence

_QUALITIES = (92, 82, 70)


def shrink_images(images: Sequence[bytes], limit: int) -> list[bytes]:
    """The same pictures in at most `limit` bytes in total; as few as possible are changed.

    As long as the total is too large, the largest file becomes a JPEG of lower quality, and after
    that of smaller size.

    Args:
        images: Content of PNG files.
        limit: Total size in bytes.

    Returns:
        Content of PNG or JPEG files, in the same order.
    """
    shrunk = list(images)
    steps = [0] * len(shrunk)
    while sum(map(len, shrunk)) > limit:
        largest = max(range(len(shrunk)), key=lambda index: len(shrunk[index]))
        if steps[largest] > 12:  # the file has a few hundred bytes and cannot get smaller
            break
        shrunk[largest] = _smaller(images[largest], steps[largest])
        steps[largest] += 1
    return shrunk


def _smaller(png: bytes, step: int) -> bytes:
    """A picture as JPEG; it is smaller at each higher step."""
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        picture = image.convert("RGB")
    halvings = max(0, step - len(_QUALITIES) + 1)
    size = max(1, picture.width >> halvings), max(1, picture.height >> halvings)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    quality = _QUALITIES[min(step, len(_QUALITIES) - 1)]
    picture.save(file, "JPEG", quality=quality, subsampling=0 if step == 0 else 2)
    return file.getvalue()
