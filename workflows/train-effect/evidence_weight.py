"""The weight of conservation beside SCORE, fitted to promoter variants whose sequence is known.

python workflows/train-effect/evidence_weight.py DATA STATE EFFECT [BANK]

The pathogenic and common variants of `ncboost2` come without sequence. What lies around those in promoters is put
together from windows of other data (`chipseq-hg38`, `deepfind`, `mpra`, `reporter`); the variants of `clinical`, which
judge, are left out. With s the log-odds of SCORE and g those of conservation, from a fit without the gene of the
variant, the weight w is that of a logistic regression of equal classes on w g beside the offset s. Its interval is that
of draws of genes.
"""

from __future__ import annotations

import gzip
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tables import TRACK_NAMES

from varbind import load_bank
from varbind.bank.background import VariantKind
from varbind.core.scores import BindingScores
from varbind.datasets.variant_table import read_variant_table
from varbind.effect.features import VariantSites
from varbind.effect.score import logistic
from varbind.effect.second_stage import SecondStage
from varbind.evaluate.effect import PROMOTER_LIKE
from varbind.gate import optional_import
from varbind.io.effects import read_effect
from varbind.train.conservation import fit_conservation, fold_of_groups
from varbind.train.effect_tables import FLANK, score_table
from varbind.train.metrics import auc, drawn_counts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

KNOWN = 12
"""The least number of known bases on each side, as in the shortest windows of `deepfind`; others are N."""

FOLDS = 10
LARGEST = 10.0
"""The largest weight that is tried: a few variants may separate the classes."""

COMPLEMENT = str.maketrans("ACGT", "TGCA")
Piece = tuple[str, int, str]
"""A contig without `chr`, the 1-based position of the first base, and the bases of the plus strand; a base that is no
certain reference base is N."""


def main() -> None:
    """Print the counts, the weight and its interval."""
    data, state, effect = Path(sys.argv[1]), Path(sys.argv[2]), read_effect(sys.argv[3])
    every = pd.read_csv(state / "pathogenic.tsv", sep="\t", na_values=".", keep_default_na=False, dtype={"chrom": str})
    every["g"] = held_out_evidence(every)
    rows = every[every.region.isin(PROMOTER_LIKE) & every.g.notna()].reset_index(drop=True)
    older = lifted(rows, data / "liftover" / "hg38ToHg19.over.chain.gz")
    judging = judged(data / "clinical")
    older = older[[(row.chrom, row.pos) not in judging for row in older.itertuples()]]
    newer = with_sequence(rows.loc[older.index], open_regions(data / "chipseq-hg38"))
    older = with_sequence(older.drop(newer.index), pieces(data))
    rows = pd.concat([newer, older])
    path = state / "evidence.tsv"
    rows.to_csv(path, sep="\t", index=False, na_rep=".")
    labels, genes, g = rows.label.to_numpy() == 1, rows.gene.to_numpy(dtype=str), rows.g.to_numpy()
    s = score_log_odds(path, effect, load_bank(*sys.argv[4:5]))
    weight = fitted(s, g, labels, np.ones(len(rows)))
    draws = [fitted(s, g, labels, counts) for counts in drawn_counts(genes, [1]) if is_usable(labels, counts)]
    low, high = np.quantile(draws, [0.025, 0.975])
    print(f"{labels.sum()} pathogenic and {(~labels).sum()} common variants with known sequence")
    print(f"w {weight:.2f}, 95 % interval {low:.2f} to {high:.2f} ({len(draws)} draws of genes)")
    for name, values in (("s", s), ("g", g), ("s + g", s + g)):
        print(f"AUC of {name}: {auc(labels, values):.3f}")


