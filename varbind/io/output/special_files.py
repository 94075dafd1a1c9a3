"""Outputs that are no files of their own: devices, FIFOs, sockets, and what a descriptor of this process leads to."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from varbind.errors import UsageError

__all__ = ["descriptor_of", "is_stream", "open_stream"]

_DESCRIPTORS = re.compile(r"/proc/(?:self|thread-self|\d+(?:/task/\d+)?)/fd|/dev/fd")
_LINKS_MAX = 40


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether a path is written straight through; a file of this name could not be renamed over it."""
    if descriptor_of(path) is not None:
        return True
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (follows links on purpose)
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def open_stream(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a stream for writing; what a descriptor leads to is neither cut nor begun anew.

    Raises:
        OSError: it cannot be opened.
    """
    descriptor = descriptor_of(path)
    return Path(path).open("wb") if descriptor is None else os.fdopen(os.dup(descriptor), "wb")


def descriptor_of(path: str | os.PathLike[str]) -> int | None:
    """The descriptor that a name such as /dev/stdout or /dev/fd/3 stands for.

    Raises:
        UsageError: it is one of another process.
    """
    place = os.path.abspath(path)  # noqa: PTH100 (links are followed one by one)
    for _ in range(_LINKS_MAX):
        folder, name = os.path.split(place)
        folder = os.path.realpath(folder)
        if _DESCRIPTORS.fullmatch(folder) and name.isdecimal():
            if folder not in {"/dev/fd", os.path.realpath("/proc/self/fd"), os.path.realpath("/proc/thread-self/fd")}:
                raise UsageError("is a descriptor of another process", path=path, remedy="name a file")
            return int(name)
        place = os.path.join(folder, name)  # noqa: PTH118
        if not os.path.islink(place):  # noqa: PTH114
            return None
        place = os.path.join(folder, os.readlink(place))  # noqa: PTH115, PTH118
    return None
