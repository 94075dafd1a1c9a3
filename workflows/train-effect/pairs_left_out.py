"""The activity head on pairs of alleles of chromosomes that did not train, as a Markdown table.

    python workflows/train-effect/pairs_left_out.py TABLES EFFECT [BANK]

Chromosome 13 decided whether the local network stays; 14 and 19 decided nothing.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from varbind import load_bank
from varbind.evaluate.activity import without_models
from varbind.evaluate.controls import shuffle_detectors
from varbind.io.effects import read_effect
from varbind.scoring.background import BackgroundRecipe, add_background
from varbind.train.activity import left_out_parts
from varbind.train.activity_tables import activity_data, read_activity, read_pairs
from varbind.train.effect_tables import FLANK, score_table
from varbind.train.metrics import drawn_correlations, spearman

if TYPE_CHECKING:
    from varbind import Bank
    from varbind.train.activity_data import ActivityData

CHROMOSOMES = {"13": ["13"], "14 and 19": ["14", "19"]}
SHUFFLES = 1


def main() -> None:
    """Print the table."""
    tables, bank, effect = Path(sys.argv[1]), load_bank(*sys.argv[3:4]), read_effect(sys.argv[2])
    models, local = bank.select(effect.card.model_ids), effect.heads.get("local")
    data = data_of(tables, models, local)
    methods = {"models and local network": data, "models": replace(data, local=None)}
    if local is not None:
        methods["local network"] = without_models(data)
    for draw in range(SHUFFLES):
        methods[f"models with shuffled detectors {draw + 1}"] = data_of(tables, shuffled(models, 1 + draw), None)
    pairs = read_pairs(str(tables / "pairs.tsv"))
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


def shuffled(models: Bank, seed: int) -> Bank:
    """The models with the weights of each detector in random order."""
    return add_background(shuffle_detectors(models, seed), recipe=BackgroundRecipe(snvs=3_000, others=100))


def data_of(tables: Path, models: Bank, local: object) -> ActivityData:
    """The measured effects as the models see them."""
    scored = [
        score_table(table, models, flank=FLANK)
        for table in (read_activity(str(tables / "activity.tsv")), read_pairs(str(tables / "pairs.tsv")))
    ]
    return activity_data(scored[0], models, local, scored[1:])[0]


if __name__ == "__main__":
    main()
