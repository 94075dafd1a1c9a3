"""Mutation maps: the change of a model's score for every substitution in a sequence (DeepBind 2015, figure 4).

A model reads the whole sequence, as in the figure, or for each change the window that annotation would score. In a long
sequence the first way shows the strongest site only, because the model takes the maximum over positions; the second
shows every site on which a variant has an effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import BASES, decode, encode, require_nucleotides
from varbind.core.sequence_change import SequenceChange, deletions, substitutions
from varbind.core.window import Window
from varbind.errors import UsageError
from varbind.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.core.scores import BindingScores
    from varbind.core.sequence import Codes

__all__ = ["MutationMap", "maps_of_sequence", "maps_of_windows", "mutation_map"]

CHANGES_A_BATCH = 4096


@dataclass(frozen=True, slots=True)
class MutationMap:
    """The scores of one model for all changes of a sequence.

    The rows are the bases A, C, G and T that take the place of a base, and then the deletions of 1, 2, ..., D bases
    that begin with it.

    Attributes:
        model_id: the id of the model.
        letters: the sequence, L letters A, C, G, T and N.
        ref: the score without each change, float32 (4 + D, L). It depends on the change where each is read in a window
            of its own. NaN where a deletion would reach beyond the sequence, or leave no base.
        alt: the score with each change, float32 (4 + D, L); NaN in the same cells.
    """

    model_id: str
    letters: str
    ref: NDArray[np.float32]
    alt: NDArray[np.float32]

    @property
    def delta(self) -> NDArray[np.float32]:
        """Mutant minus wild type, float32 (4 + D, L); 0 at the own base."""
        return self.alt - self.ref

    @property
    def weighted(self) -> NDArray[np.float32]:
        """The changes weighted by the larger score, delta x max(0, wild type, mutant), float32 (4 + D, L).

        It shows changes of strong sites only. The formula is quoted from memory of the supplement of DeepBind (2015),
        section 10.1, which was not at hand; it is not in the main text.
        """
        larger: NDArray[np.float32] = np.maximum(np.maximum(self.ref, self.alt), np.float32(0))
        return self.delta * larger


def maps_of_sequence(codes: Codes, scorer: Scorer, *, longest_deletion: int = 0) -> list[MutationMap]:
    """The maps of a sequence that every model reads whole, in bank order.

    Args:
        codes: base codes (L,).
        scorer: scores the models.
        longest_deletion: D, the length of the longest deletion in bases; 0 = no deletions.
    """
    changes = [*substitutions(codes), *deletions(len(codes), longest_deletion)]
    scores = scorer.score_changes(codes, changes, batch_size=CHANGES_A_BATCH)
    return _maps(decode(codes), changes, scores, longest_deletion)


def maps_of_windows(codes: Codes, scorer: Scorer, *, longest_deletion: int = 0) -> list[MutationMap]:
    """The maps of the middle of a sequence, for which every model reads its window around each change; in bank order.

    Args:
        codes: base codes (flank + L + flank,), with `flank` as the scorer has it.
        scorer: scores the models.
        longest_deletion: D, the length of the longest deletion in bases; 0 = no deletions.

    Raises:
        ValueError: the sequence is not longer than its flanks.
    """
    flank = scorer.flank
    length = len(codes) - 2 * flank
    if length < 1:
        raise ValueError(f"a sequence of {len(codes)} bases has no middle between flanks of {flank}")
    middle = codes[flank : flank + length]
    # A deletion may take the whole middle, because the flanks are left.
    shorter = [change for change in deletions(length + 1, longest_deletion) if change.end <= length]
    changes = [*substitutions(middle), *shorter]
    windows = (_window(codes, change, flank) for change in changes)
    scores = scorer.score(windows, batch_size=CHANGES_A_BATCH)
    return _maps(decode(middle), changes, scores, longest_deletion)


def _window(codes: Codes, change: SequenceChange, flank: int) -> Window:
    """The window of a change in the middle of a sequence that has flanks."""
    around = codes[change.start : change.end + 2 * flank]
    own = SequenceChange(flank, change.removed, change.added)
    return Window(around, own.applied(around), padded=False)


def _maps(letters: str, changes: Sequence[SequenceChange], scores: BindingScores, longest: int) -> list[MutationMap]:
    """The maps of all models from B changes and their scores (B, M)."""
    shape = (len(scores.model_ids), len(BASES) + longest, len(letters))
    ref, alt = np.full((2, *shape), np.nan, dtype=np.float32)
    rows = [change.added[0] if change.added else len(BASES) + change.removed - 1 for change in changes]
    columns = [change.start for change in changes]
    ref[:, rows, columns], alt[:, rows, columns] = scores.ref.T, scores.alt.T
    for row, letter in enumerate(BASES):
        own = [column for column, other in enumerate(letters) if other == letter]
        # All substitutions of a base have the same score without the change.
        ref[:, row, own] = alt[:, row, own] = ref[:, (row + 1) % len(BASES), own]
    return [MutationMap(*found) for found in zip(scores.model_ids, [letters] * shape[0], ref, alt, strict=True)]


def mutation_map(sequence: str, bank: Bank, *, model_id: str) -> NDArray[np.float32]:
    """Score every substitution in a sequence; the model reads the whole sequence.

    Args:
        sequence: L letters ACGTUN in any case; the other IUPAC letters count as N.
        bank: the bank that holds the model.
        model_id: the id of the model.

    Returns:
        Mutant minus original score, float32 (4, L), rows A, C, G, T; 0 at the original base.

    Raises:
        UsageError: the sequence is empty or is not a string, or the bank has no such model.
        InputError: the sequence holds a letter that is not an IUPAC code.
    """
    if sequence == "":
        raise UsageError("an empty sequence has no mutation map", remedy="give at least one base")
    require_nucleotides(sequence, "the sequence")
    with Scorer(bank.select([model_id])) as scorer:
        (found,) = maps_of_sequence(encode(sequence), scorer)
    return found.delta
