"""The bytes of an input, plain or compressed, as detected from its content and never from its name."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sys
import zlib
from contextlib import AbstractContextManager
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, BinaryIO

from varbind.errors import InputError
from varbind.io.vcf.bgzf import EOF_MARKER, BgzfReader, is_bgzf, missing_marker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

__all__ = ["STDIN", "Container", "Source", "piece_sizes"]

STDIN = "-"
_BUFFER = 1 << 20
_FIRST_PIECE, _LARGEST_PIECE = 1 << 15, 1 << 18
LINE_BYTES_MAX = 1 << 30
"""The largest size in bytes of a line and of a header; half a million samples need a tenth of it."""


class Container(StrEnum):
    """The compression of an input."""

    PLAIN = "plain"
    BGZF = "BGZF"
    GZIP = "gzip"


class Source(AbstractContextManager["Source"]):
    """An opened input.

    Args:
        path: a file, or `-` for standard input.
        allow_truncated: whether BGZF without its end marker is accepted.
        digest: whether the SHA-256 of the file is computed while it is read.

    Raises:
        InputError: the file is missing, a directory, unreadable or empty.

    Attributes:
        container: the compression.
        stream: the uncompressed bytes; reading raises InputError where the file is damaged.
        size: the size of the file in bytes; None if it is unknown.
    """

    def __init__(self, path: str | os.PathLike[str], *, allow_truncated: bool = False, digest: bool = False) -> None:
        self.path = os.fspath(path)
        self._digested: _DigestedFile | None = None
        self.name = "standard input" if self.path == STDIN else self.path
        self._allow_truncated = allow_truncated
        self._raw = self._open(digest=digest)
        self.size = self._size()
        start = self._sniff()
        if not start:
            self._raw.close()
            raise InputError("not a VCF/BCF (empty)", path=self.name)
        if is_bgzf(start):
            self.container = Container.BGZF
            self.bgzf: BgzfReader | None = BgzfReader(self._raw, self.name, allow_truncated=allow_truncated)
            self.stream: BinaryIO = io.BufferedReader(self.bgzf, _BUFFER)
        elif start[:2] == b"\x1f\x8b":
            self.container = Container.GZIP
            self.bgzf = None
            self.stream = io.BufferedReader(_GzipReader(self._raw, self.name), _BUFFER)
        else:
            self.container = Container.PLAIN
            self.bgzf = None
            self.stream = self._raw

    def _open(self, *, digest: bool) -> io.BufferedReader:
        if self.path == STDIN:
            if sys.stdin is None:
                raise InputError("is closed", path=self.name, remedy="pipe a VCF in, or name a file")
            return io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False), _BUFFER)
        try:
            if digest:
                self._digested = _DigestedFile(self.path)
            return io.BufferedReader(self._digested or io.FileIO(self.path), _BUFFER)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=self.path) from error

    def _sniff(self) -> bytes:
        """The first 18 bytes; they are not consumed, not even from a pipe."""
        try:
            start = self._raw.read(18)
        except OSError as error:
            self._raw.close()
            raise InputError(f"cannot be read: {error.strerror}", path=self.name) from error
        if self._raw.seekable():
            self._raw.seek(0)
        else:
            self._raw = io.BufferedReader(_Rewound(start, self._raw), _BUFFER)
        return start

    def _size(self) -> int | None:
        size = os.fstat(self._raw.fileno()).st_size
        return size or None

    @property
    def position(self) -> int:
        """The number of bytes of the file that were read so far; 0 for a pipe."""
        return self._raw.tell() if self._raw.seekable() else 0

    @property
    def sha256(self) -> str | None:
        """The SHA-256 of the file as it is stored; None unless it was requested and the whole file has been read."""
        return self._digested.sha256(self.size) if self._digested and self.size else None

    def blocks(self) -> Iterator[bytes]:
        """The remaining uncompressed bytes.

        Raises:
            InputError: the file is damaged, or it changed while it was read.
        """
        while data := self.stream.read(_BUFFER):
            yield data
        self.check_unchanged()

    def header_lines(self) -> Iterator[tuple[int, bytes]]:
        """The lines of the header and after it, with their numbers.

        Raises:
            InputError: the file is damaged, or a line, or all lines together, exceed `LINE_BYTES_MAX`.
        """
        size = 0
        for number in count(1):
            line = self.stream.readline(LINE_BYTES_MAX + 1)
            size += len(line)
            if size > LINE_BYTES_MAX:
                raise endless_line(self.name, number)
            if not line:
                return
            yield number, line

    def whole_lines(self, number: int) -> Iterator[tuple[int, bytes]]:
        """The remaining bytes in pieces that end at the end of a line or of the file.

        Args:
            number: the number of the next line.

        Returns:
            The pieces, each with the number of its first line.

        Raises:
            InputError: the file is damaged, a line exceeds `LINE_BYTES_MAX`, or the file changed while it was read. The
                lines before the damage are returned first.
        """
        held: list[bytes] = []
        size = 0
        damage = None
        sizes = piece_sizes()
        least = next(sizes)
        try:
            while data := self.stream.read1(least):  # type: ignore[attr-defined]
                held.append(data)
                size += len(data)
                if size > LINE_BYTES_MAX:
                    number += sum(part.count(b"\n") for part in held)
                    held.clear()
                    raise endless_line(self.name, number)
                cut = data.rfind(b"\n") + 1
                if cut and size >= least:
                    held[-1] = data[:cut]
                    piece = b"".join(held)
                    yield number, piece
                    number += piece.count(b"\n")
                    held, size, least = [data[cut:]], len(data) - cut, next(sizes)
        except InputError as error:
            damage = error
        rest = b"".join(held)
        if damage:
            rest = rest[: rest.rfind(b"\n") + 1]
        if rest:
            yield number, rest
        if damage:
            raise damage
        self.check_unchanged()

    def check_unchanged(self) -> None:
        """Check that no other program is still writing the file, because it would be read in part.

        Raises:
            InputError: the size of the file changed since it was opened.
        """
        if self.size is None or not self._raw.seekable():
            return
        size = os.fstat(self._raw.fileno()).st_size
        if size != self.size:
            what = f"changed while it was read: {self.size:,} bytes at first, {size:,} at the end"
            raise InputError(what, path=self.name, remedy="wait until it is complete, and run again")

    def check_end_marker(self) -> None:
        """Check the end marker of a BGZF file that is not read to its end, because an index is used.

        Raises:
            InputError: the end marker is missing.
        """
        if self.bgzf is None or self._allow_truncated or not self.size:
            return
        with open(self.path, "rb") as stream:  # noqa: PTH123 (a path as the user wrote it)
            stream.seek(max(self.size - len(EOF_MARKER), 0))
            if stream.read() != EOF_MARKER:
                raise missing_marker(self.name)

    def close(self) -> None:
        """Close the file."""
        self.stream.close()
        self._raw.close()

    def __exit__(self, *error: object) -> None:
        self.close()


class _DigestedFile(io.FileIO):
    """A file whose digest is computed while it is read, for as long as it is read from its start without a gap."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._digest = hashlib.sha256()
        self._end = 0

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        place = self.tell() if self.seekable() else self._end
        count = super().readinto(buffer)
        known = self._end - place
        if count and 0 <= known < count:
            self._digest.update(memoryview(buffer).cast("B")[known:count])
            self._end = place + count
        return count

    def sha256(self, size: int) -> str | None:
        """The digest in hexadecimal digits; None if fewer or more bytes than `size` have been read."""
        return self._digest.hexdigest() if self._end == size else None


