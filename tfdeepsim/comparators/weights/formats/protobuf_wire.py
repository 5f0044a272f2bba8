"""The wire format of protocol buffers, read in place.

A message is a run of fields, and a field is a key (its number and wire type) and a value; a message
inside a message is a value of bytes (https://protobuf.dev/programming-guides/encoding/).
"""

from collections.abc import Iterator

VARINT, BYTES = 0, 2

_FIXED = {1: 8, 5: 4}


def fields(message: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """The fields of a message, one after the other.

    Yields:
        Number, wire type and bytes of a field; the bytes of a `VARINT` are decoded by `varint`.

    Raises:
        ValueError, LookupError, EOFError: If the message is cut off, or the bytes are no message.
    """
    at = 0
    while at < len(message):
        key, start = varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            _, at = varint(message, start)
        elif wire == BYTES:
            length, start = varint(message, start)
            at = start + length
        elif wire in _FIXED:
            at = start + _FIXED[wire]
        else:
            raise ValueError(f"a field of wire type {wire}")
        if at > len(message) or not number:
            raise EOFError("a field that is cut off or has no number")
        yield number, wire, message[start:at]


def varint(data: memoryview, at: int = 0) -> tuple[int, int]:
    """Decode a number that is stored as seven bits a byte, the lowest first.

    Args:
        data: The bytes.
        at: Index of the number's first byte.

    Returns:
        The number, and the index of the byte after it.

    Raises:
        ValueError, LookupError: If the number has no end.
    """
    value = 0
    for place in range(10):
        byte = data[at + place]
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise ValueError("a number of more than ten bytes")
