"""The activity head on deletions of one base, which never train, as a Markdown table.

    python workflows/train-effect/deletions.py TABLES EFFECT [BANK]

The head of each method is trained on the loci and the pairs of alleles, which are single-base changes. The intervals
come from draws of whole promoters.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pairs_left_out import shuffled

from varbind import load_bank
from varbind.datasets.variant_table import VariantTable, read_variant_table
from varbind.evaluate.activity import without_models
from varbind.evaluate.controls import gain_of_gc
from varbind.io.effects import read_effect
from varbind.train.activity import fit_activity
from varbind.train.activity_tables import activity_data, read_activity, read_pairs
from varbind.train.effect_tables import FLANK, score_table
from varbind.train.metrics import drawn_correlations, spearman

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind import Bank
    from varbind.train.activity_data import ActivityData


def main() -> None:
    """Print the table."""
    tables, bank, effect = Path(sys.argv[1]), load_bank(*sys.argv[3:4]), read_effect(sys.argv[2])
    models, local = bank.select(effect.card.model_ids), effect.heads.get("local")
    judged = read_deletions(str(tables / "deletions.tsv"))
    sources, effects = np.array(judged.texts["source"]), judged.numbers["effect"]
    promoters = np.unique(judged.texts["locus"], return_inverse=True)[1]
    gain = gain_of_gc(judged.variants)
    methods = predicted(tables, models, local) | {
        "models with shuffled detectors": predicted(tables, shuffled(models, 1), None)["models"],
        "gain of G or C": gain,
    }
    columns = np.unique(sources).tolist()
    print(f"| {len(np.unique(promoters))} promoters | {' | '.join(columns)} |")
    print(f"|---|{'---|' * len(columns)}")
    for method, values in methods.items():
        cells = []
        for source in columns:
            rows = sources == source
            drawn = drawn_correlations(effects[rows], values[rows], promoters[rows], [1])
            low, high = np.quantile(drawn, [0.025, 0.975])
            cells.append(f"{spearman(effects[rows], values[rows]):.3f} ({low:.3f} to {high:.3f}; {rows.sum():,})")
        print(f"| {method} | {' | '.join(cells)} |", flush=True)


def read_deletions(path: str) -> VariantTable:
    """The deletions with their promoters."""
    return read_variant_table(path, flank=FLANK, needed=("effect", "se"), texts=("source", "locus"))


def predicted(tables: Path, models: Bank, local: object) -> dict[str, NDArray[np.float64]]:
    """The predicted changes of the deletions by method."""
    readers = {"activity": read_activity, "pairs": read_pairs, "deletions": read_deletions}
    scored = [score_table(read(str(tables / f"{name}.tsv")), models, flank=FLANK) for name, read in readers.items()]
    training, scale = activity_data(scored[0], models, local, scored[1:2])
    judged = activity_data(scored[0], models, local, scored[2:])[0]
    count = len(scored[2].table)

    def fitted(own: ActivityData, other: ActivityData) -> NDArray[np.float64]:
        head = fit_activity(own, scale).head
        return other.inputs[-count:] @ np.concatenate([head.weights.ravel(), head.local_weights])

    if local is None:
        return {"models": fitted(training, judged)}
    return {
        "models and local network": fitted(training, judged),
        "models": fitted(replace(training, local=None), replace(judged, local=None)),
        "local network": fitted(without_models(training), without_models(judged)),
    }


if __name__ == "__main__":
    main()
