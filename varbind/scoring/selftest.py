"""Golden scores: every bank carries a few, so that a user's machine can be checked.

Golden scores are computed once, when a bank is made, by the reference network in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.bank.model_card import GoldenScores
from varbind.core.sequence import decode, encode
from varbind.gate import optional_import
from varbind.scoring.background import PromoterSource
from varbind.scoring.devices import count_different_scores
from varbind.scoring.scorer import Scorer

if TYPE_CHECKING:
    from varbind.bank.bank import Bank

__all__ = ["GOLDEN_TOLERANCE", "SelfTest", "add_golden_scores", "run_selftest"]

GOLDEN_TOLERANCE = 1e-5
"""The largest accepted error. Scores are a few units large, and single precision alone has errors of 1e-6 of them."""

GOLDEN_SEQUENCES, GOLDEN_LENGTH, GOLDEN_SEED = 8, 101, 7


@dataclass(frozen=True, slots=True)
class SelfTest:
    """How the scores of this machine compare with the golden scores.

    Attributes:
        scores: number of scores compared.
        largest_error: largest absolute difference; NaN if a score is not a number.
        different: number of scores of variants whose bits depend on the way of computing; they are counted only if
            the golden scores agree.
    """

    scores: int
    largest_error: float
    different: int

    @property
    def passed(self) -> bool:
        """Whether there were scores to compare, and all of them agree."""
        return self.scores > 0 and self.largest_error <= GOLDEN_TOLERANCE and not self.different


def add_golden_scores(bank: Bank) -> Bank:
    """Score a few promoter-like sequences with the reference network, in double precision.

    Raises:
        UsageError: torch is not installed.
    """
    torch_networks = optional_import("varbind.nn.torch_networks", needed_for="golden scores")
    length = max(GOLDEN_LENGTH, *bank.windows)
    codes = PromoterSource().draw(GOLDEN_SEQUENCES, length, np.random.default_rng(GOLDEN_SEED))
    scores = np.zeros((len(codes), len(bank.models)))
    for stack in bank.stacks:
        found = torch_networks.score_models(stack, codes)
        place_of = {output: place for place, output in enumerate(stack.outputs)}
        for column, output in enumerate(bank.outputs):
            if output in place_of:
                scores[:, column] = found[:, place_of[output]]
    golden = GoldenScores(
        sequences=[decode(sequence) for sequence in codes],
        scores=[[float(f"{score:.9g}") for score in row] for row in scores],
    )
    return replace(bank, cards=(replace(bank.cards[0], golden=golden),))


def run_selftest(bank: Bank, *, device: str = "cpu") -> SelfTest:
    """Compare the scores of a bank of one card with its golden scores, and the ways of computing with each other."""
    golden = bank.cards[0].golden
    if golden is None:
        return SelfTest(0, 0.0, 0)
    codes = [encode(sequence) for sequence in golden.sequences]
    with Scorer(bank, device=device) as scorer:
        errors = np.abs(scorer.score_codes(codes) - np.array(golden.scores))
    result = SelfTest(errors.size, float(errors.max()), 0)
    return replace(result, different=count_different_scores(bank, codes, device)) if result.passed else result
