"""`varbind annotate`, and `varbind check`, its dry run."""

from __future__ import annotations

import logging
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from varbind.cli.main import configure_logging, print_text
from varbind.cli.option_values import parse_contig_map, parse_promoter, parse_settings, parse_words, word_files
from varbind.cli.options import (
    BATCH_SIZE,
    bank_option,
    build_option,
    contig_map_option,
    device_option,
    genes_option,
    load_banks,
    logging_options,
    max_indel_option,
    promoter_option,
    reference_option,
    threads_option,
)
from varbind.errors import UsageError

if TYPE_CHECKING:
    from varbind.annotate.settings import AnnotateSettings
    from varbind.api.annotate_vcf import CheckReport
    from varbind.io.vcf.regions import Regions

__all__ = ["annotate", "annotate_settings", "check"]

logger = logging.getLogger("varbind")

INDEX_TYPES = ("tbi", "csi")
EXPLAINED_MODELS = 10
# These options are read together with another one, or negated; all others have the name of their setting.
_NOT_SETTINGS = {"regions_file", "targets_file", "no_version"}


class AnnotateCommand(click.Command):
    """Accepts options whose value may be left out: `-W[=tbi|csi]`, as bcftools does, and `--explain [N]`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write out the values that were left out; the words after `--` are not options."""
        end = args.index("--") if "--" in args else len(args)
        spelled = [_with_value(word, following) for word, following in pairwise([*args[:end], ""])]
        return super().parse_args(ctx, spelled + args[end:])


def _with_value(word: str, following: str) -> str:
    # Click would take any next word as the value, even if it is the input file. Only a number can be meant as N.
    if word == "--explain" and not re.fullmatch(r"[-+]?[0-9]+", following):
        return f"--explain={EXPLAINED_MODELS}"
    # `--write-index tbi`, in two words, names the type; `-W` never takes the next word.
    if word == "-W" or (word == "--write-index" and following not in INDEX_TYPES):
        return "--write-index=csi"
    return f"--write-index={word[3:]}" if word.startswith("-W=") else word


