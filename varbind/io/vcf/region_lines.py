"""Files of regions: BED, columns as bcftools reads them, the lists of GATK and the interval lists of Picard.

A line holds CHROM, FROM and TO between tabs or blanks, or one region as on the command line. A BED file counts from
0; everything else counts from 1.
"""

from __future__ import annotations

import gzip
import re
import zlib
from typing import TYPE_CHECKING, cast

from varbind.errors import UsageError
from varbind.io.size_limits import bounded_lines
from varbind.io.vcf.records import POS_DIGITS
from varbind.io.vcf.region_text import END, Region

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["read_region_file"]

_BED = (".bed", ".bed.gz", ".bed.bgz")
_POSITION = re.compile(rf"[0-9]{{1,{POS_DIGITS}}}")
_ALLELES = re.compile(r"[ACGTUN.*,]+", re.IGNORECASE)
_COMMAS = re.compile(r"[^,:]+,[0-9]+(?:,.*)?")
_SAM_HEADER = re.compile(r"@(?:HD|SQ|RG|PG|CO)")
_EXPECTED = "expected CHROM, FROM, TO"
_REMEDY = "give BED, lines of CHROM, FROM and TO from 1, or lines of chr:from-to"


def read_region_file(path: Path) -> Iterator[tuple[int, Region | str]]:
    """Read a file, plain or gzip: BED if its name ends in .bed, .bed.gz or .bed.bgz, in any case.

    A header as in SAM files, which Picard writes, says that the file counts from 1, whatever its name.

    Returns:
        Line numbers, each with a region, or with the text of one where the line is a single word.

    Raises:
        UsageError: the file cannot be read, or a line is malformed.
    """
    shift = 1 if path.name.lower().endswith(_BED) else 0
    try:
        with path.open("rb") as raw:
            yield from _regions(raw, str(path), shift)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UsageError(f"the gzip data is damaged: {error}", path=path) from error
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", path=path) from error


def _regions(raw: io.BufferedReader, path: str, shift: int) -> Iterator[tuple[int, Region | str]]:
    packed = raw.peek(2)[:2] == b"\x1f\x8b"
    stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
    # Line feeds alone end lines: a name may hold bytes that other texts are split at.
    for number, line in bounded_lines(stream, path, UsageError, packed=raw.tell if packed else None):
        if b"\0" in line:
            raise UsageError(f"a NUL byte in the line, {_EXPECTED}", path=path, line=number, remedy=_REMEDY)
        # Blanks of ASCII alone: a name may hold bytes that stand for other ones in some encoding.
        words = [word.decode("latin-1") for word in line.split()]
        if not words or line.startswith(b"#") or words[0] in {"track", "browser"}:
            continue
        if _SAM_HEADER.fullmatch(words[0]):
            shift = 0
            continue
        if len(words) == 1 and _COMMAS.fullmatch(words[0]):
            what = f"{_EXPECTED} between tabs or blanks, found {words[0][:60]!r}"
            raise UsageError(what, path=path, line=number, remedy=_REMEDY)
        yield number, words[0] if len(words) == 1 else _columns(words, shift, path, number)


def _columns(words: list[str], shift: int, path: str, number: int) -> Region:
    contig, *ends = words[:3]
    if shift == 0 and _ALLELES.fullmatch(ends[-1]):
        # A table of sites: bcftools reads CHROM, POS and REF,ALT too.
        ends = ends[:1]
    if not all(map(_POSITION.fullmatch, ends)):
        found = " ".join(words[:3])[:60]
        raise UsageError(f"{_EXPECTED}, found {found!r}", path=path, line=number, remedy=_REMEDY)
    return _region(contig, *map(int, ends), shift=shift, path=path, number=number)


def _region(contig: str, start: int, end: int | None = None, *, shift: int, path: str, number: int) -> Region:
    first = start + shift
    last = first if end is None else end
    if first < 1 or last < first:
        raise UsageError("the region is empty", path=path, line=number, remedy="give a span of at least one base")
    return Region(contig, first - 1, min(last, END))
