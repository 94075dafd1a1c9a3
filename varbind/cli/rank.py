"""`varbind rank`: the best alleles of an annotated file, as a table."""

from __future__ import annotations

import logging

import click

from varbind.cli.main import talk
from varbind.cli.options import talk_options

__all__ = ["command"]

logger = logging.getLogger("varbind")

ORDERS = ("phred", "score", "score_cons", "activity", "deepfind", "loss_phred", "gain_phred", "binding")


@click.command("rank")
@click.argument("source", metavar="IN")
@click.option(
    "-o", "--output", default="-", metavar="OUT", help="TABLE.tsv, .tsv.gz or .parquet; - is standard output."
)
@click.option("--by", type=click.Choice(ORDERS), help="Sort by this. Default: phred if IN has it, else binding.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the first N rows.")
@click.option("--all", "unscored", is_flag=True, help="Alleles without a score too, last.")
@click.option("--prefix", default="VARBIND", show_default=True, metavar="NAME", help="Prefix of every key.")
@talk_options
def command(
    source: str,
    output: str,
    by: str | None,
    top: int | None,
    unscored: bool,
    prefix: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Sort the alleles of an annotated VCF into a table, the largest value first.

    IN is what varbind annotate wrote: VCF (plain, gzip, BGZF) or BCF; - is standard input. A row is an allele and a
    gene; an allele in two promoters has two rows. Missing values are empty in TSV and null in Parquet, and come last;
    ties keep the order of IN. Activity is sorted without its sign; binding is the larger of LOSS_PHRED and GAIN_PHRED.
    """
    from varbind.annotate.rank import rank_vcf
    from varbind.cli.progress import show_progress

    talk(quiet=quiet, verbose=verbose)
    with show_progress(quiet=quiet) as progress:
        counts = rank_vcf(source, output, by=by, prefix=prefix, top=top, unscored=unscored, progress=progress)
    if counts.rows and not counts.sortable:
        logger.warning("%s: no allele has a value to sort by; the rows stand as in the input", source)
    logger.info(counts.sentence())
