"""Reading a finished output back: the records and the checksum of its bytes, independent of the writer."""

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
    """The content of a file.

    Attributes:
        records: the number of records of a VCF or BCF; 0 for any other file.
        crc32: the CRC-32 of the uncompressed bytes; None for a BCF.
    """

    records: int
    crc32: int | None


def read_back(path: Path) -> Readback:
    """Read all bytes of a VCF, a BCF or any other text, and verify the checksums of all blocks.

    Raises:
        InputError: the file is damaged, or its end marker is missing.
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
            records += _non_blank_lines(lines[start:])
    return Readback(records, crc)


def _non_blank_lines(lines: bytes) -> int:
    """The number of lines that are not blank."""
    if lines.startswith((b"\n", b"\r")) or b"\n\n" in lines or b"\n\r" in lines:
        return sum(not is_blank(line) for line in lines.split(b"\n"))
    return lines.count(b"\n") + (not lines.endswith(b"\n") and bool(lines))


def _bcf_records(stream: BinaryIO, name: str) -> int:
    """The number of records of a BCF2 (VCF specification, section 6.3): each is two sizes and as many bytes."""
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
