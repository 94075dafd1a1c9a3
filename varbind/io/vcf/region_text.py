"""One or more regions in a line of text, as bcftools and htslib read them: `chr`, `chr:pos` or `chr:from-to`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from varbind.errors import UsageError
from varbind.io.vcf.records import POS_DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["END", "Region", "read_regions"]

END = 10**POS_DIGITS
"""Behind every POS; longer numbers, which htslib would take for smaller ones, are no positions."""

_NUMBER = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
_RANGE = rf"(?P<start>{_NUMBER})?(?P<range>-(?P<end>{_NUMBER})?|\+)?"
_REGION = re.compile(rf"(?:\{{(?P<braced>[^{{}}]+)\}}|(?P<contig>.+?))(?::(?=[0-9-]){_RANGE})?")
_WORDS_MAX = 12
"""Commas in one region: two numbers of 18 digits have ten."""


@dataclass(frozen=True, slots=True)
class Region:
    """A span of a contig, 0-based half-open.

    Attributes:
        contig: as written, without the braces that may stand around it.
        start: of the span.
        end: of the span.
        whole: the text as written, where all of it may be the name of a contig; empty where it cannot.
    """

    contig: str
    start: int
    end: int
    whole: str = ""


def read_regions(text: str, is_contig: Callable[[str], bool]) -> Iterator[Region]:
    """Read regions that commas separate, 1-based with both ends included.

    The name of a contig may hold colons. What is the name of a known contig as a whole is read as that; braces, as in
    `{HLA-A*01:01}:5-9`, say where a name ends. `chr1:5-` and `chr1:5+`, which GATK writes, reach to the end of the
    contig. Commas may also group the digits of a position, as in `chr1:1-5,000`, where what follows the comma is no
    known contig.

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
    """The number of the word behind the region that starts with a word: commas that group digits belong to it."""
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
        # No name: the contig is known, and what follows it is no position.
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
    """First and last position, from 1."""
    first, last = ((match[name] or "").replace(",", "") for name in ("start", "end"))
    if max(len(first), len(last)) > POS_DIGITS:
        raise UsageError(f"no place has more than {POS_DIGITS} digits: {word[:80]!r}", remedy="give chr:from-to")
    start = int(first or 1)
    end = start if match["range"] is None else int(last or END)
    if start < 1 or end < start:
        raise UsageError(f"the region {word!r} is empty", remedy="give chr:from-to with 1 <= from <= to")
    return start, end
