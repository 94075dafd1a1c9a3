"""Regions as text: on the command line, as bcftools and htslib read them, and in files.

The command line and lists of GATK have `chr`, `chr:pos` or `chr:from-to`. Other files have CHROM, FROM and TO between
tabs or blanks: BED, which counts from 0, and tables as bcftools reads them and interval lists of Picard, which count
from 1.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from varbind.errors import UsageError
from varbind.io.size_limits import bounded_lines
from varbind.io.vcf.records import POS_DIGITS

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["END", "Region", "read_region_file", "read_regions"]

END = 10**POS_DIGITS
"""A position after every POS. Longer numbers, which htslib would truncate, are refused."""

_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
_RANGE = rf"(?P<start>{_NUMBER})?(?P<range>-(?P<end>{_NUMBER})?|\+)?"
_REGION = re.compile(rf"(?:\{{(?P<braced>[^{{}}]+)\}}|(?P<contig>.+?))(?::(?=[0-9-]){_RANGE})?")
_WORDS_MAX = 12
"""The largest number of comma-separated words in one region; two numbers of 18 digits have ten commas."""

_BED = (".bed", ".bed.gz", ".bed.bgz")
_POSITION = re.compile(rf"[0-9]{{1,{POS_DIGITS}}}")
_ALLELES = re.compile(r"[ACGTUN.*,]+", re.IGNORECASE)
_COMMAS = re.compile(r"[^,:]+,[0-9]+(?:,.*)?")
_SAM_HEADER = re.compile(r"@(?:HD|SQ|RG|PG|CO)")
_EXPECTED = "expected CHROM, FROM, TO"
_REMEDY = "give BED, lines of CHROM, FROM and TO from 1, or lines of chr:from-to"


@dataclass(frozen=True, slots=True)
class Region:
    """A span of a contig, 0-based half-open.

    Attributes:
        contig: the name as written, without braces.
        start: the start of the span.
        end: the end of the span.
        whole: the whole text as written, where it could be the name of a contig; empty where it could not.
    """

    contig: str
    start: int
    end: int
    whole: str = ""


def read_regions(text: str, is_contig: Callable[[str], bool]) -> Iterator[Region]:
    """Read comma-separated regions, 1-based with both ends included.

    The name of a contig may contain colons: a text that is the name of a known contig is read as this name, and braces,
    as in `{HLA-A*01:01}:5-9`, mark the end of a name. `chr1:5-` and `chr1:5+`, which GATK writes, extend to the end of
    the contig. A comma may also group the digits of a position, as in `chr1:1-5,000`, unless a known contig follows it.

    Args:
        text: the regions.
        is_contig: whether a name is that of a known contig.

    Raises:
        UsageError: a region cannot be understood.
    """
    words = text.split(",")
    first = 0
    while first < len(words):
        last = _end_of_region(words, first, is_contig)
        if word := ",".join(words[first:last]).strip():
            yield _read(word, is_contig)
        first = last


def _end_of_region(words: list[str], first: int, is_contig: Callable[[str], bool]) -> int:
    """The index after the last word of the region that starts with a word; commas that group digits belong to it."""
    last = first + 1
    for end in range(first + 2, min(len(words), first + _WORDS_MAX) + 1):
        if not words[end - 1][:3].isdecimal() or is_contig(words[end - 1].strip()):
            break
        match = _REGION.fullmatch(",".join(words[first:end]).strip())
        if match and (match["start"] or match["end"]) and "," not in (match["contig"] or ""):
            last = end
    return last


def _read(word: str, is_contig: Callable[[str], bool]) -> Region:
    if is_contig(word):
        return Region(word, 0, END)
    if word.startswith("^"):
        raise UsageError(f"{word!r}: leaving regions out is not supported", remedy="give the regions to keep")
    match = _REGION.fullmatch(word)
    if not match:
        raise UsageError(f"cannot read the region {word!r}", remedy="give chr, chr:pos or chr:from-to")
    contig = match["braced"] or match["contig"]
    if match["start"] is None and match["range"] is None:
        # This is not a name, because the contig is known and no position follows it.
        if (
            not match["braced"]
            and ":" in word
            and (is_contig(word.partition(":")[0]) or is_contig(word.rpartition(":")[0]))
        ):
            raise UsageError(
                f"cannot read the positions of the region {word!r}", remedy="give chr, chr:pos or chr:from-to"
            )
        return Region(contig, 0, END)
    start, end = _span(word, match)
    return Region(contig, start - 1, end, "" if match["braced"] else word)


def _span(word: str, match: re.Match[str]) -> tuple[int, int]:
    """The first and the last position, from 1."""
    first, last = ((match[name] or "").replace(",", "") for name in ("start", "end"))
    if max(len(first), len(last)) > POS_DIGITS:
        raise UsageError(f"a position has more than {POS_DIGITS} digits: {word[:80]!r}", remedy="give chr:from-to")
    start = int(first or 1)
    end = start if match["range"] is None else int(last or END)
    if start < 1 or end < start:
        raise UsageError(f"the region {word!r} is empty", remedy="give chr:from-to with 1 <= from <= to")
    return start, end


def read_region_file(path: Path) -> Iterator[tuple[int, Region | str]]:
    """Read a file of regions, plain or gzip. It is BED if its name ends in .bed, .bed.gz or .bed.bgz, in any case.

    A file with a header as in SAM, which Picard writes, counts from 1 whatever its name.

    Returns:
        The line numbers, each with a region, or with the text of a region where the line is a single word.

    Raises:
        UsageError: the file cannot be read, or a line is malformed.
    """
    shift = 1 if path.name.lower().endswith(_BED) else 0
    try:
        with path.open("rb") as raw:
            yield from _regions(raw, str(path), shift)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        remedy = "`gzip -t` checks it; fetch it again"
        raise UsageError(f"the gzip data is damaged: {error}", path=path, remedy=remedy) from error
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}", path=path) from error


def _regions(raw: io.BufferedReader, path: str, shift: int) -> Iterator[tuple[int, Region | str]]:
    packed = raw.peek(2)[:2] == b"\x1f\x8b"
    stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packed else raw
    # Only line feeds end lines, because a name may contain other characters at which `str.splitlines` splits.
    for number, line in bounded_lines(stream, path, UsageError, packed=raw.tell if packed else None):
        if b"\0" in line:
            raise UsageError(f"a NUL byte in the line, {_EXPECTED}", path=path, line=number, remedy=_REMEDY)
        # Split at ASCII blanks only: a name may contain bytes that are blanks in some encoding.
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
        # bcftools also reads tables of sites with CHROM, POS and REF,ALT.
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
