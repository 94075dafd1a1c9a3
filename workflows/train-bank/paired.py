"""Whether a bank tells bound from unbound sequences worse than an earlier one: differences of AUC with their intervals.

    python workflows/train-bank/paired.py TESTS OLD NEW -o TABLE

Each test set of TESTS with labels is scored by the first network of its protein in both banks. Only networks that
differ are compared; equal ones have equal scores. The 95 % interval is that of DeLong, DeLong and Clarke-Pearson (1988)
for two methods on the same sequences.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from varbind import load_bank
from varbind.datasets.binding_dataset import read_dataset_table
from varbind.evaluate.evaluation_data import DataReader, EvaluationPlan
from varbind.evaluate.methods import BankMethod, Predictor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from varbind import Bank

COLUMNS = ("protein", "task", "bound", "old", "new", "difference", "low", "high")
NORMAL_95 = 1.959964


def main() -> None:
    """Compare, and write a row for each test set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests")
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    lines = compared(options.tests, load_bank(options.old), load_bank(options.new))
    options.output.write_text("\n".join(["\t".join(COLUMNS), *lines, ""]))


def compared(tests: str, old: Bank, new: Bank) -> Iterator[str]:
    """A line for each test set of the proteins whose networks differ."""
    methods = [BankMethod(name, first_of_each(bank)) for name, bank in (("old", old), ("new", new))]
    proteins = different(old, new)
    plan = EvaluationPlan()
    with ExitStack() as opened:
        reader = DataReader(plan, opened)
        for dataset in read_dataset_table(tests):
            if dataset.protein not in proteins:
                continue
            data = reader.test(dataset).at_most(plan.max_per_class)
            predictors = [method.fit(dataset.protein, lambda: ()) for method in methods]
            first, second = (one.score(data.sequences) for one in predictors if isinstance(one, Predictor))
            areas, error = paired_areas(data.bound, first, second)
            difference = areas[1] - areas[0]
            numbers = (*areas, difference, difference - NORMAL_95 * error, difference + NORMAL_95 * error)
            words = (dataset.protein, dataset.task, str(data.bound.sum()), *(f"{number:.4f}" for number in numbers))
            yield "\t".join(words)


def first_of_each(bank: Bank) -> Bank:
    """The bank with the first network of every protein."""
    firsts = {model.protein: model.model_id for model in reversed(bank.models) if model.training.get("members")}
    return bank.select(list(firsts.values()))


def different(old: Bank, new: Bank) -> set[str]:
    """The proteins of both banks whose first networks have other weights."""
    arrays = []
    for bank in (old, new):
        found = {}
        for model in first_of_each(bank).models:
            (stack,) = bank.select([model.model_id]).stacks
            found[model.protein] = b"".join(values.tobytes() for _, values in sorted(stack.arrays.items()))
        arrays.append(found)
    first, second = arrays
    return {protein for protein in first.keys() & second.keys() if first[protein] != second[protein]}


def paired_areas(
    bound: NDArray[np.bool_], first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[tuple[float, float], float]:
    """The AUC of two methods, and the standard error of their difference.

    Args:
        bound: which sequences are bound, (N,).
        first: scores of the first method, (N,).
        second: scores of the second method, (N,).
    """
    shares = [above(bound, scores) for scores in (first, second)]
    areas = (float(shares[0][bound].mean()), float(shares[1][bound].mean()))
    difference = shares[1] - shares[0]
    variances = [difference[rows].var(ddof=1) / np.count_nonzero(rows) for rows in (bound, ~bound)]
    return areas, float(np.sqrt(sum(variances)))


def above(bound: NDArray[np.bool_], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each bound sequence the share of unbound ones below it, for each unbound one that of bound ones above it.

    Ties count one half.
    """
    ranks = rankdata(scores)
    found = np.empty(len(scores))
    for rows, sign in ((bound, 1), (~bound, -1)):
        below = ranks[rows] - rankdata(scores[rows])
        others = len(scores) - np.count_nonzero(rows)
        found[rows] = below / others if sign > 0 else 1 - below / others
    return found


if __name__ == "__main__":
    main()
