"""`varbind annotate`."""

from __future__ import annotations

import logging
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from varbind.cli.main import talk
from varbind.cli.options import (
    BATCH_SIZE,
    THREADS,
    bank_option,
    build_option,
    contig_map_option,
    device_option,
    genes_option,
    load_banks,
    parse_contig_map,
    parse_pairs,
    parse_promoter,
    parse_words,
    reference_option,
    talk_options,
)
from varbind.errors import UsageError

if TYPE_CHECKING:
    from varbind.io.vcf.regions import Regions

__all__ = ["command"]

logger = logging.getLogger("varbind")

INDEX_TYPES = ("tbi", "csi")
# Options that are read together with another one, or negated; every other option has the name of its setting.
_NOT_SETTINGS = {"regions_file", "targets_file", "no_version"}


class AnnotateCommand(click.Command):
    """Reads `-W[=tbi|csi]` and `--write-index[=tbi|csi]` as bcftools does, csi where no type is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Spell the option out; what stands behind `--` is no option."""
        end = args.index("--") if "--" in args else len(args)
        spelled = [_index_option(word, following) for word, following in pairwise([*args[:end], ""])]
        return super().parse_args(ctx, spelled + args[end:])


def _index_option(word: str, following: str) -> str:
    # `--write-index tbi`, in two words, names the type; `-W` never takes the next word.
    if word == "-W" or (word == "--write-index" and following not in INDEX_TYPES):
        return "--write-index=csi"
    return f"--write-index={word[3:]}" if word.startswith("-W=") else word


@click.command("annotate", cls=AnnotateCommand)
@click.argument("source", metavar="IN")
@click.option("-o", "--output", default="-", metavar="OUT", help="Result; - is standard output.")
@reference_option
@genes_option
@build_option
@click.option("--everywhere", is_flag=True, help="Score every variant, wherever it lies.")
@click.option("-O", "--output-type", metavar="v|z|u|b[0-9]", help="VCF, BGZF VCF, BCF; default by suffix.")
@click.option(
    "--write-index",
    "index",
    type=click.Choice(INDEX_TYPES),
    help="Index the result; -W for short. Without a type: csi.",
)
@bank_option
@click.option(
    "--proteins",
    metavar="LIST|@FILE",
    help="Proteins or model ids; or one of default, dna (all double-stranded models), all.",
)
@click.option("--promoter", default="1000,500", show_default=True, metavar="UP[,DOWN]", help="Reach in bases.")
@click.option(
    "--tss",
    type=click.Choice(["preferred", "all"]),
    default="preferred",
    show_default=True,
    help="Transcripts.",
)
@click.option("--conservation", multiple=True, metavar="NAME=TRACK.bw", help="bigWig track; repeatable.")
@click.option("--effect", metavar="DIR|none", help="Second stage in place of the bank's own; none = without one.")
@click.option("--explain", is_flag=True, help="Write what each model adds to the predicted activity.")
@click.option("--top", default=3, show_default=True, type=click.IntRange(1), help="Families a direction.")
@click.option(
    "--check-ref",
    type=click.Choice(["e", "w", "x"]),
    default="w",
    show_default=True,
    help="REF differs from the reference: exit, warn, or say nothing.",
)
@click.option("--max-indel", default=50, show_default=True, type=click.IntRange(1), help="Longest allele scored.")
@contig_map_option
@click.option("-r", "--regions", metavar="LIST", help="Only records overlapping these (index needed).")
@click.option("-R", "--regions-file", metavar="FILE", help="The same from a file.")
@click.option("-t", "--targets", metavar="LIST", help="Only records starting in these (no index needed).")
@click.option("-T", "--targets-file", metavar="FILE", help="The same from a file.")
@device_option()
@click.option("--threads", type=THREADS, help="CPU threads; 1 does everything in one. Default: all.")
@click.option("--batch-size", default=256, show_default=True, type=BATCH_SIZE, help="Alleles at once.")
@click.option("--overwrite", is_flag=True, help="Replace our keys where the input has them.")
@click.option("--prefix", default="VARBIND", show_default=True, metavar="NAME", help="Prefix of every key.")
@click.option("--no-version", is_flag=True, help="Leave version, options and digests out of the header.")
@click.option("--stats", metavar="JSON", help="Write the counts of the run; - is standard output.")
@click.option("--allow-truncated", is_flag=True, help="Accept BGZF without its end marker.")
@click.option("--allow-ref-mismatch", is_flag=True, help="Go on although most REFs differ.")
@click.option("--allow-length-mismatch", is_flag=True, help="Go on although contig lengths differ.")
@click.option("--fail-if-none", is_flag=True, help="Exit with 3, and without an output, if no allele was scored.")
@talk_options
def command(
    source: str,
    output: str,
    reference: str | None,
    genes: tuple[str, ...],
    banks: tuple[str, ...],
    stats: str | None,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """Put binding losses and gains on every promoter variant of a VCF.

    IN is a VCF (plain, gzip, BGZF) or BCF, told by content; - is standard input. Every record comes out,
    in order, and nothing but our keys is added.
    """
    from varbind.annotate.settings import AnnotateSettings
    from varbind.api.annotate_vcf import annotate_vcf
    from varbind.cli.progress import show_progress

    talk(quiet=quiet, verbose=verbose)
    settings = AnnotateSettings(**_setting_values(options), inputs=_files_read(options, banks))
    # Before the models are read, which takes a while.
    settings.check_outputs(output, stats, inputs=filter(None, [source, reference, *genes]))
    with show_progress(quiet=quiet) as progress:
        counts = annotate_vcf(
            source,
            output,
            reference=reference,
            bank=load_banks(banks),
            genes=genes,
            settings=settings,
            stats=stats,
            progress=progress,
        )
    logger.info(counts.sentence())


def _setting_values(options: dict[str, Any]) -> dict[str, Any]:
    """The values of `AnnotateSettings` by name; texts with a syntax are parsed, all other values taken as given."""
    parsed = {
        "proteins": parse_words(options["proteins"]),
        "promoter": parse_promoter(options["promoter"]),
        "conservation": parse_pairs(options["conservation"], "--conservation"),
        "contig_map": parse_contig_map(options["contig_map"]),
        "regions": _regions(options["regions"], options["regions_file"], "-r", "-R"),
        "targets": _regions(options["targets"], options["targets_file"], "-t", "-T"),
        "provenance": not options["no_version"],
    }
    as_given = {name: value for name, value in options.items() if name not in _NOT_SETTINGS}
    return as_given | parsed


def _files_read(options: dict[str, Any], banks: tuple[str, ...]) -> tuple[str, ...]:
    """The files and the folders of banks that the options name."""
    files = filter(None, (options["contig_map"], options["regions_file"], options["targets_file"]))
    return (*files, *_words_file(options["proteins"]), *_bank_folders(banks))


def _words_file(text: str | None) -> list[str]:
    return [text[1:]] if text is not None and text.startswith("@") else []


def _bank_folders(names: tuple[str, ...]) -> list[str]:
    """The folders named, and those of the shipped banks, which have other names."""
    from varbind.io.banks import shipped_banks

    return [*names, *map(str, shipped_banks().values())]


def _regions(text: str | None, path: str | None, option: str, file_option: str) -> Regions | None:
    from varbind.io.vcf.regions import Regions

    if text is not None and path is not None:
        raise UsageError(f"{option} and {file_option} exclude each other")
    if text is not None:
        return Regions.from_text(text)
    return Regions.from_file(path) if path is not None else None
