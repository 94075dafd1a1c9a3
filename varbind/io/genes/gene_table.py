"""Gene tables: read a file of any common format into an index of transcription starts.

The format is told by the content, never by the file's name. The file is read once, so that a pipe serves
as well as a file.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import logging
import os
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

from varbind.core.contigs import ContigNames
from varbind.core.tss import TranscriptionStart, TssIndex
from varbind.errors import ResourceError
from varbind.io.genes.gene_formats import PARSERS, recognise
from varbind.io.genes.gene_lines import NO_STRAND, Place, Strandless, is_data
from varbind.io.size_limits import bounded_lines
from varbind.io.vcf.bgzf import EOF_MARKER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from _typeshed import WriteableBuffer

__all__ = ["GeneTable", "join_genes", "read_genes"]

logger = logging.getLogger(__name__)

HEAD_LINES_MAX = 1_000_000
"""Of an assembly's many small sequences each may have a line."""

_TIERS = ("MANE", "canonical", "protein-coding", "untagged")
_TIER_OF_TAG = {
    "MANE_Select": 0,
    "MANE_Plus_Clinical": 0,
    "Ensembl_canonical": 1,
    "RefSeq_Select": 1,
    "protein_coding": 2,
}


@dataclass(frozen=True, slots=True)
class GeneTable:
    """The transcription starts of a file, and what the file was.

    Attributes:
        index: the starts that were taken.
        name: base name of the file.
        sha256: digest of the file's bytes, as they are on disk.
        summary: one sentence that says what was taken.
    """

    index: TssIndex
    name: str
    sha256: str
    summary: str


def read_genes(path: str | os.PathLike[str], *, tss: Literal["preferred", "all"]) -> GeneTable:
    """Read GTF, GFF3, BED6 (and wider) or a UCSC genePred table, plain, gzip or BGZF.

    Genes and transcripts whose strand is not known are left out, with one warning that counts them.

    Args:
        path: the file.
        tss: `all` takes the 5' end of every transcript. `preferred` takes of each gene the best that the
            file tags: MANE, else canonical, else protein-coding transcripts, else all of them.

    Raises:
        ResourceError: the file is missing, cut short, of no known format, holds no gene with a strand, or a
            line of it is broken.
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
    # The index keeps the first of equal starts: that of the best transcript.
    starts.sort(key=_tier)
    taken = _preferred(starts) if tss == "preferred" else starts
    index, name = TssIndex(taken), Path(source).name
    return GeneTable(index, name, digest, f"{name} ({kind}): {_summary(index, taken, tss=tss)}")


def join_genes(
    tables: Sequence[GeneTable], contigs: Mapping[str, int | None], *, renamed: Mapping[str, str] | None = None
) -> TssIndex:
    """The starts of several tables in one index, in which equal ones count once.

    Args:
        tables: at least one.
        contigs: of the reference, with their lengths in bases. Where tables name contigs in several styles, the names
            are those of the reference, or of the first table that has the contig.
        renamed: pairs of names of the same contig that the user gives.
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
    # The index keeps the first of equal starts: that of the best transcript.
    starts.sort(key=_tier)
    return TssIndex(starts)


def _report_strandless(strandless: Strandless, starts: Sequence[TranscriptionStart], path: str) -> None:
    if not strandless.count:
        return
    what = f"{_count(strandless.count, 'gene or transcript', 'genes and transcripts')} without a strand"
    first = f"the first is {strandless.name!r} in line {strandless.line}"
    if not starts:
        raise ResourceError(f"nothing but {what}, {first}", remedy=NO_STRAND, path=path, line=strandless.line)
    logger.warning("%s: left out %s, %s", path, what, first)


class _DigestingFile(io.RawIOBase):
    """A file that is digested while it is read."""

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
        """Refuse BGZF that was cut between two blocks, which unpacks without complaint."""
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
    """The format's name and the starts in the file's order."""
    head = []
    for number, line in lines:
        head.append((number, line))
        if len(head) > HEAD_LINES_MAX:
            what = f"the first {HEAD_LINES_MAX:,} lines hold comments only"
            raise ResourceError(what, path=path, line=number, remedy="give a GTF, GFF3, BED6 or UCSC genePred file")
        if is_data(line):
            kind = recognise(line, Place(path, number))
            return kind, PARSERS[kind](chain(head, lines), path, strandless)
    raise ResourceError(
        "the file is empty" if not head else "the file holds comments only",
        remedy="give a GTF, GFF3, BED6 or UCSC genePred file",
        path=path,
    )


def _tier(start: TranscriptionStart) -> int:
    """How well a transcript stands for its gene: an index into `_TIERS`, 0 is best."""
    return min((1 if tag.startswith("appris_") else _TIER_OF_TAG.get(tag, 3) for tag in start.tags), default=3)


def _gene(start: TranscriptionStart) -> tuple[str, str, str]:
    # Tables exist in which genes far apart share an id, and others in which they share a symbol.
    return start.contig, start.symbol, start.gene_id


def _preferred(starts: Iterable[TranscriptionStart]) -> list[TranscriptionStart]:
    """Of each gene the starts of its best tier; the best come first in `starts`."""
    best: dict[tuple[str, str, str], int] = {}
    return [start for start in starts if best.setdefault(_gene(start), _tier(start)) == _tier(start)]


def _summary(index: TssIndex, taken: Iterable[TranscriptionStart], *, tss: str) -> str:
    tier_of_gene = {_gene(start): _tier(start) for start in taken}
    text = f"{_count(len(tier_of_gene), 'gene')}, {_count(len(index), 'transcription start')}; "
    if tss == "all":
        return text + "all transcripts"
    genes = Counter(tier_of_gene.values())
    return text + "preferred: " + ", ".join(f"{_TIERS[tier]} {genes[tier]}" for tier in sorted(genes))


def _count(number: int, noun: str, several: str = "") -> str:
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"
