"""Variants of a Python program: normalised, and scored with every model of a bank."""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from varbind.core.called_variant import named_reference, normalised_variant, normalised_variants
from varbind.io.reference import Reference
from varbind.scoring.scorer import SEQUENCES_A_BATCH, Scorer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from varbind.bank.bank import Bank
    from varbind.core.called_variant import FastaRecords, NamedReference
    from varbind.core.scores import BindingScores
    from varbind.core.variant import Variant

__all__ = ["Genome", "normalise", "opened_reference", "score_variants"]

Genome: TypeAlias = "str | os.PathLike[str] | NamedReference | FastaRecords"
"""A reference genome as the functions for variants take it: its path, a `varbind.Reference` or a `pyfaidx.Fasta`."""

_NORMALISING = threading.Lock()


def normalise(chrom: str, pos: int, ref: str, alt: str, reference: Genome) -> Variant:
    """The shortest, leftmost form of a change, once it agrees with the reference.

    Args:
        chrom: the name of the contig in the reference or in another common style (`1` for `chr1`).
        pos: the 1-based position of the first base of `ref`, as POS of a VCF record.
        ref: the reference allele, as REF of the record, in any case.
        alt: one alternate allele, as one ALT of the record, in any case.
        reference: the genome: the path of a FASTA, a `varbind.Reference` or a `pyfaidx.Fasta`. A FASTA that is given
            by its path is opened by the first call, and stays open until the program ends.

    Returns:
        The variant on the reference's contig.

    Raises:
        UsageError: an argument has a wrong type.
        InputError: `varbind annotate` would not score the change either. The message contains the value that
            VARBIND_STATUS would have, such as `ref_mismatch`.
        ResourceError: the FASTA cannot be read.
    """
    if not isinstance(reference, (str, os.PathLike)):
        return normalised_variant(chrom, pos, ref, alt, reference)
    # Two threads must not read one open file at the same time.
    with _NORMALISING:
        return normalised_variant(chrom, pos, ref, alt, _kept_open(os.fspath(reference)))


def score_variants(variants: Iterable[Variant], reference: Genome, bank: Bank) -> BindingScores:
    """Score both alleles of B variants, each model on its own window.

    Args:
        variants: normalised variants on contigs of the reference, as `varbind.normalise` returns them.
        reference: the genome on which they were normalised, which provides the flanks: the path of a FASTA, a
            `varbind.Reference` or a `pyfaidx.Fasta`.
        bank: the M models.

    Returns:
        The scores of both alleles, float32 (B, M).

    Raises:
        UsageError: an item is not a variant, or the reference is not a genome.
        InputError: a variant differs from the reference, or is not normalised on it.
        ResourceError: the FASTA cannot be read.
    """
    with opened_reference(reference) as genome, Scorer(bank) as scorer:
        checked = normalised_variants(variants, genome)
        windows = (scorer.cut(variant, genome) for variant in checked)
        return scorer.score(windows, batch_size=SEQUENCES_A_BATCH)


def opened_reference(reference: Genome) -> AbstractContextManager[NamedReference]:
    """Return a context in which the genome is open; a FASTA given by its path is closed at its end.

    Raises:
        UsageError: the reference is neither a path nor an open genome.
        ResourceError: the FASTA cannot be read.
    """
    if isinstance(reference, (str, os.PathLike)):
        return Reference(reference)
    return nullcontext(named_reference(reference))


def _kept_open(path: str) -> Reference:
    """The FASTA at a path, which is opened again only if the file or the process has changed."""
    try:
        status = os.stat(path)  # noqa: PTH116 (a path as the user wrote it)
    except OSError:
        return Reference(path)  # raises the error of a reference that cannot be read
    # A forked process would share the file position with its parent.
    return _opened_once(os.path.abspath(path), status.st_mtime_ns, status.st_size, os.getpid())  # noqa: PTH100


@cache
def _opened_once(path: str, _changed: int, _size: int, _process: int) -> Reference:
    reference = Reference(path)
    atexit.register(reference.close)
    return reference
