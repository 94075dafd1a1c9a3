"""`varbind demo` annotates the embedded example: a small artificial genome, its genes and variants."""

from __future__ import annotations

import logging
import shlex
from importlib.resources import as_file, files
from pathlib import Path

import click

from varbind.cli.main import configure_logging, print_text
from varbind.cli.options import load_banks, logging_options
from varbind.errors import OutputError
from varbind.io.output.atomic_files import write_whole_file

__all__ = ["EXAMPLE_FILES", "copy_example", "demo"]

logger = logging.getLogger("varbind")

EXAMPLE_FILES = ("reference.fa", "reference.fa.fai", "variants.vcf", "genes.gtf")
SHOWN = 20
"""The number of alleles in the table."""


@click.command("demo")
@click.argument("folder", default="varbind-demo", metavar="[DIR]")
@logging_options
def demo(folder: str, quiet: bool, verbose: bool) -> None:
    """Annotate the embedded example and show the result.

    Nothing is downloaded. DIR (default varbind-demo) receives the example's files and annotated.vcf.gz.
    """
    from varbind.annotate.annotated_variants import top_variants
    from varbind.annotate.settings import AnnotateSettings
    from varbind.api.annotate_vcf import annotate_vcf
    from varbind.cli.variant_display import table_text

    configure_logging(quiet=quiet, verbose=verbose)
    example = copy_example(folder)
    result = example / "annotated.vcf.gz"
    counts = annotate_vcf(
        example / "variants.vcf",
        result,
        reference=example / "reference.fa",
        bank=load_banks(()),
        genes=example / "genes.gtf",
        settings=AnnotateSettings(index="csi"),
    )
    top = top_variants(result, SHOWN)
    print_text(table_text(top))
    logger.info(counts.sentence())
    first = f"varbind show {shlex.quote(str(result))} {top.variants[0].place}"
    print_text(f"\nwritten: {result}\none variant in plain words: {first}\n")


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
