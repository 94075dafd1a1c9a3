"""`varbind train`: train models and second stages on your own data."""

from __future__ import annotations

import logging

import click

from varbind.cli.main import configure_logging
from varbind.cli.option_values import parse_pairs
from varbind.cli.options import (
    device_option,
    load_read_models,
    logging_options,
    read_models_option,
    seed_option,
    table_options,
    threads_option,
)
from varbind.cli.train_binding import binding, checked_training_device
from varbind.errors import Interrupted

__all__ = ["train"]

logger = logging.getLogger("varbind")


@click.group("train")
def train() -> None:
    """Train networks on your own data."""


train.add_command(binding)


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
@seed_option
@threads_option("Number of CPU threads for scoring.")
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
    plan = EffectPlan(setting, recipe, seed, checked_training_device(device, bank), threads, licence)
    try:
        with show_progress(quiet=quiet) as progress:
            trained = train_effect(inputs, load_read_models(bank, proteins), output, plan, progress=progress)
    except Interrupted:
        logger.info("the same command resumes the training")
        raise
    logger.info("%s: %s; %s", output, trained.card.description, effect_quality(trained.card))
