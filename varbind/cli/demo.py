"""`varbind demo`."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import click

from varbind.cli.main import put, talk
from varbind.cli.options import load_banks, talk_options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["command"]

KEYS = ("TSSDIST", "PHRED", "ACTIVITY", "LOSS_PHRED", "BIND_LOSS", "GAIN_PHRED", "BIND_GAIN", "STATUS")


@click.command("demo")
@click.argument("folder", default="varbind-demo", metavar="[DIR]")
@talk_options
def command(folder: str, quiet: bool, verbose: bool) -> None:
    """Annotate the embedded example and show the result.

    Nothing is downloaded. DIR (default varbind-demo) receives the example's files and annotated.vcf.gz.
    """
    from varbind.annotate.demo import copy_example
    from varbind.annotate.settings import AnnotateSettings
    from varbind.api.annotate_vcf import annotate_vcf

    talk(quiet=quiet, verbose=verbose)
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
    for row in _table(result):
        put(row + "\n")
    put(f"\n{counts.sentence()}\nwritten: {result}\n")


def _table(path: Path) -> Iterator[str]:
    """One row a record: what people look at first."""
    layout = "{:<20} {:<5} {:>6} {:<10} {:>7}  {:>5} {:>6}  {:>5} {:<17} {:>5} {:<17} {}"
    heading = ("ID", "CHROM", "POS", "ALLELES", "TSSDIST", "PHRED", "ACTIV.", "LOSS", "of", "GAIN", "of", "STATUS")
    yield layout.format(*heading)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            chrom, pos, name, ref, alt, _, _, info = line.split("\t")[:8]
            values = dict(word.partition("=")[::2] for word in info.split(";"))
            found = [values.get(f"VARBIND_{key}", ".") for key in KEYS]
            distance, phred, activity, loss, lost, gain, gained, status = found
            yield layout.format(
                name[:20], chrom, pos, _short(f"{ref}>{alt}", 10), distance, _round(phred), _round(activity, 2),
                _round(loss), _names(lost), _round(gain), _names(gained), status if status != "." else "outside",
            )  # fmt: skip


def _round(values: str, digits: int = 0) -> str:
    return ",".join(value if value == "." else f"{float(value):.{digits}f}" for value in values.split(","))


def _names(values: str) -> str:
    """PROTEIN FAMILY of the strongest change; of several alleles the proteins alone."""
    named = [value.split("|")[1::-1] for value in values.split(",")]
    text = " ".join(dict.fromkeys(named[0])) if len(named) == 1 else ",".join(words[0] for words in named)
    return _short(text.replace("%20", " "), 17)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "~"
