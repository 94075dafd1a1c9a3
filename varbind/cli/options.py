"""The options that several commands share, and the parsing of their values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from varbind.errors import ResourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from varbind.bank.bank import Bank
    from varbind.core.tss import Promoter
    from varbind.datasets.binding_dataset import BindingDataset
    from varbind.errors import VarbindError

__all__ = [
    "BATCH_SIZE",
    "KINDS",
    "THREADS",
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
    "parse_contig_map",
    "parse_pairs",
    "parse_promoter",
    "parse_words",
    "promoter_option",
    "read_models_option",
    "reference_option",
    "sets_of",
    "table_options",
    "word_files",
]

BASES_DIGITS_MAX = 9
CUDA_STATE = "CUDA is not yet validated on hardware."
BATCH_SIZE = click.IntRange(1, 1 << 16)
THREADS = click.IntRange(1, 1 << 10)
WORDS_MAX = 1_000_000
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


read_models_option = click.option(
    "--proteins",
    default="dna",
    show_default=True,
    metavar="LIST|@FILE",
    help="Proteins or model ids whose scores it reads; or default, dna (all double-stranded models) or all.",
)
"""The models that a second stage reads."""


def load_read_models(bank: str, proteins: str) -> Bank:
    """Load a bank with the models that a second stage reads."""
    from varbind.annotate.settings import select_models
    from varbind.io.banks import load_bank

    return select_models(load_bank(bank), parse_words(proteins))


def parse_words(text: str | None) -> tuple[str, ...]:
    """Parse `A,B`, or `@FILE` with one word per line."""
    if text is None:
        return ()
    if text.startswith("@"):
        try:
            words = [line.partition("#")[0].strip() for _, line in _lines(text[1:], UsageError)]
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot be read: {error}", path=text[1:]) from error
    else:
        words = [word.strip() for word in text.split(",")]
    found = tuple(word for word in words if word)
    if not found:
        raise UsageError(f"{text!r} names nothing", remedy="give NAME,NAME or @FILE")
    return found


def word_files(*texts: str | None) -> tuple[str, ...]:
    """The files that `parse_words` reads for these texts."""
    return tuple(text[1:] for text in texts if text is not None and text.startswith("@"))


def parse_promoter(text: str) -> Promoter:
    """Parse `UP` or `UP,DOWN`, in bases."""
    from varbind.core.tss import Promoter

    words = [word.strip() for word in text.split(",")]
    if len(words) > 2 or not all(word.isdecimal() and len(word) <= BASES_DIGITS_MAX for word in words):
        raise UsageError(f"cannot read --promoter {text!r}", remedy="give UP or UP,DOWN in bases, as 1000,500")
    return Promoter(*map(int, words))


def parse_pairs(texts: tuple[str, ...], option: str) -> dict[str, str]:
    """Parse the texts `NAME=VALUE` of a repeated option."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"cannot read {option} {text!r}", remedy="give NAME=FILE")
        if name in pairs:
            raise UsageError(f"{option} names {name} twice")
        pairs[name] = value
    return pairs


def parse_contig_map(path: str | None) -> dict[str, str]:
    """Read a file with two names of the same contig on each line, in either order.

    Returns:
        The pairs, each in the order of the file if its first name is not the first of another pair.

    Raises:
        ResourceError: the file cannot be read, or a line does not have two columns.
    """
    if path is None:
        return {}
    try:
        lines = list(_lines(path, ResourceError))
    except (OSError, UnicodeDecodeError) as error:
        raise ResourceError(f"cannot be read: {error}", path=path) from error
    pairs: dict[str, str] = {}
    for number, line in lines:
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if len(words) != 2:
            what = "expected two columns: two names of the same contig, as VCF name, reference name"
            raise ResourceError(what, path=path, line=number)
        _add_pair(pairs, *words, path=path, line=number)
    return pairs


def _add_pair(pairs: dict[str, str], first: str, second: str, *, path: str, line: int) -> None:
    """Add a pair; a name may be in several pairs, because a contig may have more than two names."""
    if pairs.get(first) == second:
        return
    free = next(((one, other) for one, other in ((first, second), (second, first)) if one not in pairs), None)
    if free is None:
        what = f"{first!r} and {second!r} are in other pairs already"
        raise ResourceError(what, path=path, line=line, remedy="write each pair once, with the new name first")
    pairs[free[0]] = free[1]


def _lines(path: str, error: type[VarbindError]) -> Iterator[tuple[int, str]]:
    """The lines of a small text file with their numbers."""
    from varbind.io.size_limits import bounded_lines

    with Path(path).open("rb") as stream:
        for number, line in bounded_lines(stream, path, error):
            if number > WORDS_MAX:
                raise error(f"has more than {WORDS_MAX:,} lines", path=path, line=number, remedy="give a shorter file")
            yield number, line.decode()
