"""`varbind train binding`: train networks on your own data."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import click

from varbind.cli.main import configure_logging
from varbind.cli.option_values import parse_contig_map
from varbind.cli.options import (
    KINDS,
    background_options,
    device_option,
    logging_options,
    seed_option,
    sets_of,
    threads_option,
)
from varbind.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from varbind.scoring.background import PromoterSource
    from varbind.train.hyperparameters import Calibration

__all__ = ["binding", "checked_training_device"]

logger = logging.getLogger("varbind")

STEPS_DIGITS_MAX = 9
DEEPBIND = "deepbind"
DEEPBIND_OPTIONS = ("folds", "checkpoints", "search", "optimizer", "as_published")
NETWORK_OPTIONS = ("labels_matrix", "epochs")
"""The options for DeepBind alone, and for the other architectures alone."""


@click.command("binding")
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
@seed_option
@threads_option()
@device_option("cpu", "Where to train.")
@click.option(
    "--architecture",
    default="deepbind",
    show_default=True,
    metavar="NAME",
    help="Network: deepbind, or another one of docs/networks.md, such as zeng-128motif or koo-cnn-25.",
)
@click.option(
    "--labels-matrix",
    metavar="TABLE",
    help="Labels of many proteins, one row for each sequence of DATA: one network learns all of them.",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    metavar="N",
    help="How often all sequences are used, with another --architecture. Default: as in its paper.",
)
@background_options
@logging_options
@click.pass_context
def binding(
    context: click.Context,
    /,
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
    ensemble_size: int,
    single_stranded: bool,
    seed: int,
    threads: int | None,
    device: str,
    architecture: str,
    labels_matrix: str | None,
    epochs: int | None,
    background: str | None,
    background_snvs: int | None,
    quiet: bool,
    verbose: bool,
    **of_deepbind: Any,
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

    With another --architecture, networks are trained as in its paper, on labels, peaks or bound sequences of one
    length. Of the states of all settings, those that are best on 1/8 of the sequences (whole chromosomes, where they
    are known) are the model; its score is the mean over both strands. --labels-matrix names a table with one column
    for each protein: 1 is bound, 0 is not, and -1 is not known and does not count; a column named chromosome, chrom or
    group keeps rows together. Each protein becomes a model.

    If a run was stopped, the same command resumes it: finished proteins are kept in BANK.training.
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from varbind.cli.progress import show_progress
    from varbind.kernels.cpu.cpu import thread_count
    from varbind.scoring.background import BackgroundRecipe
    from varbind.train.held_out_quality import binding_quality
    from varbind.train.training import TrainingPlan, train_bank

    configure_logging(quiet=quiet, verbose=verbose)
    _refuse_foreign_options(context, architecture)
    described = {"family": family, "species": species, "assay": assay, "licence": licence}
    protein = protein or ("several" if labels_matrix else None)
    sets = sets_of(data, fasta=fasta, kind=kind, id=model_id, protein=protein, **described)
    recipe, source = BackgroundRecipe.of_snvs(background_snvs), _source(background)
    where, renamed = checked_training_device(device, "default"), parse_contig_map(contig_map)
    shared: dict[str, Any] = {
        "recipe": recipe,
        "seed": seed,
        "top": top,
        "threads": thread_count(threads),
        "min_negatives": min_negatives,
        "device": where,
        "renamed": renamed,
    }
    searched: dict[str, Any] = {"trials": trials, "double_stranded": not single_stranded}
    try:
        with show_progress(quiet=quiet) as progress:
            if architecture == DEEPBIND:
                calibration = _calibration(of_deepbind, ensemble_size=min(ensemble_size, trials), **searched)
                bank = train_bank(sets, output, TrainingPlan(calibration, **shared), source=source, progress=progress)
            else:
                # This imports torch.
                from varbind.train.network_training import NetworkPlan, load_label_matrix, load_sets, train_networks

                members = ensemble_size if _is_given(context, "ensemble_size") else 1
                plan = NetworkPlan(architecture, ensemble_size=members, epochs=epochs, **searched, **shared)
                found = [load_label_matrix(sets[0], labels_matrix)] if labels_matrix else load_sets(sets, plan)
                bank = train_networks(found, output, plan, source=source, progress=progress)
    except Interrupted:
        logger.info("the same command resumes the training")
        raise
    logger.info("%s: %d models; %s", output, len(bank.models), binding_quality(bank))


def _calibration(of_deepbind: dict[str, Any], *, trials: int, ensemble_size: int, double_stranded: bool) -> Calibration:
    """The search for the settings of DeepBind."""
    from varbind.train.hyperparameters import Calibration, Optimizer, Search

    if of_deepbind["as_published"]:
        return Calibration.as_published(double_stranded=double_stranded)
    return Calibration(
        trials=trials,
        folds=of_deepbind["folds"],
        checkpoints=_checkpoints(of_deepbind["checkpoints"]),
        search=Search(of_deepbind["search"]),
        optimizer=Optimizer(of_deepbind["optimizer"]),
        ensemble_size=ensemble_size,
        double_stranded=double_stranded,
    )


def _refuse_foreign_options(context: click.Context, architecture: str) -> None:
    """Refuse an unknown architecture, and options that are given and belong to other ones."""
    from varbind.train.recipes import require_network

    if architecture != DEEPBIND:
        require_network(architecture)
    is_deepbind = architecture == DEEPBIND
    foreign = NETWORK_OPTIONS if is_deepbind else DEEPBIND_OPTIONS
    for name in filter(lambda name: _is_given(context, name), foreign):
        option = f"--{name.replace('_', '-')}"
        remedy = "name another --architecture" if is_deepbind else "leave it out, or use deepbind"
        raise UsageError(f"{option} is not an option of the architecture {architecture}", remedy=remedy)


def _is_given(context: click.Context, name: str) -> bool:
    """Whether an option is on the command line."""
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _checkpoints(text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")]
    steps = [int(word) if word.isdecimal() and len(word) <= STEPS_DIGITS_MAX else 0 for word in words]
    if min(steps) < 1 or steps != sorted(set(steps)):
        raise UsageError(f"cannot read --checkpoints {text!r}", remedy="give ascending numbers of steps, as 500,1000")
    return tuple(steps)


def checked_training_device(device: str, bank: str) -> str:
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
