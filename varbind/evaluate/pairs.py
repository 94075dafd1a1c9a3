"""Which of two alleles is the more active one: pairs whose order was measured enter, how often it is told leaves."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.effect.effect_model import key_of_window
from varbind.errors import InputError
from varbind.evaluate.cells import decimal
from varbind.evaluate.controls import gain_of_gc
from varbind.train.activity import fit_activity
from varbind.train.effect_tables import FLANK, activity_data, directions_of
from varbind.train.metrics import auc
from varbind.train.scored_variants import score_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.datasets.variant_table import VariantTable

logger = logging.getLogger(__name__)

__all__ = ["PairsRow", "judge_pairs", "pairs_markdown", "pairs_table"]

COLUMNS = ("contender", "pairs", "told", "right", "low", "high", "auc")
STRONGEST = 0.1


@dataclass(frozen=True, slots=True)
class PairsRow:
    """One contender.

    Attributes:
        contender: who; `strongest tenth` = on the pairs with its largest predicted changes.
        pairs: that have a score.
        told: pairs with a predicted change other than 0.
        right: share of these whose direction is right.
        low: lower end of its 95 % interval (Wilson 1927).
        high: upper end.
        auc: of alternate alleles that are the more active ones, by the signed change.
    """

    contender: str
    pairs: int
    told: int
    right: float
    low: float
    high: float
    auc: float


def judge_pairs(
    pairs: VariantTable,
    training: VariantTable,
    models: Bank,
    others: Mapping[str, NDArray[np.float64]],
    *,
    threads: int | None = None,
    device: str = "cpu",
) -> list[PairsRow]:
    """Judge the activity head, trained on all loci, and simpler sums, on pairs that are not among what trained it.

    Args:
        pairs: `direction` 1 where the alternate allele is the more active one, -1 where the reference.
        training: measured effects.
        models: that the second stage reads.
        others: signed scores of other tools, float64 (N,).
        threads: CPU threads that score; None = all.
        device: that scores.

    Raises:
        InputError: a tool has the name of a contender.
    """
    data, scale = activity_data(score_table(training, models, flank=FLANK, threads=threads, device=device), models)
    head = fit_activity(data, scale).head
    scored = score_table(pairs, models, flank=FLANK, threads=threads, device=device)
    changes = head.changes(scored.ref, scored.alt)
    contenders = {
        "binding": head.contributions(changes).sum(axis=1),
        "sum of bound changes": changes[:, 0].sum(axis=1),
        "sum of z": changes[:, 1].sum(axis=1),
        "gain of G or C": gain_of_gc(pairs.variants),
    }
    if twice := sorted(contenders.keys() & others.keys()):
        raise InputError(f"two contenders are named {twice[0]}", remedy="rename one")
    contenders |= others
    upwards = directions_of(pairs)
    seen = {key_of_window(window, FLANK) for window in training.windows}
    unseen = np.array([key_of_window(window, FLANK) not in seen for window in pairs.windows])
    if not unseen.all():
        logger.info("%s: %d pairs trained the head and are left out", pairs.path, np.count_nonzero(~unseen))
    rows = []
    for name, signed in contenders.items():
        known = np.flatnonzero(np.isfinite(signed) & unseen)
        rows.append(_row(name, signed[known], upwards[known]))
        strongest = known[np.argsort(-np.abs(signed[known]), kind="stable")[: max(int(len(known) * STRONGEST), 1)]]
        rows.append(_row(f"{name}, strongest tenth", signed[strongest], upwards[strongest]))
    return rows


def pairs_table(rows: Sequence[PairsRow]) -> str:
    """Tab-separated."""
    lines = ["\t".join(COLUMNS)]
    for row in rows:
        numbers = [decimal(value, 6) for value in (row.right, row.low, row.high, row.auc)]
        lines.append("\t".join([row.contender, str(row.pairs), str(row.told), *numbers]))
    return "\n".join(lines) + "\n"


def pairs_markdown(rows: Sequence[PairsRow]) -> str:
    """For people."""
    lines = ["## The more active allele of a pair", ""]
    lines += ["| contender | pairs | right (95 %) | AUC |", "|---|---:|---|---:|"]
    for row in rows:
        right = f"{row.right:.3f} ({row.low:.3f} to {row.high:.3f})" if row.told else ""
        lines.append(f"| {row.contender} | {row.told:,} | {right} | {decimal(row.auc, 3)} |")
    return "\n".join(lines)


def _row(name: str, signed: NDArray[np.float64], upwards: NDArray[np.bool_]) -> PairsRow:
    told = signed != 0
    count, right = int(told.sum()), int(((signed > 0) == upwards)[told].sum())
    low, high = _wilson(right, count)
    area = auc(upwards, signed)
    share = right / count if count else float("nan")
    return PairsRow(name, len(signed), count, share, low, high, float("nan") if area is None else area)


def _wilson(right: int, count: int) -> tuple[float, float]:
    """95 % interval of a share."""
    if not count:
        return float("nan"), float("nan")
    z, share = 1.96, right / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return float(middle - reach), float(middle + reach)
