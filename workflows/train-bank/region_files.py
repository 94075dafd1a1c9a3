"""The files of the folder `chipseq-hg38`: 200-base regions of open chromatin by chromosome, and labels of proteins."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import Codes, encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


def read_region_labels(folder: Path) -> Mapping[str, NDArray[np.generic]]:
    """The table of all regions: their ids and chromosomes, the proteins, and their labels of ReMap and UniBind."""
    return np.load(folder / "labels.npz", allow_pickle=False)


def read_region_codes(folder: Path, chromosomes: Sequence[str]) -> Codes:
    """The sequences of the regions of some chromosomes, in the order of these, base codes (N, 200)."""
    lines: list[str] = []
    for name in chromosomes:
        with gzip.open(folder / f"sequences.200bp.chr{name}.fa.gz", "rt", encoding="ascii") as fasta:
            lines += [line.strip() for line in fasta if not line.startswith(">")]
    return encode("".join(lines)).reshape(len(lines), -1)


def read_open_regions(folder: Path) -> tuple[Codes, Mapping[str, NDArray[np.generic]]]:
    """The sequences of all regions, base codes (N, 200), and the table of their labels."""
    table = read_region_labels(folder)
    return read_region_codes(folder, list(dict.fromkeys(table["chrom"].tolist()))), table
