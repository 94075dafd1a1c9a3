"""Mutation maps: the change of a model's score for every substitution in a sequence (DeepBind 2015, figure 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.core.sequence import BASES, encode, require_nucleotides
from varbind.errors import UsageError
from varbind.scoring.scorer import SEQUENCES_A_BATCH, Scorer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from varbind.bank.bank import Bank

__all__ = ["mutation_map"]


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
    codes = encode(sequence)
    mutants = np.repeat(codes[None], 4 * len(codes), axis=0).reshape(4, len(codes), len(codes))
    for base in range(len(BASES)):
        np.fill_diagonal(mutants[base], base)
    with Scorer(bank.select([model_id])) as scorer:
        sequences = [codes, *mutants.reshape(-1, len(codes))]
        scores = scorer.score_codes(sequences, batch_size=SEQUENCES_A_BATCH)[:, 0]
    return np.reshape(scores[1:] - scores[0], (4, len(codes)))
