"""A finished file, read again: what is in it, told from its bytes alone."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from varbind.errors import InputError
from varbind.io.vcf.input_stream import Source
from varbind.io.vcf.records import is_blank

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Readback", "read_back"]

_COLUMNS_LINE = re.compile(rb"^#CHROM[^\n]*\n?", re.MULTILINE)
_BCF_TEXT = struct.Struct("<5sI")
_BCF_RECORD = struct.Struct("<II")
_SKIP = 1 << 20


@dataclass(frozen=True, slots=True)
class Readback:
    """What a file holds.

    Attributes:
        records: of a VCF or BCF; 0 of anything else.
        crc32: of its decompressed bytes; None of a BCF.
    """

    records: int
    crc32: int | None


def read_back(path: Path) -> Readback:
    """Read a VCF, a BCF or any text from its first to its last byte, every checksum of its packing included.

    Raises:
        InputError: it is damaged, or lacks its end marker.
    """
    with Source(path) as source:
        if source.stream.peek(3)[:3] == b"BCF":  # type: ignore[attr-defined]
            return Readback(_bcf_records(source.stream, source.name), None)
        return _text(source)


def _text(source: Source) -> Readback:
    crc = records = 0
    in_header = True
    for _, lines in source.whole_lines(1):
        crc = zlib.crc32(lines, crc)
        start = 0
        if in_header and (columns := _COLUMNS_LINE.search(lines)):
            in_header, start = False, columns.end()
        if not in_header:
            records += _lines_that_say_something(lines[start:])
    return Readback(records, crc)


def _lines_that_say_something(lines: bytes) -> int:
    """Number of lines that are not blank."""
    if lines.startswith((b"\n", b"\r")) or b"\n\n" in lines or b"\n\r" in lines:
        return sum(not is_blank(line) for line in lines.split(b"\n"))
    return lines.count(b"\n") + (not lines.endswith(b"\n") and bool(lines))


def _bcf_records(stream: BinaryIO, name: str) -> int:
    """Records of a BCF2 (VCF specification, section 6.3): each is two sizes and as many bytes."""
    _skip(stream, _BCF_TEXT.unpack(_exactly(stream, _BCF_TEXT.size, name))[1], name)
    count = 0
    while stream.peek(1):  # type: ignore[attr-defined]
        _skip(stream, sum(_BCF_RECORD.unpack(_exactly(stream, _BCF_RECORD.size, name))), name)
        count += 1
    return count


def _skip(stream: BinaryIO, size: int, name: str) -> None:
    while size:
        size -= len(_exactly(stream, min(size, _SKIP), name))


def _exactly(stream: BinaryIO, size: int, name: str) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise InputError("it ends within a record", path=name)
    return data
