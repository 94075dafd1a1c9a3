"""Draw the table of `motifs.py` beside Table 1 of Koo and Eddy (2019).

    python workflows/experiments/koo/figure.py TABLE FIGURE

On the left the area under the ROC curve, on the right the share of first kernels whose motif matches a planted one, for
each network and both rules, as means over the trials.
"""

from __future__ import annotations

import sys

import matplotlib as mpl
import pandas as pd

mpl.use("svg")
from matplotlib import pyplot as plt

RULES = {"koo": "rule of the text", "koo-code": "rule of the code"}


def main() -> None:
    """Draw the figure."""
    table = pd.read_csv(sys.argv[1], sep="\t")
    first = table[table["layer"] == 1]
    names = list(dict.fromkeys(first["network"]))
    means = first.groupby(["network", "rule"])[["AUC", "relevant", "AUC of paper", "relevant of paper"]].mean()
    figure, (areas, shares) = plt.subplots(
        1, 2, figsize=(10, 0.4 * len(names) + 1.5), sharey=True, layout="constrained"
    )
    places = range(len(names))
    areas.barh(places, [means.loc[name, "koo"]["AUC"] for name in names], 0.5, label="here")
    areas.plot([means.loc[name, "koo"]["AUC of paper"] for name in names], places, "k|", ms=12, label="paper")
    areas.set(xlim=(0.5, 1), xlabel="area under the ROC curve", yticks=list(places), yticklabels=names)
    for shift, (rule, label) in zip((-0.2, 0.2), RULES.items(), strict=True):
        values = [means.loc[name, rule]["relevant"] for name in names]
        shares.barh([place + shift for place in places], values, 0.35, label=label)
    shares.plot([means.loc[name, "koo"]["relevant of paper"] for name in names], places, "k|", ms=12, label="paper")
    shares.set(xlim=(0, 1), xlabel="first kernels that match a planted motif")
    areas.invert_yaxis()
    for axes in (areas, shares):
        axes.legend(loc="lower right", fontsize="small")
    figure.savefig(sys.argv[2], metadata={"Date": None})


if __name__ == "__main__":
    main()
