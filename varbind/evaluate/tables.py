"""Tables of results, as tab-separated values for programs and as Markdown for people."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["decimal", "escaped", "markdown_row", "tsv"]


def tsv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a tab-separated table with a header line."""
    return "".join("\t".join(row) + "\n" for row in [columns, *rows])


def decimal(value: float | None, digits: int) -> str:
    """Return a number with `digits` decimals, or an empty cell if it is None or NaN."""
    return "" if value is None or isnan(value) else f"{value:.{digits}f}"


def markdown_row(cells: Sequence[str]) -> str:
    """Return one row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def escaped(name: str) -> str:
    """Escape a name from the input so that it cannot end its Markdown cell or be read as HTML."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
