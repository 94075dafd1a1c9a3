"""The message about an option or a command that does not exist, with the one that was probably meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["closest", "usage_message"]

CLOSE = 0.75
"""The least similarity, 0 to 1, at which a name is suggested; lower ones suggest options of another meaning."""

# Names that other programs use, by the options of this program that do the same; a command has one of them at most.
_OTHER_NAMES = {
    ("--fasta",): ("--reference", "--ref", "--fasta-ref", "--reference-genome", "--genome", "--ref-fasta", "--fa"),
    ("--genes",): (
        "--gtf",
        "--gff",
        "--gff3",
        "--bed",
        "--annotation",
        "--annotations",
        "--gene",
        "--transcripts",
        "-g",
    ),
    ("--output",): ("--out", "--outfile", "--out-file", "--output-file", "--vcf-out"),
    ("--proteins", "--models", "--bank"): ("--model", "--models", "--protein", "--proteins", "--tf", "--tfs"),
    ("--threads",): ("--cpus", "--cores", "--nthreads", "--num-threads", "--n-jobs", "--jobs", "-@", "-j"),
    ("--build",): ("--assembly", "--genome-build", "--genome-version"),
    ("--device",): ("--gpu", "--cuda", "--cpu"),
    ("--conservation",): ("--track", "--tracks", "--bigwig", "--phylop", "--phastcons"),
    ("--everywhere",): ("--all", "--genome-wide", "--no-genes"),
    ("--promoter",): ("--upstream", "--downstream", "--flank", "--window"),
    ("--overwrite",): ("--force",),
    ("--regions",): ("--region",),
    ("--targets",): ("--target",),
}


def usage_message(error: click.ClickException) -> str:
    """One line about a call that click refuses, with the command whose help lists what is possible."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.NoSuchOption) and context is not None:
        options = [option for option in context.command.params if isinstance(option, click.Option)]
        what = f"no such option {error.option_name}"
        if meant := _option_meant(error.option_name, options):
            what += f"; did you mean {meant}?"
    else:
        what = error.format_message().rstrip(".").replace("a valid integer range", "a whole number")
    return f"{what}; see {' '.join(['varbind', *_words_of(context), '--help'])}"


def _words_of(context: click.Context | None) -> list[str]:
    """The names of the command and of the groups that it is in, without the program."""
    if context is None or context.parent is None:
        return []
    return [*_words_of(context.parent), context.info_name or ""]


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that a name resembles; empty if it resembles none."""
    names = list(known)
    begins = [one for one in names if one.startswith(name)] if len(name) > len("--ab") else []
    return (begins if len(begins) == 1 else [*get_close_matches(name, names, n=1, cutoff=CLOSE), ""])[0]


def _option_meant(name: str, options: Sequence[click.Option]) -> str:
    """The spellings of the option that was probably meant, as `-f/--fasta`; empty if there is none."""
    spelled = {spelling: "/".join(option.opts) for option in options for spelling in option.opts}
    for ours, others in _OTHER_NAMES.items():
        if name in others:
            for spelling in ours:
                if spelling in spelled and spelling != name:
                    return spelled[spelling]
    return spelled.get(closest(name, [spelling for spelling in spelled if spelling.startswith("--")]), "")
