"""Families of DNA-binding domains: TFClass where it is known, else what comes nearest.

TFClass (Wingender et al. 2015) comes with HOCOMOCO's annotation. Its zinc fingers (class 2.3) differ in what they bind
within a family, so they go by subfamily. A protein that is not there has another source's name of its family, and that
name becomes the TFClass family of most proteins that have both.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from tables import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ZINC_FINGERS = "{2.3."
MOST = 0.6


def read_families(folder: Path, other: Mapping[str, str]) -> dict[str, str]:
    """Family by protein.

    Args:
        folder: of the matrices.
        other: further names of families by protein, of least weight.
    """
    tfclass = _tfclass(folder / "HOCOMOCOv11_core_HUMAN.annotation.tsv.gz")
    named = {**other, **_lambert(folder / "SELEX_3933.metadata.tsv.gz")}
    shared: dict[str, Counter[str]] = defaultdict(Counter)
    for protein in tfclass.keys() & named.keys():
        shared[named[protein]][tfclass[protein]] += 1
    alike = {name: families.most_common(1)[0] for name, families in shared.items()}
    renamed = {name: family for name, (family, count) in alike.items() if count >= MOST * shared[name].total()}
    # Zinc fingers of unknown subfamily have nothing in common.
    found = {protein: renamed.get(name, name) for protein, name in named.items() if "C2H2" not in name}
    return {protein: _plain(family) for protein, family in {**found, **tfclass}.items()}


def _plain(name: str) -> str:
    """Letters that every program reads, and no blanks."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().replace(" ", "_")


def _tfclass(path: Path) -> dict[str, str]:
    families = {}
    for row in read_table(path):
        fine = ZINC_FINGERS in row["TF family"]
        name = row["TF subfamily" if fine else "TF family"]
        words = re.sub(r"\{.*\}", "", name).replace(" factors", "").strip()
        # What only counts fingers names nothing that its members have in common.
        if words and words != "unclassified" and "zinc finger" not in words.lower().replace("gata-type", ""):
            families[row["Transcription factor"]] = words
    return families


def _lambert(path: Path) -> dict[str, str]:
    """Lambert et al. 2018, "The human transcription factors"."""
    named = {row["symbol"]: row["Lambert2018_families"] for row in read_table(path)}
    return {protein: family for protein, family in named.items() if family not in {"", "NA"}}
