"""The activity head and its controls on deletions of one base, which never train, as a Markdown table.

    python workflows/train-effect/deletions.py TABLES EFFECT [BANK]

Each method is trained on the loci and the pairs of alleles, which are single-base changes, so that the 192 contexts say
nothing of deletions. The intervals come from draws of whole promoters.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from activity_methods import data_of_methods, predictions, training_tables

from varbind import load_bank
from varbind.datasets.variant_table import read_variant_table
from varbind.evaluate.controls import CONTEXTS, gain_of_gc
from varbind.io.effects import read_effect
from varbind.train.effect_tables import FLANK
from varbind.train.metrics import drawn_correlations, spearman


def main() -> None:
    """Print the table."""
    tables, bank, effect = Path(sys.argv[1]), load_bank(*sys.argv[3:4]), read_effect(sys.argv[2])
    path, texts = str(tables / "deletions.tsv"), ("source", "locus")
    judged = read_variant_table(path, flank=FLANK, needed=("effect", "se"), texts=texts)
    sources, effects = np.array(judged.texts["source"]), judged.numbers["effect"]
    promoters = np.unique(judged.texts["locus"], return_inverse=True)[1]
    columns = np.unique(sources).tolist()
    print(f"| {len(np.unique(promoters))} promoters | {' | '.join(columns)} |")
    print(f"|---|{'---|' * len(columns)}")

    def show(method: str, values: np.ndarray) -> None:
        cells = []
        for source in columns:
            rows = sources == source
            drawn = drawn_correlations(effects[rows], values[rows], promoters[rows], [1])
            low, high = np.quantile(drawn, [0.025, 0.975])
            cells.append(f"{spearman(effects[rows], values[rows]):.3f} ({low:.3f} to {high:.3f}; {rows.sum():,})")
        print(f"| {method} | {' | '.join(cells)} |", flush=True)

    models = bank.select(effect.card.model_ids)
    methods = data_of_methods([*training_tables(tables), judged], models, effect.heads.get("local"))
    for method, data in methods.items():
        if method != f"{CONTEXTS} contexts":
            show(method, predictions(data, len(judged)))
    show("gain of G or C", gain_of_gc(judged.variants))


if __name__ == "__main__":
    main()
