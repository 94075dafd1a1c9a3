"""Analysis of variance of the AUC by family of the protein and network (Zeng et al. 2016, section 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import f

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RESIDUAL = "residual"


def family_names(models: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The family of each protein, without what tells the groups of one family in a bank apart.

    Args:
        models: pairs of a protein and its family in a bank; a group is named after one of its proteins.
    """
    families = dict(models)
    found = {}
    for protein, family in families.items():
        general, _, last = family.rpartition("_")
        found[protein] = general if last in families and general else family
    return found


def two_way_anova(table: pd.DataFrame, value: str, first: str, second: str) -> pd.DataFrame:
    """Split the sum of squares of a value into those of two factors, their interaction and the rest.

    Every row of one factor must have the levels of the other one in the same shares, as where all networks are trained
    on all sets; only then do the sums of squares add up.

    Args:
        table: a row for each value.
        value: the column of the value.
        first: the column of one factor.
        second: the column of the other factor.

    Returns:
        For each source of variance the sum of squares, the degrees of freedom, F, P and eta squared, the share of all
        squares; F and P are missing where there is nothing to compare with.

    Raises:
        ValueError: the factors do not have each other's levels in the same shares.
    """
    counts = pd.crosstab(table[first], table[second]).to_numpy()
    if not np.allclose(counts, np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()):
        raise ValueError(f"the levels of {first} have those of {second} in different shares")
    whole = _squares(table, value, [])
    squares = {name: whole - _squares(table, value, [name]) for name in (first, second)}
    within = _squares(table, value, [first, second])
    squares["interaction"] = whole - within - squares[first] - squares[second]
    freedom = {first: len(counts) - 1, second: counts.shape[1] - 1}
    freedom["interaction"] = freedom[first] * freedom[second]
    squares[RESIDUAL], freedom[RESIDUAL] = within, len(table) - counts.size
    return pd.DataFrame([_row(name, squares, freedom) for name in squares])


def _squares(table: pd.DataFrame, value: str, groups: list[str]) -> float:
    """The sum of squared distances to the means of groups; of one group if none is named."""
    means = table.groupby(groups)[value].transform("mean") if groups else table[value].mean()
    return float(((table[value] - means) ** 2).sum())


def _row(name: str, squares: Mapping[str, float], freedom: Mapping[str, int]) -> dict[str, object]:
    """The row of one source."""
    eta = squares[name] / sum(squares.values())
    row = {"source": name, "squares": squares[name], "degrees of freedom": freedom[name], "eta squared": eta}
    if name == RESIDUAL or not freedom[RESIDUAL] or not freedom[name]:
        return row
    ratio = squares[name] / freedom[name] / (squares[RESIDUAL] / freedom[RESIDUAL])
    return row | {"F": ratio, "P": float(f.sf(ratio, freedom[name], freedom[RESIDUAL]))}
