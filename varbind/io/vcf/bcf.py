"""BCF as VCF text and back, through htslib: values stay equal, the binary layout may differ.

htslib changes some values without an error: an integer beyond 32 bits, or a word where the header declares a number,
becomes missing, and a QUAL that is not a number becomes 0. Therefore every record that htslib has read is compared with
its line before it is written as BCF.
"""

from __future__ import annotations

import os
import re
import shutil
import warnings
from contextlib import suppress
from functools import lru_cache
from itertools import zip_longest
from math import isclose, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pysam
from pysam import bcftools

from varbind.errors import InputError, OutputError, UsageError, output_errors
from varbind.io.size_limits import without_mark
from varbind.io.vcf.byte_pipe import BytePipe
from varbind.io.vcf.record_index import require_index
from varbind.io.vcf.records import VcfHeader, is_blank
from varbind.io.vcf.regions import Selection
from varbind.io.vcf.vcf_block import in_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from varbind.io.vcf.input_stream import Source
    from varbind.io.vcf.regions import Regions

__all__ = ["decode", "encode", "lost_value"]

_LAST = (1 << 31) - 1
"""The last position of a BCF."""
_PROBE_BYTES = 1 << 16
_AS_ASCII = bytes(byte if byte < 128 else ord("?") for byte in range(256))
_AS_TEXT = "give it as VCF: bcftools view"

_QUAL, _FILTER, _INFO, _FIRST_SAMPLE = 5, 6, 7, 9
_PARTS = re.compile(rb"([;=,:|/])")
_PADDING = re.compile(rb"(?::[.,]*)+$")
_NOTHING = re.compile(rb"=(?=;|$)|;+(?=;|$)|^;+")
_LEADING_PHASE = re.compile(rb"([|/])([^:]*)")
_SINGLE_PRECISION = 1e-5  # what six digits keep, as htslib prints a number


def decode(
    source: Source, regions: Regions | None, contig_map: Mapping[str, str] | None = None
) -> tuple[VcfHeader, Iterator[tuple[int, bytes]]]:
    """The header and the numbered lines of a BCF, whose checksums are verified.

    Raises:
        InputError: the file is not a BCF, or it is damaged.
        UsageError: regions are given and there is no index, or no region is on a contig of the file.
    """
    if regions is not None:
        return _open_indexed_bcf(source, regions, contig_map)
    pipe = BytePipe(source.blocks())
    try:
        with os.fdopen(pipe.read_end, "rb") as stream:
            # htslib reads from a duplicate of the descriptor.
            decoder = pysam.VariantFile(stream)
    except TypeError as error:  # raised by the library for a stream that is not a variant file
        raise pipe.error or InputError("not a BCF", path=source.name) from error
    except (OSError, ValueError) as error:
        raise pipe.error or InputError(f"not a BCF: {error}", path=source.name) from error
    return _bcf_header(decoder, source.name), in_blocks(_texts(decoder, pipe, source.name))


def _open_indexed_bcf(
    source: Source, regions: Regions, contig_map: Mapping[str, str] | None
) -> tuple[VcfHeader, Iterator[tuple[int, bytes]]]:
    no_index = UsageError("-r needs an index", path=source.name, remedy=f"bcftools index {source.name}")
    index = require_index(source, no_index)
    try:
        # Absolute paths, because htslib would download what looks like a URL, and look for an index after ##idx##.
        whole, beside = (str(Path(path).absolute()) for path in (source.path, index))
        with warnings.catch_warnings():
            # The end marker was checked above. The library would warn where it may be missing.
            warnings.simplefilter("ignore", UserWarning)
            decoder = pysam.VariantFile(whole, index_filename=beside, ignore_truncation=True)
    except (OSError, ValueError) as error:
        raise InputError(f"not a BCF: {error}", path=source.name) from error
    header = _bcf_header(decoder, source.name)
    known = dict.fromkeys(map(str, decoder.header.contigs)) | header.contig_lengths()
    selection = Selection(regions, known, source.name, renamed=contig_map)
    selection.finish()
    return header, in_blocks(_texts(_fetch(decoder, selection, source), None, source.name))


def _fetch(decoder: pysam.VariantFile, regions: Selection, source: Source) -> Iterator[pysam.VariantRecord]:
    """The records that overlap the regions, each once."""
    for contig, start, end, before in regions.with_previous_ends():
        if contig in decoder.header.contigs and start < _LAST:
            for record in decoder.fetch(contig, start, min(end, _LAST)):
                if record.start >= before:
                    yield record
    source.check_unchanged()


