"""The number of random settings that a calibration needs, of which DeepBind (2015, Discussion) says "at least 30".

    python workflows/experiments/deepbind/calibrations.py RATINGS OUTPUT [--most N] [--machine TEXT]

RATINGS is the `ratings.tsv` of a bank (plain or gzip), with the rating of every setting of every model by three-fold
cross-validation. For n = 1, 2, ... settings the rating of the best one is averaged over all subsets of n settings of a
model, without drawing: of N ratings in ascending order, the k-th is the best of a subset with the probability
C(k - 1, n - 1) / C(N, n). A setting counts with its best checkpoint. The search gave the better half of the settings
more steps, so that the ratings at the first checkpoint, which all settings reached, are shown as well.

A subset chooses by the ratings that are reported here, so that all values are too high by what the choice gains from
noise. More settings than the bank tried cannot be judged.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from result_files import ResultFiles, add_output_options
from scipy.special import gammaln

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

CLOSE = 0.005
"""A model is close to the best of all settings if it lacks no more than this of the rating."""

PUBLISHED = 30
"""The number of settings that DeepBind tried, and that it states to be the least."""


def main() -> None:
    """Write the table, the summary and the figure."""
    options = parse_options()
    table = pd.read_csv(options.ratings, sep="\t")
    facts = {"machine": options.machine, "ratings": options.ratings.name, "seed": "none, nothing is drawn"}
    files = ResultFiles(options.output, "calibrations", facts)
    first = table[table["steps"] == table["steps"].min()]
    parts = {"best": table, "first": first}
    rows = [row for name, part in parts.items() for row in curve(name, best_by_model(part), options.most)]
    summary = [row for row in rows if row["settings"] in {1, 5, 10, 15, 20, 25, PUBLISHED}]
    files.write(rows, summary, lambda figure: draw(figure, rows))


def parse_options() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ratings", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--most", type=int, default=PUBLISHED, help="largest number of settings")
    add_output_options(parser)
    return parser.parse_args()


def best_by_model(table: pd.DataFrame) -> list[NDArray[np.float64]]:
    """The best rating of every setting of each model, by model."""
    best = table.groupby(["id", "setting"])["mean"].max()
    return [ratings.to_numpy() for _, ratings in best.groupby(level="id")]


def expected_best(ratings: NDArray[np.float64], count: int) -> float:
    """The mean of the best of `count` ratings over all subsets."""
    ascending, total = np.sort(ratings), len(ratings)
    below = np.arange(total)
    # Logarithms of binomial coefficients; a rating with fewer than count - 1 below it is never the best.
    logs = log_choose(below, count - 1) - log_choose(np.array(total), count)
    return float(np.exp(logs[count - 1 :]) @ ascending[count - 1 :])


def log_choose(total: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """The logarithm of the number of subsets of `count`; minus infinity where there is none."""
    enough = np.maximum(total, count)
    logs = gammaln(enough + 1) - gammaln(count + 1) - gammaln(enough - count + 1)
    return np.where(total >= count, logs, -np.inf)


def curve(name: str, models: list[NDArray[np.float64]], most: int) -> list[dict[str, Any]]:
    """A row for each number of settings: the mean over the models, their quartiles, and what is lacking."""
    complete = [ratings for ratings in models if len(ratings) >= most]
    best = np.array([expected_best(ratings, most) for ratings in complete])
    rows = []
    for count in range(1, most + 1):
        found = np.array([expected_best(ratings, count) for ratings in complete])
        lacking = best - found
        low, middle, high = np.quantile(found, [0.25, 0.5, 0.75])
        rows.append(
            {
                "rating_at": name,
                "settings": count,
                "models": len(complete),
                "mean": found.mean(),
                "quartile1": low,
                "median": middle,
                "quartile3": high,
                "mean_lacking": lacking.mean(),
                "largest_lacking": lacking.max(),
                f"share_within_{CLOSE}": (lacking <= CLOSE).mean(),
                "gain_of_last": found.mean() - rows[-1]["mean"] if rows else np.nan,
                "paper": "at least 30 are needed" if count == PUBLISHED else "",
            }
        )
    return rows


def draw(figure: Figure, rows: list[dict[str, Any]]) -> None:
    """The mean over models against the number of settings, and the quartiles."""
    ax = figure.subplots()
    for name, colour, label in (("best", "#0072B2", "best checkpoint"), ("first", "#D55E00", "first checkpoint")):
        own = [row for row in rows if row["rating_at"] == name]
        counts = [row["settings"] for row in own]
        ax.plot(counts, [row["mean"] for row in own], color=colour, label=f"{label}, mean")
        low, high = ([row[column] for row in own] for column in ("quartile1", "quartile3"))
        ax.fill_between(counts, low, high, color=colour, alpha=0.15, linewidth=0)
    ax.set(xlabel="settings tried", ylabel="expected rating of the best (AUC)")
    ax.legend(frameon=False, loc="lower right")


if __name__ == "__main__":
    main()
