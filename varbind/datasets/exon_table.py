"""Tables of alternatively spliced exons with their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from varbind.datasets.text_input import read_table
from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Exon", "ExonGroup", "read_exons"]

POSITIONS = ("start", "end", "left_exon_end", "right_exon_start")
PLAIN = {
    "chrom": "chrom",
    "strand": "strand",
    "start": "start",
    "end": "end",
    "left_exon_end": "left_exon_end",
    "right_exon_start": "right_exon_start",
    "group": "group",
}
RMATS = {
    "chr": "chrom",
    "strand": "strand",
    "exonStart_0base": "start",
    "exonEnd": "end",
    "upstreamEE": "left_exon_end",
    "downstreamES": "right_exon_start",
    "group": "group",
}
"""The columns of skipped exons in rMATS, to which the column `group` is added. Its starts count from 0."""


class ExonGroup(StrEnum):
    """What a protein does to the inclusion of an exon."""

    UP = "up"
    DOWN = "down"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Exon:
    """An exon between two others.

    Attributes:
        chrom: the contig.
        strand: `+` or `-`.
        start: position of its first base on the contig, from 1.
        end: position of its last base.
        left_exon_end: last base of the neighbouring exon at smaller positions.
        right_exon_start: first base of the neighbouring exon at larger positions.
        group: whether the protein raises or lowers its inclusion, or neither (`control`).
        line: line number in the file.
    """

    chrom: str
    strand: str
    start: int
    end: int
    left_exon_end: int
    right_exon_start: int
    group: ExonGroup
    line: int


def read_exons(path: str) -> list[Exon]:
    """Read a table of exons, tab-separated, with a header.

    The columns are chrom, strand, start, end, left_exon_end, right_exon_start (positions from 1 on the contig, whatever
    the strand) and group, or those of a table of skipped exons of rMATS with a column group.

    Raises:
        InputError: the table is malformed, an exon does not lie between its neighbours, or there are no exons of the
            group control, or none of the other groups.
    """
    columns: dict[str, str] = {}

    def check_header(header: Sequence[str], line: int) -> None:
        names = {name.strip() for name in header}
        columns.update(RMATS if "exonStart_0base" in names else PLAIN)
        if lacking := [name for name in columns if name not in names]:
            what = f"the header is {', '.join(header)}; it lacks {', '.join(lacking)}"
            raise InputError(what, path=path, line=line, remedy="name the columns, with tabs between them")

    table = read_table(path, check_header).rename(columns=str.strip)
    shift = int("exonStart_0base" in columns)
    table = table[list(columns)].rename(columns=columns)
    lines: list[int] = table.index.tolist()
    columns_of = {name: table[name].tolist() for name in columns.values()}
    exons = [
        _exon({name: cells[row] for name, cells in columns_of.items()}, path, line, shift)
        for row, line in enumerate(lines)
    ]
    groups = {exon.group for exon in exons}
    if ExonGroup.CONTROL not in groups or len(groups) < 2:
        found = f"found the groups {', '.join(sorted(groups))}" if groups else "holds no exon"
        raise InputError(found, path=path, remedy="give exons of the group control, and of up or down")
    return exons


def _exon(cells: Mapping[str, str], path: str, line: int, shift: int) -> Exon:
    """One exon; `shift` is 1 where starts count from 0."""
    strand, group = cells["strand"].strip(), cells["group"].strip().lower()
    if strand not in {"+", "-"}:
        raise InputError(f"the strand is {strand!r}, expected + or -", path=path, line=line, remedy="correct the row")
    if group not in set(ExonGroup):
        what = f"the group is {group!r}, expected {', '.join(ExonGroup)}"
        raise InputError(what, path=path, line=line, remedy="correct or remove the row")
    numbers = [_position(cells[name], name, path, line) for name in POSITIONS]
    start, end, left, right = numbers[0] + shift, numbers[1], numbers[2], numbers[3] + shift
    if not 1 <= left < start <= end < right:
        what = f"the exon {start}-{end} does not lie between the exons that end at {left} and start at {right}"
        raise InputError(what, path=path, line=line, remedy="correct or remove the row")
    return Exon(cells["chrom"].strip(), strand, start, end, left, right, ExonGroup(group), line)


def _position(word: str, name: str, path: str, line: int) -> int:
    if not (word.strip().isascii() and word.strip().isdigit()):
        what = f"the {name} is {word!r}, expected a whole number"
        raise InputError(what, path=path, line=line, remedy="correct or remove the row")
    return int(word)
