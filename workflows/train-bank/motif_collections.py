"""Collections of known motifs of single human proteins, with the protein of each."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import numpy as np
from tables import read_table

from varbind.datasets.pwm import read_matrices

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Collection = dict[str, tuple[NDArray[np.float64], str]]
    """Shares of the bases, (width, 4), and the protein in upper case, by the name of the motif."""

COLLECTIONS = ("hocomoco", "jaspar")
JASPAR = "JASPAR2026_CORE_vertebrates_nonredundant.pfm.txt.gz"


def read_collection(folder: Path, name: str) -> Collection:
    """Read HOCOMOCO v11 or JASPAR 2026; matrices of pairs of proteins are left out."""
    if name == "hocomoco":
        rows = read_table(folder / "HOCOMOCOv11_core_HUMAN.annotation.tsv.gz")
        proteins = {row["Model"]: row["Transcription factor"].upper() for row in rows}
        matrices = read_matrices(str(folder / "HOCOMOCOv11_core_HUMAN.meme.gz"))
    else:
        path = folder / JASPAR
        matrices = read_matrices(str(path))
        proteins = {motif: protein.upper() for motif, protein in jaspar_proteins(path).items()}
    return {motif: (np.asarray(matrices[motif], dtype=np.float64), protein) for motif, protein in proteins.items()}


def jaspar_proteins(path: Path) -> dict[str, str]:
    """The protein by motif, of motifs of one protein; a name with lower-case letters is that of another species."""
    with gzip.open(path, "rt", encoding="utf-8") as text:
        heads = [line[1:].split() for line in text if line.startswith(">")]
    return {motif: name for motif, name in heads if re.fullmatch(r"[A-Za-z0-9]+", name)}
