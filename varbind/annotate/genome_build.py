"""The genome build of a run, and what it gives where the user names no gene file or no reference."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, TypeAlias

from varbind.core.contigs import build_of_lengths
from varbind.errors import ResourceError, UsageError
from varbind.io.genes.shipped_starts import SHIPPED_BUILDS, shipped_starts
from varbind.io.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from varbind.annotate.settings import AnnotateSettings
    from varbind.io.genes.gene_table import GeneTable
    from varbind.io.vcf.records import VcfHeader

__all__ = ["REFERENCE_VARIABLE", "Builds", "ReferenceLike", "default_genes", "find_reference", "reference_path"]

logger = logging.getLogger(__name__)

REFERENCE_VARIABLE = "VARBIND_FASTA"
"""The environment variable with the path of the reference that is used by default."""

_REFERENCE_LINE = re.compile(rb"##reference=(?:file://(?:localhost)?)?(.*?)\r?\n?")
_BUILDS = " or ".join(SHIPPED_BUILDS)


class OpenFasta(Protocol):
    """An open FASTA of another library that knows its file, such as `pyfaidx.Fasta`."""

    filename: str


ReferenceLike: TypeAlias = "str | os.PathLike[str] | Reference | OpenFasta"
"""A reference genome as the public functions take it: its path, or an open one."""


def reference_path(reference: ReferenceLike | None) -> str | None:
    """The path of a reference; None if there is none.

    Raises:
        UsageError: it is neither a path nor an open FASTA.
    """
    if reference is None or isinstance(reference, (str, os.PathLike)):
        return None if reference is None else os.fspath(reference)
    if isinstance(reference, Reference):
        return reference.path
    path = getattr(reference, "filename", None)
    if not isinstance(path, str):
        what = f"the reference is a {type(reference).__name__}"
        raise UsageError(what, remedy="give the path of a FASTA, a varbind.Reference or a pyfaidx.Fasta")
    return path


def find_reference(given: str | None, header: VcfHeader, *, needs_genes: bool) -> str:
    """The path of the reference: as given, else of the environment, else of the header where that file exists.

    Args:
        given: the path that the user gave; None = none.
        header: the header of the VCF.
        needs_genes: whether no gene file was given, so that the genes are missing too unless the header shows the
            build.

    Raises:
        UsageError: there is no reference; the message names everything that is missing.
    """
    if given is not None:
        logger.debug("reference: %s, as given", given)
        return given
    if path := os.environ.get(REFERENCE_VARIABLE):
        logger.info("reference: %s, from %s", path, REFERENCE_VARIABLE)
        return path
    named = [os.fsdecode(found[1]) for line in header.lines if (found := _REFERENCE_LINE.fullmatch(line))]
    for path in named:
        if Path(path).is_file():
            logger.info("reference: %s, from the header of the VCF", path)
            return path
    raise _no_reference(named, build_of_lengths(header.contig_lengths()), needs_genes=needs_genes)


def _no_reference(named: Sequence[str], build: str, *, needs_genes: bool) -> UsageError:
    what = "no reference"
    if named:
        what += f": the ##reference of the VCF, {named[0]!r}, does not exist on this computer"
    genome = f"the FASTA of {build}, the build of the VCF's contig lengths," if build else "the reference"
    remedy = f"give {genome} with -f REF.fa, or its path in the environment variable {REFERENCE_VARIABLE}"
    if needs_genes and not build:
        what += ", and no genes"
        remedy += "; give the genes with --genes FILE, or score all variants with --everywhere"
    return UsageError(what, remedy=remedy)


class Builds(NamedTuple):
    """The genome builds that the contig lengths of the VCF's header and of the reference show; empty = unknown."""

    variants: str
    reference: str

    @classmethod
    def of(cls, declared: Mapping[str, int | None], contigs: Mapping[str, int]) -> Self:
        """Detect both builds.

        Args:
            declared: the contigs of the VCF's header with their lengths in bases; None = no length.
            contigs: the contigs of the reference with their lengths in bases.
        """
        builds = cls(build_of_lengths(declared), build_of_lengths(contigs))
        for where, build in (("reference", builds.reference), ("VCF", builds.variants)):
            logger.debug("genome build of the %s: %s, by its contig lengths", where, build or "unknown")
        return builds


def default_genes(settings: AnnotateSettings, builds: Builds) -> GeneTable:
    """The transcription starts that varbind contains, of the build of this run.

    Args:
        settings: which build the user names, and whether lengths are checked.
        builds: the builds that the contig lengths show.

    Raises:
        UsageError: no build is named, and the lengths are those of no build that has a table.
        ResourceError: the build that is named is not that of the lengths.
    """
    found = set(builds) - {""}
    build = settings.build or next(iter(found), "")
    if not build or (settings.build is None and len(found) > 1):
        what = f"neither --genes nor --everywhere, and the contig lengths are not those of {_BUILDS}"
        remedy = (
            "give the genes with --genes FILE, or score all variants with --everywhere, or name the build with --build"
        )
        raise UsageError(what, remedy=remedy)
    if found - {build} and not settings.allow_length_mismatch:
        what = f"--build {build}, but the contig lengths are those of {', '.join(sorted(found))}"
        raise ResourceError(what, remedy="leave --build out, or give --allow-length-mismatch")
    how = "named by --build" if settings.build else "build detected from the contig lengths"
    logger.info("transcription starts: those of %s that varbind contains (%s); --genes FILE uses others", build, how)
    return shipped_starts(build, tss=settings.tss)
