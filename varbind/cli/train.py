"""`varbind train`: networks of your own data."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from varbind.cli.main import talk
from varbind.cli.options import CUDA_STATE, THREADS, parse_contig_map, table_options, talk_options
from varbind.cli.sets import KINDS, sets_of
from varbind.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from varbind.scoring.background import PromoterSource

__all__ = ["command"]

logger = logging.getLogger("varbind")

STEPS_DIGITS_MAX = 9


@click.group("train")
def command() -> None:
    """Train networks on your own data."""


@command.command("binding")
@click.argument("data", metavar="DATA")
@click.option("-o", "--output", required=True, metavar="BANK", help="Folder of the new bank.")
@click.option("-f", "--fasta", metavar="REF", help="Reference on which peaks were called, plain or bgzipped.")
@click.option("--contig-map", metavar="FILE", help="Two columns: the peaks' name of a contig, the FASTA's name.")
@click.option("--protein", metavar="NAME", help="Whose binding was measured.")
@click.option("--id", "model_id", metavar="ID", help="Of the model. Default: the protein.")
@click.option("--family", metavar="NAME", help="Of its DNA-binding domain. Default: the protein.")
@click.option("--species", metavar="NAME", help="Of the protein, for the card.")
@click.option("--assay", metavar="NAME", help="How binding was measured, for the card.")
@click.option("--licence", metavar="NAME", help="Of the data, for the card.")
@click.option("--kind", type=click.Choice(KINDS), help="What DATA holds, see above. Default: told by its content.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the N strongest peaks.")
@click.option(
    "--fewest-negatives",
    default=2000,
    show_default=True,
    type=click.IntRange(0),
    metavar="N",
    help="Shuffles, or negatives chosen, where fewer sequences are bound.",
)
@click.option("--settings", default=30, show_default=True, type=click.IntRange(1), help="Random settings to try.")
@click.option("--folds", default=3, show_default=True, type=click.IntRange(2), help="Of the cross-validation.")
@click.option(
    "--checkpoints", default="250,500,1000,2000", show_default=True, metavar="N,...", help="Steps before each rating."
)
@click.option(
    "--search",
    type=click.Choice(["halving", "random"]),
    default="halving",
    show_default=True,
    help="After a rating the better half goes on, or all do.",
)
@click.option("--rule", type=click.Choice(["adam", "nesterov"]), default="adam", show_default=True, help="Of a step.")
@click.option(
    "--group",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    metavar="N",
    help="Networks of a model, of the best settings; its score is their mean.",
)
@click.option(
    "--as-published",
    is_flag=True,
    help="The search of DeepBind (2015), in place of --settings to --group: to 20,000 steps by Nesterov's rule.",
)
@click.option("--single-stranded", is_flag=True, help="Read sequences as they stand, as of RNA, not their complement.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Equal seeds give equal bytes.")
@click.option("--threads", type=THREADS, help="That train. Default: all processors.")
@click.option(
    "--device", default="cpu", show_default=True, metavar="auto|cpu|cuda[:N]", help=f"Where to train. {CUDA_STATE}"
)
@click.option("--background", metavar="FASTA", help="Your promoters, in place of the generated background.")
@click.option(
    "--background-snvs", type=click.IntRange(300), metavar="N", help="Background SNVs. Default: as the shipped bank."
)
@talk_options
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
    fewest_negatives: int,
    settings: int,
    folds: int,
    checkpoints: str,
    search: str,
    rule: str,
    group: int,
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

    DATA is one of these, plain or gzip, told by content:

    \b
    peaks        BED, narrowPeak, broadPeak or gappedPeak with --fasta: 101 bases around the summit, or the centre
    bound        bound sequences: FASTA, or one a line
    labels       a table of sequence and label, 1 bound, 0 or -1 not
    values       a table of sequence and measured value
    intensities  the same with positive values whose logarithm counts, as of arrays; never told by content
    many sets    a table with the columns protein and file, and any of id, family, kind, fasta, species, assay,
                 experiment, licence, default (yes or no), negatives, matrix: one bank of all

    The kind of a set may also be matrix: a motif in a file of MEME, JASPAR, HOMER, TRANSFAC or CIS-BP, by the name in
    the column matrix or its id, stands in the bank as it is. A table of sequences may have a column chromosome (also
    chrom, chr or group), which folds keep whole. Labels are told from what negatives says, comma-separated: file (the
    others of the file), gc-matched (one of them for each bound sequence, of its share of G and C), shuffles.

    Peaks and bound sequences are told from their dinucleotide shuffles. Random settings are rated by
    cross-validation (folds of whole chromosomes, else of neighbours). The best few are trained on everything, and a
    model is their mean; with --group 1 it is the best alone, which may have a hidden layer. For measured values a
    setting may pool means over positions beside maxima. U is T.
    A CUDA device trains all networks of a search at once; they are those of the CPU but for rounding.
    A run that was stopped goes on where it was when it is called again: finished proteins are in BANK.training.
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from varbind.cli.progress import count_progress
    from varbind.kernels.cpu.cpu import thread_count
    from varbind.scoring.background import BackgroundRecipe
    from varbind.train.hyperparameter_search import Calibration, Search
    from varbind.train.hyperparameters import Rule
    from varbind.train.training import TrainingPlan, train_bank

    talk(quiet=quiet, verbose=verbose)
    described = {"protein": protein, "family": family, "species": species, "assay": assay, "licence": licence}
    sets = sets_of(data, fasta=fasta, kind=kind, id=model_id, **described)
    calibration = Calibration(
        settings=settings,
        folds=folds,
        checkpoints=_checkpoints(checkpoints),
        search=Search(search),
        rule=Rule(rule),
        kept=min(group, settings),
        double_stranded=not single_stranded,
    )
    if as_published:
        calibration = Calibration.as_published(double_stranded=not single_stranded)
    recipe, source = BackgroundRecipe.of_snvs(background_snvs), _source(background)
    where, renamed = _checked(device, "default"), parse_contig_map(contig_map)
    plan = TrainingPlan(calibration, recipe, seed, top, thread_count(threads), fewest_negatives, where, renamed)
    try:
        with nullcontext() if quiet else count_progress("steps") as progress:
            bank = train_bank(sets, output, plan, source=source, progress=progress)
    except Interrupted:
        logger.info("the same command goes on where it was")
        raise
    logger.info("%s: %d models", output, len(bank.models))


def _checkpoints(text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")]
    steps = [int(word) if word.isdecimal() and len(word) <= STEPS_DIGITS_MAX else 0 for word in words]
    if min(steps) < 1 or steps != sorted(set(steps)):
        raise UsageError(f"cannot read --checkpoints {text!r}", remedy="give ascending numbers of steps, as 500,1000")
    return tuple(steps)


def _checked(device: str, bank: str) -> str:
    """The device of a name, once it has scored a bank as the CPU does."""
    from varbind.io.load_bank import load_bank
    from varbind.scoring.scorer import resolve_device
    from varbind.scoring.selftest import checked_device

    where = resolve_device(device)
    return where if where == "cpu" else checked_device(where, load_bank(bank))


def _source(fasta: str | None) -> PromoterSource | None:
    """Of background sequence; None = the usual one."""
    from varbind.core.sequence import encode
    from varbind.io.sequences import read_sequences
    from varbind.scoring.background import PromoterSource

    return PromoterSource([encode(text) for _, text in read_sequences(fasta)]) if fasta else None


@command.command("effect")
@click.option("-o", "--output", required=True, metavar="EFFECT", help="Folder of the new second stage.")
@click.option("--bank", default="default", show_default=True, metavar="NAME|DIR", help="Whose scores it reads.")
@table_options
@click.option("-f", "--fasta", metavar="REF", help="Genome of tables that give no flanks.")
@click.option("--genes", metavar="FILE", help="GTF, GFF3, BED6 or genePred, for the distance to the start.")
@click.option("--conservation", multiple=True, metavar="NAME=TRACK.bw", help="bigWig track; repeatable.")
@click.option("--networks", default=4, show_default=True, type=click.IntRange(1), help="DeepFind networks.")
@click.option("--as-published", is_flag=True, help="DeepFind trained as in 2015: one network, 250 epochs.")
@click.option("--background-snvs", type=click.IntRange(1000), metavar="N", help="Background SNVs. Default: 100,002.")
@click.option("--licence", default="not stated", metavar="NAME", help="Of the data, for the card.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Equal seeds give equal bytes.")
@click.option("--threads", type=THREADS, help="That score. Default: all processors.")
@click.option(
    "--device", default="cpu", show_default=True, metavar="auto|cpu|cuda[:N]", help=f"Where to train. {CUDA_STATE}"
)
@talk_options
def effect(
    output: str,
    bank: str,
    activity: str | None,
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

    A table has a header and tabs, and the columns chrom, pos, ref and alt. Sequence comes from --fasta, or from the
    columns left and right: 15 bases or more on each side. There are three kinds, and at least one is needed:

    \b
    --activity    effect (log2), se (its standard error) and locus (the element); if they are there, measurable (0 or
                  1) and kind, of which promoter calibrates. Gives SCORE, PHRED and ACTIVITY
    --classes     label, 1 simulated and 0 derived; tss_distance, or --genes; conservation from --conservation.
                  Gives DEEPFIND: one network over binding scores, distance, transversion and tracks
    --pathogenic  label, 1 pathogenic and 0 common; columns of conservation tracks, or --conservation; gene keeps
                  folds apart. Gives SCORE_CONS where a user names the same tracks

    `varbind annotate --effect EFFECT` uses it. A run that was stopped goes on where it was when it is called again:
    finished networks are in EFFECT.training.
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from dataclasses import replace

    from varbind.cli.options import parse_pairs
    from varbind.cli.progress import stage_progress
    from varbind.io.load_bank import load_bank
    from varbind.scoring.background import BackgroundRecipe
    from varbind.train.deepfind import DeepFindSetting
    from varbind.train.effect import EffectInputs, EffectPlan, train_effect
    from varbind.train.effect_background import EFFECT_BACKGROUND

    talk(quiet=quiet, verbose=verbose)
    recipe = EFFECT_BACKGROUND
    if background_snvs is not None:
        recipe = BackgroundRecipe(background_snvs, max(100, background_snvs // 10), recipe.seed)
    setting = DeepFindSetting.as_published() if as_published else replace(DeepFindSetting(), networks=networks)
    tracks = parse_pairs(conservation, "--conservation")
    inputs = EffectInputs(activity, classes, pathogenic, fasta, genes, tracks)
    plan = EffectPlan(setting, recipe, seed, _checked(device, bank), threads, licence)
    try:
        with nullcontext() if quiet else stage_progress() as progress:
            trained = train_effect(inputs, load_bank(bank), output, plan, progress=progress)
    except Interrupted:
        logger.info("the same command goes on where it was")
        raise
    logger.info("%s: %s", output, trained.card.description)
