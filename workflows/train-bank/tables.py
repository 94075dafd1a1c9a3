"""Tables with a header, tab-separated."""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_table(path: Path) -> list[dict[str, str]]:
    """Rows of a table, plain or gzip; lines of comments are passed over."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as text:
        return list(csv.DictReader((line for line in text if not line.startswith("#")), delimiter="\t"))
