"""What Zeng et al. (2016) say of their networks, tested on the AUC of the same sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL = 0.01
"""The largest P with which a difference is shown."""

LEAST_SETS = 7
"""The smallest number of sets with which a test of signed ranks can reach the level: 1/2 to the power of 7."""


@dataclass(frozen=True)
class Claim:
    """A statement on two methods.

    Attributes:
        words: the statement, in our words.
        lower: the method that is said to be worse.
        upper: the method that is said to be better, or not worse.
        is_better: whether `upper` is said to be better; otherwise only not worse.
    """

    words: str
    lower: str
    upper: str
    is_better: bool = True


DISCOVERY = (
    Claim("16 kernels are better than 1", "1motif", "1layer"),
    Claim("64 kernels are better than 16", "1layer", "64motif"),
    Claim("128 kernels are not worse than 64", "64motif", "128motif", is_better=False),
    Claim("pools of 9 are better than pools of 3", "local-win3", "local-win9"),
    Claim("a global pool is better than pools of 9", "local-win9", "1layer"),
    Claim("one layer is better than two", "2layer", "1layer"),
    Claim("one layer is better than three", "3layer", "1layer"),
)
"""Section 3.2."""

MACHINE = "gkm-SVM"
OCCUPANCY = (
    Claim("the basic network is better than a gkm-SVM", MACHINE, "1layer"),
    Claim("64 kernels are better than a gkm-SVM", MACHINE, "64motif"),
    Claim("128 kernels are better than a gkm-SVM", MACHINE, "128motif"),
    Claim("64 kernels are better than 16", "1layer", "64motif"),
    Claim("128 kernels are not worse than 64", "64motif", "128motif", is_better=False),
    Claim("pools of 3 are not worse than a global one", "1layer", "local-win3", is_better=False),
    Claim("three layers are not worse than one", "1layer", "3layer", is_better=False),
)
"""Section 3.3, motif occupancy."""

LOCATION_FREE = (
    Claim("the basic network is better than a gkm-SVM", MACHINE, "1layer"),
    Claim("pools of 3 are not worse than a global one", "1layer", "local-win3", is_better=False),
    Claim("pools of 3 are better than a global one", "1layer", "local-win3"),
    Claim("pools of 9 are better than a global one", "1layer", "local-win9"),
)
"""Section 3.3, where the place of the motif in unbound sequences can be learnt."""


def check_claims(areas: pd.DataFrame, claims: Sequence[Claim]) -> pd.DataFrame:
    """Test claims by the one-sided test of signed ranks (Wilcoxon) on pairs of the same set.

    Args:
        areas: the AUC, with a row for each set and a column for each method.
        claims: what is tested. That a method is not worse holds unless it is shown to be worse.

    Returns:
        For each claim the median AUC of both, the number of sets, P, and whether it holds.
    """
    return pd.DataFrame([_checked(areas, claim) for claim in claims])


def _checked(areas: pd.DataFrame, claim: Claim) -> dict[str, object]:
    row = {"claim": claim.words, "lower": claim.lower, "upper": claim.upper}
    if not {claim.lower, claim.upper} <= set(areas.columns):
        return row | {"sets": 0, "result": "not measured"}
    pairs = areas[[claim.lower, claim.upper]].dropna()
    p = p_of(pairs[claim.upper] - pairs[claim.lower], "greater" if claim.is_better else "less")
    medians = {"median of lower": pairs[claim.lower].median(), "median of upper": pairs[claim.upper].median()}
    return row | medians | {"sets": len(pairs), "P": p, "result": _result(len(pairs), p, is_better=claim.is_better)}


def p_of(differences: Sequence[float] | pd.Series[float], alternative: str) -> float:
    """The P of the one-sided test of signed ranks; pairs without a difference are left out, and 1 if all are equal."""
    unequal = np.asarray(differences, dtype=np.float64)
    unequal = unequal[unequal != 0]
    return float(wilcoxon(unequal, alternative=alternative).pvalue) if len(unequal) else 1.0


def _result(sets: int, p: float, *, is_better: bool) -> str:
    if sets < LEAST_SETS:
        return "too few sets"
    return "holds" if (p < LEVEL) == is_better else "failed"
