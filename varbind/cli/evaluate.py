"""`varbind evaluate`: how well banks and second stages predict what was measured, and the quality of peaks."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from varbind.cli.main import configure_logging, print_text
from varbind.cli.option_values import parse_pairs, parse_words
from varbind.cli.options import (
    KINDS,
    device_option,
    load_read_models,
    logging_options,
    read_models_option,
    seed_option,
    sets_of,
    table_options,
    threads_option,
)
from varbind.errors import UsageError

if TYPE_CHECKING:
    from varbind.evaluate.splits import Protocol

__all__ = ["evaluate"]

logger = logging.getLogger("varbind")


@click.group("evaluate")
def evaluate() -> None:
    """Evaluate model banks and second stages on measured data, and the quality of peaks."""


@evaluate.command("binding")
@click.argument("tests", metavar="TESTS")
@click.option("-o", "--output", required=True, metavar="FOLDER", help="New folder of the results.")
@click.option("--bank", default="default", metavar="NAME|DIR", help="Bank to evaluate. Default: the shipped one.")
@click.option("--against", multiple=True, metavar="NAME=BANK", help="Bank to compare with; repeatable.")
@click.option("--training", metavar="SETS", help="Table of training sets, for the choice among models (see above).")
@click.option(
    "--gkm-svm", is_flag=True, help="Compare with a gkm-SVM, a linear SVM on gapped k-mers; needs --training."
)
@click.option(
    "--gkm-svm-max-per-class",
    default=1000,
    show_default=True,
    type=click.IntRange(10),
    metavar="N",
    help="Train the gkm-SVM on at most N sequences of each class.",
)
@click.option(
    "--max-per-class",
    default=2000,
    show_default=True,
    type=click.IntRange(10),
    metavar="N",
    help="Score at most N sequences of each class of a labelled test set.",
)
@click.option("-f", "--fasta", metavar="REF", help="Reference genome of the peaks, plain or bgzipped.")
@click.option("--protein", metavar="NAME", help="Protein whose binding was measured, for a single file of data.")
@click.option("--kind", type=click.Choice(KINDS), help="What a single file holds. Default: detected from its content.")
@click.option(
    "--single-stranded", is_flag=True, help="Evaluate the single-stranded models, as of RNA, on the given strands."
)
@seed_option
@threads_option("Number of threads.", "The results do not depend on it.")
@logging_options
def binding(
    tests: str,
    output: str,
    bank: str,
    against: tuple[str, ...],
    training: str | None,
    gkm_svm: bool,
    gkm_svm_max_per_class: int,
    max_per_class: int,
    fasta: str | None,
    protein: str | None,
    kind: str | None,
    single_stranded: bool,
    seed: int,
    threads: int | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Evaluate banks on sequences whose binding was measured.

    TESTS is a table of data sets, as `varbind train binding` reads it, or one file of data with --protein. Sets with
    the same `task` are averaged; without a task, sets of the same kind. For peaks, bound sequences and labels, AUC and
    AUPRC are computed; the negatives of peaks and bound sequences are their dinucleotide shuffles. For measured values,
    Pearson and Spearman correlation are computed, and the AUC for outliers, more than four standard deviations above
    the mean, as in DREAM5; where enough sequences share 7-mers, also the correlation of predicted with measured E- and
    Z-scores of 7-mers.

    A set is scored by the bank's model of its protein. If a bank has several, the one that is best on the sets of the
    protein in --training is used, and never the best one on a test set. Single-stranded models are left out, or
    the others with --single-stranded. GC content is always compared where there are labels.

    FOLDER gets results.tsv, summary.tsv, summary.md (also printed) and figure.svg.
    """
    from varbind.cli.progress import show_progress
    from varbind.datasets.binding_dataset import read_dataset_table
    from varbind.evaluate.binding import EvaluationPlan, evaluate_binding
    from varbind.io.banks import load_bank
    from varbind.kernels.cpu.cpu import thread_count

    configure_logging(quiet=quiet, verbose=verbose)
    sets = sets_of(tests, fasta=fasta, kind=kind, protein=protein)
    chosen_on = None if training is None else read_dataset_table(_table(training), fasta=fasta or "")
    machine = gkm_svm_max_per_class if gkm_svm else None
    plan = EvaluationPlan(seed, max_per_class, machine, thread_count(threads), not single_stranded)
    others = {name: load_bank(folder) for name, folder in parse_pairs(against, "--against").items()}
    evaluated = _bank_name(bank), load_bank(bank)
    with show_progress(quiet=quiet) as progress:
        summary = evaluate_binding(sets, evaluated, output, plan, against=others, training=chosen_on, progress=progress)
    logger.info("%s: written", output)
    print_text(summary)


