"""The data sets of `train` and `evaluate`: a table of sets, or one file that is described by options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from varbind.errors import UsageError

if TYPE_CHECKING:
    from varbind.datasets.binding_dataset import BindingDataset

__all__ = ["KINDS", "sets_of"]

KINDS = ("peaks", "bound", "labels", "values", "intensities")
"""Kinds of a single file; in a table of sets, a set may also be a matrix."""


def sets_of(data: str, *, fasta: str | None, kind: str | None, **described: str | None) -> list[BindingDataset]:
    """Return the data sets of a table, or the data set of a single file.

    Args:
        data: path of the table or file.
        fasta: reference genome of peaks.
        kind: kind of a single file; None = detected from its content.
        described: further fields of the set of a single file; None = not stated.

    Raises:
        InputError: the table is malformed.
        UsageError: options describe a table, the protein of a single file is missing, or its id is not valid.
    """
    from varbind.bank.model_card import ID_CHARACTERS_MAX, is_model_id
    from varbind.datasets.binding_dataset import BindingDataset, DataKind, is_dataset_table, read_dataset_table

    stated: dict[str, Any] = {name: text for name, text in described.items() if text is not None}
    if is_dataset_table(data):
        for name in [*stated, *(["kind"] if kind else [])]:
            raise UsageError(f"--{name} is a column of the table", path=data, remedy="leave the option out")
        return read_dataset_table(data, fasta=fasta or "")
    if not is_model_id(stated.get("id", "x")):
        remedy = f"use up to {ID_CHARACTERS_MAX} letters without blanks and slashes"
        raise UsageError(f"--id {stated['id']!r} cannot name a model", remedy=remedy)
    if "protein" not in stated:
        raise UsageError(
            "is not a table of sets, so its protein must be given", path=data, remedy="give --protein NAME"
        )
    stated = {"id": stated["protein"], **stated}
    return [BindingDataset(file=data, kind=DataKind(kind) if kind else None, fasta=fasta or "", **stated)]
