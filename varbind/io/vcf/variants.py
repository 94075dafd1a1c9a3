"""A variant file of any kind, detected from content: its header, then its records in order."""

from __future__ import annotations

import io
import logging
from contextlib import AbstractContextManager
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pysam

from varbind.errors import InputError, UsageError
from varbind.io.size_limits import without_mark
from varbind.io.vcf import bcf
from varbind.io.vcf.input_stream import STDIN, Container, Source
from varbind.io.vcf.record_index import require_index
from varbind.io.vcf.records import COLUMNS, POS_DIGITS, VcfHeader, VcfRecord, is_blank
from varbind.io.vcf.regions import Selection
from varbind.io.vcf.vcf_block import RecordOrder, Selected, VcfBlock, in_blocks

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from varbind.io.vcf.regions import Regions

__all__ = ["VariantFile", "holds_variants", "open_variants"]

logger = logging.getLogger(__name__)

_FOREIGN_STARTS = (
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


class VariantFile(AbstractContextManager["VariantFile"]):
    """An opened variant file: its header, then its records.

    Args:
        source: the file.
        header: the header of the file.
        pieces: one or more whole lines at a time, with the number of the first line.
        targets: read only records whose POS lies in these regions.

    Attributes:
        name: the name of the file, for messages.
        header: the header of the file.
    """

    def __init__(
        self,
        source: Source,
        header: VcfHeader,
        pieces: Iterator[tuple[int, bytes]],
        *,
        targets: Selection | None = None,
    ) -> None:
        self._source = source
        self._pieces = pieces
        self._targets = targets
        self._blank = next((place for place, line in enumerate(header.lines, 1) if is_blank(line)), None)
        self._order = RecordOrder()
        self._position = 0
        self.name = source.name
        self.header = header

    def __iter__(self) -> Iterator[VcfRecord]:
        """All records in order; blank lines are left out.

        Raises:
            InputError: a line is broken, or the file is damaged.
            UsageError: at the end, no target is on a contig of the file.
        """
        for _, _, record in self.select(lambda block: np.ones(len(block), dtype=np.bool_)):
            if record is not None:
                yield record

    def select(self, wanted: Callable[[VcfBlock], NDArray[np.bool_]]) -> Iterator[Selected]:
        """All lines in order, the wanted ones as records.

        Args:
            wanted: which lines of a block are wanted as records, bool (N,). It is called once per block, before the
                lines of the block. Lines that are read one by one are always wanted: blank and broken lines and their
                neighbours, and records of targets.

        Raises:
            InputError: a line is broken, or the file is damaged.
            UsageError: at the end, no target is on a contig of the file.
        """
        return self.divide(lambda block: block.select(wanted(block)))

    def divide(self, selected: Callable[[VcfBlock], Iterator[Selected]]) -> Iterator[Selected]:
        """All lines in order, the records among them as a function divides each block; see `select`."""
        if self._blank is not None:
            self._warn_of_blank(self._blank)
        for number, data in self._pieces:
            block = None
            if self._targets is None and data.find(b"\n") < len(data) - 1:
                block = VcfBlock.parse(data, number, self.name, self.header.columns)
            if block is None:
                yield from self._one_by_one(number, data)
            else:
                for chrom, first, last in block.runs:
                    self._order.add(chrom, block.pos[first:last])
                yield from selected(block)
            self._position = self._source.position
        if self._targets is not None:
            self._targets.finish()

    def _one_by_one(self, first: int, data: bytes) -> Iterator[Selected]:
        for number, line in enumerate(io.BytesIO(data), first):
            if not is_blank(line):
                record = VcfRecord(line, number, self.name, self.header.columns)
                if self._targets is None or self._targets.holds(record.chrom, record.pos):
                    self._order.add_one(record.chrom, record.pos)
                    yield Selected(b"", 0, record)
                continue
            if self._blank is None:
                self._blank = number
                self._warn_of_blank(number)
            yield Selected(line, 0, None)

    @property
    def is_sorted(self) -> bool:
        """Whether the records read so far can be indexed."""
        return self._order.is_sorted

    @property
    def has_blank_lines(self) -> bool:
        """Whether the header or the lines read so far hold a blank line."""
        return self._blank is not None

    def _warn_of_blank(self, number: int) -> None:
        logger.warning("%s:%d: a blank line; it is kept", self.name, number)

    @property
    def sha256(self) -> str | None:
        """The SHA-256 of the file as it is stored; None unless it was requested and the whole file has been read."""
        return self._source.sha256

    def fraction_read(self) -> float | None:
        """The share of the file whose records have been returned; None if the size of the file is unknown."""
        size = self._source.size
        return min(1.0, self._position / size) if size else None

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __exit__(self, *error: object) -> None:
        self.close()


def holds_variants(source: Source) -> bool:
    """Whether an input is a VCF or BCF, as its first bytes show; no bytes are consumed."""
    start = without_mark(source.stream.peek(1))  # type: ignore[attr-defined]
    return bool(start.startswith((b"##fileformat=", b"BCF")))


def open_variants(
    path: str | os.PathLike[str] | Source,
    *,
    regions: Regions | None = None,
    targets: Regions | None = None,
    contig_map: Mapping[str, str] | None = None,
    allow_truncated: bool = False,
    digest: bool = False,
) -> VariantFile:
    """Open a VCF (plain, gzip, BGZF) or BCF, detected from content; `-` is standard input.

    Args:
        path: the file, or an input that is already open.
        regions: only records that overlap these regions are read, by the index of the file.
        targets: the whole file is read, and only records whose POS lies in these regions are returned.
        contig_map: pairs of names of the same contig, for regions and targets that use other names.
        allow_truncated: whether BGZF without its end marker is accepted.
        digest: whether the SHA-256 of the file is computed while it is read; not for an input that is already open.

    Raises:
        InputError: the file is not a variant file, or its header is malformed.
        UsageError: regions are given and there is no index, or no region is on a contig of the file.
    """
    source = path if isinstance(path, Source) else Source(path, allow_truncated=allow_truncated, digest=digest)
    try:
        is_bcf = source.stream.peek(4)[:3] == b"BCF"  # type: ignore[attr-defined]
        header, pieces = (bcf.decode if is_bcf else _open_text)(source, regions, contig_map)
        selection = None
        if targets is not None:
            selection = Selection(targets, header.contig_lengths(), source.name, renamed=contig_map)
        return VariantFile(source, header, pieces, targets=selection)
    except BaseException:
        source.close()
        raise


def _open_text(
    source: Source, regions: Regions | None, contig_map: Mapping[str, str] | None
) -> tuple[VcfHeader, Iterator[tuple[int, bytes]]]:
    header = _read_header(source.header_lines(), source.name)
    if header.line_end == b"\r\n":
        logger.warning("%s: lines end in CR LF; they are kept", source.name)
    if regions is None:
        return header, source.whole_lines(len(header.lines) + 2)
    return header, in_blocks(_fetch_text(source, regions, header, contig_map))


def _read_header(numbered: Iterator[tuple[int, bytes]], name: str) -> VcfHeader:
    lines: list[bytes] = []
    for number, line in numbered:
        if number == 1:
            _check_first_line(without_mark(line), name)
        if b"\0" in line:
            raise InputError("a NUL byte in the line", path=name, line=number, remedy="repair the file")
        # The byte order mark stays in the line, because the header is written as it was read.
        if number == 1 or line.startswith(b"##") or is_blank(line):
            lines.append(line)
        elif line.startswith(b"#CHROM"):
            _check_columns(line, name, number)
            return VcfHeader(tuple(lines), line)
        elif line.count(b"\t") >= COLUMNS.count(b"\t"):
            raise InputError("no #CHROM line before the records", path=name, line=number, remedy="add the header")
        else:
            what = f"the header has {_start(line)}, expected a line that starts with ## or #CHROM"
            raise InputError(what, path=name, line=number, remedy="repair or remove the line")
    if not lines:
        raise InputError("not a VCF/BCF (empty)", path=name)
    raise InputError("no #CHROM line", path=name, line=len(lines), remedy="add the header; truncated?")


def _check_columns(line: bytes, name: str, number: int) -> None:
    names = COLUMNS.decode().split("\t")
    found = line.rstrip(b"\r\n").decode("latin-1").split("\t")
    for place, (ours, theirs) in enumerate(zip_longest(names, found[: len(names)], fillvalue=""), 1):
        if ours != theirs:
            what = f"column {place} of the #CHROM line is {theirs[:20]!r}, expected {ours!r}"
            raise InputError(what, path=name, line=number, remedy="tabs separate the eight columns of VCF")


def _start(line: bytes) -> str:
    """The start of a line, for messages."""
    text = line.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
    return repr(text if len(text) <= 40 else f"{text[:37]}...") if text else "a blank line"


def _check_first_line(line: bytes, name: str) -> None:
    if line.startswith(b"##fileformat=VCF"):
        return
    for mark, encoding in _FOREIGN_STARTS:
        if line.startswith(mark):
            raise InputError(f"starts with {encoding}", path=name, line=1, remedy="save it as plain UTF-8")
    if line.startswith((b"##", b"#CHROM")):
        what = f"the first line is not ##fileformat=VCF... but {_start(line)}"
        raise InputError(what, path=name, line=1, remedy="put ##fileformat=VCFv4.2 at the top")
    what = f"not a VCF/BCF: it starts with {_start(line)}, expected ##fileformat=VCF..."
    raise InputError(what, path=name, line=1, remedy="give a VCF, VCF.gz or BCF, with its header")


def _fetch_text(
    source: Source, regions: Regions, header: VcfHeader, contig_map: Mapping[str, str] | None
) -> Iterator[tuple[int, bytes]]:
    """The lines of the records in indexed regions, each once, numbered from 1."""
    if without_mark(header.lines[0]) != header.lines[0]:
        what = "starts with a byte order mark, which -r cannot read"
        raise UsageError(what, path=source.name, remedy="use -t, or remove the mark and index the file again")
    if source.path == STDIN or source.container is not Container.BGZF:
        raise UsageError("-r needs a BGZF file with an index", path=source.name, remedy="use -t, or bgzip and index it")
    no_index = UsageError("-r needs an index", path=source.name, remedy=f"bcftools index -t {source.name}")
    index = require_index(source, no_index)
    try:
        # Absolute paths, because htslib would download what looks like a URL.
        tabix = pysam.TabixFile(
            str(Path(source.path).absolute()), index=str(Path(index).absolute()), encoding="latin-1"
        )
        contigs = frozenset(tabix.contigs)
    except UnicodeDecodeError as error:
        raise UsageError("-r needs contigs whose names are UTF-8", path=source.name, remedy="use -t") from error
    except (OSError, ValueError) as error:
        raise no_index from error
    known = dict.fromkeys(tabix.contigs) | header.contig_lengths()
    selection = Selection(regions, known, source.name, renamed=contig_map)
    selection.finish()
    number = 0
    for contig, start, end, before in selection.with_previous_ends():
        if contig not in contigs:
            continue
        for text in _fetch(tabix, (contig, start, end), source, header):
            line = text.rstrip("\r").encode("latin-1")
            pos = line.split(b"\t", 2)[1:2]
            # A POS that is not a number is reported when the line is read.
            if not pos or not pos[0].isdigit() or int(pos[0][:POS_DIGITS]) - 1 >= before:
                number += 1
                yield number, line + header.line_end
    source.check_unchanged()


def _fetch(tabix: pysam.TabixFile, span: tuple[str, int, int], source: Source, header: VcfHeader) -> Iterator[str]:
    """The lines of one span; an error of htslib is replaced by the damage that caused it."""
    try:
        yield from tabix.fetch(*span)
    except (OSError, ValueError) as error:
        _check_lines(source, header)
        what = f"truncated or corrupt in {span[0]}: {error}"
        raise InputError(what, path=source.name, remedy="make the file and its index again") from error


def _check_lines(source: Source, header: VcfHeader) -> None:
    """Find out why htslib stopped, which it does not report: damage, a malformed record, or a blank line.

    Raises:
        InputError: one of these was found.
    """
    blank = None
    for first, data in source.whole_lines(len(header.lines) + 2):
        for number, line in enumerate(io.BytesIO(data), first):
            if not is_blank(line):
                VcfRecord(line, number, source.name, header.columns)
            elif blank is None:
                blank = number
    if blank is not None:
        what = "a blank line, which -r cannot read"
        raise InputError(what, path=source.name, line=blank, remedy="use -t, or remove it")
