"""Fit the order-3 Markov table of promoters that background variants are drawn in.

Reads a reference FASTA (indexed) and a BED of genes with strand; counts every 4-mer, on both strands,
1,000 bases up- and 500 bases downstream of each start that lies on known sequence; writes the
probability of each base after each three bases.

    python workflows/promoter-background/fit.py -o varbind/data/promoter_markov.tsv \
        GENES.bed.gz REFERENCE.fa.gz [REFERENCE.fa.gz ...]
"""

from __future__ import annotations

import argparse
import gzip
import itertools
from collections import Counter
from pathlib import Path

import pysam

UPSTREAM, DOWNSTREAM, ORDER = 1000, 500, 3


def promoters(genes: str, fasta: pysam.FastaFile) -> list[str]:
    """Distinct promoter sequences without N, in the order of the gene file."""
    found: dict[tuple[str, int, int], str] = {}
    with gzip.open(genes, "rt") as lines:
        for line in lines:
            contig, start, end, _name, _score, strand = line.split("\t")[:6]
            if line.startswith("#"):
                continue
            name = next((n for n in (contig, contig.removeprefix("chr")) if n in fasta.references), None)
            tss = int(start) if strand == "+" else int(end)
            before, after = (UPSTREAM, DOWNSTREAM) if strand == "+" else (DOWNSTREAM, UPSTREAM)
            if name is None or tss < before or tss + after > fasta.get_reference_length(name):
                continue
            sequence = fasta.fetch(name, tss - before, tss + after).upper()
            if "N" not in sequence:
                found.setdefault((name, tss, ord(strand)), sequence)
    return list(found.values())


def main() -> None:
    """Fit and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("genes")
    parser.add_argument("references", nargs="+")
    parser.add_argument("-o", dest="output", required=True, type=Path)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    total = 0
    for path in options.references:
        with pysam.FastaFile(path) as fasta:
            for sequence in promoters(options.genes, fasta):
                total += 1
                turned = sequence.translate(str.maketrans("ACGT", "TGCA"))[::-1]
                for strand in (sequence, turned):
                    counts.update(strand[i : i + ORDER + 1] for i in range(len(strand) - ORDER))
    rows = [f"# Order-{ORDER} Markov chain of {total} human promoters, -{UPSTREAM} .. +{DOWNSTREAM}, both strands"]
    rows.append("context\tA\tC\tG\tT")
    for letters in itertools.product("ACGT", repeat=ORDER):
        context = "".join(letters)
        seen = [counts[context + base] for base in "ACGT"]
        # Four decimals that add up to one: the last base takes the rounding.
        shares = [round(count / sum(seen), 4) for count in seen[:3]]
        rows.append("\t".join([context, *(f"{share:.4f}" for share in (*shares, 1 - sum(shares)))]))
    options.output.write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
