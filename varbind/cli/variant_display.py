"""Shows annotated variants in a terminal: as a table that fits its width, or one by one in plain words.

Colours are used on a terminal only, and not where the environment variable NO_COLOR is set. Output to a pipe or a file
is plain text.
"""

from __future__ import annotations

import io
import shutil
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from varbind.annotate.describe import LIMITS, describe, shortened
from varbind.annotate.info_schema import CONS_PHRED_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from varbind.annotate.annotated_variants import AnnotatedVariant, NearbyGene, TopVariants
    from varbind.annotate.info_reader import ProteinChange
    from varbind.annotate.sort_order import SortOrder

__all__ = ["RARE_PHRED", "description_text", "table_text", "terminal_width"]

RARE_PHRED = 20.0
"""A change that at most one in a hundred background variants reaches is shown in colour."""

PLAIN_WIDTH = 140
"""The width of the output where there is no terminal."""

HEADING_WIDTH = 12
"""The heading of a column of a key is not wider; the name of a track can have any length."""

READABLE_WIDTH = 100
"""Sentences are not wider, because long lines are hard to read."""

_LEGEND = {
    CONS_PHRED_KEY: f"{CONS_PHRED_KEY}: PHRED with the evidence of conservation added.",
    "PHRED": "PHRED: 20 = as extreme as 1 in 100 background promoter variants, 30 = 1 in 1,000.",
    "LOSS": "LOSS, GAIN: the protein that loses or gains most binding, after the PHRED of its change.",
    "ACTIV.": "ACTIV.: predicted change of promoter activity, log2.",
    "TSS": "TSS: bases from the transcription start, negative = upstream.",
}
"""What the columns mean."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the table.

    Attributes:
        name: the heading.
        cell: makes the cell of a variant.
        least: the number of characters below which the column is not narrowed.
        most: the number of characters above which no cell is shown in full.
        right: whether cells are aligned on the right.
        left_out: the order in which columns are left out of a narrow table; 0 = never.
    """

    name: str
    cell: Callable[[AnnotatedVariant], Text]
    least: int
    most: int
    right: bool = False
    left_out: int = 0


def terminal_width() -> int:
    """The width of the terminal, or of `COLUMNS`, in characters."""
    return shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns


def table_text(top: TopVariants) -> str:
    """A table with one row per allele, its counts and what its columns mean, no wider than the terminal."""
    variants = top.variants
    width = terminal_width()
    wanted = [column for column in _columns_for(top.order) if _has_values(column, variants)]
    if sum(_natural_widths(wanted, variants)) + len(wanted) - 1 > width:
        wanted = [_WITHOUT_FAMILY.get(column.name, column) for column in wanted]
    columns, widths = _fitted(wanted, variants, width)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column, characters in zip(columns, widths, strict=True):
        table.add_column(
            column.name,
            justify="right" if column.right else "left",
            width=characters,
            no_wrap=True,
            overflow="ellipsis",
        )
    for variant in variants:
        table.add_row(*(column.cell(variant) for column in columns))
    names = [column.name for column in columns]
    notes = [text for name, text in _LEGEND.items() if name in names]
    missing = ", ".join(column.name for column in wanted if column.name not in names)
    notes += [f"A wider terminal also shows {missing}."] if missing else []
    legend = Text(" ".join(notes), style="dim")
    return _rendered(Group(table, Text(), Text(top.sentence()), legend), width)


def description_text(variants: Sequence[AnnotatedVariant]) -> str:
    """Descriptions of variants in plain words, no wider than the terminal, and what the numbers do not say."""
    parts: list[RenderableType] = []
    for variant in variants:
        name = f"  {variant.name}" if variant.name else ""
        change = f"{shortened(variant.ref, 30)}>{shortened(variant.alt, 30)}"
        parts.append(Text(f"{variant.place} {change}{name}", style="bold"))
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="bold", no_wrap=True)
        grid.add_column()
        for label, sentences in describe(variant):
            grid.add_row(Text(label, style=_colour(label.upper(), variant)), Text(sentences))
        parts += [Padding(grid, (0, 0, 0, 2)), Text()]
    if any(not variant.why_not for variant in variants):
        parts.append(Text(LIMITS, style="dim"))
    else:
        parts.pop()
    return _rendered(Group(*parts), min(terminal_width(), READABLE_WIDTH))


