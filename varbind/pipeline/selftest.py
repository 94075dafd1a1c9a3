"""Golden scores: made once by the reference network in double precision, checked on the user's machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.model_card import GoldenScores
from varbind.core.sequence import decode
from varbind.gate import optional_import
from varbind.pipeline.background import PromoterSource
from varbind.pipeline.scoring import score_sequences

if TYPE_CHECKING:
    from varbind.core.bank import Bank

__all__ = ["GOLDEN_TOLERANCE", "SelfTest", "add_golden_scores", "run_selftest"]

GOLDEN_TOLERANCE = 1e-5
"""Scores are a few units large; single precision alone is off by up to 1e-6 of them."""

GOLDEN_SEQUENCES, GOLDEN_LENGTH, GOLDEN_SEED = 8, 101, 7


@dataclass(frozen=True, slots=True)
class SelfTest:
    """How this machine's scores compare with the golden ones.

    Attributes:
        scores: number of scores compared.
        largest_error: largest absolute difference; NaN if a score is not a number.
    """

    scores: int
    largest_error: float

    @property
    def passed(self) -> bool:
        """Whether there was something to compare, and all of it agrees."""
        return self.scores > 0 and self.largest_error <= GOLDEN_TOLERANCE


def add_golden_scores(bank: Bank) -> Bank:
    """Score a few promoter-like sequences with the reference network, in double precision.

    Raises:
        UsageError: torch is not installed.
    """
    network = optional_import("varbind.nn.deepbind", needed_for="golden scores")
    codes = PromoterSource().draw(GOLDEN_SEQUENCES, GOLDEN_LENGTH, np.random.default_rng(GOLDEN_SEED))
    scores = np.zeros((len(codes), len(bank.models)))
    column_of = {model_id: column for column, model_id in enumerate(bank.model_ids)}
    for stack in bank.stacks:
        for row, model_id in enumerate(stack.model_ids):
            scores[:, column_of[model_id]] = network.DeepBind(stack, row).score(codes)
    golden = GoldenScores(
        sequences=[decode(sequence) for sequence in codes],
        scores=[[float(f"{score:.9g}") for score in row] for row in scores],
    )
    return replace(bank, cards=(replace(bank.cards[0], golden=golden),))


def run_selftest(bank: Bank, *, device: str = "cpu") -> SelfTest:
    """Compare this machine's scores of a bank of one card with the card's golden scores."""
    golden = bank.cards[0].golden
    if golden is None:
        return SelfTest(0, 0.0)
    found = score_sequences(golden.sequences, bank, device=device)
    errors = np.abs(found - np.array(golden.scores))
    return SelfTest(errors.size, float(errors.max()))