def _bcf_header(decoder: pysam.VariantFile, name: str) -> VcfHeader:
    try:
        *lines, columns = str(decoder.header).encode("utf-8", "surrogateescape").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise InputError("the header holds bytes that are not UTF-8", path=name, remedy=_AS_TEXT) from error
    return VcfHeader(tuple(lines), columns)


def _texts(records: Iterable[object], pipe: BytePipe | None, name: str) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        for record in records:
            number += 1
            text = str(record).encode("utf-8", "surrogateescape")
            if text.count(b"\n") > 1:  # the rest would be read as another record
                raise InputError(f"record {number} holds a line end within a value", path=name, remedy="repair it")
            yield number, text
    except UnicodeDecodeError as error:
        what = f"record {number} holds bytes that are not UTF-8"
        raise InputError(what, path=name, remedy=_AS_TEXT) from error
    except (OSError, ValueError) as error:
        damage = pipe.error if pipe else None
        raise damage or InputError(f"record {number + 1} is damaged: {error}", path=name) from error
    if pipe and pipe.error:
        raise pipe.error


def encode(text_path: str, destination: str, *, output_type: str, name: str) -> None:
    """Write a VCF text file as BCF.

    The text is read twice: first to compare every value with what htslib has read, and to add every undeclared contig,
    filter and key to the header, because BCF needs their declarations; then to write it.

    Args:
        text_path: a VCF text. Its blank lines and its byte order mark are removed, because BCF cannot contain them.
        destination: the path of the BCF.
        output_type: the output type of bcftools: `b`, `u`, or `b0` ... `b9`.
        name: the name of the output, for messages.

    Raises:
        OutputError: htslib refuses a record or would change a value, or the file cannot be written.
    """
    declared = Path(f"{text_path}.declared")
    try:
        _remove_unreadable_lines(Path(text_path), declared)
        _declare_all(text_path, declared, name)
        # bcftools writes the file, because the writer of pysam drops an INFO/END that agrees with the alleles.
        options = ["--no-version", f"--output-type={output_type}", f"--output={destination}"]
        # The words are bytes, because a path need not be UTF-8.
        words: list[Any] = [os.fsencode(word) for word in (*options, str(declared))]
        bcftools.view(*words, catch_stdout=False)
    except (OSError, ValueError, pysam.utils.SamtoolsError) as error:
        with output_errors(name):
            _ask_the_system(error, destination)
        raise _refused(_words(error), name) from error
    finally:
        with suppress(OSError):
            declared.unlink(missing_ok=True)


def _ask_the_system(error: Exception, destination: str) -> None:
    """Write to a file again to get the reason of the system why it cannot be written, which htslib does not report.

    Raises:
        OSError: the system refuses to write to the file.
    """
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    with Path(destination).open("ab") as stream:
        stream.write(bytes(_PROBE_BYTES))
        stream.flush()
        os.fsync(stream.fileno())


def _words(error: Exception) -> str:
    """The message of htslib, without the call and the streams that pysam puts around it."""
    match = re.search(r"stderr=(.+)", str(error), re.DOTALL)
    return match[1].strip("'\"\n") if match else str(error)


def _remove_unreadable_lines(text: Path, spare: Path) -> None:
    """Remove blank lines, which are malformed records to htslib, and a byte order mark, which it cannot read."""
    with text.open("rb") as lines:
        first = lines.readline()
        if without_mark(first) == first and not any(map(is_blank, lines)):
            return
    with text.open("rb") as lines, spare.open("wb") as out:
        out.write(without_mark(lines.readline()))
        out.writelines(line for line in lines if not is_blank(line))
    spare.replace(text)


def _declare_all(text_path: str, declared: Path, name: str) -> None:
    """Copy a VCF text with a header that declares all contigs, filters and keys that its records use."""
    with _open_header(text_path, name) as learning:
        try:
            _check_values(learning, text_path, name)
        except UnicodeDecodeError:  # pysam prints UTF-8 only; the values that can be lost are ASCII
            _check_plain_copy(text_path, declared, name)
            for _ in learning:
                pass
        header = str(learning.header).encode("utf-8", "surrogateescape")
    with Path(text_path).open("rb") as text, declared.open("wb") as out:
        out.write(header)
        _skip_header(text)
        shutil.copyfileobj(text, out)


