"""Public measurements as the tables that `varbind train effect` and `varbind evaluate effect` read.

python workflows/train-effect/tables.py DATA STATE

DATA holds `mpra`, `reporter`, `deepfind`, `ncboost2` and `allelic`; STATE receives `activity.tsv` (saturation
mutagenesis), `pairs.tsv` (pairs of alleles with measured effects), `classes.tsv` (simulated against derived variants),
`pathogenic.tsv` (pathogenic against common ones), `directions.tsv` (alleles of different accessibility) and
`deletions.tsv` (deletions with measured effects, whose terms do not allow that they train what is shipped).
"""

from __future__ import annotations

import gzip
import sys
from importlib.resources import files
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
PAIR_SETS = ("raQTL_hepg2", "raQTL_k562")
PAIR_WEIGHT = 3
"""The weight of each set, where a locus has 1: more than it has SNVs for, because all are of different places."""
DELETIONS_WEIGHT = 2
SHARED = 30
"""The number of bases that no pair may share with an element."""
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
        "pairs": pairs(data),
        "classes": classes(data / "deepfind"),
        "pathogenic": pathogenic(data / "ncboost2"),
        "directions": directions(data / "allelic"),
        "deletions": deletions(data / "reporter" / "mattioli2018_deletions.tsv.gz"),
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
    joined["tss_distance"] = distances(joined)
    flanks = [elements[row.element].flanks(row.Pos) for row in joined.itertuples()]
    joined["left"], joined["right"] = zip(*flanks, strict=True)
    joined["kind"] = [elements[name].kind for name in joined.element]
    names = {"Chrom": "chrom", "Pos": "pos", "Ref": "ref", "Alt": "alt"}
    columns = [
        "chrom",
        "pos",
        "ref",
        "alt",
        "left",
        "right",
        "effect",
        "se",
        "tss_distance",
        "barcodes",
        "locus",
        "kind",
    ]
    return joined.rename(columns=names)[columns].round({"effect": 6, "se": 6})


def distances(variants: pd.DataFrame) -> list[int]:
    """Signed distances to the nearest start of the shipped table, which has one a gene, wherever it is."""
    columns = ["chrom", "start", "end", "gene", "score", "strand"]
    table = files("varbind").joinpath("data/starts.GRCh37.bed.gz")
    with table.open("rb") as packed, gzip.open(packed, "rt", encoding="ascii") as text:
        starts = pd.read_csv(text, sep="\t", comment="#", header=None, usecols=range(6), names=columns)
    by_chrom = dict(iter(starts.groupby(starts.chrom.str.removeprefix("chr"))))
    found = []
    for variant in variants.itertuples():
        own = by_chrom[variant.Chrom]
        signed = (variant.Pos - own.end) * np.where(own.strand == "+", 1, -1)
        found.append(int(signed.iloc[np.abs(signed.to_numpy()).argmin()]))
    return found


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


def pairs(data: Path) -> pd.DataFrame:
    """SNVs whose alleles have different reporter activity (raQTL, van Arensbergen et al. 2019), in two cell lines.

    Those that share 30 bases with an element of saturation mutagenesis, or of the known sites, are left out.
    """
    rows = pd.read_csv(data / "reporter" / "allelic_windows.hg19.tsv.gz", sep="\t", dtype={"chrom": str})
    rows = rows[rows.set.isin(PAIR_SETS)]
    avoided = words_of_elements([data / name / "elements.fa.gz" for name in ("mpra", "known-sites")])
    windows = rows[["ref_window", "alt_window"]].to_numpy()
    rows = rows[[not any(words(window) & avoided for window in both) for both in windows]]
    z = norm.isf(np.clip(rows.p_or_fdr, 1e-300, 1) / 2)
    effects = rows.effect_log2_alt_over_ref
    padded = [("N" * FLANK + row.ref_window + "N" * FLANK, row.flank_left + FLANK) for row in rows.itertuples()]
    return pd.DataFrame(
        {
            "chrom": rows.chrom.str.removeprefix("chr"),
            "pos": rows.pos,
            "ref": rows.ref,
            "alt": rows.alt,
            "left": [text[place - FLANK : place] for text, place in padded],
            "right": [text[place + 1 : place + 1 + FLANK] for text, place in padded],
            "effect": effects.round(6),
            "se": (effects.abs() / z).round(6),
            "source": rows.set,
            "weight": PAIR_WEIGHT,
        }
    )


def deletions(path: Path) -> pd.DataFrame:
    """Deletions of one base in promoters, in two cell lines (Mattioli et al. 2018), on the strand of the promoter."""
    rows = pd.read_csv(path, sep="\t")
    where = rows.tile.str.extract(r"(?:chr)?([0-9XY]+):([0-9]+)\.\.")
    place = [deleted_base(row.wt_seq, row.del_seq) for row in rows.itertuples()]
    padded = ["N" * FLANK + sequence + "N" * FLANK for sequence in rows.wt_seq]
    plain = pd.DataFrame(
        {
            "chrom": where[0],
            "pos": where[1].astype(int) + place,
            "ref": [text[base + FLANK - 1 : base + FLANK + 1] for text, base in zip(padded, place, strict=True)],
            "alt": [text[base + FLANK - 1] for text, base in zip(padded, place, strict=True)],
            "left": [text[base - 1 : base + FLANK - 1] for text, base in zip(padded, place, strict=True)],
            "right": [text[base + FLANK + 1 : base + 2 * FLANK + 1] for text, base in zip(padded, place, strict=True)],
            "locus": rows.tile,
            "weight": DELETIONS_WEIGHT,
        }
    )
    parts = []
    for line in ("HepG2", "K562"):
        part = plain.assign(effect=rows[f"effect_{line}"], se=rows[f"effect_se_{line}"], source=f"deletions_{line}")
        parts.append(part[part.effect.notna() & (part.se > 0)])
    return pd.concat(parts, ignore_index=True)


def deleted_base(whole: str, short: str) -> int:
    """The place of the first base that was deleted."""
    return next(place for place in range(len(whole)) if whole[:place] + whole[place + 1 :] == short)


def words_of_elements(paths: list[Path]) -> set[str]:
    """All stretches of 30 bases of these sequences, of both strands."""
    found: set[str] = set()
    for path in paths:
        with gzip.open(path, "rt", encoding="ascii") as text:
            for entry in text.read().split(">")[1:]:
                forward = "".join(entry.splitlines()[1:]).upper()
                found |= words(forward) | words(forward[::-1].translate(str.maketrans("ACGT", "TGCA")))
    return found


def words(sequence: str) -> set[str]:
    """All stretches of 30 bases of a sequence."""
    return {sequence[place : place + SHARED] for place in range(len(sequence) - SHARED + 1)}


def directions(folder: Path) -> pd.DataFrame:
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
