"""Exons and a genome, in which a motif lies before those of one group."""

import numpy as np
from planted import sequence, write_lines

HEADER = "chrom\tstrand\tstart\tend\tleft_exon_end\tright_exon_start\tgroup"
MOTIF = "TTTCTTTT"


def write_exons(table, fasta):
    """Write ninety exons; those that go down have the motif 30 bases before them."""
    rng, rows, bases = np.random.default_rng(3), [], ""
    for number in range(90):
        group, gene = ("up", "down", "control")[number % 3], sequence(rng, 400)
        if group == "down":
            gene = gene[:130] + MOTIF + gene[138:]
        rows.append(f"chr1\t+\t{len(bases) + 169}\t{len(bases) + 240}\t{len(bases) + 20}\t{len(bases) + 390}\t{group}")
        bases += gene
    write_lines(fasta, [">chr1", bases])
    write_lines(table, [HEADER, *rows])
