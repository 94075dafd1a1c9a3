"""BCF as VCF text and back, through htslib: values stay equal, the binary layout may not."""

from __future__ import annotations

import os
import re
import shutil
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pysam
from pysam import bcftools

from varbind.errors import InputError, OutputError, UsageError, output_errors
from varbind.io.size_limits import without_mark
from varbind.io.vcf.bcf_values import lost_value
from varbind.io.vcf.input_stream import STDIN, BytePipe
from varbind.io.vcf.record_index import index_of
from varbind.io.vcf.records import VcfHeader, is_blank
from varbind.io.vcf.regions import Selection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from varbind.io.vcf.input_stream import Source
    from varbind.io.vcf.regions import Regions

__all__ = ["decode", "encode"]

_LAST = (1 << 31) - 1
"""No position of a BCF lies behind it."""
_PROBE_BYTES = 1 << 16
_PLAIN = bytes(byte if byte < 128 else ord("?") for byte in range(256))
_AS_TEXT = "give it as VCF: bcftools view"


def decode(
    source: Source, regions: Regions | None, contig_map: Mapping[str, str] | None = None
) -> tuple[VcfHeader, Iterator[tuple[int, bytes]]]:
    """Header and numbered lines of a BCF, decoded from bytes that were checked on the way.

    Raises:
        InputError: not a BCF, or damaged.
        UsageError: regions were asked for without an index, or none is on a contig of the file.
    """
    if regions is not None:
        return _open_indexed_bcf(source, regions, contig_map)
    pipe = BytePipe(source.blocks())
    try:
        with os.fdopen(pipe.read_end, "rb") as stream:
            # htslib reads from a duplicate of the descriptor.
            decoder = pysam.VariantFile(stream)
    except TypeError as error:  # how the library refuses a stream that is no variant file
        raise pipe.error or InputError("not a BCF", path=source.name) from error
    except (OSError, ValueError) as error:
        raise pipe.error or InputError(f"not a BCF: {error}", path=source.name) from error
    return _bcf_header(decoder, source.name), _texts(decoder, pipe, source.name)


def _open_indexed_bcf(
    source: Source, regions: Regions, contig_map: Mapping[str, str] | None
) -> tuple[VcfHeader, Iterator[tuple[int, bytes]]]:
    no_index = UsageError("-r needs an index", path=source.name, remedy=f"bcftools index {source.name}")
    if source.path == STDIN:
        raise no_index
    source.check_end_marker()
    index = index_of(source.path)
    if index is None:
        raise no_index
    try:
        # Whole paths: htslib would fetch what looks like a URL, and look for an index behind ##idx##.
        whole, beside = (str(Path(path).absolute()) for path in (source.path, index))
        with warnings.catch_warnings():
            # The end marker was looked for: where it may be missing, the library would miss it again.
            warnings.simplefilter("ignore", UserWarning)
            decoder = pysam.VariantFile(whole, index_filename=beside, ignore_truncation=True)
    except (OSError, ValueError) as error:
        raise InputError(f"not a BCF: {error}", path=source.name) from error
    header = _bcf_header(decoder, source.name)
    known = dict.fromkeys(map(str, decoder.header.contigs)) | header.contig_lengths()
    selection = Selection(regions, known, source.name, renamed=contig_map)
    selection.finish()
    return header, _texts(_fetch(decoder, selection, source), None, source.name)


def _fetch(decoder: pysam.VariantFile, regions: Selection, source: Source) -> Iterator[pysam.VariantRecord]:
    """Records that overlap the regions, each once."""
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
            if text.count(b"\n") > 1:  # what follows would be taken for another record
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

    The text is read twice: once so that every value is seen to survive, and so that the header learns every contig,
    filter and key that records use without declaring it, which BCF cannot do without.

    Args:
        text_path: VCF text; its blank lines and byte order mark are taken out, for a BCF has no place for them.
        destination: where the BCF goes.
        output_type: as bcftools writes it: `b`, `u`, or `b0` ... `b9`.
        name: of the output, for messages.

    Raises:
        OutputError: htslib refuses a record or would change a value, or the file cannot be written.
    """
    declared = Path(f"{text_path}.declared")
    try:
        _take_out_what_htslib_refuses(Path(text_path), declared)
        _declare_all(text_path, declared, name)
        # bcftools itself writes: pysam's own writer drops an INFO/END that agrees with the alleles.
        options = ["--no-version", f"--output-type={output_type}", f"--output={destination}"]
        # As bytes: a path need not be UTF-8.
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
    """Why a file cannot be written: htslib does not say, the system does when asked once more.

    Raises:
        OSError: with the reason, if it was the system that refused.
    """
    if isinstance(error, OSError) and error.errno is not None:
        raise error
    with Path(destination).open("ab") as stream:
        stream.write(bytes(_PROBE_BYTES))
        stream.flush()
        os.fsync(stream.fileno())


def _words(error: Exception) -> str:
    """What htslib itself said; pysam puts the call and its streams around it."""
    match = re.search(r"stderr=(.+)", str(error), re.DOTALL)
    return match[1].strip("'\"\n") if match else str(error)


def _take_out_what_htslib_refuses(text: Path, spare: Path) -> None:
    """Blank lines are broken records to htslib, and a text behind a byte order mark is no VCF."""
    with text.open("rb") as lines:
        first = lines.readline()
        if without_mark(first) == first and not any(map(is_blank, lines)):
            return
    with text.open("rb") as lines, spare.open("wb") as out:
        out.write(without_mark(lines.readline()))
        out.writelines(line for line in lines if not is_blank(line))
    spare.replace(text)


def _declare_all(text_path: str, declared: Path, name: str) -> None:
    """Copy a VCF text with a header that declares all that its records use."""
    with _open_header(text_path, name) as learning:
        try:
            _check_values(learning, text_path, name)
        except UnicodeDecodeError:  # pysam prints UTF-8 alone; the values that can be lost are plain letters
            _check_plain_copy(text_path, declared, name)
            for _ in learning:
                pass
        header = str(learning.header).encode("utf-8", "surrogateescape")
    with Path(text_path).open("rb") as text, declared.open("wb") as out:
        out.write(header)
        _skip_header(text)
        shutil.copyfileobj(text, out)


def _check_plain_copy(text_path: str, copy: Path, name: str) -> None:
    """`_check_values` with a `?` for every byte that is not ASCII."""
    with Path(text_path).open("rb") as text, copy.open("wb") as out:
        out.writelines(line.translate(_PLAIN) for line in text)
    with _open_header(str(copy), name) as records:
        _check_values(records, str(copy), name)


def _open_header(text_path: str, name: str) -> pysam.VariantFile:
    try:
        return pysam.VariantFile(text_path)
    except ValueError as error:
        raise _refused("htslib does not take its header", name) from error


def _check_values(records: pysam.VariantFile, text_path: str, name: str) -> None:
    """See that htslib reads every record, and holds every value as it is written."""
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
