"""`varbind rank` writes the alleles of an annotated file as a sorted table."""

from __future__ import annotations

import logging
from typing import Any

import click

from varbind.cli.main import configure_logging
from varbind.cli.option_values import parse_words, word_files
from varbind.cli.options import logging_options, sort_key_option

__all__ = ["rank"]

logger = logging.getLogger("varbind")

ALL_SAMPLES = ""


class RankCommand(click.Command):
    """Accepts `--samples [LIST|@FILE]`, whose value may be left out in front of IN as well."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read IN as such if it was taken for the value of `--samples`."""
        end = args.index("--") if "--" in args else len(args)
        try:
            return super().parse_args(ctx, list(args))
        except click.MissingParameter:
            if "--samples" not in args[:end]:
                raise
        ctx.params.clear()
        given = [f"--samples={ALL_SAMPLES}" if word == "--samples" else word for word in args[:end]]
        return super().parse_args(ctx, given + args[end:])


@click.command("rank", cls=RankCommand)
@click.argument("source", metavar="IN")
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="OUT",
    help="Table: .tsv, .tsv.gz, .csv, .csv.gz or .parquet. Default: TSV on standard output.",
)
@sort_key_option("IN")
@click.option("--top", type=click.IntRange(1), metavar="N", help="Write only the first N rows.")
@click.option("--all", "unscored", is_flag=True, help="Write alleles without a score as well, at the end.")
@click.option("--coding", is_flag=True, help="Write alleles in coding sequences and splice sites as well.")
@click.option("--info", metavar="LIST|@FILE", help="Other INFO keys of IN that become columns, as in AF,AC.")
@click.option(
    "--samples",
    is_flag=False,
    flag_value=ALL_SAMPLES,
    metavar="[LIST|@FILE]",
    help="Add the carriers of each allele and their genotypes; with LIST, those of these samples alone.",
)
@click.option("--prefix", default="VARBIND", show_default=True, metavar="NAME", help="Prefix of the INFO keys.")
@logging_options
def rank(
    source: str, output: str, info: str | None, samples: str | None, quiet: bool, verbose: bool, **options: Any
) -> None:
    """Sort the alleles of an annotated VCF into a table, the largest value first.

    IN is a result of varbind annotate: VCF (plain, gzip or BGZF) or BCF; - is standard input. A row is an allele and a
    gene; an allele in two promoters has two rows. Missing values are empty in TSV and CSV and null in Parquet, and come
    last; ties keep the order of IN.

    KEY is a key of varbind that has one number per allele, such as PHRED, SCORE_CONS or CONS_phyloP, with or without
    VARBIND_ and in upper or lower case; binding is the larger of LOSS_PHRED and GAIN_PHRED. The default is CONS_PHRED,
    which adds conservation to PHRED, where IN has it. ACTIVITY is sorted by its absolute value, and TSSDIST puts the
    alleles nearest to a transcription start first.

    The columns are those of the VCF, of the gene and of the keys; then the parts of the strongest loss and gain of
    binding (family, protein, model, delta, z), a sentence in plain words, EXPLAIN if IN has it, the keys of --info, and
    with --samples: carriers, n_het, n_hom and genotypes. A key with Number=A or R has the value of the allele, other
    lists stay as they are, and a flag is true or false. The column genotypes lists the carriers, or all samples that
    LIST names; carriers whose other alleles are unknown (./1) count in n_het, haploid ones (1) in n_hom.

    If the genes of IN had exons, alleles in the coding sequence or a splice site of a gene have no row for that gene,
    because their effect on the protein or on splicing may matter more; --coding keeps them.
    """
    from varbind.annotate.rank import RankSettings, rank_vcf
    from varbind.cli.progress import show_progress

    configure_logging(quiet=quiet, verbose=verbose)
    settings = RankSettings(
        **options,
        info=parse_words(info),
        samples=() if samples == ALL_SAMPLES else parse_words(samples) or None,
        inputs=word_files(info, samples),
    )
    with show_progress(quiet=quiet) as progress:
        counts = rank_vcf(source, output, settings=settings, progress=progress)
    for warning in counts.warnings():
        logger.warning("%s: %s", source, warning)
    if counts.order.notice:
        logger.info(counts.order.notice)
    logger.info(counts.sentence())
