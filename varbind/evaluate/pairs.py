"""Accuracy of the predicted direction for pairs of alleles, of which one was measured to be more active."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.effect.effect_model import key_of_window
from varbind.errors import InputError
from varbind.evaluate.controls import gain_of_gc
from varbind.kernels.dense import dense
from varbind.train.activity import fit_activity
from varbind.train.activity_tables import activity_data
from varbind.train.effect_tables import FLANK, directions_of, score_table
from varbind.train.metrics import auc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.datasets.variant_table import VariantTable
    from varbind.effect.local import LocalHead

logger = logging.getLogger(__name__)

__all__ = ["PairsRow", "evaluate_pairs"]

STRONGEST = 0.1


@dataclass(frozen=True, slots=True)
class PairsRow:
    """The result of one method.

    Attributes:
        method: name of the method; `strongest tenth` = on the tenth of the pairs with its largest predicted changes.
        pairs: number of pairs with a score.
        n_called: number of pairs with a predicted change other than 0.
        accuracy: share of these pairs whose predicted direction is right.
        low: lower end of its 95 % interval (Wilson 1927).
        high: upper end of the interval.
        auc: area under the ROC curve for the more active alternate alleles, by the signed change.
    """

    method: str
    pairs: int
    n_called: int
    accuracy: float
    low: float
    high: float
    auc: float


def evaluate_pairs(
    pairs: VariantTable,
    training: Sequence[VariantTable],
    models: Bank,
    others: Mapping[str, NDArray[np.float64]],
    *,
    local: LocalHead | None = None,
    threads: int | None = None,
    device: str = "cpu",
) -> list[PairsRow]:
    """Evaluate the activity head, trained on all loci, and simpler sums, on pairs that were not in its training.

    Args:
        pairs: pairs with `direction`: 1 if the alternate allele is more active, -1 if the reference allele is.
        training: measured effects: the variants of loci, then tables of pairs of alleles.
        models: models that the second stage reads.
        others: signed scores of other tools by name, float64 (N,).
        local: local network of the activity head; None = there is none.
        threads: number of CPU threads for scoring; None = all.
        device: device for scoring.

    Raises:
        InputError: a tool has the name of another method.
    """
    measured = [score_table(table, models, flank=FLANK, threads=threads, device=device) for table in training]
    data, scale = activity_data(measured[0], models, local, measured[1:])
    head = fit_activity(data, scale).head
    scored = score_table(pairs, models, flank=FLANK, threads=threads, device=device)
    changes = head.changes(scored.ref, scored.alt)
    binding = head.contributions(changes).sum(axis=1)
    methods = {
        "binding": binding,
        "sum of bound changes": changes[:, 0].sum(axis=1),
        "sum of z": changes[:, 1].sum(axis=1),
        "gain of G or C": gain_of_gc(pairs.variants),
    }
    if local is not None:
        methods["binding and local network"] = (
            binding + local.changes(pairs.windows, FLANK, dense=dense) @ head.local_weights
        )
    if twice := sorted(methods.keys() & others.keys()):
        raise InputError(f"two methods are named {twice[0]}", remedy="rename one")
    methods |= others
    upwards = directions_of(pairs)
    seen = {key_of_window(window, FLANK) for table in training for window in table.windows}
    unseen = np.array([key_of_window(window, FLANK) not in seen for window in pairs.windows])
    if not unseen.all():
        logger.info("%s: %d pairs are in the training data and are left out", pairs.path, np.count_nonzero(~unseen))
    rows = []
    for name, signed in methods.items():
        known = np.flatnonzero(np.isfinite(signed) & unseen)
        rows.append(_row(name, signed[known], upwards[known]))
        strongest = known[np.argsort(-np.abs(signed[known]), kind="stable")[: max(int(len(known) * STRONGEST), 1)]]
        rows.append(_row(f"{name}, strongest tenth", signed[strongest], upwards[strongest]))
    return rows


def _row(name: str, signed: NDArray[np.float64], upwards: NDArray[np.bool_]) -> PairsRow:
    is_called = signed != 0
    n_called, n_right = int(is_called.sum()), int(((signed > 0) == upwards)[is_called].sum())
    low, high = _wilson(n_right, n_called)
    area = auc(upwards, signed)
    accuracy = n_right / n_called if n_called else float("nan")
    return PairsRow(name, len(signed), n_called, accuracy, low, high, float("nan") if area is None else area)


def _wilson(right: int, count: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    if not count:
        return float("nan"), float("nan")
    z, share = 1.96, right / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    reach = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return float(middle - reach), float(middle + reach)