def held_out_evidence(rows: pd.DataFrame) -> NDArray[np.float64]:
    """The log-odds of conservation of each variant from a head that did not see its gene."""
    values, labels, genes = rows[TRACK_NAMES].to_numpy(float), rows.label.to_numpy() == 1, rows.gene.to_numpy(dtype=str)
    fold = fold_of_groups(genes, labels, folds=FOLDS, rng=np.random.default_rng(1))
    found = np.full(len(rows), np.nan)
    for number in range(FOLDS):
        rest = fold != number
        head = fit_conservation(values[rest], labels[rest], TRACK_NAMES, genes=genes[rest])
        found[~rest] = head.log_odds(values[~rest])
    return found


def lifted(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The rows with their place and alleles in GRCh37; those that no chain covers are left out."""
    best: dict[int, tuple[int, str, int, str]] = {}
    of_contig = dict(list(rows.groupby("chrom")))
    with gzip.open(path, "rt", encoding="ascii") as text:
        for line in filter(None, map(str.split, text)):
            if line[0] == "chain":
                score, contig, start = int(line[1]), line[2].removeprefix("chr"), int(line[5])
                other, size, strand, there = line[7].removeprefix("chr"), int(line[8]), line[9], int(line[10])
                own = of_contig.get(contig)
                continue
            length, *gaps = map(int, line)
            if own is not None:
                for row, pos in own.pos[(own.pos > start) & (own.pos <= start + length)].items():
                    place = there + pos - 1 - start
                    if row not in best or score > best[row][0]:
                        best[row] = score, other, place + 1 if strand == "+" else size - place, strand
            if gaps:
                start, there = start + length + gaps[0], there + length + gaps[1]
    found = rows.loc[sorted(best)].copy()
    _, found["chrom"], found["pos"], strands = zip(*[best[row] for row in found.index], strict=True)
    for name in ("ref", "alt"):
        pairs = zip(found[name], strands, strict=True)
        found[name] = [base if strand == "+" else base.translate(COMPLEMENT) for base, strand in pairs]
    return found


def judged(folder: Path) -> set[tuple[str, int]]:
    """The places of the variants that judge, in GRCh37."""
    parts = [
        pd.read_csv(folder / f"{name}.hg19.tsv.gz", sep="\t", dtype={"chrom": str})
        for name in ("documented", "neutral")
    ]
    return {(row.chrom, row.pos_hg19) for part in parts for row in part.itertuples()}


def open_regions(folder: Path) -> Iterator[Piece]:
    """Open regions of GRCh38."""
    for path in sorted(folder.glob("sequences.*.fa.gz")):
        with gzip.open(path, "rt", encoding="ascii") as text:
            for header in text:
                contig, _, reach = header.strip().partition("::chr")[2].partition(":")
                yield contig, int(reach.split("-")[0]) + 1, next(text).strip().upper()


def pieces(data: Path) -> Iterator[Piece]:
    """Pieces of GRCh37 from other data, whose variants themselves are N."""
    variants = pd.read_csv(data / "deepfind" / "variants.tsv.gz", sep="\t", dtype={"chrom": str})
    windows = pd.read_csv(data / "deepfind" / "windows.tsv.gz", sep="\t", usecols=["row_id", "known_left", "wt"])
    for row in windows.merge(variants, on="row_id").itertuples():
        yield row.chrom, row.pos - row.known_left, without(row.wt, row.known_left)
    with gzip.open(data / "mpra" / "elements.fa.gz", "rt", encoding="ascii") as text:
        for entry in text.read().split(">")[1:]:
            header, *lines = entry.splitlines()
            contig, _, reach = next(word for word in header.split() if word.startswith("hg19="))[5:].partition(":")
            yield contig.removeprefix("chr"), int(reach.split("-")[0]), "".join(lines)
    allelic = pd.read_csv(data / "reporter" / "allelic_windows.hg19.tsv.gz", sep="\t", dtype={"chrom": str})
    for row in allelic.itertuples():
        yield row.chrom.removeprefix("chr"), row.pos - row.flank_left, without(row.ref_window, row.flank_left)
    tiles = pd.read_csv(data / "reporter" / "mattioli2020_human_tss.tsv.gz", sep="\t")
    tiles = tiles[(tiles.tile_type == "WILDTYPE") & (tiles.actual_end - tiles.actual_start == tiles.element.str.len())]
    # The promoter of LDLR judges.
    tiles = tiles[(tiles.chrom != "chr19") | (tiles.actual_end < 11_199_907) | (tiles.actual_start > 11_200_224)]
    for row in tiles.itertuples():
        bases = row.element if row.strand == "+" else row.element[::-1].translate(COMPLEMENT)
        yield row.chrom.removeprefix("chr"), int(row.actual_start) + 1, bases


def without(bases: str, place: int) -> str:
    """A window whose variant is unknown."""
    return f"{bases[:place]}N{bases[place + 1 :]}"


def with_sequence(rows: pd.DataFrame, found: Iterator[Piece]) -> pd.DataFrame:
    """The rows with enough known bases on each side, N where no piece covers them or where pieces differ."""
    offsets = [offset for offset in range(-FLANK, FLANK + 1) if offset]
    wanted = defaultdict(set)
    for row in rows.itertuples():
        wanted[row.chrom].update(row.pos + offset for offset in offsets)
    ordered = {contig: np.array(sorted(places)) for contig, places in wanted.items()}
    bases: dict[tuple[str, int], set[str]] = defaultdict(set)
    for contig, start, text in found:
        if contig in ordered:
            first, last = np.searchsorted(ordered[contig], [start, start + len(text)])
            for place in ordered[contig][first:last].tolist():
                bases[contig, place].update(set(text[place - start]) - {"N"})
    sides = {}
    for side, reach in (("left", range(-FLANK, 0)), ("right", range(1, FLANK + 1))):
        known = [[bases[row.chrom, row.pos + offset] for offset in reach] for row in rows.itertuples()]
        sides[side] = ["".join(next(iter(own)) if len(own) == 1 else "N" for own in one) for one in known]
    rows = rows.assign(**sides)
    return rows[(rows.left.str.count("[ACGT]") >= KNOWN) & (rows.right.str.count("[ACGT]") >= KNOWN)]


def score_log_odds(path: Path, effect: object, bank: object) -> NDArray[np.float64]:
    """The log-odds of SCORE of the rows of a table with sequence."""
    table = read_variant_table(str(path), flank=FLANK, needed=("label",))
    models = bank.select(effect.card.model_ids)
    scored = score_table(table, models, flank=FLANK)
    nowhere = VariantSites(*[np.full(len(table), np.nan)] * 2)
    scores = BindingScores(models.model_ids, scored.ref, scored.alt)
    return SecondStage(effect, models.model_ids).predict(scores, nowhere, [VariantKind.SNV] * len(table)).log_odds


def is_usable(labels: NDArray[np.bool_], counts: NDArray[np.int64]) -> bool:
    """Whether a draw has both classes."""
    return bool(counts[labels].sum() and counts[~labels].sum())


def fitted(
    s: NDArray[np.float64], g: NDArray[np.float64], labels: NDArray[np.bool_], counts: NDArray[np.floating]
) -> float:
    """The weight of highest likelihood, with a free constant and equal classes."""
    weights = counts * np.where(labels, 0.5 / counts[labels].sum(), 0.5 / counts[~labels].sum())
    signs = np.where(labels, 1.0, -1.0)

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (s + point[0] * g + point[1])
        slopes = -weights * signs * logistic(-margins)
        return float(weights @ np.logaddexp(0, -margins)), np.array([slopes @ g, slopes.sum()])

    minimize = optional_import("scipy.optimize", needed_for="training").minimize
    bounds = [(-LARGEST, LARGEST), (None, None)]
    return float(minimize(loss, [1.0, 0.0], jac=True, method="L-BFGS-B", bounds=bounds).x[0])


if __name__ == "__main__":
    main()
