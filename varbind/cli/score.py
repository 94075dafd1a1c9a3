"""`varbind score`."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import click

from varbind.cli.main import configure_logging, print_text
from varbind.cli.option_values import parse_contig_map, parse_words, word_files
from varbind.cli.options import (
    bank_option,
    contig_map_option,
    device_option,
    load_banks,
    logging_options,
    max_indel_option,
    reference_option,
    threads_option,
)
from varbind.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.annotate.settings import AnnotateSettings
    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.io.vcf.input_stream import Source
    from varbind.scoring.scorer import Scorer

__all__ = ["score"]

logger = logging.getLogger("varbind")


@click.command("score")
@click.argument("source", metavar="IN")
@reference_option
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="TABLE",
    help="Table of a VCF: .parquet, .tsv, .tsv.gz, .csv or .csv.gz. Default: TSV on standard output.",
)
@bank_option
@click.option(
    "--models", "--proteins", metavar="LIST|@FILE", help="Model ids or proteins. Default: every model of the bank."
)
@click.option(
    "--mode", type=click.Choice(["whole", "scan"]), default="whole", show_default=True, help="How sequences are scored."
)
@click.option(
    "--scan-rule",
    type=click.Choice(["0.1", "later", "later-all"]),
    default="0.1",
    show_default=True,
    help="Windows that the mode scan scores.",
)
@click.option("--long", is_flag=True, help="One row for each sequence or allele and model.")
@max_indel_option
@contig_map_option
@click.option("--allow-truncated", is_flag=True, help="Accept a BGZF file without its end marker.")
@click.option("--allow-ref-mismatch", is_flag=True, help="Continue although most REFs differ from the reference.")
@click.option("--allow-length-mismatch", is_flag=True, help="Continue although contig lengths differ.")
@threads_option()
@device_option()
@logging_options
def score(
    source: str,
    reference: str | None,
    output: str,
    banks: tuple[str, ...],
    models: str | None,
    mode: str,
    scan_rule: str,
    long: bool,
    max_indel: int,
    contig_map: str | None,
    allow_truncated: bool,
    allow_ref_mismatch: bool,
    allow_length_mismatch: bool,
    threads: int | None,
    device: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Score sequences, or the alleles of a VCF, with every model of a bank.

    IN is FASTA, one sequence a line, or a VCF or BCF, detected from content; - is standard input.

    For sequences, the result is a table on standard output. The mode `whole` applies the network once to the whole
    sequence. The mode `scan` slides a window of the detector's length (rule 0.1) or of 1.5 times that length (later,
    later-all) along the sequence and takes the maximum, as the published DeepBind executable does; only later-all
    includes the last window.

    For a VCF, the table has a row for each allele: CHROM, POS, ID, REF, ALT, status, and for each model the score of
    the reference allele (MODEL_ref), the score of the alternate allele (MODEL_alt) and the change, alternate minus
    reference (MODEL_delta). An allele without a score keeps its row, with the reason as its status and empty scores.
    With --long, there is a row for each allele and model. Scores are single-precision numbers in Parquet and have six
    significant digits in TSV.
    """
    from varbind.annotate.settings import AnnotateSettings
    from varbind.cli.progress import show_progress
    from varbind.io.vcf.input_stream import Source
    from varbind.io.vcf.variants import holds_variants
    from varbind.scoring.devices import checked_device
    from varbind.scoring.scorer import Scorer, scan_of

    configure_logging(quiet=quiet, verbose=verbose)
    bank = load_banks(banks)
    chosen = parse_words(models)
    if chosen:
        bank = bank.select_proteins(chosen)
    with Source(source, allow_truncated=allow_truncated) as opened:
        if not holds_variants(opened):
            _check_sequence_options(reference, output)
            scan = scan_of(mode, scan_rule)
            where = checked_device(device, bank)
            # A bar and the table would mix on one terminal.
            hidden = quiet or (sys.stdout is not None and sys.stdout.isatty())
            with (
                Scorer(bank, scan=scan, device=where, threads=threads) as scorer,
                show_progress(quiet=hidden) as progress,
            ):
                _score_sequences(opened, scorer, long=long, progress=progress)
            return
        settings = AnnotateSettings(
            max_indel=max_indel,
            contig_map=parse_contig_map(contig_map),
            allow_ref_mismatch=allow_ref_mismatch,
            allow_length_mismatch=allow_length_mismatch,
            device=device,
            threads=threads,
            inputs=(*filter(None, [contig_map]), *word_files(models), *banks),
        )
        if mode != "whole":
            raise UsageError("--mode scan scores sequences, not a VCF", remedy="leave it out")
        _score_vcf(opened, output, reference, bank, settings, long=long, quiet=quiet)


def _check_sequence_options(reference: str | None, output: str) -> None:
    for option, is_given in {"-f": reference is not None, "-o": output != "-"}.items():
        if is_given:
            raise UsageError(f"{option} goes with a VCF, and the input holds sequences", remedy="leave it out")


def _score_vcf(
    source: Source,
    output: str,
    reference: str | None,
    bank: Bank,
    settings: AnnotateSettings,
    *,
    long: bool,
    quiet: bool,
) -> None:
    from varbind.api.score_vcf import score_vcf
    from varbind.cli.progress import show_progress

    with show_progress(quiet=quiet) as progress:
        counts = score_vcf(
            source, output, reference=reference, bank=bank, long=long, settings=settings, progress=progress
        )
    logger.info(counts.table_sentence())


def _score_sequences(source: Source, scorer: Scorer, *, long: bool, progress: Progress | None) -> None:
    from varbind.core.progress import estimated_total
    from varbind.core.sequence import encode
    from varbind.io.sequences import read_sequences
    from varbind.scoring.scorer import SEQUENCES_A_BATCH, batches

    done, bank = 0, scorer.bank
    _write("id\tmodel_id\tprotein\tscore" if long else "\t".join(["id", *bank.model_ids]))
    for batch in batches(read_sequences(source), SEQUENCES_A_BATCH):
        scores = scorer.score_codes([encode(sequence) for _, sequence in batch])
        for (name, _), row in zip(batch, scores, strict=True):
            _write_row(name, row.tolist(), bank, long=long)
        done += len(batch)
        if progress:
            # The source is closed at its end.
            share = 1.0 if source.stream.closed else source.position / source.size if source.size else None
            progress(done, estimated_total(done, share), "sequences")


def _write_row(name: str, row: Sequence[float], bank: Bank, *, long: bool) -> None:
    if not long:
        _write("\t".join([name, *(f"{score:.6f}" for score in row)]))
        return
    for model, score in zip(bank.models, row, strict=True):
        _write(f"{name}\t{model.model_id}\t{model.protein}\t{score:.6f}")


def _write(line: str) -> None:
    print_text(line + "\n")
