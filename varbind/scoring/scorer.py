"""Scores of sequences and of variants by the models of a bank."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from varbind.core.called_variant import normalised_variants
from varbind.core.scores import BindingScores
from varbind.core.sequence import encode, require_nucleotides
from varbind.core.window import Window, cut_window, flank_of
from varbind.errors import UsageError
from varbind.gate import optional_import
from varbind.scoring.ensemble import Ensemble
from varbind.scoring.memory_limit import Portions
from varbind.scoring.scan import ScanEnsemble, ScanRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.called_variant import NamedReference
    from varbind.core.variant import ReferenceSequence, Variant

__all__ = ["Scorer", "SequenceScorer", "batches", "resolve_device", "score_sequences", "score_variants"]

logger = logging.getLogger(__name__)

SEQUENCES_A_BATCH = 256
Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Successive lists of at most `size` items."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch


def resolve_device(name: str) -> str:
    """The device to use: `auto` is the first CUDA device if there is a usable one, else the CPU.

    Raises:
        UsageError: the name is not `auto`, `cpu`, `cuda` or `cuda:N`.
        ResourceError: CUDA was asked for and is not there (raised when the scorer is built).
    """
    stem, _, number = name.partition(":")
    if name == "cpu" or (stem == "cuda" and (number.isdigit() or name == "cuda")):
        return name
    if name != "auto":
        raise UsageError(f"unknown device {name!r}", remedy="use auto, cpu, cuda or cuda:N")
    # torch takes over a second to import: it is only asked where a driver is loaded.
    if not Path("/proc/driver/nvidia/version").exists():
        return "cpu"
    try:
        torch = optional_import("torch", needed_for="the GPU")
    except UsageError as error:
        logger.info("computing on the CPU: %s", error)
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    logger.info("computing on the CPU: torch finds no usable CUDA device")
    return "cpu"


class Scorer:
    """Scores variants with all models of a bank, on each model's own window.

    Args:
        bank: the models.
        device: `cpu`, `cuda` or `cuda:N`.
        threads: CPU threads; None = all. The scores do not depend on it.
    """

    def __init__(self, bank: Bank, *, device: str = "cpu", threads: int | None = None) -> None:
        self.bank = bank
        self.flank = max(map(flank_of, bank.windows))
        self._ensemble = Ensemble(bank.stacks, bank.outputs, device=device, threads=threads)
        self._limits = threadpool_limits(limits=threads)
        self._portions = Portions()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the libraries their threads back."""
        self._limits.restore_original_limits()

    def cut(self, variant: Variant, reference: ReferenceSequence) -> Window:
        """The window that `score` wants: with the flank of the widest model."""
        return cut_window(variant, self.flank, reference)

    def score(self, windows: Sequence[Window]) -> BindingScores:
        """Scores of both alleles of B windows cut with `flank` bases on each side.

        Raises:
            ResourceError: there is no memory for one window alone.
        """
        refs, alts = zip(*self._portions.results(self._score, windows), strict=True)
        ref, alt = (found[0] if len(found) == 1 else np.concatenate(found) for found in (refs, alts))
        return BindingScores(self.bank.model_ids, ref, alt)

    def _score(self, windows: Sequence[Window]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        by_width = {
            width: [window.inner(self.flank - flank_of(width)) for window in windows]
            for width in self._ensemble.windows
        }
        return self._ensemble.score_windows(by_width)


def score_variants(variants: Iterable[Variant], reference: NamedReference, bank: Bank) -> BindingScores:
    """Score both alleles of B variants, each model on its own window.

    Args:
        variants: normalised variants on contigs of the reference, as `varbind.normalise` makes them.
        reference: the genome that they were normalised on; the flanks come from it.
        bank: the models.

    Returns:
        Scores of shape (B, M), float32.

    Raises:
        UsageError: these are no variants, or no reference.
        InputError: a variant disagrees with the reference, or is not normalised on it.
    """
    checked = normalised_variants(variants, reference)
    with Scorer(bank) as scorer:
        parts = [
            scorer.score([scorer.cut(variant, reference) for variant in batch])
            for batch in batches(checked, SEQUENCES_A_BATCH)
        ]
    empty = np.zeros((0, len(bank.models)), dtype=np.float32)
    return BindingScores(
        bank.model_ids,
        np.concatenate([empty, *(part.ref for part in parts)]),
        np.concatenate([empty, *(part.alt for part in parts)]),
    )


class SequenceScorer:
    """Scores sequences of any length with all models of a bank.

    Args:
        bank: the models.
        mode: `whole` = the network once over the sequence, padded with N; `scan` = a sliding window, as the
            published DeepBind executable does.
        scan_rule: `0.1`, `later` or `later-all`; see `varbind.scoring.scan.ScanRule`.
        device: `cpu`, `cuda` or `cuda:N`.

    Raises:
        UsageError: unknown mode or rule.
    """

    def __init__(self, bank: Bank, *, mode: str = "whole", scan_rule: str = "0.1", device: str = "cpu") -> None:
        if mode == "whole":
            self._ensemble: Ensemble | ScanEnsemble = Ensemble(bank.stacks, bank.outputs, device=device)
        elif mode == "scan":
            rule = _scan_rule(scan_rule)
            self._ensemble = ScanEnsemble(bank.stacks, bank.model_ids, rule=rule, device=device)
        else:
            raise UsageError(f"unknown mode {mode!r}", remedy="use whole or scan")
        self._portions = Portions()

    def score(self, sequences: Sequence[str]) -> NDArray[np.float32]:
        """Scores, float32 (B, M), columns in bank order.

        Raises:
            ResourceError: there is no memory for one sequence alone.
        """
        return np.concatenate(list(self._portions.results(self._score, sequences)))

    def _score(self, sequences: Sequence[str]) -> NDArray[np.float32]:
        codes = [encode(sequence) for sequence in sequences]
        if isinstance(self._ensemble, ScanEnsemble):
            return self._ensemble.score(codes)
        return self._ensemble.score(dict.fromkeys(self._ensemble.windows, codes))


def score_sequences(
    sequences: Iterable[str], bank: Bank, *, mode: str = "whole", scan_rule: str = "0.1", device: str = "cpu"
) -> NDArray[np.float32]:
    """Score sequences; see `SequenceScorer` for the modes.

    Args:
        sequences: B sequences of letters ACGTUN in any case, each at least 1 long; U = T, and the other IUPAC
            letters (R, Y, ...) count as N. A list, and not one string.
        bank: the models.
        mode: `whole` or `scan`.
        scan_rule: which windows `scan` slides.
        device: `cpu`, `cuda` or `cuda:N`.

    Returns:
        Scores, float32 (B, M), columns in bank order.

    Raises:
        UsageError: unknown mode or rule, or the sequences are one string, or no strings.
        InputError: a sequence is empty, or holds a letter that is no IUPAC code, such as `-` or `*`.
    """
    if not isinstance(sequences, Iterable) or isinstance(sequences, str | bytes):
        what = f"found a {type(sequences).__name__}, expected a list of sequences"
        raise UsageError(what, remedy="give [sequence]")
    scorer = SequenceScorer(bank, mode=mode, scan_rule=scan_rule, device=device)
    parts = [scorer.score(batch) for batch in batches(_checked(sequences), SEQUENCES_A_BATCH)]
    return np.concatenate([np.zeros((0, len(bank.models)), dtype=np.float32), *parts])


def _checked(sequences: Iterable[str]) -> Iterator[str]:
    for number, sequence in enumerate(sequences):
        require_nucleotides(sequence, f"sequence {number}")
        yield sequence


def _scan_rule(text: str) -> ScanRule:
    try:
        return ScanRule(text)
    except ValueError as error:
        raise UsageError(f"unknown scan rule {text!r}", remedy="use 0.1, later or later-all") from error
