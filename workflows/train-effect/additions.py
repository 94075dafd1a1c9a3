"""Whether anything adds to SCORE on promoters that did not train: the distance to the start, DeepFind, lost families.

python workflows/train-effect/additions.py TABLES/activity.tsv EFFECT [BANK]
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from varbind import Bank, load_bank
from varbind.bank.background import VariantKind
from varbind.bank.binding_changes import BindingEffects
from varbind.core.scores import BindingScores
from varbind.effect.deepfind import deepfind_logits
from varbind.effect.features import VariantSites, feature_matrix, transversion
from varbind.effect.score import logit
from varbind.evaluate.activity import LeftOutScores
from varbind.gate import optional_import
from varbind.io.effects import read_effect
from varbind.train.effect_tables import (
    FLANK,
    activity_data,
    calibrating,
    measurable,
    read_activity,
    score_table,
)
from varbind.train.metrics import auc, spearman

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.train.effect_tables import ScoredVariants

# First transcribed base in hg19 (RefSeq Select; PKLR's erythroid start).
STARTS = {"F9": 138612898, "FOXE1": 100615508, "HNF4A": 42984339, "MSMB": 51549553, "PKLR": 155271229}
NEAR = 50
"""Bases, added to a distance before its logarithm."""


def main() -> None:
    """Print a Markdown table."""
    bank, effect = load_bank(*sys.argv[3:4]), read_effect(sys.argv[2])
    models, table = bank.select(effect.card.model_ids), read_activity(sys.argv[1])
    scored = score_table(table, models, flank=FLANK)
    data, _ = activity_data(scored, models)
    outcomes, chosen = measurable(table), calibrating(table)
    loci = sorted(set(data.loci[chosen].tolist()))
    left_out = LeftOutScores.of(data, outcomes, chosen, loci)
    score = logit(left_out.probability)
    positions = np.array([variant.pos for variant in table.variants])
    starts = np.array([STARTS.get(locus, 0) for locus in data.loci])
    sites = VariantSites(np.full(len(table), np.nan), np.array([transversion(v) for v in table.variants]))
    deepfind = effect.heads["deepfind"]
    features = feature_matrix(deepfind.needs.features, models.model_ids, scored.ref, scored.alt, sites)
    others = {
        "distance to the start": np.log(np.abs(positions - starts) + NEAR),
        "DEEPFIND": deepfind_logits(deepfind, features),
        "strongest family": strongest(bank, models.model_ids, scored),
    }
    combinations = {"SCORE alone": [], **{f"with {name}": [own] for name, own in others.items()}}
    combinations["with all three"] = list(others.values())
    print(f"| | mean | {' | '.join(loci)} |\n|---|---:|{'---:|' * len(loci)}")
    rows = np.flatnonzero(chosen)
    for name, added in combinations.items():
        cells = judge(np.column_stack([score, *added])[rows], outcomes[rows], data.effects[rows], data.loci[rows], loci)
        told = [f"{area:.3f}; {size:.3f}" for area, size in [np.mean(cells, axis=0), *cells]]
        print(f"| {name} | {' | '.join(told)} |")


def strongest(bank: Bank, ids: tuple[str, ...], scored: ScoredVariants) -> NDArray[np.float64]:
    """How strong the strongest loss or gain of a family is, (N,)."""
    default = bank.select_default()
    listed = [place for place, own in enumerate(ids) if own in set(default.model_ids)]
    chosen = bank.select([ids[place] for place in listed])
    scores = BindingScores(chosen.model_ids, scored.ref[:, listed], scored.alt[:, listed])
    both = BindingEffects.of_bank(chosen).strengths(scores, VariantKind.SNV)
    return np.maximum(*both.values())


def judge(
    features: NDArray[np.float64],
    outcomes: NDArray[np.bool_],
    effects: NDArray[np.float64],
    loci: NDArray[np.str_],
    wanted: list[str],
) -> list[tuple[float, float]]:
    """AUC and rank correlation of each locus by a logistic regression on the others, each of which counts the same."""
    regression = optional_import("sklearn.linear_model", needed_for="training").LogisticRegression
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    found = []
    for locus in wanted:
        own = loci == locus
        weights = np.array([1 / np.count_nonzero(loci == other) for other in loci[~own]])
        fitted = regression(C=1e6).fit(features[~own], outcomes[~own], sample_weight=weights * len(weights))
        odds = fitted.decision_function(features[own])
        found.append((auc(outcomes[own], odds) or 0.5, spearman(odds, np.abs(effects[own])) or 0.0))
    return found


if __name__ == "__main__":
    main()
