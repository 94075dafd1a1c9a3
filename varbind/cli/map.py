"""`varbind map`."""

from __future__ import annotations

import os
import re
from itertools import islice
from typing import TYPE_CHECKING

import click

from varbind.cli.main import configure_logging
from varbind.cli.option_values import parse_contig_map, parse_words, word_files
from varbind.cli.options import (
    bank_option,
    contig_map_option,
    load_banks,
    logging_options,
    max_indel_option,
    reference_option,
    threads_option,
)
from varbind.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from varbind.bank.bank import Bank
    from varbind.interpret.map_output import MapValue
    from varbind.interpret.region_maps import MapPlan, RegionMap

__all__ = ["map"]

DELETION_MAX = 15
"""The longest deletion of a map in bases, as in figure 4 of DeepBind (2015)."""

PICTURE_MAPS_MAX = 50
"""The largest number of maps in one picture."""

PICTURE_COLUMNS_MAX = 20_000
"""The largest number of columns in one picture."""

_KINDS = (".svg", ".png", ".tsv", ".tsv.gz", ".csv", ".csv.gz", ".parquet")

_SEQUENCE = re.compile(r"[ACGTUNacgtun]+")


@click.command("map")
@click.argument("what", metavar="REGION|SEQUENCE|VCF")
@click.option("--protein", "--model", "proteins", metavar="LIST|@FILE", help="Proteins or model ids to map.")
@click.option(
    "--top", type=click.IntRange(1), metavar="N", help="Of each allele of a VCF, map the N most changed proteins."
)
@reference_option
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="OUT",
    help="Picture (.svg, .png) or table (.tsv, .tsv.gz, .csv, .csv.gz, .parquet). Default: TSV on standard output.",
)
@click.option(
    "--mode",
    type=click.Choice(["delta", "weighted"]),
    default="delta",
    show_default=True,
    help="What pictures show; tables have both.",
)
@click.option(
    "--context",
    type=click.Choice(["whole", "window"]),
    help="What the model reads for each change. Default: window for a REGION, else whole.",
)
@click.option(
    "--deletions",
    type=click.IntRange(0, DELETION_MAX),
    default=0,
    show_default=True,
    metavar="N",
    help="Map deletions of 1 to N bases as well.",
)
@click.option(
    "--flank",
    type=click.IntRange(1, 5000),
    metavar="N",
    help="Bases on each side of an allele that are mapped. Default: as many as the model reads.",
)
@bank_option
@click.option("-r", "--regions", metavar="LIST", help="Read only records that overlap these regions; needs an index.")
@click.option("-t", "--targets", metavar="LIST", help="Read only records that start in these regions; needs no index.")
@max_indel_option
@contig_map_option
@threads_option()
@logging_options
def map(  # noqa: A001 (the name of the command)
    what: str,
    proteins: str | None,
    top: int | None,
    reference: str | None,
    output: str,
    mode: str,
    context: str | None,
    deletions: int,
    flank: int | None,
    banks: tuple[str, ...],
    regions: str | None,
    targets: str | None,
    max_indel: int,
    contig_map: str | None,
    threads: int | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Map how each substitution would change the score of a protein (DeepBind 2015, figure 4).

    REGION is chr:from-to of the reference; SEQUENCE is letters A, C, G, T, U and N; anything else is the path of a VCF
    or BCF, or - for standard input. Of each allele of a VCF, the sequence without it (wild type) and with it (mutant)
    are mapped on one scale, and the allele is marked.

    A picture has the letters of the sequence above a heat map: red lowers the score and blue raises it. The height of a
    letter is the size of the largest loss that a substitution of it causes. A table has a row for each change.

    With --context window, the model reads for each change the window that annotate scores, so that the map of a region
    holds the change that annotate finds for each SNV. With --context whole, the model reads the whole sequence, as in
    DeepBind, and takes the maximum over its positions: then a map shows only the strongest site of a long sequence.

    --mode weighted multiplies each change with the larger of 0 and the two scores, so that only strong sites stand out.
    """
    from varbind.interpret.map_output import MapValue
    from varbind.interpret.picture_files import is_picture, prepare_picture
    from varbind.interpret.region_maps import Context, MapPlan

    configure_logging(quiet=quiet, verbose=verbose)
    if proteins is None and top is None:
        raise UsageError("no protein is named", remedy="give --protein NAME, or --top N for a VCF")
    if "." in os.path.basename(output) and not output.lower().endswith(_KINDS):  # noqa: PTH119
        raise UsageError("an output of unknown kind", path=output, remedy=f"name it {', '.join(_KINDS)}")
    if is_picture(output):
        prepare_picture(output)
    bank = _models(banks, proteins)
    plan = MapPlan(Context(context) if context else None, deletions, flank, top, threads)
    inputs = (*filter(None, [contig_map]), *word_files(proteins), *banks)
    if _SEQUENCE.fullmatch(what) or _is_region(what):
        _refuse_options({"--top": top, "-r": regions, "-t": targets, "--flank": flank, "--contig-map": contig_map})
        found = _of_text(what, bank, plan, reference, output, inputs)
    else:
        found = _of_vcf(what, bank, plan, reference, output, inputs, (regions, targets, max_indel, contig_map))
    _write(found, output, MapValue(mode), what)


def _models(banks: tuple[str, ...], proteins: str | None) -> Bank:
    """The models of the proteins that are named; those that annotate uses if none is."""
    bank = load_banks(banks)
    chosen = parse_words(proteins)
    return bank.select_proteins(chosen) if chosen else bank.select_default()


def _is_region(what: str) -> bool:
    """Whether a text that is no sequence names a region: it is not the name of a file."""
    return what != "-" and not os.path.exists(what) and ":" in what  # noqa: PTH110 (a long name is no file)


def _refuse_options(given: dict[str, object]) -> None:
    for option, value in given.items():
        if value is not None:
            raise UsageError(f"{option} goes with a VCF", remedy="leave it out")


def _of_text(
    what: str, bank: Bank, plan: MapPlan, reference: str | None, output: str, inputs: tuple[str, ...]
) -> Iterator[RegionMap]:
    """The maps of a sequence or of a region."""
    from varbind.annotate.genome_build import REFERENCE_VARIABLE
    from varbind.interpret.region_maps import maps_of_letters, maps_of_region
    from varbind.io.output.output_paths import check_outputs

    if _SEQUENCE.fullmatch(what):
        if reference is not None:
            raise UsageError("-f goes with a region or a VCF, and the input is a sequence", remedy="leave it out")
        check_outputs(output, inputs)
        return iter(maps_of_letters(what, bank, plan))
    path = reference or os.environ.get(REFERENCE_VARIABLE)
    if not path:
        remedy = f"give -f REF.fa, or its path in the environment variable {REFERENCE_VARIABLE}"
        raise UsageError(f"no reference for the region {what}", remedy=remedy)
    check_outputs(output, [path, *inputs])
    return iter(maps_of_region(what, path, bank, plan))


def _of_vcf(
    path: str,
    bank: Bank,
    plan: MapPlan,
    reference: str | None,
    output: str,
    inputs: tuple[str, ...],
    reading: tuple[str | None, str | None, int, str | None],
) -> Iterator[RegionMap]:
    """The maps of the alleles of a VCF."""
    from varbind.annotate.settings import AnnotateSettings
    from varbind.interpret.region_maps import maps_of_variants
    from varbind.io.vcf.input_stream import Source
    from varbind.io.vcf.regions import Regions

    regions, targets, max_indel, contig_map = reading
    settings = AnnotateSettings(
        everywhere=True,
        overwrite=True,
        regions=Regions.from_text(regions) if regions else None,
        targets=Regions.from_text(targets) if targets else None,
        max_indel=max_indel,
        contig_map=parse_contig_map(contig_map),
        inputs=inputs,
    )
    settings.check_outputs(output, None, inputs=filter(None, [path, reference]))
    return maps_of_variants(Source(path), bank, plan, reference=reference, settings=settings)


def _write(found: Iterator[RegionMap], output: str, value: MapValue, what: str) -> None:
    """Write a picture or a table."""
    from varbind.draw.svg import stacked
    from varbind.interpret.map_output import MAP_COLUMNS, drawing_of, frame_of_map
    from varbind.interpret.picture_files import is_picture, write_picture
    from varbind.io.output.typed_table import TypedTable

    if not is_picture(output):
        with TypedTable(output) as table:
            table.write(MAP_COLUMNS, (frame_of_map(one) for one in found))
        return
    maps = list(islice(found, PICTURE_MAPS_MAX + 1))
    if not maps:
        raise InputError("no allele can be mapped", path=what, remedy="`varbind check` counts the reasons")
    columns = sum(len(one.wild_type.letters) for one in maps)
    if len(maps) > PICTURE_MAPS_MAX or columns > PICTURE_COLUMNS_MAX:
        most = f"at most {PICTURE_MAPS_MAX} maps and {PICTURE_COLUMNS_MAX:,} bases"
        raise UsageError(f"a picture holds {most}", remedy="choose fewer with -t, --protein or --top, or write a .tsv")
    write_picture(output, stacked([drawing_of(one, value) for one in maps], title=f"Mutation maps of {what}"))
