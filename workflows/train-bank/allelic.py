"""Alleles whose binding or accessibility was measured: does the change of a score have the right sign?

    python workflows/train-bank/allelic.py DATA STATE BANK > TABLE.md

FOXA2: SNP-SELEX (hg19) of the variants in open chromatin regions whose sequence is at hand, against the change of the
networks and matrices of FOXA2, and of a gkm-SVM that was trained on its regions. dsQTL: pairs of alleles of which one
opens the chromatin of lymphoblastoid cells. A method says the sign of its strongest change over all its models, in
standard deviations over the pairs. AUC is that of telling pairs from the same pairs in the other order.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from varbind import load_bank
from varbind.core.sequence import encode
from varbind.core.window import Window
from varbind.datasets.sequence_table import read_sequence_table
from varbind.evaluate.methods import GkmSvm
from varbind.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from varbind import Bank

FLANK = 15
"""Bases on each side of a variant, as annotation uses them."""

CHANGED = 0.05
"""p-value of the preferential binding below which a measurement counts as a change."""

MOST_OF_CLASS = 2_000

MIDDLE = 19
"""Index of the variant in its oligo of 40 bases."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two alleles with their flanks, and the measured change from the first to the second."""

    window: Window
    change: float


def main() -> None:
    """Score the pairs, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("bank")
    options = parser.parse_args()
    allelic = options.data / "allelic"
    foxa2 = list(snp_selex(allelic / "snp-selex-foxa2", options.data))
    dsqtl = list(dsqtl_pairs(allelic))
    bank, matrices = load_bank(options.bank), load_bank(options.state / "matrices")
    networks = bank.select([model.model_id for model in bank.models if model.default])
    print("| alleles | pairs | method | right sign | AUC |\n|---|---:|---|---:|---:|")
    methods = [
        ("networks", strongest(of_protein(bank, "FOXA2"), foxa2)),
        ("matrices", strongest(of_protein(matrices, "FOXA2"), foxa2)),
        ("gkm-SVM", by_machine(options.state / "training" / "FOXA2.regions.tsv.gz", foxa2)),
    ]
    for name, scores in methods:
        print(row("SNP-SELEX of FOXA2", foxa2, name, scores))
    for name, some in (("default models", networks), ("matrices", matrices)):
        print(row("dsQTL", dsqtl, name, strongest(some, dsqtl)))


def of_protein(bank: Bank, protein: str) -> Bank:
    """The models of one protein."""
    return bank.select([model.model_id for model in bank.models if model.protein == protein])


def strongest(bank: Bank, pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """The largest change of each pair over all models, each in standard deviations over the pairs, (N,)."""
    with Scorer(bank, flank=FLANK) as scorer:
        changes = scorer.score([pair.window for pair in pairs], batch_size=512).delta.astype(np.float64)
    spread = changes.std(axis=0)
    changes = changes[:, spread > 0] / spread[spread > 0]
    return changes[np.arange(len(changes)), np.abs(changes).argmax(axis=1)]


def by_machine(path: Path, pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """The change of the score of a gkm-SVM that is trained on a table of labelled sequences, (N,)."""
    table = read_sequence_table(str(path))
    parts = [table.sequences[table.targets == label][:MOST_OF_CLASS].codes for label in (1, 0)]
    machine = GkmSvm(parts, np.repeat([True, False], [len(part) for part in parts]))
    first, second = (machine.score(np.stack([getattr(pair.window, side) for pair in pairs])) for side in ("ref", "alt"))
    return second - first


def row(name: str, pairs: Sequence[Pair], method: str, scores: NDArray[np.float64]) -> str:
    """A line of the table."""
    signed = scores * np.sign([pair.change for pair in pairs])
    told = signed[signed != 0]
    # Pairs, and the same pairs in the other order; ties count one half.
    turned = np.sort(-signed)
    below = np.searchsorted(turned, signed, "left") + np.searchsorted(turned, signed, "right")
    auc = below.mean() / (2 * len(turned))
    return f"| {name} | {len(pairs):,} | {method} | {np.mean(told > 0):.3f} | {auc:.3f} |"


def dsqtl_pairs(folder: Path) -> Iterator[Pair]:
    """Pairs of 100 bases that differ at index 49; the second opens the chromatin more."""
    alleles = []
    for name in ("low", "high"):
        with gzip.open(folder / f"dsQTL_{name}.fa.gz", "rt", encoding="ascii") as text:
            alleles.append([line.strip() for line in text if not line.startswith(">")])
    for low, high in zip(*alleles, strict=True):
        first, second = (encode(letters[49 - FLANK : 50 + FLANK]) for letters in (low, high))
        yield Pair(Window(first, second, padded=False), 1.0)


def snp_selex(folder: Path, data: Path) -> Iterator[Pair]:
    """Changed variants in the regions; the change is that from REF to ALT."""
    regions = hg19_regions(data)
    for path in sorted(folder.glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as text:
            for line in csv.DictReader(text):
                if float(line["pval"]) < CHANGED:
                    window = regions.window(*snp_of(line))
                    if window is not None:
                        yield Pair(window, -float(line["pbs"]))


def snp_of(line: dict[str, str]) -> tuple[str, int, str, str]:
    """Chromosome, 0-based position, REF and ALT: a name such as chr9_95196346_T_C, or the middle of an oligo."""
    if "snp" in line:
        chrom, pos, ref, alt = line["snp"].split("_")
        return chrom, int(pos) - 1, ref, alt
    chrom, _, span = line["oligo"].partition(":")
    return chrom, int(span.partition("-")[0]) + MIDDLE, line["ref"], line["alt"]


@dataclass(frozen=True, slots=True)
class LiftedRegions:
    """Regions of 200 bases in hg19.

    Attributes:
        starts: by chromosome, the 0-based starts in ascending order.
        letters: by chromosome, their sequences.
    """

    starts: dict[str, NDArray[np.int64]]
    letters: dict[str, list[str]]

    def window(self, chrom: str, place: int, ref: str, alt: str) -> Window | None:
        """Both alleles of a variant at a 0-based position; None if no region has its flanks, or REF differs."""
        if chrom not in self.starts:
            return None
        index = int(np.searchsorted(self.starts[chrom], place - FLANK, "right")) - 1
        if index < 0:
            return None
        within = place - int(self.starts[chrom][index])
        letters = self.letters[chrom][index].upper()
        if within + FLANK >= len(letters) or letters[within] != ref:
            return None
        codes = encode(letters[within - FLANK : within + FLANK + 1])
        changed = codes.copy()
        changed[FLANK] = encode(alt)[0]
        return Window(codes, changed, padded=False)


def hg19_regions(data: Path) -> LiftedRegions:
    """The regions that one block of the chain contains whole, on the same strand and chromosome."""
    blocks = chain_blocks(data / "liftover" / "hg38ToHg19.over.chain.gz")
    found: dict[str, list[tuple[int, str]]] = {}
    for path in sorted((data / "chipseq-hg38").glob("sequences.200bp.*.fa.gz")):
        with gzip.open(path, "rt", encoding="ascii") as text:
            for head, letters in zip(text, text, strict=True):
                chrom, start, end = re.search(r"::(\w+):(\d+)-(\d+)", head).groups()  # type: ignore[union-attr]
                firsts, lasts, offsets = blocks[chrom]
                index = int(np.searchsorted(firsts, int(start), "right")) - 1
                if index >= 0 and int(end) <= lasts[index]:
                    found.setdefault(chrom, []).append((int(start) + int(offsets[index]), letters.strip()))
    ordered = {chrom: sorted(regions) for chrom, regions in found.items()}
    return LiftedRegions(
        {chrom: np.array([start for start, _ in regions]) for chrom, regions in ordered.items()},
        {chrom: [letters for _, letters in regions] for chrom, regions in ordered.items()},
    )


def chain_blocks(path: Path) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """By chromosome, start and end of each block without a gap, and what is added to lift it; only the same strand."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    kept, place, other, chrom = False, 0, 0, ""
    with gzip.open(path, "rt", encoding="ascii") as text:
        for line in text:
            words = line.split()
            if words[:1] == ["chain"]:
                chrom, place, other = words[2], int(words[5]), int(words[10])
                kept = words[7] == chrom and words[4] == words[9] == "+"
            elif words and kept:
                size, gap, other_gap = (*map(int, words), 0, 0)[:3]
                found.setdefault(chrom, []).append((place, place + size, other - place))
                place, other = place + size + gap, other + size + other_gap
    arrays = {chrom: np.array(sorted(blocks)).T for chrom, blocks in found.items()}
    return {chrom: (blocks[0], blocks[1], blocks[2]) for chrom, blocks in arrays.items()}


if __name__ == "__main__":
    main()
