"""What MPRA-DragoNN predicts for measured variants without any training on them, as a table of scores.

    python workflows/train-effect/dragonn_scores.py DATA TABLES/activity.tsv > SCORES

`varbind evaluate effect --scores` reads the table. The network sees 145 bases, of which the tables have 25 around each
variant: the change of the last layer in these 25 bases is weighted by the weights of its outputs (the combined
replicates), averaged over the positions of that layer, and over both strands. It needs h5py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from local_network import MIDDLE, Teacher

from varbind.train.activity_tables import read_activity
from varbind.train.effect_tables import FLANK

VARIANT = ["chrom", "pos", "ref", "alt"]
COMBINED = [2, 5, 8, 11]
"""The outputs of combined replicates, if their order is that of the publication."""
POSITIONS = slice(10, 110)
"""The positions of the last layer whose weights are averaged: the ends of a sequence are seen less."""


def main() -> None:
    """Print the table."""
    folder, table = Path(sys.argv[1]) / "reporter" / "dragonn-convmodel", read_activity(sys.argv[2])
    teacher = Teacher(folder)
    with h5py.File(folder / "pretrained.hdf5") as file:
        dense = np.array(file["dense_1/dense_1/kernel:0"])
    weights = dense.reshape(-1, teacher.units, dense.shape[1])[POSITIONS][:, :, COMBINED].mean(axis=(0, 2))
    known = [len(variant.ref) == len(variant.alt) == 1 for variant in table.variants]
    ref, alt = (
        np.stack([getattr(window, name)[FLANK - MIDDLE : FLANK + MIDDLE + 1] for window in table.windows])[known]
        for name in ("ref", "alt")
    )
    rows = [(v.chrom, v.pos, v.ref, v.alt) for v, one in zip(table.variants, known, strict=True) if one]
    scores = pd.DataFrame(rows, columns=VARIANT)
    scores["MPRA-DragoNN"] = (teacher.sums(alt) - teacher.sums(ref)) @ weights
    scores.drop_duplicates(VARIANT).to_csv(sys.stdout, sep="\t", index=False, float_format="%.6g")


if __name__ == "__main__":
    main()
