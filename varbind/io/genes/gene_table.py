"""Gene tables: a file of any common format is read into an index of transcription starts.

The format is detected from the content, never from the name of the file. The file is read once, so that it can be a
pipe.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import logging
import os
import zlib
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

from varbind.core.contigs import ContigNames
from varbind.core.tss import TranscriptionStart, TssIndex
from varbind.errors import ResourceError
from varbind.io.genes.gene_lines import NO_STRAND, Place, Strandless, is_data, is_integer, split_line
from varbind.io.genes.gff3 import GFF3
from varbind.io.genes.gtf import GTF
from varbind.io.genes.preferred import describe_preferred, gene_of, preferred_starts, rank_of
from varbind.io.genes.ucsc import BED, DAMAGED_BED, GENE_PRED
from varbind.io.size_limits import bounded_lines
from varbind.io.vcf.bgzf import EOF_MARKER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from _typeshed import WriteableBuffer

    from varbind.io.genes.gene_lines import GeneFormat

__all__ = ["FORMATS", "GeneTable", "detect_format", "join_genes", "read_genes"]

logger = logging.getLogger(__name__)

FORMATS: list[GeneFormat] = [GTF, GFF3, BED, GENE_PRED, DAMAGED_BED]
"""The formats of gene tables. The first one that fits the first data line of a file is used."""

HEAD_LINES_MAX = 1_000_000
"""The largest number of comment lines at the start; each of the many small sequences of an assembly may have one."""


@dataclass(frozen=True, slots=True)
class GeneTable:
    """The transcription starts of a file, with the identity of the file.

    Attributes:
        index: the starts that are used.
        name: the base name of the file.
        sha256: the SHA-256 of the bytes of the file on disk.
        summary: one sentence about the starts that are used.
        build: the genome build of a table that varbind contains; empty for the files of the user.
    """

    index: TssIndex
    name: str
    sha256: str
    summary: str
    build: str = ""

    @property
    def has_exons(self) -> bool:
        """Whether the exons of some gene are known."""
        return any(start.transcript is not None for start in self.index)


def read_genes(path: str | os.PathLike[str], *, tss: Literal["preferred", "all"]) -> GeneTable:
    """Read GTF, GFF3, BED6 (and wider) or a UCSC genePred table, plain, gzip or BGZF.

    Genes and transcripts whose strand is unknown are left out, with one warning that counts them.

    Args:
        path: the file.
        tss: `all` uses the 5' end of every transcript. `preferred` uses those of all protein-coding transcripts, under
            the name of the best transcript of the gene: MANE, else canonical; see `preferred_starts`.

    Raises:
        ResourceError: the file is missing, truncated or of an unknown format, has no gene with a strand, or one of its
            lines is malformed.
    """
    source = os.fspath(path)
    try:
        with Path(source).open("rb", buffering=0) as file:
            raw = _DigestingFile(file)
            strandless = Strandless()
            kind, starts = _parse(_lines(raw, source), source, strandless)
            raw.require_end(source)
            digest = raw.sha256.hexdigest()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        remedy = "`gzip -t` checks it; fetch it again"
        raise ResourceError(f"the gzip data is damaged: {error}", remedy=remedy, path=source) from error
    except OSError as error:
        raise ResourceError(f"cannot be read: {error.strerror or error}", path=source) from error
    _report_strandless(strandless, starts, source)
    if not starts:
        raise ResourceError(f"no gene and no transcript in this {kind} file", path=source)
    # The index keeps the first of equal starts, which is that of the best transcript.
    starts.sort(key=_rank)
    taken = preferred_starts(starts) if tss == "preferred" else starts
    index, name = TssIndex(taken), Path(source).name
    return GeneTable(index, name, digest, f"{name} ({kind}): {_summary(index, taken, tss=tss)}")


def join_genes(
    tables: Sequence[GeneTable], contigs: Mapping[str, int | None], *, renamed: Mapping[str, str] | None = None
) -> TssIndex:
    """The starts of several tables in one index, in which equal starts count once.

    Args:
        tables: one or more tables.
        contigs: the contigs of the reference with their lengths in bases. If the tables name contigs in different
            styles, the index uses the name in the reference, or in the first table that has the contig.
        renamed: pairs of names of the same contig, given by the user.
    """
    if len(tables) == 1:
        return tables[0].index
    known = dict(contigs)
    starts: list[TranscriptionStart] = []
    for table in tables:
        names = ContigNames(known, renamed=renamed)
        common = {contig: names.find(contig) or contig for contig in table.index.contigs}
        starts += [replace(start, contig=common[start.contig]) for start in table.index]
        known |= {contig: known.get(contig) for contig in common.values()}
    # The index keeps the first of equal starts, which is that of the best transcript.
    starts.sort(key=_rank)
    return TssIndex(starts)


def detect_format(line: bytes, place: Place) -> GeneFormat:
    """The format of a gene table, detected from its first data line.

    Raises:
        ResourceError: no format fits the line.
    """
    fields = split_line(line)
    for gene_format in FORMATS:
        if gene_format.fits(fields):
            return gene_format
    if not any(is_integer(left) and is_integer(right) for left, right in pairwise(fields)):
        raise place.error("this is not a gene table", "give a GTF, GFF3, BED6 or UCSC genePred file, plain or gzip")
    if {"+", "-"}.isdisjoint(fields):
        raise place.error("the table has no strand column", NO_STRAND)
    what = "the table has a strand, but its columns are not those of a known format"
    raise place.error(what, "give all columns of a genePred table, BED6, or GTF or GFF3 with tabs between columns")


def _report_strandless(strandless: Strandless, starts: Sequence[TranscriptionStart], path: str) -> None:
    if not strandless.count:
        return
    what = f"{_count(strandless.count, 'gene or transcript', 'genes and transcripts')} without a strand"
    first = f"the first is {strandless.name!r} in line {strandless.line}"
    if not starts:
        raise ResourceError(f"nothing but {what}, {first}", remedy=NO_STRAND, path=path, line=strandless.line)
    logger.warning("%s: left out %s, %s", path, what, first)


class _DigestingFile(io.RawIOBase):
    """A file whose digest is computed while it is read."""

    def __init__(self, file: io.FileIO) -> None:
        self._file = file
        self._tail = b""
        self.size = 0
        self.sha256 = hashlib.sha256()
        self.is_bgzf = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        count = self._file.readinto(buffer) or 0
        read = memoryview(buffer)[:count]
        self.size += count
        self.sha256.update(read)
        self._tail = (self._tail + bytes(read[-len(EOF_MARKER) :]))[-len(EOF_MARKER) :]
        return count

    def require_end(self, path: str) -> None:
        """Refuse BGZF that was cut between two blocks, which can be decompressed without an error."""
        if self.is_bgzf and self._tail != EOF_MARKER:
            raise ResourceError("the BGZF data is cut short", remedy="fetch it again", path=path)


def _unpacked(raw: _DigestingFile) -> BinaryIO:
    stream = io.BufferedReader(raw, 1 << 20)
    head = stream.peek(16)[:16]
    if not head.startswith(b"\x1f\x8b"):
        return stream
    raw.is_bgzf = head[3:4] == b"\x04" and head[12:14] == b"BC"
    return io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=stream, mode="rb")), 1 << 16)


def _lines(raw: _DigestingFile, path: str) -> Iterator[tuple[int, bytes]]:
    for number, line in bounded_lines(_unpacked(raw), path, ResourceError, packed=lambda: raw.size):
        yield number, line.rstrip(b"\r\n")


def _parse(
    lines: Iterator[tuple[int, bytes]], path: str, strandless: Strandless
) -> tuple[str, list[TranscriptionStart]]:
    """The name of the format, and the starts in the order of the file."""
    head = []
    for number, line in lines:
        head.append((number, line))
        if len(head) > HEAD_LINES_MAX:
            what = f"the first {HEAD_LINES_MAX:,} lines hold comments only"
            raise ResourceError(what, path=path, line=number, remedy="give a GTF, GFF3, BED6 or UCSC genePred file")
        if is_data(line):
            found = detect_format(line, Place(path, number))
            return found.name, found.parse(chain(head, lines), path, strandless)
    raise ResourceError(
        "the file is empty" if not head else "the file holds comments only",
        remedy="give a GTF, GFF3, BED6 or UCSC genePred file",
        path=path,
    )


def _rank(start: TranscriptionStart) -> tuple[int, int]:
    return rank_of(start.tags)


def _summary(index: TssIndex, taken: Sequence[TranscriptionStart], *, tss: str) -> str:
    genes = len({gene_of(start) for start in taken})
    text = f"{_count(genes, 'gene')}, {_count(len(index), 'transcription start')}; "
    if tss == "all":
        return text + "all transcripts"
    return text + f"best transcripts: {describe_preferred(taken)}"


def _count(number: int, noun: str, several: str = "") -> str:
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"
