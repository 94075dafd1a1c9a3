"""`varbind precompute`: a table with the values of every SNV of the promoters."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import click

from varbind.cli.main import configure_logging
from varbind.cli.option_values import parse_settings, parse_shard, word_files
from varbind.cli.options import (
    BATCH_SIZE,
    bank_option,
    build_option,
    contig_map_option,
    device_option,
    genes_option,
    load_banks,
    logging_options,
    promoter_option,
    threads_option,
)

if TYPE_CHECKING:
    from varbind.annotate.settings import AnnotateSettings

__all__ = ["precompute"]

logger = logging.getLogger("varbind")


@click.command("precompute")
@click.option("-o", "--output", required=True, metavar="TABLE.vcf.gz", help="Path of the table; it is indexed too.")
@click.option(
    "-f",
    "--fasta",
    "reference",
    metavar="REF.fa",
    help="Reference genome. Default: the path in the environment variable VARBIND_FASTA.",
)
@genes_option
@build_option
@click.option("--indels", is_flag=True, help="Add insertions and deletions of one base.")
@click.option(
    "--shard",
    default="1/1",
    metavar="i/n",
    help="Compute the i-th of n parts of equal size, each into a table of its own. Default: the whole table.",
)
@bank_option
@click.option("--proteins", metavar="LIST|@FILE", help="Proteins or model ids, as for annotate.")
@promoter_option
@click.option(
    "--tss",
    type=click.Choice(["preferred", "all"]),
    default="preferred",
    show_default=True,
    help="Transcripts of a gene that are used.",
)
@click.option(
    "--conservation", multiple=True, metavar="NAME=TRACK.bw", help="Track of conservation, as for annotate; repeatable."
)
@click.option("--effect", metavar="DIR|none", help="Second stage instead of that of the bank; none: no second stage.")
@click.option("--explain", type=click.IntRange(1), metavar="N", help="Write the N largest contributions of models.")
@click.option(
    "--top",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Number of protein families that are listed for losses and for gains.",
)
@contig_map_option
@device_option()
@threads_option()
@click.option(
    "--batch-size", default=256, show_default=True, type=BATCH_SIZE, help="Number of alleles that are scored at once."
)
@click.option("--allow-length-mismatch", is_flag=True, help="Continue although contig lengths differ.")
@logging_options
def precompute(
    output: str,
    reference: str | None,
    genes: tuple[str, ...],
    indels: bool,
    shard: str,
    banks: tuple[str, ...],
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """Score every SNV of the promoters into a table, which annotate uses with --cache.

    The table is a sorted VCF, compressed and indexed, with the INFO keys of annotate; bcftools annotate can use it too.
    Finished parts are kept in the folder TABLE.vcf.gz.parts. If the run is stopped, give the same command again: it
    continues after them.
    """
    from varbind.api.precompute import precompute as precompute_table
    from varbind.cli.progress import show_progress

    configure_logging(quiet=quiet, verbose=verbose)
    with show_progress(quiet=quiet) as progress:
        counts = precompute_table(
            output,
            reference=reference,
            bank=load_banks(banks),
            genes=genes,
            settings=_settings(options, banks),
            indels=indels,
            shard=parse_shard(shard),
            progress=progress,
        )
    logger.info("%s: %s alleles scored in this run", output, f"{counts.scored:,}")


def _settings(options: dict[str, Any], banks: tuple[str, ...]) -> AnnotateSettings:
    from varbind.annotate.settings import AnnotateSettings

    files = [*filter(None, [options["contig_map"]]), *word_files(options["proteins"]), *banks]
    return AnnotateSettings(**(options | parse_settings(options)), inputs=tuple(files))
