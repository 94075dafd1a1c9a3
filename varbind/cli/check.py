"""`varbind check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from varbind.cli.main import put, talk
from varbind.cli.options import (
    bank_option,
    build_option,
    contig_map_option,
    device_option,
    genes_option,
    load_banks,
    parse_contig_map,
    parse_promoter,
    parse_words,
    reference_option,
    talk_options,
)

if TYPE_CHECKING:
    from varbind.api.check_vcf import CheckReport

__all__ = ["command"]


@click.command("check")
@click.argument("source", metavar="IN")
@reference_option
@genes_option
@build_option
@click.option("--everywhere", is_flag=True, help="As if every variant were scored, wherever it lies.")
@bank_option
@click.option("--proteins", metavar="LIST|@FILE", help="As for annotate.")
@click.option("--promoter", default="1000,500", show_default=True, metavar="UP[,DOWN]", help="Reach in bases.")
@click.option("--max-indel", default=50, show_default=True, type=click.IntRange(1), help="Longest allele scored.")
@contig_map_option
@click.option("--allow-ref-mismatch", is_flag=True, help="Report a wrong build instead of stopping.")
@click.option("--allow-length-mismatch", is_flag=True, help="Report different contig lengths instead of stopping.")
@device_option()
@talk_options
def command(
    source: str,
    reference: str | None,
    genes: tuple[str, ...],
    build: str | None,
    everywhere: bool,
    banks: tuple[str, ...],
    proteins: str | None,
    promoter: str,
    max_indel: int,
    contig_map: str | None,
    allow_ref_mismatch: bool,
    allow_length_mismatch: bool,
    device: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Dry run: build, contigs, REF agreement, what would be scored, how long it will take.

    Nothing is written. A reference that does not fit ends with the exit code of annotate.
    """
    from varbind.annotate.settings import AnnotateSettings
    from varbind.api.check_vcf import check_vcf

    talk(quiet=quiet, verbose=verbose)
    settings = AnnotateSettings(
        build=build,
        everywhere=everywhere,
        proteins=parse_words(proteins),
        promoter=parse_promoter(promoter),
        max_indel=max_indel,
        contig_map=parse_contig_map(contig_map),
        device=device,
        overwrite=True,
        allow_ref_mismatch=allow_ref_mismatch,
        allow_length_mismatch=allow_length_mismatch,
    )
    report = check_vcf(source, reference=reference, bank=load_banks(banks), genes=genes, settings=settings)
    for name, value in _rows(report):
        put(f"{name}\t{value}\n")


def _rows(report: CheckReport) -> list[tuple[str, str]]:
    counts = report.counts
    unscored = {status.value: count for status, count in sorted(counts.alleles.items()) if status != "ok"}
    return [
        ("records", str(counts.records_read)),
        ("outside promoters", str(counts.records_outside)),
        ("without an alternate allele", str(counts.records_without_alt)),
        *((f"contig {name}", found or "not in the reference") for name, found in report.contigs.items()),
        ("REF compared", str(counts.checked_ref)),
        ("REF differing", str(counts.mismatched_ref)),
        ("alleles to score", str(counts.scored)),
        *((f"alleles not scored: {status}", str(count)) for status, count in unscored.items()),
        ("models", str(report.models)),
        ("estimated seconds of scoring", f"{report.seconds:.1f}"),
    ]
