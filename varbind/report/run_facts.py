"""The facts of a run of `varbind annotate` that the header of its result states: version, models, genes, cut-offs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from varbind.core.contigs import build_of_lengths
from varbind.effect.stated_cutoffs import read_cutoffs
from varbind.errors import printable

if TYPE_CHECKING:
    from varbind.effect.stated_cutoffs import StatedCutoff
    from varbind.io.vcf.records import VcfHeader

__all__ = ["Part", "RunFacts"]

_PART = re.compile(r"##varbind_(bank|effect|genes|conservation)=<(.*)>")
_LINE = re.compile(r"##varbind_annotate(Version|Command)=(.*); Prefix=([0-9A-Za-z_.]+)")
_FIELD = re.compile(r"(\w+)=([^,]*)")
_DATE = re.compile(r"##(?:fileDate|filedate)=(.*)")
_REFERENCE = re.compile(r"##reference=(?:file://)?(.*)")
_FIXED_COLUMNS = 9


@dataclass(frozen=True, slots=True)
class Part:
    """A bank, a second stage, a gene file or a track of the run.

    Attributes:
        kind: `bank`, `effect`, `genes` or `conservation`.
        name: its name.
        fields: everything else that the header states of it.
    """

    kind: str
    name: str
    fields: dict[str, str]

    @property
    def digest(self) -> str:
        """The SHA-256 of the weights or of the file; empty where the header has none."""
        return self.fields.get("SHA256", "")


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a header states. No text contains a character that cannot be printed.

    Attributes:
        version: the version of varbind that annotated the file; empty where unknown.
        command: the options that can change a value.
        parts: banks, second stage, gene files and tracks, in the order of the header.
        build: GRCh37 or GRCh38 by the contig lengths; empty where unknown.
        reference: the reference that the header names.
        date: the date that the header states, which is that of the variant calls.
        samples: the names of the samples.
        cutoffs: the suggested cut-offs of PHRED, smallest first.
    """

    version: str = ""
    command: str = ""
    parts: tuple[Part, ...] = ()
    build: str = ""
    reference: str = ""
    date: str = ""
    samples: tuple[str, ...] = ()
    cutoffs: tuple[StatedCutoff, ...] = ()

    @classmethod
    def of(cls, header: VcfHeader, prefix: str) -> Self:
        """Read the lines of the runs that wrote keys with this prefix."""
        lines = [_text(line) for line in header.lines]
        stated: dict[str, str] = {}
        parts = []
        for line in lines:
            if (found := _LINE.fullmatch(line)) and found[3] == prefix:
                stated[found[1]] = found[2]
            elif found := _PART.fullmatch(line):
                fields = dict(_FIELD.findall(found[2]))
                if fields.pop("Prefix", prefix) == prefix:
                    parts.append(Part(found[1], fields.pop("ID", ""), fields))
        described = next((line for line in lines if line.startswith(f"##INFO=<ID={prefix}_PHRED,")), "")
        return cls(
            stated.get("Version", ""),
            stated.get("Command", ""),
            tuple(parts),
            build_of_lengths(header.contig_lengths()),
            _first(_REFERENCE, lines),
            _first(_DATE, lines),
            tuple(_text(header.columns_line).split("\t")[_FIXED_COLUMNS:]),
            read_cutoffs(described),
        )

    def named(self, kind: str) -> tuple[Part, ...]:
        """The parts of one kind."""
        return tuple(part for part in self.parts if part.kind == kind)


def _first(pattern: re.Pattern[str], lines: list[str]) -> str:
    return next((found[1] for line in lines if (found := pattern.fullmatch(line))), "")


def _text(line: bytes) -> str:
    """A line without its end; tabs stay, because they separate the columns."""
    words = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace").split("\t")
    return "\t".join(map(printable, words))
