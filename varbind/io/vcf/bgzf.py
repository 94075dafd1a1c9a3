"""BGZF (SAM specification, section 4.1), read and written block by block.

Damage is reported with its offset. Existing libraries end without an error where a file is cut at a block boundary, and
hide a full disk until the process ends. Both would lose records silently.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, BinaryIO

from varbind.errors import InputError

if TYPE_CHECKING:
    from concurrent.futures import Future
    from typing import Protocol

    class ByteSink(Protocol):
        """An object to which bytes are written."""

        def write(self, data: bytes, /) -> object:
            """Write all bytes."""


__all__ = ["EOF_MARKER", "BgzfReader", "BgzfWriter", "is_bgzf", "missing_marker"]

EOF_MARKER = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_TRAILER = struct.Struct("<II")
_BLOCK_HEADER = b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x06\x00BC\x02\x00"
_PAYLOAD = 65_280  # the number of bytes that bgzip writes into a block
_BLOCK_MAX = 65_536
_AT_ONCE = 8 * _PAYLOAD


def is_bgzf(start: bytes) -> bool:
    """Whether the first 18 bytes of a file are those of a BGZF block."""
    return start[:4] == b"\x1f\x8b\x08\x04" and start[10:16] == b"\x06\x00BC\x02\x00"


def missing_marker(path: object) -> InputError:
    """The error about a file without its end marker."""
    remedy = "recompress, or --allow-truncated"
    return InputError("no BGZF end marker; truncated?", path=path, remedy=remedy)


class BgzfReader(io.RawIOBase):
    """Decompresses BGZF and checks every block.

    Args:
        raw: the compressed bytes.
        path: the path of the file, for messages.
        allow_truncated: whether the end marker may be missing; a truncated block is never accepted.

    Raises:
        InputError: on reading, at the first block that is truncated, damaged or not BGZF, or at the end if the end
            marker is missing.
    """

    def __init__(self, raw: BinaryIO, path: object, *, allow_truncated: bool = False) -> None:
        self._raw = raw
        self._path = path
        self._allow_truncated = allow_truncated
        self._block = memoryview(b"")
        self._offset = 0
        self._at_marker = False

    def readable(self) -> bool:
        """Whether bytes can be read, which is always so."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the current block, or from the next block that is not empty."""
        target = memoryview(buffer).cast("B")
        while not self._block:
            if not self._next_block():
                return 0
        count = min(len(target), len(self._block))
        target[:count] = self._block[:count]
        self._block = self._block[count:]
        return count

    def _next_block(self) -> bool:
        start = self._raw.read(18)
        if not start:
            self._check_end()
            return False
        if len(start) < 18 or not is_bgzf(start):
            raise self._broken("not a BGZF block")
        size = int.from_bytes(start[16:18], "little") + 1
        rest = self._raw.read(max(size - 18, 0))
        if size < 18 + _TRAILER.size or len(rest) < size - 18:
            raise self._broken("the block is cut short")
        crc, length = _TRAILER.unpack(rest[-8:])
        inflater = zlib.decompressobj(wbits=-15)
        try:
            data = inflater.decompress(rest[:-8], _BLOCK_MAX + 1)
        except zlib.error as error:
            raise self._broken(str(error)) from error
        if len(data) > _BLOCK_MAX:
            raise self._broken("the block holds more than 64 KiB")
        if not inflater.eof:
            raise self._broken("the block is incomplete")
        if len(data) != length or zlib.crc32(data) != crc:
            raise self._broken("checksum wrong")
        self._at_marker = start + rest == EOF_MARKER
        self._offset += size
        self._block = memoryview(data)
        return True

    def _check_end(self) -> None:
        if not self._at_marker and not self._allow_truncated:
            raise missing_marker(self._path)

    def _broken(self, why: str) -> InputError:
        return InputError(
            f"truncated or corrupt at byte {self._offset}: {why}",
            path=self._path,
            remedy="make the file again",
        )


class BgzfWriter(AbstractContextManager["BgzfWriter"]):
    """Compresses into BGZF blocks, which are the same for any number of threads.

    Args:
        sink: the object to which the blocks are written, only from the thread of the caller.
        level: the compression level of zlib, 0 to 9.
        threads: the number of threads that compress in the background; 1 = only the thread of the caller.
    """

    def __init__(self, sink: ByteSink, *, level: int = 6, threads: int = 1) -> None:
        self._sink = sink
        self._level = level
        self._pending = bytearray()
        self._ahead = 2 * threads
        self._threads = ThreadPoolExecutor(threads, "varbind-bgzf") if threads > 1 else None
        self._compressing: deque[Future[bytes]] = deque()

    def write(self, data: bytes) -> None:
        """Add bytes; full blocks are written as soon as they are compressed."""
        self._pending += data
        while len(self._pending) >= _AT_ONCE:
            self._compress(_AT_ONCE)

    def finish(self) -> None:
        """Write the remaining bytes and the end marker."""
        self._compress(len(self._pending))
        self._write_compressed(ahead=0)
        self._sink.write(EOF_MARKER)
        self.close()

    def close(self) -> None:
        """Stop the threads; bytes that are not yet written are dropped."""
        if self._threads:
            self._threads.shutdown(cancel_futures=True)

    def __exit__(self, *error: object) -> None:
        self.close()

    def _compress(self, size: int) -> None:
        data = bytes(self._pending[:size])
        del self._pending[:size]
        if self._threads is None:
            self._sink.write(_blocks(data, self._level))
            return
        self._compressing.append(self._threads.submit(_blocks, data, self._level))
        self._write_compressed(ahead=self._ahead)

    def _write_compressed(self, *, ahead: int) -> None:
        """Write the compressed pieces in order, until at most `ahead` pieces remain."""
        while len(self._compressing) > ahead:
            self._sink.write(self._compressing.popleft().result())


def _blocks(data: bytes, level: int) -> bytes:
    """The bytes as BGZF blocks."""
    return b"".join(_block(data[start : start + _PAYLOAD], level) for start in range(0, len(data), _PAYLOAD))


def _block(data: bytes, level: int) -> bytes:
    body = _deflate(data, level)
    if len(body) > _BLOCK_MAX - 26:  # incompressible data fits as stored blocks
        body = _deflate(data, 0)
    size = struct.pack("<H", len(body) + 25)
    return b"".join([_BLOCK_HEADER, size, body, _TRAILER.pack(zlib.crc32(data), len(data))])


def _deflate(data: bytes, level: int) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()
