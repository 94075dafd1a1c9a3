"""BCF as VCF text and back, through htslib: values stay equal, the binary layout may not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pysam
from pysam import bcftools

from varbind.errors import InputError, OutputError, UsageError
from varbind.io.source import STDIN, BytePipe
from varbind.io.vcf import VcfHeader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from varbind.io.regions import Regions
    from varbind.io.source import Source

__all__ = ["decode", "encode"]


def decode(source: Source, regions: Regions | None) -> tuple[VcfHeader, Iterator[tuple[int, bytes]]]:
    """Header and numbered lines of a BCF, decoded from bytes that were checked on the way.

    Raises:
        InputError: not a BCF, or damaged.
        UsageError: regions were asked for without an index.
    """
    if regions is not None:
        return _open_indexed_bcf(source, regions)
    pipe = BytePipe(source.blocks())
    try:
        with os.fdopen(pipe.read_end, "rb") as stream:
            # htslib reads from a duplicate of the descriptor.
            decoder = pysam.VariantFile(stream)
    except (OSError, ValueError) as error:
        raise pipe.error or InputError(f"not a BCF: {error}", path=source.name) from error
    return _bcf_header(decoder), _texts(decoder, pipe, source.name)


def _open_indexed_bcf(source: Source, regions: Regions) -> tuple[VcfHeader, Iterator[tuple[int, bytes]]]:
    no_index = UsageError("-r needs an index", path=source.name, remedy=f"bcftools index {source.name}")
    if source.path == STDIN:
        raise no_index
    source.check_end_marker()
    try:
        decoder = pysam.VariantFile(source.path)
    except (OSError, ValueError) as error:
        raise InputError(f"not a BCF: {error}", path=source.name) from error
    if decoder.index is None:
        raise no_index
    return _bcf_header(decoder), _texts(_fetch(decoder, regions), None, source.name)


def _fetch(decoder: pysam.VariantFile, regions: Regions) -> Iterator[pysam.VariantRecord]:
    """Records that overlap the regions, each once."""
    for contig, start, end, before in regions.with_previous_ends():
        if contig in decoder.header.contigs:
            for record in decoder.fetch(contig, start, min(end, (1 << 31) - 1)):
                if record.start >= before:
                    yield record


def _bcf_header(decoder: pysam.VariantFile) -> VcfHeader:
    *lines, columns = str(decoder.header).encode("utf-8", "surrogateescape").splitlines(keepends=True)
    return VcfHeader(tuple(lines), columns)


def _texts(records: Iterable[object], pipe: BytePipe | None, name: str) -> Iterator[tuple[int, bytes]]:
    number = 0
    try:
        for record in records:
            number += 1
            yield number, str(record).encode("utf-8", "surrogateescape")
    except (OSError, ValueError) as error:
        damage = pipe.error if pipe else None
        raise damage or InputError(f"record {number + 1} is damaged: {error}", path=name) from error
    if pipe and pipe.error:
        raise pipe.error


def encode(text_path: str, destination: str, *, output_type: str, name: str) -> None:
    """Write a VCF text file as BCF.

    The text is read twice: once so that the header learns every contig, filter and key that records use
    without declaring it, which BCF cannot do without.

    Args:
        text_path: VCF text.
        destination: where the BCF goes.
        output_type: as bcftools writes it: `b`, `u`, or `b0` ... `b9`.
        name: of the output, for messages.

    Raises:
        OutputError: htslib refuses a record, or the file cannot be written.
    """
    declared = Path(f"{text_path}.declared")
    try:
        _declare_all(text_path, declared)
        # bcftools itself writes: pysam's own writer drops an INFO/END that agrees with the alleles.
        options = ["--no-version", f"--output-type={output_type}", f"--output={destination}"]
        bcftools.view(*options, str(declared), catch_stdout=False)
    except (OSError, ValueError, pysam.utils.SamtoolsError) as error:
        what = f"cannot be written as BCF: {error}"
        raise OutputError(what, path=name, remedy="write VCF instead, -O z") from error
    finally:
        declared.unlink(missing_ok=True)


def _declare_all(text_path: str, declared: Path) -> None:
    """Copy a VCF text with a header that declares all that its records use."""
    with pysam.VariantFile(text_path) as learning:
        for _ in learning:
            pass
        header = str(learning.header).encode("utf-8", "surrogateescape")
    with Path(text_path).open("rb") as text, declared.open("wb") as out:
        out.write(header)
        for line in text:
            if line.startswith(b"#CHROM"):
                break
        shutil.copyfileobj(text, out)
