"""Whether conservation that is carried over from a neighbour teaches what conservation of the own site says.

    python workflows/experiments/deepbind/carried_conservation.py DATA OUTPUT [--machine TEXT]

DATA holds `deepfind` and `ncboost2`. Learners separate simulated from derived variants by three phastCons of the
nearest derived variant at another position (`deepfind_rows.py`), and are then given the phastCons of the own site of
pathogenic variants and of common ones, matched by region. Both are read as ranks within their own track, because the
tracks are of 46 species in one folder and of 100 in the other. Each track alone is the control: it needs no training.
The paper has no such numbers.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from deepfind_rows import CONSERVATION, DeepFindVariants, ranks
from result_files import ResultFiles, add_output_options
from sklearn.linear_model import LogisticRegression

from varbind.evaluate.controls import boosted_scores
from varbind.train.metrics import auc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

TRACKS = {
    "phastCons46_primates": "priPhCons",
    "phastCons46_placental": "mamPhCons",
    "phastCons46_vertebrate": "verPhCons",
}
"""The columns of `deepfind`, and those of `ncboost2` of the same kind."""

PROMOTERS = ("UTR5", "upstream")
DISTANCES = (2, 3)
"""Neighbours at a distance of one base are often one event that changed several bases."""


def main() -> None:
    """Write the table, the summary and the figure."""
    options = parse_options()
    read = DeepFindVariants.read(options.data / "deepfind").covered(max(DISTANCES), list(TRACKS))
    training = read.take(read.distances >= min(DISTANCES)).balanced(options.seed)
    judged = read_judged(options.data / "ncboost2")
    facts = {"machine": options.machine, "seed": options.seed, "training": f"{len(training)} variants"}
    files = ResultFiles(options.output, "carried_conservation", facts)
    carried, own = training.blocks[CONSERVATION], judged[list(TRACKS.values())].to_numpy(dtype=np.float64)
    features, test = ranks(carried, carried), ranks(own, own)
    linear = LogisticRegression(max_iter=1_000).fit(features, training.simulated)
    scores = {
        "linear": linear.decision_function(test),
        "boosting": boosted_scores(features, training.simulated, test, seed=options.seed, threads=1),
        **dict(zip(TRACKS.values(), test.T, strict=True)),
    }
    rows = rows_of(judged, scores)
    weights = [{"track": name, "weight": weight} for name, weight in zip(TRACKS.values(), linear.coef_[0], strict=True)]
    files.write(rows, weights, lambda figure: draw(figure, rows))


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    add_output_options(parser)
    return parser.parse_args()


def read_judged(folder: Path) -> pd.DataFrame:
    """The pathogenic and the common variants that have all tracks, with a column `pathogenic`."""
    parts = [
        pd.read_csv(folder / f"{name}_annotated.tsv.gz", sep="\t", usecols=["region", *TRACKS.values()]).assign(
            pathogenic=name == "positives"
        )
        for name in ("positives", "negatives")
    ]
    return pd.concat(parts, ignore_index=True).dropna()


def rows_of(judged: pd.DataFrame, scores: Mapping[str, NDArray[np.float64]]) -> list[dict[str, Any]]:
    """The AUC of each score on all variants and on those of promoters."""
    pathogenic = judged["pathogenic"].to_numpy()
    kinds = {"all": np.full(len(judged), fill_value=True), "promoters": judged["region"].isin(PROMOTERS).to_numpy()}
    return [
        {
            "variants": kind,
            "pathogenic": int(pathogenic[chosen].sum()),
            "common": int((~pathogenic[chosen]).sum()),
            "score": name,
            "auc": auc(pathogenic[chosen], own[chosen]),
        }
        for kind, chosen in kinds.items()
        for name, own in scores.items()
    ]


def draw(figure: Figure, rows: Sequence[dict[str, Any]]) -> None:
    """The AUC of each score, a bar each."""
    for ax, kind in zip(figure.subplots(1, 2, sharey=True), ("all", "promoters"), strict=True):
        own = [row for row in rows if row["variants"] == kind]
        ax.barh([row["score"] for row in own], [row["auc"] for row in own], color="#0072B2")
        ax.axvline(0.5, color="0.4", linewidth=1, linestyle="--")
        ax.set(title=kind, xlabel="AUC", xlim=(0.4, 0.8))


if __name__ == "__main__":
    main()