@click.command("annotate", cls=AnnotateCommand)
@click.argument("source", metavar="IN")
@click.option("-o", "--output", default="-", metavar="OUT", help="Path of the result. Default: standard output.")
@reference_option
@genes_option
@build_option
@click.option("--everywhere", is_flag=True, help="Score all variants, not only those in promoters.")
@click.option(
    "-O",
    "--output-type",
    metavar="v|z|u|b[0-9]",
    help="VCF, compressed VCF, uncompressed BCF or BCF. Default: by the suffix of OUT.",
)
@click.option(
    "--write-index",
    "index",
    type=click.Choice(INDEX_TYPES),
    help="Index the result; -W for short. Default type: csi.",
)
@bank_option
@click.option(
    "--proteins",
    metavar="LIST|@FILE",
    help="Proteins or model ids; or default, dna (all double-stranded models) or all.",
)
@promoter_option
@click.option(
    "--tss",
    type=click.Choice(["preferred", "all"]),
    default="preferred",
    show_default=True,
    help="Transcripts of a gene that are used.",
)
@click.option(
    "--conservation",
    multiple=True,
    metavar="NAME=TRACK.bw",
    help="bigWig track of conservation; evidence if a name states its kind (phyloP100way). Repeatable.",
)
@click.option("--effect", metavar="DIR|none", help="Second stage instead of that of the bank; none: no second stage.")
@click.option(
    "--explain",
    type=click.IntRange(1),
    is_flag=False,
    flag_value=EXPLAINED_MODELS,
    metavar="[N]",
    help="Write the N largest contributions of models to the predicted activity. Default N: "
    f"{EXPLAINED_MODELS}. Without the option: none.",
)
@click.option(
    "--top",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Number of protein families that are listed for losses and for gains.",
)
@click.option(
    "--check-ref",
    type=click.Choice(["e", "w", "x"]),
    default="w",
    show_default=True,
    help="If REF differs from the reference: exit (e), warn (w) or continue silently (x).",
)
@max_indel_option
@contig_map_option
@click.option("-r", "--regions", metavar="LIST", help="Read only records that overlap these regions; needs an index.")
@click.option("-R", "--regions-file", metavar="FILE", help="The same, from a file.")
@click.option("-t", "--targets", metavar="LIST", help="Read only records that start in these regions; needs no index.")
@click.option("-T", "--targets-file", metavar="FILE", help="The same, from a file.")
@device_option()
@threads_option()
@click.option(
    "--batch-size", default=256, show_default=True, type=BATCH_SIZE, help="Number of alleles that are scored at once."
)
@click.option("--overwrite", is_flag=True, help="Replace the keys of an earlier run.")
@click.option("--prefix", default="VARBIND", show_default=True, metavar="NAME", help="Prefix of the INFO keys.")
@click.option("--no-version", is_flag=True, help="Leave the version, options and digests out of the header.")
@click.option(
    "--stats",
    metavar="JSON",
    help="Write counts, inputs with digests, times and a histogram of PHRED to a file; - is standard output. MultiQC "
    "shows SAMPLE_mqc.json.",
)
@click.option(
    "--cache",
    metavar="TABLE",
    help="Table of varbind precompute with the same inputs and settings; alleles that are in it are not scored again.",
)
@click.option("--allow-truncated", is_flag=True, help="Accept a BGZF file without its end marker.")
@click.option("--allow-ref-mismatch", is_flag=True, help="Continue although most REFs differ from the reference.")
@click.option("--allow-length-mismatch", is_flag=True, help="Continue although contig lengths differ.")
@click.option("--fail-if-none", is_flag=True, help="Exit with code 3 and without an output if no allele was scored.")
@logging_options
def annotate(
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
    """Annotate the promoter variants of a VCF with losses and gains of protein binding.

    IN is a VCF (plain, gzip or BGZF) or a BCF, detected from content; - is standard input. The result has all records
    in the same order, and only INFO keys of varbind are added.
    """
    from varbind.api.annotate_vcf import annotate_vcf
    from varbind.cli.progress import show_progress

    configure_logging(quiet=quiet, verbose=verbose)
    settings = annotate_settings(options, banks)
    # This is checked first, because it takes a while to read the models.
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


def annotate_settings(options: dict[str, Any], banks: tuple[str, ...]) -> AnnotateSettings:
    """The settings that the options of `varbind annotate` name.

    Args:
        options: the values of the options by name, without the inputs, the outputs and the options of the log.
        banks: the values of `--bank`.

    Raises:
        UsageError: a value cannot be understood.
    """
    from varbind.annotate.settings import AnnotateSettings

    return AnnotateSettings(**_setting_values(options), inputs=_files_read(options, banks))


def _setting_values(options: dict[str, Any]) -> dict[str, Any]:
    """The values of `AnnotateSettings` by name; texts with a syntax are parsed, other values are used as given."""
    parsed = parse_settings(options) | {
        "regions": _regions(options["regions"], options["regions_file"], "-r", "-R"),
        "targets": _regions(options["targets"], options["targets_file"], "-t", "-T"),
        "provenance": not options["no_version"],
    }
    as_given = {name: value for name, value in options.items() if name not in _NOT_SETTINGS}
    return as_given | parsed


def _files_read(options: dict[str, Any], banks: tuple[str, ...]) -> tuple[str, ...]:
    """The files and bank folders that the options name."""
    files = filter(None, (options["contig_map"], options["regions_file"], options["targets_file"]))
    return (*files, *word_files(options["proteins"]), *_bank_folders(banks))


def _bank_folders(names: tuple[str, ...]) -> list[str]:
    """The folders of `--bank`, and those of the shipped banks, which the command line names in another way."""
    from varbind.io.banks import shipped_banks

    return [*names, *map(str, shipped_banks().values())]


def _regions(text: str | None, path: str | None, option: str, file_option: str) -> Regions | None:
    from varbind.io.vcf.regions import Regions

    if text is not None and path is not None:
        raise UsageError(f"{option} and {file_option} exclude each other")
    if text is not None:
        return Regions.from_text(text)
    return Regions.from_file(path) if path is not None else None


@click.command("check")
@click.argument("source", metavar="IN")
@reference_option
@genes_option
@build_option
@click.option("--everywhere", is_flag=True, help="Count all variants, not only those in promoters.")
@bank_option
@click.option("--proteins", metavar="LIST|@FILE", help="Proteins or model ids, as for annotate.")
@promoter_option
@max_indel_option
@contig_map_option
@click.option("--allow-ref-mismatch", is_flag=True, help="Report a wrong genome build instead of stopping.")
@click.option("--allow-length-mismatch", is_flag=True, help="Report different contig lengths instead of stopping.")
@device_option()
@logging_options
def check(
    source: str,
    reference: str | None,
    genes: tuple[str, ...],
    build: str | None,
    everywhere: bool,
    banks: tuple[str, ...],
    proteins: str | None,
    promoter: str,
    max_indel: int,
    contig_map: str | None,
    allow_ref_mismatch: bool,
    allow_length_mismatch: bool,
    device: str,
    quiet: bool,
    verbose: bool,
) -> None:
    """Show what annotate would do: contigs, agreement with the reference, number of alleles and time.

    No file is written. If the reference does not fit the variants, the exit code is that of annotate.
    """
    from varbind.annotate.settings import AnnotateSettings
    from varbind.api.annotate_vcf import check_vcf

    configure_logging(quiet=quiet, verbose=verbose)
    settings = AnnotateSettings(
        build=build,
        everywhere=everywhere,
        proteins=parse_words(proteins),
        promoter=parse_promoter(promoter),
        max_indel=max_indel,
        contig_map=parse_contig_map(contig_map),
        device=device,
        overwrite=True,
        allow_ref_mismatch=allow_ref_mismatch,
        allow_length_mismatch=allow_length_mismatch,
    )
    report = check_vcf(source, reference=reference, bank=load_banks(banks), genes=genes, settings=settings)
    for name, value in _rows(report):
        print_text(f"{name}\t{value}\n")


def _rows(report: CheckReport) -> list[tuple[str, str]]:
    counts = report.counts
    unscored = {status.value: count for status, count in sorted(counts.alleles.items()) if status != "ok"}
    return [
        ("records", str(counts.records_read)),
        ("outside promoters", str(counts.records_outside)),
        ("without an alternate allele", str(counts.records_without_alt)),
        *((f"contig {name}", found or "not in the reference") for name, found in report.contigs.items()),
        ("REF compared", str(counts.checked_ref)),
        ("REF differing", str(counts.mismatched_ref)),
        ("alleles to score", str(counts.scored)),
        *((f"alleles not scored: {status}", str(count)) for status, count in unscored.items()),
        ("models", str(report.models)),
        ("estimated seconds of scoring", f"{report.seconds:.1f}"),
    ]
