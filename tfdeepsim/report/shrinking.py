"""Images made small enough for one page; the files of the figures stay as they were drawn."""

import io
from collections.abc import Sequence

_QUALITIES = (92, 82, 70)


def fit_images(images: Sequence[bytes], limit: int) -> list[bytes]:
    """The same pictures in at most `limit` bytes together, as few of them changed as that needs.

    The largest becomes JPEG, at falling quality and then at falling size, until all fit.

    Args:
        images: PNG files.
        limit: Bytes.

    Returns:
        PNG or JPEG files, in the same order.
    """
    fitted = list(images)
    steps = [0] * len(fitted)
    while sum(map(len, fitted)) > limit:
        largest = max(range(len(fitted)), key=lambda index: len(fitted[index]))
        if steps[largest] > 12:  # a few hundred bytes: nothing is left to save
            break
        fitted[largest] = _smaller(images[largest], steps[largest])
        steps[largest] += 1
    return fitted


def _smaller(png: bytes, step: int) -> bytes:
    """A picture as JPEG; every step is smaller than the one before."""
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
