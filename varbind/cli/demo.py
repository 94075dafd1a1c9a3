"""`varbind demo` annotates the embedded example: a small artificial genome, its genes and variants."""

from __future__ import annotations

import gzip
import io
import shutil
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from varbind.cli.main import configure_logging, print_text
from varbind.cli.options import load_banks, logging_options
from varbind.errors import OutputError
from varbind.io.output.atomic_files import write_whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["EXAMPLE_FILES", "copy_example", "demo"]

EXAMPLE_FILES = ("reference.fa", "reference.fa.fai", "variants.vcf", "genes.gtf")
KEYS = ("TSSDIST", "PHRED", "ACTIVITY", "LOSS_PHRED", "BIND_LOSS", "GAIN_PHRED", "BIND_GAIN", "STATUS")
NAMES = ("ID", "LOST", "GAINED")
NUMBERS = ("POS", "TSSDIST", "PHRED", "ACTIV.", "LOSS", "GAIN")
COLUMNS = ("ID", "CHROM", "POS", "ALLELES", *NUMBERS[1:5], "LOST", "GAIN", "GAINED", "STATUS")
PLAIN_WIDTH = 200
"""Width of the table where the output is no terminal; every column has the width of its longest cell."""


@click.command("demo")
@click.argument("folder", default="varbind-demo", metavar="[DIR]")
@logging_options
def demo(folder: str, quiet: bool, verbose: bool) -> None:
    """Annotate the embedded example and show the result.

    Nothing is downloaded. DIR (default varbind-demo) receives the example's files and annotated.vcf.gz.
    """
    from varbind.annotate.settings import AnnotateSettings
    from varbind.api.annotate_vcf import annotate_vcf

    configure_logging(quiet=quiet, verbose=verbose)
    example = copy_example(folder)
    result = example / "annotated.vcf.gz"
    counts = annotate_vcf(
        example / "variants.vcf",
        result,
        reference=example / "reference.fa",
        bank=load_banks(()),
        genes=example / "genes.gtf",
        settings=AnnotateSettings(top=1, index="csi"),
    )
    print_text(_table(list(_rows(result))))
    print_text(f"\n{counts.sentence()}\nwritten: {result}\n")


def copy_example(folder: str | Path) -> Path:
    """Copy the files of the example into a folder, which is created if it does not exist.

    Raises:
        OutputError: the folder cannot be created or written, or has other files of these names.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with as_file(files("varbind").joinpath("data/example")) as example:
            for name in EXAMPLE_FILES:
                data = (example / name).read_bytes()
                if not (folder / name).exists():
                    # The order matters: an index that looks older than its FASTA would give a warning.
                    write_whole_file(folder / name, data)
                elif (folder / name).read_bytes() != data:
                    what = "is another file than the example's"
                    raise OutputError(what, path=folder / name, remedy="name another folder")
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", path=folder) from error
    return folder


def _table(rows: Sequence[Sequence[str]]) -> str:
    """A table that fits the width of the terminal, with the names cut short if necessary; plain text in a pipe."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else PLAIN_WIDTH
    # Written into memory first, because rich has its own way of handling a closed pipe.
    console = Console(file=io.StringIO(), force_terminal=is_terminal, width=width)
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in NUMBERS else "left", no_wrap=name not in NAMES)
    for row in rows:
        table.add_row(*(Text(cell, no_wrap=True, overflow="crop") for cell in row))
    with console.capture() as shown:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in shown.get().splitlines())


def _rows(path: Path) -> Iterator[tuple[str, ...]]:
    """The cells of one row per record: the values that people look at first."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            chrom, pos, name, ref, alt, _, _, info = line.split("\t")[:8]
            values = dict(word.partition("=")[::2] for word in info.split(";"))
            found = [values.get(f"VARBIND_{key}", ".") for key in KEYS]
            distance, phred, activity, loss, lost, gain, gained, status = found
            yield (
                name, chrom, pos, _short(f"{ref}>{alt}", 10), distance, _rounded(phred), _rounded(activity, 2),
                _rounded(loss), _names(lost), _rounded(gain), _names(gained), status if status != "." else "outside",
            )  # fmt: skip


def _rounded(values: str, digits: int = 0) -> str:
    return ",".join(value if value == "." else f"{float(value):.{digits}f}" for value in values.split(","))


def _names(values: str) -> str:
    """The protein of the strongest change with its family; of several alleles the proteins alone."""
    named = [value.split("|")[1::-1] for value in values.split(",")]
    text = " ".join(dict.fromkeys(named[0])) if len(named) == 1 else ",".join(words[0] for words in named)
    return _short(text.replace("%20", " "), 17)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "~"
