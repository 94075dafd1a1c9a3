"""A FASTA index (`.fai`) held against the FASTA that it stands for.

What is read is little: the header line before each sequence, and what follows the last one.
"""

from __future__ import annotations

import io
import re
import struct
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Self

from varbind.io.vcf.bgzf import BgzfReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["IndexRow", "bgzf_text", "disagreement"]

HEADER_BYTES_MAX = 1 << 16
REST_BYTES = 1 << 12
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One sequence, as samtools describes it.

    Attributes:
        name: first word of its header line.
        length: number of bases.
        offset: byte at which its first base stands.
        bases: bases a line.
        width: bytes a line.
    """

    name: str
    length: int
    offset: int
    bases: int
    width: int

    @classmethod
    def parse(cls, line: str) -> Self | None:
        """A line of the index; None if it is none."""
        words = line.split("\t")
        if len(words) != 5 or not all(map(_NUMBER.fullmatch, words[1:])):
            return None
        return cls(words[0], *map(int, words[1:]))

    @property
    def end(self) -> int:
        """Byte after the last base."""
        if not self.length or not self.bases:
            return self.offset
        full, bases = divmod(self.length - 1, self.bases)
        return self.offset + full * self.width + bases + 1


def disagreement(lines: Sequence[str], read: Callable[[int, int], bytes]) -> str | None:
    """What an index says that is not so.

    Args:
        lines: of the index.
        read: the bytes [start, end) of the uncompressed FASTA; fewer at its end.

    Returns:
        One clause; None if the index fits.
    """
    rows = [IndexRow.parse(line) for line in lines]
    if not all(rows):
        return "a line is malformed"
    end = 0
    for row in sorted(filter(None, rows), key=lambda row: row.offset):
        gap = read(end, row.offset) if end < row.offset <= end + HEADER_BYTES_MAX else b""
        # samtools leaves sequences without bases out: their header lines stand before the next one's.
        headers = [line for line in gap.splitlines() if line]
        named = bool(headers) and headers[-1][1:].split()[:1] == [row.name.encode()]
        if not named or not all(line.startswith(b">") for line in headers) or not gap.endswith(b"\n"):
            return f"{row.name} is not where it says"
        end = row.end
        if row.length and not read(end - 1, end).strip(b"\r\n>"):
            return f"{row.name} ends elsewhere"
    rest = read(end, end + REST_BYTES).splitlines()
    return None if all(line.startswith(b">") for line in rest if line) else "there is more than it says"


def bgzf_text(stream: BinaryIO, offsets: Path, path: str) -> Callable[[int, int], bytes]:
    """A reader of uncompressed bytes [start, end) of a BGZF file.

    Args:
        stream: the file.
        offsets: its `.gzi`: a count, then pairs of compressed and uncompressed block starts, 8 bytes each.
        path: for messages.
    """
    numbers = [number for (number,) in struct.iter_unpack("<Q", offsets.read_bytes())][1:]
    packed, plain = [0, *numbers[::2]], [0, *numbers[1::2]]

    def read(start: int, end: int) -> bytes:
        block = bisect_right(plain, start) - 1
        stream.seek(packed[block])
        text = io.BufferedReader(BgzfReader(stream, path, allow_truncated=True))
        text.read(start - plain[block])
        return text.read(end - start)

    return read
