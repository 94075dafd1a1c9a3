"""`varbind train`: train models and second stages on your own data."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

from varbind.cli.main import configure_logging
from varbind.cli.option_values import parse_contig_map, parse_pairs
from varbind.cli.options import (
    KINDS,
    THREADS,
    background_options,
    device_option,
    load_read_models,
    logging_options,
    read_models_option,
    sets_of,
    table_options,
)
from varbind.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from varbind.scoring.background import PromoterSource

__all__ = ["train"]

logger = logging.getLogger("varbind")

STEPS_DIGITS_MAX = 9


@click.group("train")
def train() -> None:
    """Train networks on your own data."""


@train.command("binding")
@click.argument("data", metavar="DATA")
@click.option("-o", "--output", required=True, metavar="BANK", help="Folder of the new bank; it must not exist.")
@click.option("-f", "--fasta", metavar="REF", help="Reference genome of the peaks, plain or bgzipped.")
@click.option(
    "--contig-map", metavar="FILE", help="Two columns: the name of a contig in the peaks and its name in the FASTA."
)
@click.option("--protein", metavar="NAME", help="Protein whose binding was measured.")
@click.option("--id", "model_id", metavar="ID", help="Identifier of the model. Default: the protein.")
@click.option("--family", metavar="NAME", help="Family whose models are counted as one. Default: the protein.")
@click.option("--species", metavar="NAME", help="Species of the protein, for the model card.")
@click.option("--assay", metavar="NAME", help="Assay that measured the binding, for the model card.")
@click.option("--licence", metavar="NAME", help="Licence of the data, for the model card.")
@click.option(
    "--kind", type=click.Choice(KINDS), help="What DATA holds (see above). Default: detected from its content."
)
@click.option("--top", type=click.IntRange(1), metavar="N", help="Use only the N strongest peaks.")
@click.option(
    "--min-negatives",
    default=2000,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="Make or choose at least N negatives, several for each bound sequence if necessary.",
)
@click.option(
    "--trials", default=30, show_default=True, type=click.IntRange(1), help="Number of random settings that are tried."
)
@click.option(
    "--folds", default=3, show_default=True, type=click.IntRange(2), help="Number of folds of the cross-validation."
)
@click.option(
    "--checkpoints",
    default="250,500,1000,2000",
    show_default=True,
    metavar="N,...",
    help="Numbers of training steps after which the settings are rated.",
)
@click.option(
    "--search",
    type=click.Choice(["halving", "random"]),
    default="halving",
    show_default=True,
    help="Whether the better half of the settings is trained on after each rating, or all of them.",
)
@click.option(
    "--optimizer",
    type=click.Choice(["adam", "nesterov"]),
    default="adam",
    show_default=True,
    help="Algorithm that turns gradients into training steps.",
)
@click.option(
    "--ensemble-size",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Number of networks in a model, one for each of the best settings; its score is their mean.",
)
@click.option(
    "--as-published",
    is_flag=True,
    help="Search as DeepBind (2015) did, instead of --trials to --ensemble-size: 20,000 steps with Nesterov momentum "
    "and L1 weight decay.",
)
@click.option(
    "--single-stranded", is_flag=True, help="Score the given strand only, as for RNA, and not its reverse complement."
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Equal seeds give equal bytes.")
@click.option("--threads", type=THREADS, help="Number of CPU threads. Default: all processors.")
@device_option("cpu", "Where to train.")
@background_options
@logging_options
def binding(
    data: str,
    output: str,
    fasta: str | None,
    contig_map: str | None,
    protein: str | None,
    model_id: str | None,
    family: str | None,
    species: str | None,
    assay: str | None,
    licence: str | None,
    kind: str | None,
    top: int | None,
    min_negatives: int,
    trials: int,
    folds: int,
    checkpoints: str,
    search: str,
    optimizer: str,
    ensemble_size: int,
    as_published: bool,
    single_stranded: bool,
    seed: int,
    threads: int | None,
    device: str,
    background: str | None,
    background_snvs: int | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Train a bank on peaks, sequences or measured values.

    DATA is one of the following, plain or gzip; its kind is detected from its content:

    \b
    peaks        BED, narrowPeak, broadPeak or gappedPeak with --fasta: the 101 bases around the summit or the middle
    bound        bound sequences, such as reads of SELEX: FASTA, FASTQ, or one sequence a line
    labels       a table of sequences and labels: 1 is bound, 0 or -1 is not
    values       a table of sequences and measured values
    intensities  the same with positive values, whose logarithms are used, as from arrays; never detected
    many sets    a table with the columns protein and file, and any of id, family, kind, fasta, species, assay,
                 experiment, licence, default (yes or no), negatives, matrix, unbound, part; all sets go into one bank

    The kind of a set in such a table may also be matrix: a motif in a file of MEME, JASPAR, HOMER, TRANSFAC or CIS-BP
    format, which is added to the bank without training. Its name is in the column matrix, or else it is the id. A table
    of sequences may have a column chromosome (also chrom, chr or group), whose values are never split between folds,
    and a column set, of which only the rows with the value in the column part are used. The column unbound names a file
    of sequences with which bound ones are compared, such as the reads of the first round of SELEX. For labels, the
    column negatives lists what bound sequences are compared with, separated by commas: file (the sequences of the file
    that are not bound), gc-matched (one of these for each bound sequence, with a similar GC content) or shuffles.

    For peaks and bound sequences the negatives are dinucleotide shuffles, if no file of unbound ones is named. Random
    settings are rated by cross-validation with folds of whole chromosomes, or of neighbouring rows where there are no
    chromosomes. The best settings are then trained on all data, and the model is the mean of their networks. With
    --ensemble-size 1 the model is the best network alone, which may have a hidden layer. For measured values, networks
    may pool means over the positions in addition to maxima. U is read as T.

    On a CUDA device all networks of a search are trained at once; except for rounding they equal those of the CPU.
    If a run was stopped, the same command resumes it: finished proteins are kept in BANK.training.
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from varbind.cli.progress import show_progress
    from varbind.kernels.cpu.cpu import thread_count
    from varbind.scoring.background import BackgroundRecipe
    from varbind.train.held_out_quality import binding_quality
    from varbind.train.hyperparameters import Calibration, Optimizer, Search
    from varbind.train.training import TrainingPlan, train_bank

    configure_logging(quiet=quiet, verbose=verbose)
    described = {"protein": protein, "family": family, "species": species, "assay": assay, "licence": licence}
    sets = sets_of(data, fasta=fasta, kind=kind, id=model_id, **described)
    calibration = Calibration(
        trials=trials,
        folds=folds,
        checkpoints=_checkpoints(checkpoints),
        search=Search(search),
        optimizer=Optimizer(optimizer),
        ensemble_size=min(ensemble_size, trials),
        double_stranded=not single_stranded,
    )
    if as_published:
        calibration = Calibration.as_published(double_stranded=not single_stranded)
    recipe, source = BackgroundRecipe.of_snvs(background_snvs), _source(background)
    where, renamed = _checked(device, "default"), parse_contig_map(contig_map)
    plan = TrainingPlan(calibration, recipe, seed, top, thread_count(threads), min_negatives, where, renamed)
    try:
        with show_progress(quiet=quiet) as progress:
            bank = train_bank(sets, output, plan, source=source, progress=progress)
    except Interrupted:
        logger.info("the same command resumes the training")
        raise
    logger.info("%s: %d models; %s", output, len(bank.models), binding_quality(bank))


def _checkpoints(text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")]
    steps = [int(word) if word.isdecimal() and len(word) <= STEPS_DIGITS_MAX else 0 for word in words]
    if min(steps) < 1 or steps != sorted(set(steps)):
        raise UsageError(f"cannot read --checkpoints {text!r}", remedy="give ascending numbers of steps, as 500,1000")
    return tuple(steps)


def _checked(device: str, bank: str) -> str:
    """The device of a name, after it has given the scores of the CPU for a bank."""
    from varbind.io.banks import load_bank
    from varbind.scoring.devices import checked_device, resolve_device

    where = resolve_device(device)
    return where if where == "cpu" else checked_device(where, load_bank(bank))


def _source(fasta: str | None) -> PromoterSource | None:
    """Return the source of background sequence; None is the generated background."""
    from varbind.core.sequence import encode
    from varbind.io.sequences import read_sequences
    from varbind.scoring.background import PromoterSource

    return PromoterSource([encode(text) for _, text in read_sequences(fasta)]) if fasta else None


@train.command("effect")
@click.option("-o", "--output", required=True, metavar="EFFECT", help="Folder of the new second stage.")
@click.option("--bank", default="default", show_default=True, metavar="NAME|DIR", help="Bank whose scores it reads.")
@read_models_option
@table_options
@click.option("--pairs", multiple=True, metavar="TABLE", help="Pairs of alleles with measured effects; repeatable.")
@click.option(
    "--local",
    metavar="EFFECT|none",
    help="Second stage whose local network is used. Default: that of the bank, if it has one.",
)
@click.option("-f", "--fasta", metavar="REF", help="Reference genome of tables without flanking sequence.")
@click.option("--genes", metavar="FILE", help="GTF, GFF3, BED6 or genePred file, for the distances to the TSS.")
@click.option("--conservation", multiple=True, metavar="NAME=TRACK.bw", help="bigWig track; repeatable.")
@click.option(
    "--networks", default=4, show_default=True, type=click.IntRange(1), help="Number of DeepFind networks to average."
)
@click.option("--as-published", is_flag=True, help="Train DeepFind as published in 2015: one network, 250 epochs.")
@click.option(
    "--background-snvs", type=click.IntRange(1000), metavar="N", help="Number of background SNVs. Default: 100,002."
)
@click.option("--licence", default="not stated", metavar="NAME", help="Licence of the data, for the card.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Equal seeds give equal bytes.")
@click.option("--threads", type=THREADS, help="Number of CPU threads for scoring. Default: all processors.")
@device_option("cpu", "Where to train.")
@logging_options
def effect(
    output: str,
    bank: str,
    proteins: str,
    activity: str | None,
    pairs: tuple[str, ...],
    local: str | None,
    classes: str | None,
    pathogenic: str | None,
    fasta: str | None,
    genes: str | None,
    conservation: tuple[str, ...],
    networks: int,
    as_published: bool,
    background_snvs: int | None,
    licence: str,
    seed: int,
    threads: int | None,
    device: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Train a second stage on variants whose effects are known.

    A table is tab-separated and has a header with the columns chrom, pos, ref and alt. The sequence around the variants
    is read from --fasta, or from the columns left and right, which hold at least 15 bases on each side. There are four
    kinds of tables, and at least one other than --pairs is needed:

    \b
    --activity    effect (log2), se (its standard error) and locus (the element); optionally tss_distance, or --genes,
                  and kind: loci of the kind promoter are used for calibration. Gives SCORE, PHRED and ACTIVITY
    --pairs       with --activity: pairs of alleles from many places, effect (log2) and se; optionally source (such as
                  the cell type) and weight (that of the whole source, where a locus has 1). Repeatable
    --classes     label: 1 simulated, 0 derived; tss_distance, or --genes; conservation from --conservation.
                  Gives DEEPFIND: one network over binding scores, distance, transversion and tracks
    --pathogenic  label: 1 pathogenic, 0 common; columns of conservation tracks, or --conservation; the variants of a
                  gene stay in one fold. Gives SCORE_CONS and CONS_PHRED, and adds to DEEPFIND, where annotation is
                  given tracks of the same names or kinds

    `varbind annotate --effect EFFECT` uses the result. If a run was stopped, the same command resumes it: finished
    networks are kept in EFFECT.training.
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from dataclasses import replace

    from varbind.cli.progress import show_progress
    from varbind.scoring.background import BackgroundRecipe
    from varbind.train.deepfind import DeepFindSetting
    from varbind.train.effect import train_effect
    from varbind.train.effect_curves import EFFECT_BACKGROUND
    from varbind.train.effect_plan import EffectInputs, EffectPlan
    from varbind.train.held_out_quality import effect_quality

    configure_logging(quiet=quiet, verbose=verbose)
    recipe = EFFECT_BACKGROUND
    if background_snvs is not None:
        recipe = BackgroundRecipe(background_snvs, max(100, background_snvs // 10), recipe.seed)
    setting = DeepFindSetting.as_published() if as_published else replace(DeepFindSetting(), networks=networks)
    tracks = parse_pairs(conservation, "--conservation")
    inputs = EffectInputs(activity, pairs, local, classes, pathogenic, fasta, genes, tracks)
    plan = EffectPlan(setting, recipe, seed, _checked(device, bank), threads, licence)
    try:
        with show_progress(quiet=quiet) as progress:
            trained = train_effect(inputs, load_read_models(bank, proteins), output, plan, progress=progress)
    except Interrupted:
        logger.info("the same command resumes the training")
        raise
    logger.info("%s: %s; %s", output, trained.card.description, effect_quality(trained.card))
