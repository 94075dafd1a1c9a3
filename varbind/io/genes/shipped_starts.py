"""The transcription starts of GRCh37 and GRCh38 that varbind contains; `workflows/gene-starts` makes them."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Literal

from varbind.io.genes.gene_table import read_genes

if TYPE_CHECKING:
    from varbind.io.genes.gene_table import GeneTable

__all__ = ["SHIPPED_BUILDS", "shipped_starts"]

SHIPPED_BUILDS = ("GRCh37", "GRCh38")


def shipped_starts(build: str, *, tss: Literal["preferred", "all"]) -> GeneTable:
    """Read the table of a build.

    Args:
        build: one of `SHIPPED_BUILDS`.
        tss: as for `read_genes`; the tables name one start for each gene.
    """
    with as_file(files("varbind").joinpath(f"data/starts.{build}.bed.gz")) as path:
        return replace(read_genes(path, tss=tss), build=build)