def _check_plain_copy(text_path: str, copy: Path, name: str) -> None:
    """Do the same as `_check_values`, with a `?` for every byte that is not ASCII."""
    with Path(text_path).open("rb") as text, copy.open("wb") as out:
        out.writelines(line.translate(_AS_ASCII) for line in text)
    with _open_header(str(copy), name) as records:
        _check_values(records, str(copy), name)


def _open_header(text_path: str, name: str) -> pysam.VariantFile:
    try:
        return pysam.VariantFile(text_path)
    except ValueError as error:
        raise _refused("htslib cannot read its header", name) from error


def _check_values(records: pysam.VariantFile, text_path: str, name: str) -> None:
    """Check that htslib reads every record, and that it keeps every value."""
    with Path(text_path).open("rb") as text:
        _skip_header(text)
        for number, line in enumerate((line.rstrip(b"\r\n") for line in text), 1):
            try:
                record = next(records)
            except (OSError, StopIteration, ValueError) as error:
                raise _refused(f"{_place(number, line)}: {error}", name) from error
            if record.stop > _LAST:
                raise _refused(f"{_place(number, line)} ends behind {_LAST:,}, the last position of BCF", name)
            if lost := lost_value(line, str(record).encode("utf-8", "surrogateescape").rstrip(b"\n")):
                raise _refused(f"{_place(number, line)} has {lost[0]!r}, which would become {lost[1]!r}", name)


def _place(number: int, line: bytes) -> str:
    chrom, pos = line.decode("latin-1").split("\t", 2)[:2]
    return f"record {number:,} ({chrom}:{pos})"


def _refused(why: str, name: str) -> OutputError:
    return OutputError(f"cannot be written as BCF: {why}", path=name, remedy="write VCF instead, -O z")


def _skip_header(text: BinaryIO) -> None:
    for line in text:
        if line.startswith(b"#CHROM"):
            return


def lost_value(line: bytes, held: bytes) -> tuple[str, str] | None:
    """The first value that htslib has changed.

    Numbers are the same if they agree in single precision. An empty value and a missing one are the same, and so is a
    sample with or without its trailing missing values, and a genotype with or without a leading phase that it implies
    (VCF 4.4, section 1.6.2) or that precedes a single missing allele.

    Args:
        line: the line of the VCF, without its line end.
        held: the line that htslib prints, without its line end.

    Returns:
        The value as written and as held by htslib; None if all values are the same.
    """
    if line == held:
        return None
    for place, (written, kept) in enumerate(zip_longest(line.split(b"\t"), held.split(b"\t"), fillvalue=b"")):
        if written != kept and (pair := _first_difference(_plain(written, place), _plain(kept, place), place)):
            return pair[0].decode("latin-1"), pair[1].decode("latin-1")
    return None


def _plain(column: bytes, place: int) -> bytes:
    """A column without its empty parts."""
    if place in {_FILTER, _INFO}:
        return _NOTHING.sub(b"", column)
    if place < _FIRST_SAMPLE:
        return column
    column = _PADDING.sub(b"", column)
    if (match := _LEADING_PHASE.match(column)) and (
        match[2] == b"." or match[1] == (b"/" if b"/" in match[2] else b"|")
    ):
        column = column[1:]
    return column


def _first_difference(written: bytes, held: bytes, place: int) -> tuple[bytes, bytes] | None:
    """The first value of a column that differs, in INFO with its key."""
    if place < _QUAL:
        return None if (written or b".") == (held or b".").replace(b",.,", b",,") else (written, held)
    separator = b";" if place == _INFO else b":"
    for one, other in zip_longest(written.split(separator), held.split(separator), fillvalue=b""):
        if one != other and not _same_value(one, other):
            return one, other
    return None


@lru_cache(maxsize=1 << 14)
def _same_value(written: bytes, held: bytes) -> bool:
    """Whether two lists of words are the same; pairs such as `AF=0.500` and `AF=0.5` are frequent, hence the cache."""
    words = zip_longest(_PARTS.split(written), _PARTS.split(held), fillvalue=b"")
    return all(_same_word(one, other) for one, other in words)


def _same_word(written: bytes, held: bytes) -> bool:
    if written == held or {written, held} <= {b"", b"."}:
        return True
    if written.isdigit() and held.isdigit():
        return int(written) == int(held)
    try:
        one, other = float(written), float(held)
    except ValueError:
        return False
    return isclose(one, other, rel_tol=_SINGLE_PRECISION) or (isnan(one) and isnan(other))
