"""Public measurements as the tables that `varbind train effect` and `varbind evaluate effect` read.

python workflows/train-effect/tables.py DATA STATE

DATA holds `mpra`, `deepfind`, `ncboost2` and `allelic`; STATE receives `activity.tsv` (saturation mutagenesis),
`classes.tsv` (simulated against derived variants), `pathogenic.tsv` (pathogenic against common ones) and `pairs.tsv`
(alleles of different accessibility).
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import norm

if TYPE_CHECKING:
    from collections.abc import Iterator

FLANK = 15
"""Bases on each side: what most simulated variants have, so that their number tells nothing of the class."""

REPEATS = {
    "PKLR-24h": "PKLR",
    "PKLR-48h": "PKLR",
    "SORT1.2": "SORT1",
    "SORT1-flip": "SORT1",
    "ZRSh-13": "ZRS",
    "ZRSh-13h2": "ZRS",
}
FEWEST_BARCODES = 10
MEASURABLE_P = 1e-5
TRACKS = ["priPhCons", "mamPhCons", "verPhCons", "priPhyloP", "mamPhyloP", "verPhyloP"]
TRACK_NAMES = [
    "phastCons_primates",
    "phastCons_mammals",
    "phastCons_vertebrates",
    "phyloP_primates",
    "phyloP_mammals",
    "phyloP_vertebrates",
]


def main() -> None:
    """Write the tables."""
    data, state = map(Path, sys.argv[1:3])
    state.mkdir(parents=True, exist_ok=True)
    tables = {
        "activity": activity(data / "mpra"),
        "classes": classes(data / "deepfind"),
        "pathogenic": pathogenic(data / "ncboost2"),
        "pairs": pairs(data / "allelic"),
    }
    for name, table in tables.items():
        table.to_csv(state / f"{name}.tsv", sep="\t", index=False, na_rep=".")
        print(f"{name}.tsv: {len(table):,} variants")


def activity(folder: Path) -> pd.DataFrame:
    """SNVs with ten barcodes or more; repeats of a locus are averaged."""
    elements = dict(read_elements(folder / "elements.fa.gz"))
    rows = pd.read_csv(folder / "elements.tsv.gz", sep="\t", dtype={"Chrom": str}, keep_default_na=True)
    rows = rows[(rows.Release == "GRCh37") & rows.Pos.notna() & (rows.Alt != "-") & (rows.Barcodes >= FEWEST_BARCODES)]
    rows = rows.astype({"Pos": int})
    rows["locus"] = rows.Element.map(lambda name: REPEATS.get(name, name))
    z = norm.isf(np.clip(rows.pValue, 1e-300, 1) / 2)
    rows["z"] = np.sign(rows.Coefficient) * z
    # A coefficient near 0 says nothing of its error, which goes with the number of barcodes.
    clear = rows[np.abs(rows.Coefficient) >= 0.02]
    unit = (np.abs(clear.Coefficient) / np.abs(clear.z).clip(lower=1e-3) * np.sqrt(clear.Barcodes)).groupby(clear.locus)
    joined = rows.groupby(["locus", "Chrom", "Pos", "Ref", "Alt"], sort=False).agg(
        effect=("Coefficient", "mean"),
        barcodes=("Barcodes", "sum"),
        z=("z", lambda own: own.sum() / np.sqrt(len(own))),
        element=("Element", "first"),
    )
    joined = joined.reset_index()
    # Of repeats the errors go with their barcodes together.
    joined["se"] = joined.locus.map(unit.median()) / np.sqrt(joined.barcodes)
    joined["measurable"] = (np.abs(joined.z) >= norm.isf(MEASURABLE_P / 2)).astype(int)
    flanks = [elements[row.element].flanks(row.Pos) for row in joined.itertuples()]
    joined["left"], joined["right"] = zip(*flanks, strict=True)
    joined["kind"] = [elements[name].kind for name in joined.element]
    names = {"Chrom": "chrom", "Pos": "pos", "Ref": "ref", "Alt": "alt"}
    columns = ["chrom", "pos", "ref", "alt", "left", "right", "effect", "se", "measurable", "barcodes", "locus", "kind"]
    return joined.rename(columns=names)[columns].round({"effect": 6, "se": 6})


class Element:
    """A sequence with its place in hg19."""

    def __init__(self, header: str, sequence: str) -> None:
        facts = dict(word.split("=") for word in header.split()[1:])
        self.kind = facts["class"]
        self._start = int(facts["hg19"].split(":")[1].split("-")[0])
        self._padded = "N" * FLANK + sequence + "N" * FLANK

    def flanks(self, pos: int) -> tuple[str, str]:
        """Bases on each side of a position."""
        place = pos - self._start + FLANK
        return self._padded[place - FLANK : place], self._padded[place + 1 : place + 1 + FLANK]


def read_elements(path: Path) -> Iterator[tuple[str, Element]]:
    """Elements by name."""
    with gzip.open(path, "rt", encoding="ascii") as text:
        for entry in text.read().split(">")[1:]:
            header, *lines = entry.splitlines()
            yield header.split()[0], Element(header, "".join(lines))


def classes(folder: Path) -> pd.DataFrame:
    """Gene-matched variants of 31 known bases: simulated (1), and derived (0) covered by the windows of others."""
    variants = pd.read_csv(folder / "variants.tsv.gz", sep="\t", dtype={"chrom": str})
    windows = pd.read_csv(folder / "windows.tsv.gz", sep="\t", dtype=str)
    known = windows[["known_left", "known_right"]].astype(int)
    windows = windows[known.min(axis=1) >= FLANK]
    rows = variants.loc[windows.row_id.astype(int)].reset_index(drop=True)
    windows = windows.reset_index(drop=True)
    derived = variants[variants.set == "derived"]
    covered = covered_by_others(derived) | set(windows.row_id[windows.same_coverage == "1"].astype(int))
    usable = (rows.set == "simulated") | rows.row_id.isin(covered)
    rows, windows = rows[usable & (rows.matched == 1)], windows[usable & (rows.matched == 1)]
    centre = windows.known_left.astype(int).to_numpy()
    around = list(zip(windows.wt, centre, strict=True))
    return pd.DataFrame(
        {
            "chrom": rows.chrom,
            "pos": rows.pos,
            "ref": rows.ref,
            "alt": rows.alt,
            "left": [sequence[place - FLANK : place] for sequence, place in around],
            "right": [sequence[place + 1 : place + 1 + FLANK] for sequence, place in around],
            "label": (rows.set == "simulated").astype(int),
            "tss_distance": (rows.tss_distance_feature * 1999).round().astype(int),
            "gene": rows.genes,
        }
    )


def covered_by_others(derived: pd.DataFrame) -> set[int]:
    """Rows whose 31 bases lie in 51-base windows of other derived variants, as those of simulated ones must."""
    found: set[int] = set()
    for _, own in derived.groupby("chrom"):
        first = own.pos.min() - 30
        depth = np.zeros(own.pos.max() + 60 - first, dtype=np.int64)
        np.add.at(depth, own.pos - 25 - first, 1)
        np.add.at(depth, own.pos + 26 - first, -1)
        alone = np.append(0, np.cumsum(np.cumsum(depth) <= 1))
        place = own.pos.to_numpy() - first
        found |= set(own.row_id[alone[place + FLANK + 1] == alone[place - FLANK]])
    return found


def pathogenic(folder: Path) -> pd.DataFrame:
    """Pathogenic (1) and matched common (0) non-coding SNVs with six conservation tracks."""
    parts = []
    for label, name in ((1, "positives_annotated"), (0, "negatives_annotated")):
        part = pd.read_csv(folder / f"{name}.tsv.gz", sep="\t", dtype={"chr": str})
        parts.append(part.assign(label=label))
    rows = pd.concat(parts, ignore_index=True)
    names = {"chr": "chrom", "closest_gene_name": "gene", **dict(zip(TRACKS, TRACK_NAMES, strict=True))}
    columns = ["chrom", "pos", "ref", "alt", "label", "gene", "region", *TRACK_NAMES]
    return rows.rename(columns=names)[columns]


def pairs(folder: Path) -> pd.DataFrame:
    """Alleles that differ in accessibility; ref and alt stand in alphabetical order, so neither is the open one."""
    high, low = (read_pairs(folder / f"dsQTL_{name}.fa.gz") for name in ("high", "low"))
    rows = []
    for name, sequence in high.items():
        chrom, pos = name.split(".")
        other, middle = low[name], 49
        ref, alt = sorted([sequence[middle], other[middle]])
        flanks = sequence[middle - FLANK : middle], sequence[middle + 1 : middle + 1 + FLANK]
        rows.append((chrom, pos, ref, alt, *flanks, 1 if alt == sequence[middle] else -1))
    return pd.DataFrame(rows, columns=["chrom", "pos", "ref", "alt", "left", "right", "direction"])


def read_pairs(path: Path) -> dict[str, str]:
    """Sequences by name."""
    with gzip.open(path, "rt", encoding="ascii") as text:
        lines = text.read().split()
    return {name.removeprefix(">"): sequence for name, sequence in zip(lines[::2], lines[1::2], strict=True)}


if __name__ == "__main__":
    main()
