"""The comparison of spliced exons as a folder with a table and a figure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from varbind.errors import InputError, output_errors
from varbind.evaluate.splicing import compare_groups, rna_models, score_regions
from varbind.evaluate.splicing_figure import write_splicing_figure
from varbind.evaluate.tables import tsv
from varbind.gate import optional_import
from varbind.io.output.atomic_files import whole_folder

if TYPE_CHECKING:
    from pathlib import Path

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.core.variant import ReferenceSequence
    from varbind.evaluate.splicing import SplicingRow

__all__ = ["evaluate_splicing"]


def evaluate_splicing(
    path: str,
    reference: ReferenceSequence,
    bank: Bank,
    destination: Path,
    *,
    length: int = 100,
    threads: int | None = None,
    progress: Progress | None = None,
) -> str:
    """Score and compare exons, and write a folder with `splicing.tsv` and, with matplotlib, `figure.svg`.

    Args:
        path: table of exons (`read_exons`).
        reference: genome of the exons.
        bank: models, of which the single-stranded ones are used.
        destination: folder of the results, which must not exist.
        length: number of bases of a region.
        threads: number of CPU threads; None = all.
        progress: called with (regions done, total).

    Returns:
        A sentence about the marked comparisons.

    Raises:
        VarbindError: there is an error in the table, the models or the destination.
    """
    optional_import("scipy.stats", needed_for="the comparison of exons")
    models = rna_models(bank)
    with whole_folder(destination) as folder:
        found = score_regions(path, reference, models, length=length, threads=threads, progress=progress)
        rows = compare_groups(found, models)
        if not rows:
            what = f"no group has introns of {length} bases or more where its controls have them"
            raise InputError(what, path=path, remedy="choose a smaller --length")
        with output_errors(folder):
            (folder / "splicing.tsv").write_text(tsv(map(_cells, rows), 6), encoding="utf-8")
        write_splicing_figure(folder / "figure.svg", found, rows, models)
    marked = sum(bool(row.band) for row in rows)
    return f"{marked} of {len(rows)} comparisons have p <= 1e-4"


def _cells(row: SplicingRow) -> dict[str, Any]:
    return asdict(row) | {"p": f"{row.p:.3g}"}
