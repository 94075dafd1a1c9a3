"""Reading of foreign files with limits on their size, so that no file takes much more memory than its size.

A file that is read as a whole must be regular, and must not exceed a largest size. The lines of a text have a largest
length, and a compressed file must not expand to much more than its size. A UTF-8 byte order mark, which spreadsheets
and Windows editors write, is removed here, so that the readers of texts need not handle it.
"""

from __future__ import annotations

import codecs
import errno
import json
import os
import stat
from itertools import count
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from varbind.errors import VarbindError

__all__ = ["LINE_BYTES_MAX", "bounded_lines", "json_of", "whole_bytes", "without_mark"]

LINE_BYTES_MAX = 1 << 20
UNPACKED_FREE = 1 << 22
UNPACKED_MAX = 100
"""The largest number of uncompressed bytes per byte of the file; gene tables have 30, and DEFLATE allows 1,032."""


def whole_bytes(path: str | os.PathLike[str], most: int) -> bytes:
    """All bytes of a regular file.

    Args:
        path: the path of the file, or of a link to it.
        most: the largest size in bytes.

    Raises:
        OSError: the file cannot be read, is not regular, or is too large.
    """
    with open(path, "rb", opener=_open_at_once) as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", os.fspath(path))
        if status.st_size > most:
            what = f"has {status.st_size:,} bytes, expected at most {most:,}"
            raise OSError(errno.EFBIG, what, os.fspath(path))
        return stream.read(status.st_size)


def without_mark(text: bytes) -> bytes:
    """The bytes of a text without a leading UTF-8 byte order mark."""
    return text.removeprefix(codecs.BOM_UTF8)


def json_of(data: bytes) -> Any:
    """The values of a JSON text. NaN and Infinity are accepted, as Python writes them.

    Raises:
        ValueError: the text is not JSON, or it is nested too deeply.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        # What msgspec reads, it reads as `json` does and twice as fast, but it takes neither NaN nor UTF-16.
        return _json_in_python(data)


def _json_in_python(data: bytes) -> Any:
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def bounded_lines(
    stream: BinaryIO,
    path: str,
    error: type[VarbindError],
    *,
    longest: int = LINE_BYTES_MAX,
    packed: Callable[[], int] | None = None,
) -> Iterator[tuple[int, bytes]]:
    """The lines of a text with their numbers, from 1, without byte order marks.

    The mark is removed from every line, because concatenated files have one where each of them started.

    Args:
        stream: the uncompressed bytes.
        path: the path of the file, for messages.
        error: the class of the errors.
        longest: the largest number of bytes of a line.
        packed: returns the number of bytes of the file that were read so far; 0 or None = unknown.

    Raises:
        VarbindError: a line is too long, the file expands to more than 100 times its size, or it is UTF-16.
    """
    unpacked, next_look = 0, UNPACKED_FREE
    for number in count(1):
        line = stream.readline(longest + 1)
        if not line:
            return
        if len(line) > longest:
            remedy = "give a text with shorter lines"
            raise error(f"the line is longer than {longest:,} bytes", path=path, line=number, remedy=remedy)
        if number == 1 and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise error("is UTF-16 text, expected UTF-8", path=path, line=1, remedy="save it as plain UTF-8")
        unpacked += len(line)
        if unpacked > next_look:
            next_look += UNPACKED_FREE
            size = packed() if packed else 0
            if size and unpacked > UNPACKED_MAX * size:
                remedy = "if the file is correct, decompress it first"
                what = f"unpacks to more than {UNPACKED_MAX} times its size"
                raise error(what, path=path, line=number, remedy=remedy)
        yield number, without_mark(line)


def _open_at_once(path: str, flags: int) -> int:
    # Without O_NONBLOCK, opening a FIFO that has no writer would block.
    return os.open(path, flags | os.O_NONBLOCK)
