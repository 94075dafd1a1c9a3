"""What the formats of gene tables share: columns, coordinates, strands and tags of a line, and `GeneFormat`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from varbind.core.tss import TranscriptionStart

__all__ = [
    "GENE_BIOTYPES",
    "NO_STRAND",
    "STRANDS",
    "TRANSCRIPT_BIOTYPES",
    "GeneFormat",
    "Lines",
    "Place",
    "Strandless",
    "first_of",
    "is_data",
    "is_integer",
    "split_line",
    "tags_of",
    "text_of",
]

Lines: TypeAlias = "Iterable[tuple[int, bytes]]"
"""The lines of a file, without line ends, with their numbers from 1."""

GENE_BIOTYPES = ("gene_type", "gene_biotype", "biotype")
TRANSCRIPT_BIOTYPES = ("transcript_type", "transcript_biotype", "biotype")
"""The attributes with the biotype of a gene and of a transcript in GTF, GFF3 and BED with a header."""

NO_STRAND = "a start of transcription needs a strand: give a GTF, GFF3, BED6 or genePred table with + or -"
STRANDS = frozenset({"+", "-", ".", "?", "*"})
"""The signs of a strand; the last three stand for an unknown strand."""

_UNKNOWN = STRANDS - {"+", "-"}
_INTEGER = re.compile(r"[0-9]{1,15}")
_TAGS = {
    "mane_select": "MANE_Select",
    "mane_plus_clinical": "MANE_Plus_Clinical",
    "ensembl_canonical": "Ensembl_canonical",
    "refseq_select": "RefSeq_Select",
}


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a line, with which its numbers are read and its errors are reported.

    Attributes:
        path: the file as the user named it.
        line: the line number, from 1.
    """

    path: str
    line: int

    def error(self, what: str, remedy: str = "") -> ResourceError:
        """An error about this line."""
        return ResourceError(what, remedy=remedy, path=self.path, line=self.line)

    def integer(self, text: str) -> int:
        """The coordinate in a text.

        Raises:
            ResourceError: the text is not a whole number of at most 15 digits.
        """
        if not is_integer(text):
            raise self.error(f"expected a coordinate, found {text!r}")
        return int(text)

    def span(self, first: str, last: str, *, zero_based: bool) -> tuple[int, int]:
        """The 0-based half-open span of a start and an end as the file writes them.

        Raises:
            ResourceError: a coordinate is malformed, or the span is empty.
        """
        start, end = self.integer(first) + zero_based - 1, self.integer(last)
        if start < 0 or start >= end:
            raise self.error(f"start {first} and end {last} hold no base")
        return start, end

    def five_prime(self, first: str, last: str, strand: str, *, zero_based: bool) -> int | None:
        """The 1-based position of the first transcribed base of a span; None where the strand is unknown.

        Args:
            first: the start as the file writes it.
            last: the end as the file writes it.
            strand: one of `STRANDS`.
            zero_based: whether the format counts starts from 0.

        Raises:
            ResourceError: a coordinate or the strand is malformed, or the span is empty.
        """
        start, end = self.span(first, last, zero_based=zero_based)
        if strand not in STRANDS:
            raise self.error(f"the strand is {strand!r}", NO_STRAND)
        if strand in _UNKNOWN:
            return None
        return start + 1 if strand == "+" else end


@dataclass(slots=True)
class Strandless:
    """The genes and transcripts that are left out because their strand is unknown.

    Attributes:
        count: their number.
        line: the line number of the first one, from 1.
        name: the name of the first one.
    """

    count: int = 0
    line: int = 0
    name: str = ""

    def add(self, place: Place, name: str) -> None:
        """Count a gene or transcript that is left out."""
        if not self.count:
            self.line, self.name = place.line, name
        self.count += 1


class Parser(Protocol):
    """Reads the lines of one format."""

    def __call__(self, lines: Lines, path: str, strandless: Strandless | None = None) -> list[TranscriptionStart]:
        """The transcription starts in the order of the file: one per transcript, or per gene without a transcript.

        Args:
            lines: all lines of the file, comments included.
            path: the path of the file, for messages.
            strandless: counts the genes and transcripts without a known strand, which are left out.
        """


class GeneFormat(NamedTuple):
    """A format of gene tables.

    Attributes:
        name: the name of the format in messages.
        fits: whether the columns of the first data line are those of the format.
        parse: the parser of all lines.
    """

    name: str
    fits: Callable[[Sequence[str]], bool]
    parse: Parser


def is_integer(text: str) -> bool:
    """Whether a text is a whole number of at most 15 digits."""
    return _INTEGER.fullmatch(text) is not None


def is_data(line: bytes) -> bool:
    """Whether a line is neither blank nor a comment nor a `track` or `browser` line."""
    return bool(line.strip()) and line.split(None, 1)[0] not in {b"track", b"browser"} and line[:1] != b"#"


def text_of(raw: bytes) -> str:
    """Decode bytes as UTF-8 or, if they are not valid UTF-8, as Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def split_line(line: bytes) -> list[str]:
    """The columns of a line, separated by tabs or, if there is no tab, by blanks."""
    text = text_of(line)
    return text.split("\t") if "\t" in text else text.split()


def first_of(values: Mapping[str, str], *keys: str) -> str:
    """The first value that is present and is not `.`; empty if there is none."""
    return next((values[key] for key in keys if values.get(key, ".") not in {"", "."}), "")


@cache
def tags_of(tags: tuple[str, ...], biotype: str) -> tuple[str, ...]:
    """The tags that rank a transcript, in a common spelling, followed by its biotype if it is known."""
    kept = []
    for tag in tags:
        key = tag.strip().replace(" ", "_").lower()
        if key.startswith("appris_principal"):
            kept.append(key)
        elif key in _TAGS:
            kept.append(_TAGS[key])
    if biotype:
        kept.append("protein_coding" if biotype == "mRNA" else biotype)
    return tuple(kept)
