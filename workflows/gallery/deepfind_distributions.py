"""Draw the distributions of DeepFind scores (as DeepBind, Alipanahi et al. 2015, supplementary figure 10).

    python workflows/gallery/deepfind_distributions.py TABLES/classes.tsv > docs/pictures/deepfind.svg

A network over the scores of the shipped bank is trained without the variants of two chromosomes, and the picture has
the scores of these: of simulated variants, and of derived ones, which are common to all humans.
"""

from __future__ import annotations

import io
import sys

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure

from varbind import load_bank
from varbind.effect.deepfind import deepfind_logits
from varbind.effect.features import binding_features, feature_matrix
from varbind.effect.score import logistic
from varbind.evaluate.figure import COLOURS, STYLE
from varbind.kernels.dense import dense
from varbind.train.deepfind import DeepFindData, DeepFindSetting, fit_deepfind
from varbind.train.effect_tables import FLANK, labels_of, read_classes, score_table, site_features, sites_of
from varbind.train.metrics import auc

HELD_OUT = ("3", "12")
BINS = np.linspace(0, 1, 51)


def main() -> None:
    """Print the picture; the AUC goes to standard error."""
    table, bank = read_classes(sys.argv[1]), load_bank()
    models = bank.select(bank.effect.card.model_ids)
    scored, sites = score_table(table, models, flank=FLANK), sites_of(table)
    names = (*binding_features(models.model_ids), *site_features(sites))
    features = feature_matrix(names, models.model_ids, scored.ref, scored.alt, sites)
    chromosomes, labels = np.array([variant.chrom for variant in table.variants]), labels_of(table)
    held_out = np.isin(chromosomes, HELD_OUT)
    data = DeepFindData(features[~held_out], labels[~held_out], chromosomes[~held_out], names)
    head = fit_deepfind(data, DeepFindSetting(networks=1), seed=1)
    scores = logistic(deepfind_logits(head, features[held_out], dense=dense))
    own = labels[held_out]
    print(f"AUC {auc(own, scores):.3f}, {own.sum():,} of {len(own):,} simulated", file=sys.stderr)
    sys.stdout.buffer.write(drawn(scores, own))


def drawn(scores: np.ndarray, simulated: np.ndarray) -> bytes:
    """The shares of both classes by score, as SVG."""
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(5.2, 3.2), layout="constrained")
        axes = figure.subplots()
        for name, colour, rows in (("simulated", COLOURS[1], simulated), ("derived", COLOURS[0], ~simulated)):
            shares = np.histogram(scores[rows], BINS)[0] / rows.sum()
            axes.stairs(100 * shares, BINS, color=colour, label=f"{name}, {rows.sum():,}", linewidth=1.4)
        axes.set_xlabel("DeepFind score")
        axes.set_ylabel("variants, %")
        axes.legend(frameon=False)
        stream = io.BytesIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


if __name__ == "__main__":
    main()
