"""Damage that knows nothing of the format but where its numbers may stand: bits, cuts, splices, lengths."""

from collections.abc import Callable
from random import Random

# What a length, a count or a dump id can be made to say. Written as pg_dump does: a sign byte and four bytes.
_NUMBERS = (0, 1, 2, 255, 65_535, 65_536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_LONGEST_SLICE = 5_000

Damage = Callable[[bytes, Random], bytes]


def bits(archive: bytes, random: Random) -> bytes:
    """Flip a few bits anywhere."""
    damaged = bytearray(archive)
    for _ in range(random.randint(1, 8)):
        damaged[random.randrange(len(damaged))] ^= 1 << random.randrange(8)
    return bytes(damaged)


def stuff(archive: bytes, random: Random) -> bytes:
    """Overwrite a few bytes with random ones."""
    begin = random.randrange(len(archive))
    return archive[:begin] + random.randbytes(random.randint(1, 20)) + archive[begin + 10 :]


def truncate(archive: bytes, random: Random) -> bytes:
    """Cut the end off."""
    return archive[: random.randrange(len(archive))]


def splice(archive: bytes, random: Random) -> bytes:
    """Put a slice from one place in at another: over what stands there, or before it."""
    begin, place = random.randrange(len(archive)), random.randrange(len(archive))
    piece = archive[begin : begin + random.randint(1, _LONGEST_SLICE)]
    return archive[:place] + piece + archive[place + random.choice((0, len(piece))) :]


def remove(archive: bytes, random: Random) -> bytes:
    """Take a slice out."""
    begin = random.randrange(len(archive))
    return archive[:begin] + archive[begin + random.randint(1, _LONGEST_SLICE) :]


def number(archive: bytes, random: Random) -> bytes:
    """Overwrite what looks like a number of the format with an extreme one: a zero byte, and three more before long."""
    zeros = archive.find(b"\0\0\0", random.randrange(len(archive)))
    place = zeros - 2 if zeros >= 2 else random.randrange(len(archive))
    extreme = bytes((random.randrange(2),)) + random.choice(_NUMBERS).to_bytes(4, "little")
    return archive[:place] + extreme + archive[place + 5 :]


def append(archive: bytes, random: Random) -> bytes:
    """Let garbage, or the archive's own bytes, follow."""
    return archive + (
        random.randbytes(random.randint(1, 100)) if random.random() < 0.5 else archive[-random.randint(1, 2_000) :]
    )


ALL: tuple[Damage, ...] = (bits, stuff, truncate, splice, remove, number, number, append)
