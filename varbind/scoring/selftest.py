"""Checks on the user's machine: golden scores, and that every way of computing gives the same bytes.

Golden scores are computed once, when a bank is made, by the reference network in double precision. A GPU is held
against the CPU before each run that uses it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from varbind.bank.model_card import GoldenScores
from varbind.core.sequence import Codes, decode, encode
from varbind.core.window import Window, flank_of
from varbind.errors import ResourceError
from varbind.gate import optional_import
from varbind.kernels.cpu.cpu import has_compiled_kernel
from varbind.scoring.background import PromoterSource
from varbind.scoring.ensemble import Ensemble
from varbind.scoring.scorer import resolve_device, score_sequences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank

__all__ = [
    "GOLDEN_TOLERANCE",
    "SelfTest",
    "add_golden_scores",
    "checked_device",
    "require_scores_of_cpu",
    "run_selftest",
]

GOLDEN_TOLERANCE = 1e-5
"""Scores are a few units large; single precision alone is off by up to 1e-6 of them."""

GOLDEN_SEQUENCES, GOLDEN_LENGTH, GOLDEN_SEED = 8, 101, 7


@dataclass(frozen=True, slots=True)
class SelfTest:
    """How the scores of this machine compare with the golden ones.

    Attributes:
        scores: number of scores compared.
        largest_error: largest absolute difference; NaN if a score is not a number.
        different: number of scores of variants whose bytes depend on the way of computing; they are counted only if
            the golden scores agree.
    """

    scores: int
    largest_error: float
    different: int

    @property
    def passed(self) -> bool:
        """Whether there was something to compare, and all of it agrees."""
        return self.scores > 0 and self.largest_error <= GOLDEN_TOLERANCE and not self.different


def add_golden_scores(bank: Bank) -> Bank:
    """Score a few promoter-like sequences with the reference network, in double precision.

    Raises:
        UsageError: torch is not installed.
    """
    network = optional_import("varbind.nn.sequence_scores", needed_for="golden scores")
    codes = _sequences(GOLDEN_LENGTH)
    scores = np.zeros((len(codes), len(bank.models)))
    for stack in bank.stacks:
        found = network.score_models(stack, codes)
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
    """Check a bank of one card: its golden scores, and variants in the golden sequences by every way of computing.

    The ways are those of the device, for changed positions alone and for whole alleles, and those of the CPU without
    its compiled kernel.
    """
    golden = bank.cards[0].golden
    if golden is None:
        return SelfTest(0, 0.0, 0)
    found = score_sequences(golden.sequences, bank, device=device)
    errors = np.abs(found - np.array(golden.scores))
    result = SelfTest(errors.size, float(errors.max()), 0)
    return replace(result, different=_count_different(bank, golden.sequences, device)) if result.passed else result


def checked_device(name: str, bank: Bank) -> str:
    """The device of a name, once it has given the scores of the CPU; `auto` as in `resolve_device`.

    Args:
        name: `auto`, `cpu`, `cuda` or `cuda:N`.
        bank: the models that will be scored.

    Raises:
        UsageError: the name is none of these.
        ResourceError: there is no such device, or it gives other scores.
    """
    device = resolve_device(name)
    if device != "cpu":
        require_scores_of_cpu(bank, device)
    return device


def require_scores_of_cpu(bank: Bank, device: str) -> None:
    """Score variants in a few promoter-like sequences on a device and on the CPU.

    Raises:
        ResourceError: there is no such device, or a score differs by a single bit or is not a number.
    """
    codes = _sequences(max(GOLDEN_LENGTH, *bank.windows))
    different = _count_different(bank, [decode(sequence) for sequence in codes], device)
    if different:
        what = f"device {device} fails the self-test: {different:,} scores differ from those of the CPU"
        raise ResourceError(what, remedy="use --device cpu, and report it")


def _sequences(length: int) -> Codes:
    """Promoter-like sequences, always the same."""
    return PromoterSource().draw(GOLDEN_SEQUENCES, length, np.random.default_rng(GOLDEN_SEED))


def _count_different(bank: Bank, sequences: Sequence[str], device: str) -> int:
    """Number of scores of both alleles whose bytes differ between the ways of computing."""
    ways = [
        Ensemble(bank.stacks, bank.outputs, device=device, compiled=has_compiled_kernel()),
        Ensemble(bank.stacks, bank.outputs, compiled=False),
    ]
    windows = {width: [_variant(sequence, flank_of(width)) for sequence in sequences] for width in bank.windows}
    alleles = {width: [codes for w in group for codes in (w.ref, w.alt)] for width, group in windows.items()}
    first, *others = [
        scores.tobytes()
        for way in ways
        for scores in (np.stack(way.score_windows(windows), axis=1).reshape(-1, len(bank.models)), way.score(alleles))
    ]
    return sum(int(np.count_nonzero(_bits(first) != _bits(other))) for other in others)


def _bits(scores: bytes) -> NDArray[np.uint32]:
    return np.frombuffer(scores, dtype=np.uint32)


def _variant(sequence: str, flank: int) -> Window:
    """A change of one base where the sequence has an A or a C in the middle, else a deletion of it."""
    codes = encode(sequence)
    middle = len(codes) // 2
    ref = codes[middle - flank : middle + flank + 1]
    alt = ref.copy()
    alt[flank] = 3 - alt[flank]
    return Window(ref, alt if codes[middle] < 2 else np.delete(ref, flank), padded=False)
