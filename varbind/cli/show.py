"""`varbind show` lists the most extreme variants of an annotated file, or describes one in plain words."""

from __future__ import annotations

import logging

import click

from varbind.cli.main import configure_logging, print_text
from varbind.cli.options import logging_options, sort_key_option
from varbind.errors import UsageError

__all__ = ["show"]

logger = logging.getLogger("varbind")


@click.command("show")
@click.argument("source", metavar="VCF")
@click.argument("wanted", metavar="[ID|CHROM:POS]", required=False)
@click.option(
    "--top", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="Number of alleles in the table."
)
@sort_key_option("VCF")
@click.option("--coding", is_flag=True, help="List alleles in coding sequences and splice sites as well.")
@click.option("--prefix", default="VARBIND", show_default=True, metavar="NAME", help="Prefix of the INFO keys.")
@logging_options
def show(
    source: str,
    wanted: str | None,
    top: int,
    by: str | None,
    coding: bool,
    prefix: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """List the most extreme variants of an annotated VCF, or describe one in plain words.

    VCF is a result of varbind annotate: VCF (plain, gzip or BGZF) or BCF; - is standard input. The table fits the
    terminal, and the largest value of a key comes first; KEY is any key with which varbind rank can sort.

    With an ID or a position, as in chr1:1000, every allele of the records found is described: its gene, the binding
    that is lost or gained, the expected activity, how rare such changes are, and what limits these numbers.
    """
    from varbind.annotate.annotated_variants import top_variants
    from varbind.annotate.variant_search import find_variants
    from varbind.cli.variant_display import description_text, table_text

    configure_logging(quiet=quiet, verbose=verbose)
    if wanted is not None:
        if by is not None:
            raise UsageError(f"--by sorts the table, and {wanted} asks for a description", remedy="leave one out")
        print_text(description_text(find_variants(source, wanted, prefix=prefix)))
        return
    first = top_variants(source, top, by=by, coding=coding, prefix=prefix)
    print_text(table_text(first))
    if first.order.notice:
        logger.info(first.order.notice)
