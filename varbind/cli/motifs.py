"""`varbind models logo` and `varbind models motifs`: what the detectors of models look for."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import click

from varbind.cli.main import configure_logging, print_text
from varbind.cli.option_values import parse_words
from varbind.cli.options import bank_option, load_banks, logging_options
from varbind.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from varbind.bank.bank import Bank
    from varbind.core.sequence import Codes
    from varbind.interpret.model_motifs import ModelMotif

__all__ = ["logo", "motifs"]

LOGOS_MAX = 200
"""The largest number of logos in one picture."""

Command = TypeVar("Command", bound="Callable[..., Any]")


def _motif_options(command: Command) -> Command:
    """Add the options that say how a motif is made."""
    command = click.option(
        "--min-windows",
        type=click.IntRange(1),
        default=10,
        show_default=True,
        help="Least number of aligned windows; a detector with fewer has no motif.",
    )(command)
    command = click.option(
        "--sequences",
        metavar="FASTA",
        help="Sequences of one length that are searched for windows. Default: generated promoters.",
    )(command)
    return click.option(
        "--rule",
        type=click.Choice(["koo-code", "koo", "softmax"]),
        default="koo-code",
        show_default=True,
        help="How a motif is made of a detector.",
    )(command)


@click.command("logo")
@click.argument("names", nargs=-1, required=True, metavar="MODEL...")
@click.option("-o", "--output", required=True, metavar="OUT", help="Picture: .svg or .png.")
@click.option(
    "--top",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    metavar="N",
    help="Number of detectors of each model.",
)
@_motif_options
@bank_option
@logging_options
def logo(
    names: tuple[str, ...],
    output: str,
    top: int,
    rule: str,
    sequences: str | None,
    min_windows: int,
    banks: tuple[str, ...],
    quiet: bool,
    verbose: bool,
) -> None:
    """Draw sequence logos of the detectors of models, named by model id or protein.

    The detectors that can add most to the score come first: those with the largest product of output weight and largest
    possible activation. Detectors of networks with hidden units keep their order.

    The rules koo-code and koo align the windows of sequences that activate a detector, as the code and the paper of Koo
    and Eddy (2019) do; softmax (DeepGMAP) needs no sequences.
    """
    from varbind.draw.svg import stacked
    from varbind.interpret.model_motifs import logo_of
    from varbind.interpret.picture_files import is_picture, prepare_picture, write_picture
    from varbind.io.output.output_paths import check_outputs

    configure_logging(quiet=quiet, verbose=verbose)
    if not is_picture(output):
        raise UsageError("a picture of unknown kind", path=output, remedy="name it .svg or .png")
    prepare_picture(output)
    check_outputs(output, filter(None, [sequences]), folders=banks)
    bank = load_banks(banks).select_proteins(names)
    if top * len(bank.models) > LOGOS_MAX:
        what = f"{top} logos of each of {len(bank.models)} models; a picture holds at most {LOGOS_MAX}"
        raise UsageError(what, remedy="name fewer models, or give a smaller --top")
    found = list(_motifs(bank, rule, sequences, min_windows, top))
    if not found:
        remedy = "give other --sequences, a smaller --min-windows or another --rule"
        raise InputError("no detector has enough windows", remedy=remedy)
    write_picture(output, stacked([logo_of(motif) for motif in found], title=f"Sequence logos of {', '.join(names)}"))


@click.command("motifs")
@click.option(
    "--models", "names", metavar="LIST|@FILE", help="Model ids or proteins. Default: every model of the bank."
)
@click.option("-o", "--output", default="-", metavar="OUT", help="File of motifs. Default: standard output.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["meme", "jaspar", "tsv"]),
    help="MEME, JASPAR or a table. Default: by the suffix .meme, .jaspar or .tsv, else meme.",
)
@click.option("--top", type=click.IntRange(1), metavar="N", help="Number of detectors of each model. Default: all.")
@_motif_options
@bank_option
@logging_options
def motifs(
    names: str | None,
    output: str,
    kind: str | None,
    top: int | None,
    rule: str,
    sequences: str | None,
    min_windows: int,
    banks: tuple[str, ...],
    quiet: bool,
    verbose: bool,
) -> None:
    """Write the motifs of the detectors of models as MEME, JASPAR or a table.

    A motif has the name MODEL.N, with the number N of the detector over all networks of the model. Motifs and rules are
    those of `varbind models logo`.
    """
    from varbind.interpret.model_motifs import MOTIF_COLUMNS, jaspar_text, meme_text, motif_rows
    from varbind.io.output.atomic_files import write_whole_file
    from varbind.io.output.output_paths import check_outputs
    from varbind.io.output.typed_table import TypedTable, frame_of

    configure_logging(quiet=quiet, verbose=verbose)
    check_outputs(output, filter(None, [sequences]), folders=banks)
    bank = load_banks(banks)
    chosen = parse_words(names)
    found = _motifs(bank.select_proteins(chosen) if chosen else bank, rule, sequences, min_windows, top)
    suffix = output.rpartition(".")[2].lower()
    kind = kind or (suffix if suffix in {"jaspar", "tsv"} else "meme")
    if kind == "tsv":
        with TypedTable(output) as table:
            table.write(MOTIF_COLUMNS, (frame_of(MOTIF_COLUMNS, motif_rows(motif)) for motif in found))
        return
    text = "".join(jaspar_text(found) if kind == "jaspar" else meme_text(found))
    if output == "-":
        print_text(text)
    else:
        write_whole_file(output, text.encode())


def _motifs(bank: Bank, rule: str, sequences: str | None, min_windows: int, top: int | None) -> Iterator[ModelMotif]:
    """The motifs of every model of a bank, in bank order."""
    from varbind.interpret.detector_motifs import MotifRule
    from varbind.interpret.model_motifs import generated_promoters, motifs_of_model

    codes = generated_promoters() if sequences is None else _read(sequences)
    for model_id in bank.model_ids:
        yield from islice(motifs_of_model(bank, model_id, codes, MotifRule(rule), min_windows=min_windows), top)


def _read(path: str) -> Codes:
    """The sequences of a file, which have one length, as base codes (N, L)."""
    import numpy as np

    from varbind.core.sequence import encode
    from varbind.io.sequences import read_sequences

    found = [encode(text) for _, text in read_sequences(path)]
    lengths = sorted({len(codes) for codes in found})
    if len(lengths) > 1:
        what = f"has sequences of {lengths[0]} to {lengths[-1]} bases, expected one length"
        raise InputError(what, path=path, remedy="cut all to one length")
    return np.stack(found)
