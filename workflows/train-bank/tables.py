"""Tab-separated tables with a header: those of the data folder, and tables of data sets."""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    Row = dict[str, str]

COLUMNS = (
    *("id", "protein", "file", "kind", "family", "species", "assay", "experiment"),
    *("licence", "default", "negatives", "matrix", "task"),
)


def read_table(path: Path) -> list[dict[str, str]]:
    """Rows of a table, plain or gzip; lines of comments are passed over."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as text:
        return list(csv.DictReader((line for line in text if not line.startswith("#")), delimiter="\t"))


def write_table(path: Path, rows: Iterable[Row]) -> None:
    """Write a set table."""
    lines = ["\t".join(row.get(column) or "." for column in COLUMNS) for row in rows]
    path.write_text("\n".join(["\t".join(COLUMNS), *lines]) + "\n", encoding="utf-8")
