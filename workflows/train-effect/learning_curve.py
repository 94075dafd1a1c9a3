"""How the activity head gets better with more training loci, as a Markdown table.

    python workflows/train-effect/learning_curve.py TABLES EFFECT [BANK]

Each promoter is predicted by heads that were trained on so many of the other loci, drawn at random, with and without
the pairs of alleles.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from activity_methods import training_tables

from varbind import load_bank
from varbind.io.effects import read_effect
from varbind.train.activity import left_out_activity
from varbind.train.activity_tables import activity_data, calibrating
from varbind.train.effect_tables import FLANK, score_table
from varbind.train.metrics import spearman

if TYPE_CHECKING:
    from varbind.train.activity_data import ActivityData

LOCI = (3, 6, 10, 15)
DRAWS = 3


def main() -> None:
    """Print the table."""
    tables, bank, effect = Path(sys.argv[1]), load_bank(*sys.argv[3:4]), read_effect(sys.argv[2])
    models = bank.select(effect.card.model_ids)
    scored = [score_table(table, models, flank=FLANK) for table in training_tables(tables)]
    promoters = sorted(set(np.array(scored[0].table.texts["locus"])[calibrating(scored[0].table)].tolist()))
    print(f"| training loci | loci alone | with {len(scored[1].table):,} pairs of alleles |")
    print("|---:|---:|---:|")
    local = effect.heads.get("local")
    parts = [activity_data(scored[0], models, local, own)[0] for own in ([], scored[1:])]
    for count in LOCI:
        cells = []
        for data in parts:
            draws = 1 if count == max(LOCI) else DRAWS
            found = [np.mean([correlation(data, one, count, draw) for one in promoters]) for draw in range(draws)]
            cells.append(f"{np.mean(found):.3f}" + (f" ({min(found):.3f} to {max(found):.3f})" if draws > 1 else ""))
        print(f"| {count} | {' | '.join(cells)} |", flush=True)


def correlation(data: ActivityData, promoter: str, count: int, draw: int) -> float:
    """The rank correlation of one promoter with its prediction by so many other loci."""
    others = [locus for locus in data.rows_of if locus != promoter]
    rng = np.random.default_rng([draw, list(data.rows_of).index(promoter)])
    used = {promoter, *rng.permutation(others)[:count].tolist()}
    own = data.rows(np.flatnonzero(data.is_pair | np.isin(data.loci, list(used))))
    judged = own.rows_of[promoter]
    predicted = left_out_activity(own, [promoter])[0].predicted[judged]
    return spearman(predicted, own.effects[judged]) or 0.0


if __name__ == "__main__":
    main()