def _table(path: str) -> str:
    from varbind.datasets.binding_dataset import is_dataset_table

    if not is_dataset_table(path):
        what = "--training is not a table of sets with the columns protein and file"
        raise UsageError(what, path=path, remedy="name the sets in a table")
    return path


def _bank_name(bank: str) -> str:
    """The name of the folder of a bank."""
    from varbind.io.banks import find_bank

    return Path(find_bank(bank)).resolve().name


@evaluate.command("effect")
@click.option("-o", "--output", required=True, metavar="FOLDER", help="New folder of the results.")
@click.option(
    "--bank", default="default", metavar="NAME|DIR", help="Bank whose scores are read. Default: the shipped one."
)
@read_models_option
@table_options
@click.option(
    "--pairs", multiple=True, metavar="TABLE", help="Pairs of alleles that train with --activity; repeatable."
)
@click.option(
    "--directions", metavar="TABLE", help="Pairs of alleles of known direction; needs --activity for training."
)
@click.option(
    "--local",
    metavar="EFFECT|none",
    help="Second stage whose local network is used. Default: that of the bank, if it has one.",
)
@click.option("--genes", metavar="FILE", help="GTF, GFF3, BED6 or genePred file, for the distances to the TSS.")
@click.option("--scores", multiple=True, metavar="TABLE", help="Scores of other tools for the same variants.")
@click.option("-f", "--fasta", metavar="REF", help="Reference genome of tables without flanking sequence.")
@click.option(
    "--held-out", default="3,12", show_default=True, metavar="LIST", help="Chromosomes that --classes holds out."
)
@click.option(
    "--protocols",
    default="held-out,matched",
    show_default=True,
    metavar="LIST",
    help="Protocols for --classes (see above).",
)
@click.option(
    "--networks",
    default=4,
    show_default=True,
    type=click.IntRange(1),
    help="Number of networks that are averaged for --classes.",
)
@click.option(
    "--draws",
    default=5,
    show_default=True,
    type=click.IntRange(1),
    help="Number of control banks with shuffled detectors.",
)
@seed_option
@threads_option("Number of CPU threads for scoring.")
@device_option("cpu")
@logging_options
def effect(
    output: str,
    bank: str,
    proteins: str,
    activity: str | None,
    classes: str | None,
    pathogenic: str | None,
    pairs: tuple[str, ...],
    directions: str | None,
    local: str | None,
    genes: str | None,
    scores: tuple[str, ...],
    fasta: str | None,
    held_out: str,
    protocols: str,
    networks: int,
    draws: int,
    seed: int,
    threads: int | None,
    device: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Evaluate the recipe of a second stage over the scores of a bank, beside controls.

    The tables are those of `varbind train effect`. Everything is trained again without the variants on which it is
    evaluated.

    \b
    --activity    each promoter (or each locus, if none is marked as a promoter) is left out and predicted by the others
    --classes     held-out: the chromosomes of --held-out, also within contexts; matched: training and test variants
                  with equal contexts; genes: folds of whole genes; random: random folds, as in 2015; published:
                  random folds with the training of 2015. Intervals are over genes
    --pathogenic  folds of whole genes, every subset of the tracks
    --pairs       as for training
    --directions  direction: 1 if the alternate allele is more active, else -1

    Controls are predictions without binding: sequence context, GC content, distance, bases, matrices, and the same
    networks with shuffled detectors. A table of --scores has chrom, pos, ref, alt and one column for each tool.

    FOLDER gets one table for each of these, summary.md (also printed) and reliability.svg.
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from varbind.cli.progress import show_progress
    from varbind.evaluate.effect import EffectTests, EvaluateEffectPlan, evaluate_effect
    from varbind.evaluate.splits import ClassesPlan
    from varbind.scoring.devices import checked_device

    configure_logging(quiet=quiet, verbose=verbose)
    chosen = tuple(word.strip() for word in held_out.split(",") if word.strip())
    if not chosen:
        raise UsageError(f"--held-out {held_out!r} names no chromosome", remedy="name some, with commas between them")
    loaded = load_read_models(bank, proteins)
    where = checked_device(device, loaded)
    classes_plan = ClassesPlan(
        chosen, seed, draws, networks, protocols=_protocols(protocols), threads=threads, device=where
    )
    plan = EvaluateEffectPlan(classes_plan, draws, seed, threads, where)
    tests = EffectTests(activity, classes, pathogenic, pairs, directions, local, genes, fasta, scores)
    with show_progress(quiet=quiet) as progress:
        summary = evaluate_effect(tests, loaded, output, plan, progress=progress)
    logger.info("%s: written", output)
    print_text(summary)


def _protocols(text: str) -> tuple[Protocol, ...]:
    from varbind.evaluate.splits import Protocol

    known = {protocol.word: protocol for protocol in Protocol}
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or set(words) - set(known):
        raise UsageError(f"cannot read --protocols {text!r}", remedy=f"give some of {', '.join(known)}")
    return tuple(known[word] for word in words)


@evaluate.command("quality")
@click.argument("bam", metavar="BAM")
@click.argument("peaks", metavar="PEAKS")
@click.option("--blacklist", metavar="BED", help="Intervals whose peaks, reads and bases are left out.")
@click.option(
    "--mitochondria",
    metavar="NAME,...",
    help="Contigs that are left out. Default: chrM, MT, M, chrMT and NC_012920.1.",
)
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="OUT",
    help="Table: .tsv, .tsv.gz, .csv, .csv.gz or .parquet. Default: TSV on standard output.",
)
@logging_options
def quality(
    bam: str, peaks: str, blacklist: str | None, mitochondria: str | None, output: str, quiet: bool, verbose: bool
) -> None:
    """Measure the quality of peaks from the reads behind them: FRiP and cFRiP.

    PEAKS is BED, narrowPeak, broadPeak or gappedPeak. BAM holds the aligned reads from which the peaks were called, in
    any order and without an index.

    frip is the fraction of reads that overlap a peak. It may be inflated where there are few reads. cfrip corrects
    this: it is frip times covered, the fraction of the genome that at least one read covers (DeepGMAP, Onimaru et al.
    2018).

    A read counts if it is mapped, primary, and not marked as a duplicate or as failing quality controls; each mate of a
    pair is a read. It covers the bases to which its own bases are aligned. Mitochondria are left out, and so are peaks
    and reads that overlap an interval of --blacklist. The table has one row, which states how many peaks and reads were
    left out for each reason.
    """
    from varbind.cli.progress import show_progress
    from varbind.errors import printable
    from varbind.evaluate.peak_quality import QUALITY_COLUMNS, measure_peak_quality
    from varbind.io.output.output_paths import check_outputs
    from varbind.io.output.typed_table import TypedTable, frame_of

    configure_logging(quiet=quiet, verbose=verbose)
    check_outputs(output, filter(None, [bam, peaks, blacklist]))
    with TypedTable(output) as table:
        with show_progress(quiet=quiet) as progress:
            found = measure_peak_quality(
                bam, peaks, blacklist=blacklist, mitochondria=parse_words(mitochondria), progress=progress
            )
        row = (printable(bam), printable(peaks), *found.cells())
        table.write(QUALITY_COLUMNS, [frame_of(QUALITY_COLUMNS, [row])])
    logger.info(found.sentence())
