"""Loci whose every base was changed and measured: effects come from motifs that are gained and lost, as files."""

import numpy as np
from motif_banks import CRE, E_BOX
from planted import sequence, write_lines

FLANK = 15
WEIGHTS = {E_BOX: 1.0, CRE: -0.6}
"""What one more matching base does to activity, log2: one motif activates, the other represses."""
ERROR = 0.1


def matching(motif, text):
    """Number of matching bases at the best place of either strand."""
    backward = text[::-1].translate(str.maketrans("ACGT", "TGCA"))
    pieces = [one[i : i + len(motif)] for one in (text, backward) for i in range(len(text) - len(motif) + 1)]
    return max(sum(a == b for a, b in zip(piece, motif, strict=True)) for piece in pieces)


def true_effect(left, ref, alt, right):
    """Without error."""
    changes = {m: matching(m, left + alt + right) - matching(m, left + ref + right) for m in WEIGHTS}
    return sum(weight * changes[motif] for motif, weight in WEIGHTS.items())


def locus_rows(name, *, bases=24, alts=2, seed=0, start=1000, noise=ERROR):
    """Every base of a locus with both motifs to some others; the last base is deleted."""
    rng = np.random.default_rng([seed, start])
    text = sequence(rng, bases + 2 * FLANK)
    for motif, place in zip(WEIGHTS, (FLANK + 2, FLANK + bases - 10), strict=True):
        text = text[:place] + motif + text[place + len(motif) :]
    rows = []
    for place in range(FLANK, FLANK + bases):
        left, ref, right = text[place - FLANK : place], text[place], text[place + 1 : place + 1 + FLANK]
        others = [base for base in "ACGT" if base != ref]
        for alt in [others[number] for number in rng.permutation(3)[:alts]] if place < FLANK + bases - 1 else [""]:
            truth = true_effect(left, ref, alt, right)
            row = {"chrom": "chr7", "pos": start + place, "ref": ref, "alt": alt or "-", "left": left, "right": right}
            rows.append(row | {"effect": truth + rng.normal(0, noise), "se": ERROR, "locus": name, "truth": truth})
    return rows


def loci_rows(names, **options):
    """Of many loci, apart from each other."""
    return [row for place, name in enumerate(names, 1) for row in locus_rows(name, start=10_000 * place, **options)]


def write_rows(path, rows, *, without=()):
    """A table with the columns of the first row, but some."""
    names = [name for name in rows[0] if name not in without]
    return write_lines(path, ["\t".join(names), *("\t".join(str(row[name]) for name in names) for row in rows)])
