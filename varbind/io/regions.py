"""Regions of interest, as bcftools reads them: `chr`, `chr:pos`, `chr:from-to`, or a file."""

from __future__ import annotations

import gzip
import re
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

from varbind.errors import UsageError
from varbind.io.bounded import bounded_lines
from varbind.io.vcf import POS_DIGITS

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

__all__ = ["Regions"]

# Behind every POS; longer numbers, which htslib would take for smaller ones, are no positions.
_END = 10**POS_DIGITS
_REGION = re.compile(r"(?P<contig>.+?)(?::(?P<start>[0-9]+)(?P<range>-(?P<end>[0-9]*))?)?")
_POSITION = re.compile(rf"[0-9]{{1,{POS_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class Regions:
    """Merged spans by contig, 0-based half-open, in the order in which contigs were first named."""

    spans: dict[str, list[tuple[int, int]]]

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Parse a comma-separated list, 1-based with both ends included.

        Raises:
            UsageError: a region cannot be understood.
        """
        return cls._merged(_parse(word) for word in text.split(",") if word)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a file, plain or gzip: BED if its name ends in .bed or .bed.gz, else CHROM, FROM, TO from 1.

        Raises:
            UsageError: the file cannot be read, or a line is malformed.
        """
        return cls._merged(_read(Path(path)))

    @classmethod
    def _merged(cls, spans: Iterable[tuple[str, int, int]]) -> Self:
        by_contig: dict[str, list[tuple[int, int]]] = {}
        for contig, start, end in spans:
            by_contig.setdefault(contig, []).append((start, end))
        if not by_contig:
            raise UsageError("no region is named", remedy="give chr:from-to")
        return cls({contig: _merge(found) for contig, found in by_contig.items()})

    def holds(self, contig: str, pos: int) -> bool:
        """Whether a 1-based position lies in a region."""
        spans = self.spans.get(contig, [])
        index = bisect_right(spans, (pos - 1, _END)) - 1
        return index >= 0 and spans[index][0] <= pos - 1 < spans[index][1]

    def with_previous_ends(self) -> Iterator[tuple[str, int, int, int]]:
        """Contig, start and end of every span, and the end of the span before it on the contig.

        A record that overlaps a span and starts before that end was met in an earlier span already. The
        first span of a contig has -1 there: no record starts before it.
        """
        for contig, spans in self.spans.items():
            before = -1
            for start, end in spans:
                yield contig, start, end, before
                before = end


def _parse(word: str) -> tuple[str, int, int]:
    match = _REGION.fullmatch(word.strip())
    if word.startswith("^"):
        raise UsageError(f"{word!r}: leaving regions out is not supported", remedy="give the regions to keep")
    if not match:
        raise UsageError(f"cannot read the region {word!r}", remedy="give chr, chr:pos or chr:from-to")
    if match["start"] is None:
        return match["contig"], 0, _END
    if not all(_POSITION.fullmatch(place) for place in (match["start"], match["end"]) if place):
        raise UsageError(f"no place has more than {POS_DIGITS} digits: {word[:80]!r}", remedy="give chr:from-to")
    start = int(match["start"])
    end = start if match["range"] is None else int(match["end"] or _END)
    if start < 1 or end < start:
        raise UsageError(f"the region {word!r} is empty", remedy="give chr:from-to with 1 <= from <= to")
    return match["contig"], start - 1, end


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _read(path: Path) -> Iterator[tuple[str, int, int]]:
    shift = 1 if path.name.endswith((".bed", ".bed.gz")) else 0
    try:
        with path.open("rb") as raw:
            yield from _spans(raw, str(path), shift)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UsageError(f"the gzip data is damaged: {error}", path=path) from error
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", path=path) from error


def _spans(raw: io.BufferedReader, path: str, shift: int) -> Iterator[tuple[str, int, int]]:
    packed = raw.peek(2)[:2] == b"\x1f\x8b"
    stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
    # Line feeds alone end lines: a name may hold bytes that other texts are split at.
    for number, line in bounded_lines(stream, path, UsageError, packed=raw.tell if packed else None):
        text = line.decode("latin-1").rstrip("\r\n")
        if not text.strip() or text.startswith(("#", "track", "browser")):
            continue
        contig, *ends = text.split("\t")[:3]
        if b"\0" in line or not all(map(_POSITION.fullmatch, ends)):
            raise UsageError("expected CHROM, FROM, TO", path=path, line=number)
        first = int(ends[0]) + shift if ends else 1
        last = int(ends[1]) if len(ends) > 1 else first if ends else _END
        if first < 1 or last < first:
            raise UsageError("the region is empty", path=path, line=number, remedy="give a span of at least one base")
        yield contig, first - 1, last
