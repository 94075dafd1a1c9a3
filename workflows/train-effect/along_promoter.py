"""A figure of predicted and measured changes of activity along two promoters that were left out of the training.

python workflows/train-effect/along_promoter.py TABLES EFFECT FIGURE [BANK]
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from matplotlib import style
from matplotlib.figure import Figure

from varbind import load_bank
from varbind.evaluate.figure import COLOURS, STYLE
from varbind.io.effects import read_effect
from varbind.train.activity import left_out_activity
from varbind.train.activity_tables import activity_data, read_activity, read_pairs
from varbind.train.effect_tables import FLANK, score_table
from varbind.train.metrics import spearman

SHOWN = ("F9", "PKLR")


def main() -> None:
    """Write the figure."""
    tables, bank, effect = Path(sys.argv[1]), load_bank(*sys.argv[4:5]), read_effect(sys.argv[2])
    models = bank.select(effect.card.model_ids)
    read = (read_activity(str(tables / "activity.tsv")), read_pairs(str(tables / "pairs.tsv")))
    scored = [score_table(table, models, flank=FLANK) for table in read]
    data, _ = activity_data(scored[0], models, effect.heads.get("local"), scored[1:])
    distances = read[0].numbers["tss_distance"]
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(7.5, 4.6), layout="constrained")
        for axes, found in zip(figure.subplots(len(SHOWN), 1), left_out_activity(data, SHOWN), strict=True):
            rows = data.rows_of[found.locus]
            measured, predicted, place = data.effects[rows], found.predicted[rows], distances[rows]
            order = np.argsort(place)
            for values, colour, label in (
                (measured, COLOURS[0], "measured"),
                (predicted * measured.std() / predicted.std(), COLOURS[1], "predicted without this promoter, scaled"),
            ):
                means = [values[place == one].mean() for one in np.unique(place)]
                axes.plot(np.unique(place), means, color=colour, linewidth=0.9, label=label)
            axes.axhline(0, color="#999999", linewidth=0.5)
            correlation = spearman(measured[order], predicted[order])
            axes.set_title(f"{found.locus}: rank correlation {correlation:.2f} over {len(rows)} SNVs", loc="left")
            axes.set_ylabel("log2 change")
        axes.set_xlabel("distance to the start, bases; mean of the SNVs of a position")
        axes.legend(frameon=False, fontsize=8)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    Path(sys.argv[3]).write_bytes(buffer.getvalue())


if __name__ == "__main__":
    main()
