"""`varbind report` writes an annotated file as one HTML page."""

from __future__ import annotations

import logging
from typing import Any

import click

from varbind.cli.main import configure_logging
from varbind.cli.options import bank_option, load_banks, logging_options, reference_option, sort_key_option

__all__ = ["report"]

logger = logging.getLogger("varbind")


@click.command("report")
@click.argument("source", metavar="VCF")
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="OUT.html",
    help="The page. Default: standard output.",
)
@reference_option
@bank_option
@click.option(
    "--top", type=click.IntRange(1), default=500, show_default=True, metavar="N", help="Number of alleles on the page."
)
@sort_key_option("VCF")
@click.option("--coding", is_flag=True, help="Show alleles in coding sequences and splice sites as well.")
@click.option(
    "--frequency", metavar="KEY", help="INFO key of the allele frequency. Default: AF, else AC / AN, if VCF has them."
)
@click.option("--no-samples", is_flag=True, help="Leave out the carriers and the names of samples.")
@click.option("--prefix", default="VARBIND", show_default=True, metavar="NAME", help="Prefix of the INFO keys.")
@logging_options
def report(
    source: str,
    output: str,
    reference: str | None,
    banks: tuple[str, ...],
    no_samples: bool,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """Write an annotated VCF as one HTML page that a browser shows without a network.

    VCF is a result of varbind annotate: VCF (plain, gzip or BGZF) or BCF; - is standard input. The page has the facts
    of the run, the number of alleles at each suggested cut-off, and a table that can be searched, sorted and filtered.
    For every variant it shows in a sentence what the change does, its gene to scale, the site in both alleles, the
    effect of every other change there, how rare the change is, and what limits the numbers.

    The sites are drawn from the reference and the bank with which VCF was annotated. Without the reference the page
    says so, and shows everything else. The page loads nothing from elsewhere. It contains the values of the samples, so
    that it is as confidential as VCF; --no-samples leaves them out.
    """
    from varbind.report.html_report import write_report
    from varbind.report.selection import Choice

    configure_logging(quiet=quiet, verbose=verbose)
    result = write_report(
        source,
        output,
        choice=Choice(**options, samples=not no_samples),
        reference=reference,
        bank=load_banks(banks) if banks else None,
    )
    if result.selection.counts.order.notice:
        logger.info(result.selection.counts.order.notice)
    for sentence in result.missing:
        logger.warning("%s: %s", source, sentence)
    logger.info(result.sentence())
