"""`varbind splice`: binding to RNA around alternatively spliced exons."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from varbind.cli.main import configure_logging
from varbind.cli.option_values import parse_words
from varbind.cli.options import bank_option, load_banks, logging_options, threads_option

__all__ = ["splice"]

logger = logging.getLogger("varbind")


@click.command("splice")
@click.argument("exons", metavar="EXONS")
@click.option("-f", "--fasta", required=True, metavar="REF", help="Genome of the exons, plain or bgzipped FASTA.")
@bank_option
@click.option(
    "--proteins", "--models", metavar="LIST|@FILE", help="Proteins or model ids. Default: every single-stranded model."
)
@click.option(
    "--length", default=100, show_default=True, type=click.IntRange(1), metavar="N", help="Bases of each region."
)
@click.option("-o", "--output", required=True, metavar="FOLDER", help="New folder of the results.")
@threads_option()
@logging_options
def splice(
    exons: str,
    fasta: str,
    banks: tuple[str, ...],
    proteins: str | None,
    length: int,
    output: str,
    threads: int | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Compare binding beside exons that a protein includes, excludes, or leaves alone.

    EXONS is a tab-separated table with the columns chrom, strand, start, end, left_exon_end, right_exon_start
    (positions from 1 on the contig) and group: up, down or control. A table of skipped exons of rMATS is read as it is,
    with a column group added.

    The introns are scored in four regions: after the exon before (u5SS), before the exon (3SS), after it (5SS) and
    before the next exon (d3SS). The score of a region is that of the model on its transcribed strand. Up and down are
    compared with control by the two-sided test of Mann and Whitney; *, **, *** and + mark p-values up to 1e-4, 1e-8,
    1e-16 and 1e-32.

    FOLDER gets splicing.tsv, with a row for each model, region and group, and figure.svg with box plots.
    """
    from varbind.cli.progress import show_progress
    from varbind.evaluate.splicing_report import evaluate_splicing
    from varbind.io.reference import Reference

    configure_logging(quiet=quiet, verbose=verbose)
    bank = load_banks(banks)
    if chosen := parse_words(proteins):
        bank = bank.select_proteins(chosen)
    with Reference(fasta) as reference, show_progress(quiet=quiet) as progress:
        found = evaluate_splicing(
            exons, reference, bank, Path(output), length=length, threads=threads, progress=progress
        )
    logger.info("%s: written; %s", output, found)
