"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from varbind.errors import ResourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from varbind.bank.bank import Bank
    from varbind.core.tss import Promoter
    from varbind.errors import VarbindError

__all__ = [
    "BATCH_SIZE",
    "THREADS",
    "bank_option",
    "build_option",
    "contig_map_option",
    "device_option",
    "genes_option",
    "load_banks",
    "parse_contig_map",
    "parse_pairs",
    "parse_promoter",
    "parse_words",
    "reference_option",
    "table_options",
    "talk_options",
]

BASES_DIGITS_MAX = 9
CUDA_STATE = "CUDA is not yet validated on hardware."
BATCH_SIZE = click.IntRange(1, 1 << 16)
THREADS = click.IntRange(1, 1 << 10)
WORDS_MAX = 1_000_000

Command = TypeVar("Command", bound="Callable[..., Any]")


def bank_option(command: Command) -> Command:
    """`--bank`."""
    return click.option(
        "--bank",
        "banks",
        multiple=True,
        metavar="NAME|DIR",
        help="Model bank; repeatable. Default: the shipped one. Ids that several banks have become BANK:ID.",
    )(command)


def reference_option(command: Command) -> Command:
    """`-f`."""
    return click.option(
        "-f",
        "--fasta",
        "reference",
        metavar="REF.fa",
        help="Reference genome of the variants. Default: the path in the environment variable VARBIND_FASTA, else the "
        "##reference of the VCF, if that is a file on this computer.",
    )(command)


def genes_option(command: Command) -> Command:
    """`--genes`."""
    return click.option(
        "--genes",
        multiple=True,
        metavar="FILE",
        help="Genes in GTF, GFF3, BED6 or genePred format, whose promoters are scored; repeatable. Default: the "
        "transcription starts of GRCh37 or GRCh38 that travel with varbind.",
    )(command)


def build_option(command: Command) -> Command:
    """`--build`."""
    return click.option(
        "--build",
        type=_Build(),
        metavar="GRCh37|GRCh38",
        help="Build whose transcription starts are used without --genes. Default: detected from contig lengths.",
    )(command)


class _Build(click.ParamType[str]):
    """A genome build under its name or under that of UCSC."""

    name = "build"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        found = _BUILDS.get(value.lower())
        return found or self.fail(f"{value!r} is not one of GRCh37 (hg19) and GRCh38 (hg38).", param, ctx)


_BUILDS = {"grch37": "GRCh37", "hg19": "GRCh37", "b37": "GRCh37", "grch38": "GRCh38", "hg38": "GRCh38"}


def contig_map_option(command: Command) -> Command:
    """`--contig-map`."""
    return click.option(
        "--contig-map",
        metavar="FILE",
        help="Two columns: names of the same contig in any two of the files given, in either order.",
    )(command)


def device_option(default: str = "auto", what: str = "Where to compute.") -> Callable[[Command], Command]:
    """`--device`, with its default and what is computed there."""
    return click.option(
        "--device",
        default=default,
        show_default=True,
        metavar="auto|cpu|cuda[:N]",
        help=f"{what} {CUDA_STATE}",
    )


def table_options(command: Command) -> Command:
    """`--activity`, `--classes` and `--pathogenic`: tables of variants whose effects are known."""
    for name, text in reversed(_TABLES.items()):
        command = click.option(name, metavar="TABLE", help=text)(command)
    return command


_TABLES = {
    "--activity": "Measured changes of activity: effect, se, locus.",
    "--classes": "Simulated (label 1) and derived (0) variants.",
    "--pathogenic": "Pathogenic (label 1) and common (0) variants, with tracks.",
}


def talk_options(command: Command) -> Command:
    """`-q` and `-v`."""
    command = click.option("-q", "--quiet", is_flag=True, help="Warnings and errors only.")(command)
    return click.option("-v", "--verbose", is_flag=True, help="Say more.")(command)


def load_banks(names: tuple[str, ...]) -> Bank:
    """The banks of `--bank`, side by side; without any, the shipped one."""
    from varbind.io import banks

    return banks.load_banks(names or ("default",))


def parse_words(text: str | None) -> tuple[str, ...]:
    """`A,B` or `@FILE` with one word a line."""
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


def parse_promoter(text: str) -> Promoter:
    """`UP` or `UP,DOWN` in bases."""
    from varbind.core.tss import Promoter

    words = [word.strip() for word in text.split(",")]
    if len(words) > 2 or not all(word.isdecimal() and len(word) <= BASES_DIGITS_MAX for word in words):
        raise UsageError(f"cannot read --promoter {text!r}", remedy="give UP or UP,DOWN in bases, as 1000,500")
    return Promoter(*map(int, words))


def parse_pairs(texts: tuple[str, ...], option: str) -> dict[str, str]:
    """`NAME=VALUE`, repeated."""
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
    """A file of two columns: two names of the same contig, in either order.

    Returns:
        The pairs; which of two names comes first is as in the file where it can be.

    Raises:
        ResourceError: the file cannot be read, or a line has not two columns.
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
    """A name may stand in several pairs, for files may name a contig in more than two ways."""
    if pairs.get(first) == second:
        return
    free = next(((one, other) for one, other in ((first, second), (second, first)) if one not in pairs), None)
    if free is None:
        what = f"{first!r} and {second!r} are in other pairs already"
        raise ResourceError(what, path=path, line=line, remedy="write each pair once, with the new name first")
    pairs[free[0]] = free[1]


def _lines(path: str, error: type[VarbindError]) -> Iterator[tuple[int, str]]:
    """Lines of a small text with their numbers."""
    from varbind.io.size_limits import bounded_lines

    with Path(path).open("rb") as stream:
        for number, line in bounded_lines(stream, path, error):
            if number > WORDS_MAX:
                raise error(f"has more than {WORDS_MAX:,} lines", path=path, line=number, remedy="give a shorter file")
            yield number, line.decode()
