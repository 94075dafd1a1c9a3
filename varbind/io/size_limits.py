"""What others made, read within bounds: nothing here takes much more memory than the file is large.

A file that is read at once is looked at first: it is a regular one, and no larger than it may be. Of a text no line is
endless, and a small compressed file does not unpack into a large one. A UTF-8 byte order mark, which spreadsheets and
editors of Windows write, is taken off here, so that no reader of a text has to know of it.
"""

from __future__ import annotations

import codecs
import errno
import json
import os
import stat
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from varbind.errors import VarbindError

__all__ = ["LINE_BYTES_MAX", "bounded_lines", "json_of", "whole_bytes", "without_mark"]

LINE_BYTES_MAX = 1 << 20
UNPACKED_FREE = 1 << 22
UNPACKED_MAX = 100
"""Bytes of text to one of the file; gene tables have 30, DEFLATE gives up to 1,032."""


def whole_bytes(path: str | os.PathLike[str], most: int) -> bytes:
    """All bytes of a regular file.

    Args:
        path: of it, or of a link to it.
        most: bytes that it may have.

    Raises:
        OSError: it cannot be read, is something else than a regular file, or is larger.
    """
    with open(path, "rb", opener=_open_at_once) as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "is no regular file", os.fspath(path))
        if status.st_size > most:
            what = f"has {status.st_size:,} bytes, expected at most {most:,}"
            raise OSError(errno.EFBIG, what, os.fspath(path))
        return stream.read(status.st_size)


def without_mark(text: bytes) -> bytes:
    """The bytes of a text without the UTF-8 byte order mark that may stand before it."""
    return text.removeprefix(codecs.BOM_UTF8)


def json_of(data: bytes) -> Any:
    """JSON values.

    Raises:
        ValueError: it is none, or too deep.
    """
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
    """Lines with their numbers, from 1, without byte order marks.

    A mark is taken off every line: files that were joined have one where each of them began.

    Args:
        stream: unpacked bytes.
        path: for messages.
        error: what to raise.
        longest: bytes that a line may have.
        packed: bytes of the file that were read so far; 0 or None = nobody knows.

    Raises:
        VarbindError: a line is longer, the file unpacks to more than 100 times its size, or it is UTF-16.
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
                remedy = "if it is what it should be, unpack it first"
                what = f"unpacks to more than {UNPACKED_MAX} times its size"
                raise error(what, path=path, line=number, remedy=remedy)
        yield number, without_mark(line)


def _open_at_once(path: str, flags: int) -> int:
    # Without a writer, opening a FIFO would wait for ever.
    return os.open(path, flags | os.O_NONBLOCK)
