"""`varbind rank` writes the alleles of an annotated file as a sorted table."""

from __future__ import annotations

import logging

import click

from varbind.cli.main import configure_logging
from varbind.cli.options import logging_options

__all__ = ["rank"]

logger = logging.getLogger("varbind")

ORDERS = ("phred", "score", "score_cons", "activity", "deepfind", "loss_phred", "gain_phred", "binding")


@click.command("rank")
@click.argument("source", metavar="IN")
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="OUT",
    help="Table: .tsv, .tsv.gz or .parquet. Default: TSV on standard output.",
)
@click.option("--by", type=click.Choice(ORDERS), help="Value to sort by. Default: phred if IN has it, else binding.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="Write only the first N rows.")
@click.option("--all", "unscored", is_flag=True, help="Write alleles without a score as well, at the end.")
@click.option("--coding", is_flag=True, help="Write alleles in coding sequences and splice sites as well.")
@click.option("--prefix", default="VARBIND", show_default=True, metavar="NAME", help="Prefix of the INFO keys.")
@logging_options
def rank(
    source: str,
    output: str,
    by: str | None,
    top: int | None,
    unscored: bool,
    coding: bool,
    prefix: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Sort the alleles of an annotated VCF into a table, the largest value first.

    IN is a result of varbind annotate: VCF (plain, gzip or BGZF) or BCF; - is standard input. A row is an allele and a
    gene; an allele in two promoters has two rows. Missing values are empty in TSV and null in Parquet, and come last;
    ties keep the order of IN. Activity is sorted by its absolute value; binding is the larger of LOSS_PHRED and
    GAIN_PHRED.

    If the genes of IN had exons, alleles in the coding sequence or a splice site of a gene have no row for that gene,
    because their effect on the protein or on splicing may matter more; --coding keeps them.
    """
    from varbind.annotate.rank import rank_vcf
    from varbind.cli.progress import show_progress

    configure_logging(quiet=quiet, verbose=verbose)
    with show_progress(quiet=quiet) as progress:
        counts = rank_vcf(
            source, output, by=by, prefix=prefix, top=top, unscored=unscored, coding=coding, progress=progress
        )
    if counts.rows and not counts.sortable:
        logger.warning("%s: no allele has a value to sort by; the rows are in the order of the input", source)
    logger.info(counts.sentence())