def _rendered(what: RenderableType, width: int) -> str:
    """The text of something that rich can show, for standard output."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    # Rendered into memory first, because rich has its own way of handling a closed pipe.
    console = Console(file=io.StringIO(), force_terminal=is_terminal, width=width, legacy_windows=False)
    with console.capture() as shown:
        console.print(what)
    text = "".join(f"{line.rstrip()}\n" for line in shown.get().splitlines())
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


def _columns_for(order: SortOrder) -> list[_Column]:
    """The columns, with one more before the values where the alleles are sorted by a key that no other column shows."""
    added = [
        _Column(shortened(name, HEADING_WIDTH), _number(name), least=6, most=9, right=True)
        for name in order.names
        if name not in _KEYS_SHOWN
    ]
    return [*_PLACE_COLUMNS, *added, *_VALUE_COLUMNS]


def _has_values(column: _Column, variants: Sequence[AnnotatedVariant]) -> bool:
    return any(column.cell(variant).plain for variant in variants)


def _natural_widths(columns: Sequence[_Column], variants: Sequence[AnnotatedVariant]) -> list[int]:
    """The widths of columns in characters that hold each cell, up to the largest width of the column."""
    cells = ((cell_len(column.cell(variant).plain) for variant in variants) for column in columns)
    return [
        max(len(column.name), min(column.most, max(lengths, default=0)))
        for column, lengths in zip(columns, cells, strict=True)
    ]


def _fitted(
    columns: Sequence[_Column], variants: Sequence[AnnotatedVariant], width: int
) -> tuple[list[_Column], list[int]]:
    """The columns that fit side by side, and their widths in characters.

    Columns are left out until the others fit in their least widths; then the columns with most room are narrowed.
    """
    kept = list(zip(columns, _natural_widths(columns, variants), strict=True))

    def least(column: _Column, natural: int) -> int:
        return min(natural, max(column.least, len(column.name)))

    while sum(least(*entry) for entry in kept) + len(kept) - 1 > width:
        removable = [entry for entry in kept if entry[0].left_out]
        if not removable:
            break
        kept.remove(min(removable, key=lambda entry: entry[0].left_out))
    widths = [natural for _, natural in kept]
    for _ in range(sum(widths) + len(kept) - 1 - width):
        room = [present - least(*entry) for present, entry in zip(widths, kept, strict=True)]
        widths[room.index(max(room))] -= 1
    return [column for column, _ in kept], [max(1, found) for found in widths]


def _listed_gene(variant: AnnotatedVariant) -> NearbyGene | None:
    """The nearest gene in which the allele is not in the coding sequence, else the nearest one."""
    return next((gene for gene in variant.genes if not gene.is_coding), next(iter(variant.genes), None))


def _gene(variant: AnnotatedVariant) -> Text:
    gene = _listed_gene(variant)
    return Text(gene.symbol if gene else "")


def _distance(variant: AnnotatedVariant) -> Text:
    gene = _listed_gene(variant)
    return Text(str(gene.distance) if gene else "")


def _region(variant: AnnotatedVariant) -> Text:
    gene = _listed_gene(variant)
    return Text(gene.region if gene else "")


def _rarity(key: str) -> Callable[[AnnotatedVariant], Text]:
    """Make the cells of a PHRED."""

    def cell(variant: AnnotatedVariant) -> Text:
        phred = variant.numbers.get(key)
        return Text() if phred is None else Text(f"{phred:.0f}", style="bold" if phred >= RARE_PHRED else "")

    return cell


def _number(key: str) -> Callable[[AnnotatedVariant], Text]:
    """Make the cells of any other key."""

    def cell(variant: AnnotatedVariant) -> Text:
        number = variant.numbers.get(key)
        return Text() if number is None else Text(f"{number:.3g}")

    return cell


def _activity(variant: AnnotatedVariant) -> Text:
    activity = variant.numbers.get("ACTIVITY")
    return Text() if activity is None else Text(f"{activity:+.2f}")


def _binding(kind: str, *, family: bool) -> Callable[[AnnotatedVariant], Text]:
    """Make the cells of the largest loss or gain: its PHRED with the protein, and with the family of the protein."""

    def cell(variant: AnnotatedVariant) -> Text:
        changes: Sequence[ProteinChange] = variant.losses if kind == "LOSS" else variant.gains
        phred = variant.numbers.get(f"{kind}_PHRED")
        if phred is None and not changes:
            return Text()
        words = [" ." if phred is None else f"{phred:2.0f}"]
        for change in changes[:1]:
            words += [change.protein, *([change.family_name] if family and change.family_name else [])]
        return Text(" ".join(words), style=_colour(kind, variant))

    return cell


def _colour(kind: str, variant: AnnotatedVariant) -> str:
    """The colour of a rare loss or gain; empty for all others."""
    is_rare = variant.numbers.get(f"{kind}_PHRED", 0.0) >= RARE_PHRED
    return {"LOSS": "red", "GAIN": "green"}.get(kind, "") if is_rare else ""


_PLACE_COLUMNS = (
    _Column("ID", lambda variant: Text(variant.name), least=12, most=30, left_out=2),
    _Column("POSITION", lambda variant: Text(variant.place), least=24, most=40),
    _Column("CHANGE", lambda variant: Text(f"{variant.ref}>{variant.alt}"), least=6, most=20, left_out=5),
    _Column("GENE", _gene, least=8, most=20, left_out=6),
    _Column("TSS", _distance, least=9, most=12, right=True, left_out=3),
    _Column("REGION", _region, least=8, most=10, left_out=1),
)
_VALUE_COLUMNS = (
    _Column(CONS_PHRED_KEY, _rarity(CONS_PHRED_KEY), least=5, most=5, right=True),
    _Column("PHRED", _rarity("PHRED"), least=5, most=5, right=True),
    _Column("ACTIV.", _activity, least=6, most=6, right=True, left_out=4),
    _Column("LOSS", _binding("LOSS", family=True), least=9, most=36, left_out=7),
    _Column("GAIN", _binding("GAIN", family=True), least=9, most=36, left_out=8),
)
_WITHOUT_FAMILY = {
    column.name: replace(column, cell=_binding(column.name, family=False), most=14) for column in _VALUE_COLUMNS[-2:]
}
"""The columns without families, which a narrow table has instead of those with them."""

_KEYS_SHOWN = {CONS_PHRED_KEY, "PHRED", "ACTIVITY", "LOSS_PHRED", "GAIN_PHRED", "TSSDIST"}
"""The keys whose values these columns show."""
