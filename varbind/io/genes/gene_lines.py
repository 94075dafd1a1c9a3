"""What the lines of all gene tables have in common: text, coordinates, strands and tags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "NO_STRAND",
    "STRANDS",
    "Place",
    "Strandless",
    "first_of",
    "is_data",
    "is_integer",
    "split_line",
    "tags_of",
    "text_of",
]

NO_STRAND = "a start of transcription needs a strand: give a GTF, GFF3, BED6 or genePred table with + or -"
STRANDS = frozenset({"+", "-", ".", "?", "*"})
"""What may stand in the column of a strand; the last three say that it is not known."""

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
    """A line of a file: what is wrong there, and the numbers read there.

    Attributes:
        path: the file as the user named it.
        line: 1-based.
    """

    path: str
    line: int

    def error(self, what: str, remedy: str = "") -> ResourceError:
        """The error to raise for this line."""
        return ResourceError(what, remedy=remedy, path=self.path, line=self.line)

    def integer(self, text: str) -> int:
        """A coordinate.

        Raises:
            ResourceError: the text is not a whole number of at most 15 digits.
        """
        if not is_integer(text):
            raise self.error(f"expected a coordinate, found {text!r}")
        return int(text)

    def five_prime(self, first: str, last: str, strand: str, *, zero_based: bool) -> int | None:
        """1-based position of the first transcribed base of a span; None where the strand is not known.

        Args:
            first: start as the file writes it.
            last: end as the file writes it.
            strand: one of `STRANDS`.
            zero_based: whether the format counts starts from 0.

        Raises:
            ResourceError: the span holds no base, a coordinate is bad or the strand is something else.
        """
        low, high = self.integer(first) + zero_based, self.integer(last)
        if low < 1 or low > high:
            raise self.error(f"start {first} and end {last} hold no base")
        if strand not in STRANDS:
            raise self.error(f"the strand is {strand!r}", NO_STRAND)
        if strand in _UNKNOWN:
            return None
        return low if strand == "+" else high


@dataclass(slots=True)
class Strandless:
    """Genes and transcripts that are left out because the strand of their line is not known.

    Attributes:
        count: how many there are.
        line: line number of the first, from 1.
        name: of the first.
    """

    count: int = 0
    line: int = 0
    name: str = ""

    def add(self, place: Place, name: str) -> None:
        """Count one that is left out."""
        if not self.count:
            self.line, self.name = place.line, name
        self.count += 1


def is_integer(text: str) -> bool:
    """Whether a text is a whole number, small enough for any genome."""
    return _INTEGER.fullmatch(text) is not None


def is_data(line: bytes) -> bool:
    """Whether a line is neither blank nor a comment nor a `track` or `browser` line."""
    return bool(line.strip()) and line.split(None, 1)[0] not in {b"track", b"browser"} and line[:1] != b"#"


def text_of(raw: bytes) -> str:
    """Any bytes as text that can be written again: UTF-8, else Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def split_line(line: bytes) -> list[str]:
    """The columns of a line: between tabs, or between blanks where it has no tab."""
    text = text_of(line)
    return text.split("\t") if "\t" in text else text.split()


def first_of(values: Mapping[str, str], *keys: str) -> str:
    """The first value that is there and is not `.`; empty if none."""
    return next((values[key] for key in keys if values.get(key, ".") not in {"", "."}), "")


@cache
def tags_of(tags: tuple[str, ...], biotype: str) -> tuple[str, ...]:
    """The tags that rank a transcript, in one spelling, then its biotype where there is one."""
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
