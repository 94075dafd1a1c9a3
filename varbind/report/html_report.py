"""Writes the report of an annotated file: alleles -> what is drawn of them -> one HTML file."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from varbind.gate import optional_import
from varbind.io.banks import load_bank
from varbind.io.output.atomic_files import write_whole_file
from varbind.io.output.output_file import STDOUT, write_stdout
from varbind.io.output.output_paths import check_outputs
from varbind.report.drawing_inputs import DrawingInputs
from varbind.report.html_page import render
from varbind.report.reported_page import allele_entries, overview
from varbind.report.selection import Choice, read_selection

if TYPE_CHECKING:
    from varbind.bank.bank import Bank
    from varbind.report.selection import Selection

__all__ = ["ReportResult", "write_report"]


@dataclass(frozen=True, slots=True)
class ReportResult:
    """What a report holds.

    Attributes:
        selection: the alleles with the counts of the file.
        missing: what could not be drawn, in sentences.
        size: the size of the page in bytes.
    """

    selection: Selection
    missing: tuple[str, ...]
    size: int

    def sentence(self) -> str:
        """The counts in one line."""
        drawn = "" if not self.missing else "; without the pictures of sites"
        return f"{self.selection.counts.sentence()} The page has {self.size / 1e6:.1f} MB{drawn}."


def write_report(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    choice: Choice | None = None,
    reference: str | None = None,
    bank: Bank | None = None,
) -> ReportResult:
    """Write one HTML file that shows the alleles of an annotated VCF or BCF without a network.

    Equal inputs give equal bytes. The pictures of sites need the reference and the bank with which the file was
    annotated; without them the page says so, and shows everything else.

    Args:
        source: the annotated variants; `-` is standard input.
        destination: the path of the page, which appears complete or not at all; `-` is standard output.
        choice: which alleles are shown, and in which order.
        reference: the path of the FASTA; None = that in the environment variable VARBIND_FASTA, else the ##reference
            of the VCF where that file exists.
        bank: the models; None = the shipped bank.

    Raises:
        InputError: the file is broken, was not annotated, or has no scored allele.
        UsageError: the header does not declare a key that is asked for, the output is an input, or jinja2 is missing.
        ResourceError: the reference or the bank is not the one with which the file was annotated.
        OutputError: the page cannot be written.
    """
    optional_import("jinja2", needed_for="varbind report")
    source, destination = os.fspath(source), os.fspath(destination)
    check_outputs(destination, [source, *([reference] if reference else [])])
    selection, header = read_selection(source, choice or Choice())
    with ExitStack() as stack:
        inputs = DrawingInputs.open(
            stack,
            header,
            selection.facts,
            reference=reference,
            bank=bank or load_bank(),
            is_default=bank is None,
        )
        if inputs.genome:
            check_outputs(destination, [inputs.genome.path])
        entries = allele_entries(selection, inputs)
    page = render(overview(selection), entries, missing=inputs.missing)
    if destination == STDOUT:
        write_stdout(page)
    else:
        write_whole_file(destination, page)
    return ReportResult(selection, inputs.missing, len(page))
