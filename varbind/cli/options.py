"""The options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from varbind.cli.option_values import parse_words
from varbind.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from varbind.bank.bank import Bank
    from varbind.datasets.binding_dataset import BindingDataset

__all__ = [
    "BATCH_SIZE",
    "KINDS",
    "background_options",
    "bank_option",
    "build_option",
    "contig_map_option",
    "device_option",
    "genes_option",
    "load_banks",
    "load_read_models",
    "logging_options",
    "max_indel_option",
    "promoter_option",
    "read_models_option",
    "reference_option",
    "seed_option",
    "sets_of",
    "sort_key_option",
    "table_options",
    "threads_option",
]

CUDA_STATE = "CUDA is not yet validated on hardware."
BATCH_SIZE = click.IntRange(1, 1 << 16)
KINDS = ("peaks", "bound", "labels", "values", "intensities")
"""Kinds of a single file; in a table of sets, a set may also be a matrix."""

Command = TypeVar("Command", bound="Callable[..., Any]")


def bank_option(command: Command) -> Command:
    """Add the option `--bank`."""
    return click.option(
        "--bank",
        "banks",
        multiple=True,
        metavar="NAME|DIR",
        help="Model bank; repeatable. Default: the shipped bank. An id of several banks becomes BANK:ID.",
    )(command)


def reference_option(command: Command) -> Command:
    """Add the option `-f`."""
    return click.option(
        "-f",
        "--fasta",
        "reference",
        metavar="REF.fa",
        help="Reference genome of the variants. Default: the path in the environment variable VARBIND_FASTA, else the "
        "##reference of the VCF, if that is a file on this computer.",
    )(command)


def genes_option(command: Command) -> Command:
    """Add the option `--genes`."""
    return click.option(
        "--genes",
        multiple=True,
        metavar="FILE",
        help="Genes in GTF, GFF3, BED6 or genePred, whose promoters are annotated; repeatable. Default: the "
        "transcription starts of GRCh37 or GRCh38 that varbind contains.",
    )(command)


def build_option(command: Command) -> Command:
    """Add the option `--build`."""
    return click.option(
        "--build",
        type=_Build(),
        metavar="GRCh37|GRCh38",
        help="Genome build whose transcription starts are used without --genes. Default: detected from contig lengths.",
    )(command)


class _Build(click.ParamType[str]):
    """A genome build, by its name or by that of UCSC."""

    name = "build"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        found = _BUILDS.get(value.lower())
        return found or self.fail(f"{value!r} is not one of GRCh37 (hg19) and GRCh38 (hg38).", param, ctx)


_BUILDS = {"grch37": "GRCh37", "hg19": "GRCh37", "b37": "GRCh37", "grch38": "GRCh38", "hg38": "GRCh38"}


def promoter_option(command: Command) -> Command:
    """Add the option `--promoter`."""
    return click.option(
        "--promoter",
        default="1000,500",
        show_default=True,
        metavar="UP[,DOWN]",
        help="Bases of a promoter before and after the TSS.",
    )(command)


def max_indel_option(command: Command) -> Command:
    """Add the option `--max-indel`."""
    return click.option(
        "--max-indel",
        default=50,
        show_default=True,
        type=click.IntRange(1),
        help="Longest allele that is scored, in bases.",
    )(command)


def contig_map_option(command: Command) -> Command:
    """Add the option `--contig-map`."""
    return click.option(
        "--contig-map",
        metavar="FILE",
        help="Two columns with names of the same contig in any two of the input files.",
    )(command)


def device_option(
    default: str = "auto", what: str = "Device that computes the scores."
) -> Callable[[Command], Command]:
    """Return the option `--device`.

    Args:
        default: the default device.
        what: the first sentence of the help text, which states what is computed on the device.
    """
    return click.option(
        "--device",
        default=default,
        show_default=True,
        metavar="auto|cpu|cuda[:N]",
        help=f"{what} {CUDA_STATE}",
    )


def seed_option(command: Command) -> Command:
    """Add the option `--seed`."""
    text = "Equal seeds give equal bytes."
    return click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help=text)(command)


def threads_option(what: str = "Number of CPU threads.", more: str = "") -> Callable[[Command], Command]:
    """Make the option `--threads`.

    Args:
        what: the first sentence of the help text, which states what is done in threads.
        more: a last sentence of the help text.
    """
    text = " ".join(filter(None, [what, "Default: all processors.", more]))
    return click.option("--threads", type=click.IntRange(1, 1 << 10), help=text)


def background_options(command: Command) -> Command:
    """Add the options `--background` and `--background-snvs`."""
    command = click.option(
        "--background-snvs",
        type=click.IntRange(300),
        metavar="N",
        help="Number of background SNVs. Default: as in the shipped bank.",
    )(command)
    return click.option(
        "--background", metavar="FASTA", help="Promoter sequences of your own, instead of the generated background."
    )(command)


def table_options(command: Command) -> Command:
    """Add the options `--activity`, `--classes` and `--pathogenic`: tables of variants whose effects are known."""
    for name, text in reversed(_TABLES.items()):
        command = click.option(name, metavar="TABLE", help=text)(command)
    return command


_TABLES = {
    "--activity": "Measured changes of activity: effect, se, locus.",
    "--classes": "Simulated (label 1) and derived (0) variants.",
    "--pathogenic": "Pathogenic (label 1) and common (0) variants, with tracks.",
}


def sort_key_option(source: str) -> Callable[[Command], Command]:
    """Make the option `--by`.

    Args:
        source: what the help calls the annotated file.
    """
    text = f"Key to sort by, such as SCORE. Default: CONS_PHRED if {source} has it, else PHRED, else binding."
    return click.option("--by", metavar="KEY", help=text)


def logging_options(command: Command) -> Command:
    """Add the options `-q` and `-v`."""
    command = click.option("-q", "--quiet", is_flag=True, help="Print only warnings and errors.")(command)
    return click.option("-v", "--verbose", is_flag=True, help="Print what was decided, and why.")(command)


def load_banks(names: tuple[str, ...]) -> Bank:
    """Load the banks of `--bank` together; without any, the shipped bank."""
    from varbind.io import banks

    return banks.load_banks(names or ("default",))


def sets_of(data: str, *, fasta: str | None, kind: str | None, **described: str | None) -> list[BindingDataset]:
    """Return the data sets of a table, or the data set of a single file.

    Args:
        data: path of the table or file.
        fasta: reference genome of peaks.
        kind: kind of a single file; None = detected from its content.
        described: further fields of the set of a single file; None = not stated.

    Raises:
        InputError: the table is malformed.
        UsageError: options describe a table, the protein of a single file is missing, or its id is not valid.
    """
    from varbind.bank.model_card import ID_CHARACTERS_MAX, is_model_id
    from varbind.datasets.binding_dataset import BindingDataset, DataKind, is_dataset_table, read_dataset_table

    stated: dict[str, Any] = {name: text for name, text in described.items() if text is not None}
    if is_dataset_table(data):
        for name in [*stated, *(["kind"] if kind else [])]:
            raise UsageError(f"--{name} is a column of the table", path=data, remedy="leave the option out")
        return read_dataset_table(data, fasta=fasta or "")
    if not is_model_id(stated.get("id", "x")):
        remedy = f"use up to {ID_CHARACTERS_MAX} letters without blanks and slashes"
        raise UsageError(f"--id {stated['id']!r} cannot name a model", remedy=remedy)
    if "protein" not in stated:
        raise UsageError(
            "is not a table of sets, so its protein must be given", path=data, remedy="give --protein NAME"
        )
    stated = {"id": stated["protein"], **stated}
    return [BindingDataset(file=data, kind=DataKind(kind) if kind else None, fasta=fasta or "", **stated)]


def read_models_option(command: Command) -> Command:
    """Add the option `--proteins`: the models that a second stage reads."""
    return click.option(
        "--proteins",
        default="dna",
        show_default=True,
        metavar="LIST|@FILE",
        help="Proteins or model ids whose scores it reads; or default, dna (all double-stranded models) or all.",
    )(command)


def load_read_models(bank: str, proteins: str) -> Bank:
    """Load a bank with the models that a second stage reads."""
    from varbind.annotate.settings import select_models
    from varbind.io.banks import load_bank

    return select_models(load_bank(bank), parse_words(proteins))
