"""Damages bytes, as disks, networks, editors and attackers do."""

import random

NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63]
WORDS = [b"null", b"NaN", b"-1", b"1e999", b"[]", b"{}", b'""', b"'", b'"', b",", b"\0", b"\n",
         b"99999999999999999999", b"\xff\xfe", b"((((((((", b"[[[[[[[["]  # fmt: skip


def mutated(data: bytes, chance: random.Random) -> bytes:
    """`data` with one to four changes of any kind."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        _change(changed, chance)
    return bytes(changed)


def _change(data: bytearray, chance: random.Random) -> None:
    place = chance.randrange(len(data) + 1)
    length = chance.choice([1, 2, 4, 8, 16, 64])
    kind = chance.randrange(8)
    if kind == 0 and data:
        data[place % len(data)] ^= 1 << chance.randrange(8)
    elif kind == 1 and data:
        data[place % len(data)] = chance.randrange(256)
    elif kind == 2:
        del data[place:]
    elif kind == 3:
        del data[place : place + length]
    elif kind == 4:
        data[place:place] = data[place : place + length]
    elif kind == 5:
        width = chance.choice([1, 2, 4, 8])
        number = chance.choice(NUMBERS) % 256**width
        order = chance.choice(["little", "big"])
        data[place : place + width] = number.to_bytes(width, order)  # type: ignore[arg-type]
    elif kind == 6:
        data[place : place + chance.choice([0, length])] = chance.choice(WORDS)
    else:
        data[place : place + length] = chance.randbytes(length)