class _Rewound(io.RawIOBase):
    """A pipe, preceded by the bytes that were already read from it."""

    def __init__(self, start: bytes, rest: io.BufferedReader) -> None:
        self._start = start
        self._rest = rest

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._rest.close()
        super().close()

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._start:
            count = min(len(buffer), len(self._start))
            buffer[:count] = self._start[:count]
            self._start = self._start[count:]
            return count
        data = self._rest.read1(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _GzipReader(io.RawIOBase):
    """Gzip with any number of members, whose damage is reported as an InputError."""

    def __init__(self, raw: io.BufferedReader, name: str) -> None:
        self._raw = raw
        self._name = name
        self._gzip = gzip.GzipFile(fileobj=raw)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        try:
            return self._gzip.readinto(buffer)  # type: ignore[arg-type]
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            place = f" near byte {self._raw.tell()}" if self._raw.seekable() else ""
            raise InputError(
                f"truncated or corrupt{place}: {error}", path=self._name, remedy="make the file again"
            ) from error


def endless_line(name: str, number: int) -> InputError:
    """The error about a line that is too long for any VCF."""
    what = f"the line is longer than {LINE_BYTES_MAX:,} bytes"
    return InputError(what, path=name, line=number, remedy="is it a VCF?")


def piece_sizes() -> Iterator[int]:
    """The number of bytes of each piece of a file that is read in pieces of whole lines.

    They grow, because the first thousand records are looked at one by one.
    """
    size = _FIRST_PIECE
    while True:
        yield size
        size = min(2 * size, _LARGEST_PIECE)
