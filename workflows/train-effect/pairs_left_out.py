"""The activity head and its controls on pairs of alleles of chromosomes that did not train, as a Markdown table.

    python workflows/train-effect/pairs_left_out.py TABLES EFFECT [BANK]

Chromosome 13 decided whether the local network stays; 14 and 19 decided nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from activity_methods import data_of_methods, training_tables

from varbind import load_bank
from varbind.io.effects import read_effect
from varbind.train.activity import left_out_parts
from varbind.train.metrics import drawn_correlations, spearman

CHROMOSOMES = {"13": ["13"], "14 and 19": ["14", "19"]}


def main() -> None:
    """Print the table."""
    tables, bank, effect = Path(sys.argv[1]), load_bank(*sys.argv[3:4]), read_effect(sys.argv[2])
    loci_and_pairs = training_tables(tables)
    models, pairs = bank.select(effect.card.model_ids), loci_and_pairs[1]
    methods = data_of_methods(loci_and_pairs, models, effect.heads.get("local"))
    chromosomes = np.array([variant.chrom for variant in pairs.variants])
    sources, effects = np.array(pairs.texts["source"]), pairs.numbers["effect"]
    columns = [(source, name) for source in np.unique(sources) for name in CHROMOSOMES]
    print(f"| | {' | '.join(f'{source}, chromosomes {name}' for source, name in columns)} |")
    print(f"|---|{'---|' * len(columns)}")
    for method, own in methods.items():
        predicted, cells = left_out_parts(own)[-len(pairs) :], []
        for source, name in columns:
            rows = (sources == source) & np.isin(chromosomes, CHROMOSOMES[name])
            drawn = drawn_correlations(effects[rows], predicted[rows], np.arange(rows.sum()), [1])
            low, high = np.quantile(drawn, [0.025, 0.975])
            cells.append(f"{spearman(effects[rows], predicted[rows]):.3f} ({low:.3f} to {high:.3f}; {rows.sum()})")
        print(f"| {method} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
