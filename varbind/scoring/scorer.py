"""Scores of sequences and of windows around variants by the models of a bank."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from itertools import islice
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from varbind.core.scores import BindingScores
from varbind.core.sequence import encode, require_nucleotides
from varbind.core.window import Window, cut_window, flank_of
from varbind.errors import UsageError
from varbind.kernels.memory_limit import MemoryLimit
from varbind.scoring.devices import checked_device
from varbind.scoring.ensemble import Ensemble
from varbind.scoring.scan import ScanEnsemble, ScanRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.core.sequence import Codes
    from varbind.core.sequence_change import SequenceChange
    from varbind.core.variant import ReferenceSequence, Variant

__all__ = ["Scorer", "batches", "scan_of", "score_sequences"]

SEQUENCES_A_BATCH = 256
Item = TypeVar("Item")
Result = TypeVar("Result")


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in successive lists of at most `size`."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch


class Scorer:
    """Scores with all models of a bank: variants, each model on its own window, and sequences of any length.

    Args:
        bank: the models.
        flank: the least number of bases on each side of the change in the windows to score; those of the widest model
            are always there.
        scan: how sequences are scanned, as the published DeepBind executable does; None = the networks read whole
            sequences. Windows are always scored whole.
        device: `cpu`, `cuda` or `cuda:N`.
        threads: number of CPU threads; None = all. The scores do not depend on it.
    """

    def __init__(
        self,
        bank: Bank,
        *,
        flank: int = 0,
        scan: ScanRule | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        self.bank = bank
        self.flank = max(flank, *map(flank_of, bank.windows))
        if scan is None:
            self._ensemble: Ensemble | ScanEnsemble = Ensemble(
                bank.stacks, bank.outputs, device=device, threads=threads
            )
        else:
            self._ensemble = ScanEnsemble(bank.stacks, bank.model_ids, rule=scan, device=device)
        self._limits = threadpool_limits(limits=threads)
        self._memory = MemoryLimit.of_host()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the libraries their threads back."""
        self._limits.restore_original_limits()

    def cut(self, variant: Variant, reference: ReferenceSequence) -> Window:
        """The window of a variant with the flank that `score` expects."""
        return cut_window(variant, self.flank, reference)

    def score(
        self,
        windows: Iterable[Window],
        *,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> BindingScores:
        """Scores of both alleles of B windows with `flank` bases on each side of the change.

        Args:
            windows: the windows.
            batch_size: number of windows scored at once; None = all. The scores do not depend on it.
            progress: called after each batch with the number of windows scored, and the number of all if
                `windows` has a length.

        Raises:
            UsageError: the flanks of a window are narrower or wider than `flank`.
            ResourceError: there is not enough memory for a single window.
        """
        parts = list(self._in_batches(self._score_windows, windows, batch_size, progress))
        ref, alt = (self._joined([part[allele] for part in parts]) for allele in (0, 1))
        return BindingScores(self.bank.model_ids, ref, alt)

    def score_codes(
        self,
        sequences: Iterable[Codes],
        *,
        batch_size: int | None = None,
        progress: Progress | None = None,
    ) -> NDArray[np.float32]:
        """Scores of B sequences of base codes of any length, float32 (B, M), columns in bank order.

        Args:
            sequences: the sequences, each at least one base long.
            batch_size: number of sequences scored at once; None = all. The scores do not depend on it.
            progress: called after each batch with the number of sequences scored, and the number of all if `sequences`
                has a length.

        Raises:
            ResourceError: there is not enough memory for a single sequence.
        """
        return self._joined(list(self._in_batches(self._score_sequences, sequences, batch_size, progress)))

    def score_changes(
        self, codes: Codes, changes: Sequence[SequenceChange], *, batch_size: int | None = None
    ) -> BindingScores:
        """Scores of one sequence of any length, which every model reads whole, and of B changes of it.

        Only the positions that read a change are computed for it. The scores are those of `score_codes`.

        Args:
            codes: base codes (L,).
            changes: the changes, each of which leaves at least one base.
            batch_size: number of changes scored at once; None = all. The scores do not depend on it.

        Returns:
            The scores of the sequence, repeated B times, and of the changed sequences.

        Raises:
            ResourceError: there is not enough memory for a single change.
        """
        assert isinstance(self._ensemble, Ensemble), "changes are not scanned"
        ensemble = self._ensemble
        parts = list(
            self._in_batches(lambda some: ensemble.score_changes(codes, some), changes, batch_size, progress=None)
        )
        alt = self._joined([part for _, part in parts])
        ref = parts[0][0] if parts else np.zeros(len(self.bank.models), dtype=np.float32)
        return BindingScores(self.bank.model_ids, np.broadcast_to(ref, alt.shape), alt)

    def _in_batches(
        self,
        score: Callable[[Sequence[Item]], Result],
        items: Iterable[Item],
        size: int | None,
        progress: Progress | None,
    ) -> Iterator[Result]:
        """The scores of one portion of the items after the other."""
        done, total = 0, len(items) if isinstance(items, Sized) else None
        for batch in [list(items)] if size is None else batches(items, size):
            yield from self._in_portions(score, batch)
            done += len(batch)
            if progress:
                progress(done, total)

    def _in_portions(self, score: Callable[[Sequence[Item]], Result], batch: Sequence[Item]) -> Iterator[Result]:
        """The scores of a batch, in as many portions as memory makes necessary."""
        for _, scores in self._memory.portions(lambda some: score(batch[some]), len(batch)):
            yield scores

    def _score_windows(self, windows: Sequence[Window]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        assert isinstance(self._ensemble, Ensemble), "windows are not scanned"
        for window in windows:
            self._require_flanks(window)
        by_width = {
            width: [window.inner(self.flank - flank_of(width)) for window in windows]
            for width in self._ensemble.windows
        }
        return self._ensemble.score_windows(by_width)

    def _require_flanks(self, window: Window) -> None:
        """Check that the alleles of a window share `flank` bases at each end, and beyond these not both end bases."""
        ref, alt, flank = window.ref, window.alt, self.flank
        left = min(len(ref), len(alt)) - 2 * flank
        shares_more = left > 0 and ref[flank] == alt[flank] and ref[-flank - 1] == alt[-flank - 1]
        if left < 0 or (shares_more and not np.array_equal(ref, alt)):
            flanks = f"{'narrower' if left < 0 else 'wider'} flanks than the {flank:,} bases expected on each side"
            what = f"a window of {len(ref):,} reference and {len(alt):,} alternate bases has {flanks}"
            raise UsageError(what, remedy="cut the windows of trimmed variants with Scorer.cut")

    def _score_sequences(self, codes: Sequence[Codes]) -> NDArray[np.float32]:
        if isinstance(self._ensemble, ScanEnsemble):
            return self._ensemble.score(codes)
        return self._ensemble.score(dict.fromkeys(self._ensemble.windows, codes))

    def _joined(self, parts: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """The scores of all portions, (B, M); one portion is not copied."""
        if not parts:
            return np.zeros((0, len(self.bank.models)), dtype=np.float32)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def score_sequences(
    sequences: Iterable[str], bank: Bank, *, mode: str = "whole", scan_rule: str = "0.1", device: str = "cpu"
) -> NDArray[np.float32]:
    """Score sequences.

    Args:
        sequences: B sequences of letters ACGTUN in any case, each at least 1 long; U = T, and the other IUPAC
            letters (R, Y, ...) count as N. A list, and not one string.
        bank: the models.
        mode: `whole` = the network once over the sequence, padded with N; `scan` = a sliding window, as the
            published DeepBind executable does.
        scan_rule: `0.1`, `later` or `later-all`; see `varbind.scoring.scan.ScanRule`.
        device: `auto`, `cpu`, `cuda` or `cuda:N`. A CUDA device is used only if it gives the scores of the CPU for a
            few variants.

    Returns:
        Scores, float32 (B, M), columns in bank order.

    Raises:
        UsageError: the mode, the rule or the device is unknown, or the sequences are one string, or no strings.
        ResourceError: the device does not exist, or gives other scores than the CPU.
        InputError: a sequence is empty, or holds a letter that is no IUPAC code, such as `-` or `*`.
    """
    if not isinstance(sequences, Iterable) or isinstance(sequences, str | bytes):
        what = f"found a {type(sequences).__name__}, expected a list of sequences"
        raise UsageError(what, remedy="give [sequence]")
    scan = scan_of(mode, scan_rule)
    with Scorer(bank, scan=scan, device=checked_device(device, bank)) as scorer:
        return scorer.score_codes(map(encode, _checked(sequences)), batch_size=SEQUENCES_A_BATCH)


def _checked(sequences: Iterable[str]) -> Iterator[str]:
    for number, sequence in enumerate(sequences):
        require_nucleotides(sequence, f"sequence {number}")
        yield sequence


def scan_of(mode: str, scan_rule: str) -> ScanRule | None:
    """How sequences are scanned in a mode; None = they are scored whole.

    Raises:
        UsageError: unknown mode or rule.
    """
    if mode == "whole":
        return None
    if mode != "scan":
        raise UsageError(f"unknown mode {mode!r}", remedy="use whole or scan")
    try:
        return ScanRule(scan_rule)
    except ValueError as error:
        raise UsageError(f"unknown scan rule {scan_rule!r}", remedy="use 0.1, later or later-all") from error
