"""One target a kind of input: bytes stand in for it, the program runs, and the promise is held against the run.

The first bytes of an input, the controls, choose how the rest is wrapped and with which options the program is run.
Everything else is the file itself, so that a corpus can be read.
"""

import gzip
import zlib
from dataclasses import dataclass

TARGETS = {}


@dataclass(frozen=True)
class Target:
    """A kind of input.

    Attributes:
        name: of it.
        check: runs the program on bytes in a world, and raises where the promise is broken.
        seeds: sound inputs, given a world.
        mutate: a mutator of what follows the controls.
        controls: number of bytes that choose.
    """

    name: str
    check: object
    seeds: object
    mutate: object
    controls: int


def target(name, *, seeds, mutate, controls):
    """Make a function of a world and bytes the target of that name."""

    def register(check):
        TARGETS[name] = Target(name, check, seeds, mutate, controls)
        return check

    return register


def controlled(data, count):
    """The controls, and the rest."""
    return tuple(data[:count].ljust(count, b"\0")), data[count:]


def decompressed(data):
    """What the gzip library makes of a file; None where it is damaged."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return None
