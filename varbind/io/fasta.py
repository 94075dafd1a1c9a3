"""The reference genome: an indexed FASTA, plain or BGZF, read in blocks that are kept.

A missing index is built beside the FASTA's content in a temporary folder, never in the user's folder;
an index that contradicts the FASTA is refused.
"""

from __future__ import annotations

import io
import logging
import os
import tempfile
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import pysam

from varbind.errors import ResourceError
from varbind.io.bgzf import BgzfReader, is_bgzf

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

__all__ = ["Reference"]

logger = logging.getLogger(__name__)

# A block is decompressed once and serves its neighbourhood: sorted variants hit the same block again.
BLOCK = 1 << 16
BLOCKS_KEPT = 64


class Reference:
    """Random access to a reference genome.

    Args:
        path: FASTA, plain or BGZF, with or without `.fai` (and `.gzi`).

    Raises:
        ResourceError: missing, empty, not FASTA, gzip instead of BGZF, ragged lines, duplicate names,
            or an index that does not belong to it.

    Attributes:
        path: as given.
        contigs: length of every contig, in the order of the file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        compressed = self._check_content()
        self._folder = tempfile.TemporaryDirectory(prefix="varbind-index-")
        try:
            self._fasta = self._open(compressed=compressed)
            self.contigs: dict[str, int] = dict(zip(self._fasta.references, self._fasta.lengths, strict=True))
            self._check_index(compressed=compressed)
        except BaseException:
            self._folder.cleanup()
            raise
        self._block = lru_cache(maxsize=BLOCKS_KEPT)(self._read_block)

    def length(self, contig: str) -> int:
        """Number of bases of a contig."""
        return self.contigs[contig]

    def fetch(self, contig: str, start: int, end: int) -> str:
        """Upper-case bases of [start, end), 0-based; what lies off the contig is N."""
        length = self.contigs[contig]
        first, last = max(start, 0), min(end, length)
        if first >= last:
            return "N" * max(end - start, 0)
        parts = [
            self._block(contig, number)[max(first - number * BLOCK, 0) : last - number * BLOCK]
            for number in range(first // BLOCK, (last - 1) // BLOCK + 1)
        ]
        return "N" * (first - start) + "".join(parts) + "N" * (end - last)

    def close(self) -> None:
        """Close the file and remove a temporary index."""
        self._fasta.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_block(self, contig: str, number: int) -> str:
        try:
            bases: str = self._fasta.fetch(contig, number * BLOCK, (number + 1) * BLOCK)
        except (OSError, ValueError) as error:
            raise ResourceError(f"contig {contig} cannot be read: {error}", path=self.path) from error
        expected = min(BLOCK, self.contigs[contig] - number * BLOCK)
        if len(bases) != expected:
            raise self._stale(f"{contig} ends early")
        return bases.upper()

    def _check_content(self) -> bool:
        """Whether the file is BGZF; refuse what is no FASTA."""
        try:
            with Path(self.path).open("rb") as stream:
                start = stream.read(18)
        except OSError as error:
            raise ResourceError(f"the reference cannot be read: {error.strerror}", path=self.path) from error
        if not start:
            raise ResourceError("the reference is empty", path=self.path)
        if is_bgzf(start):
            return True
        if start[:2] == b"\x1f\x8b":
            remedy = f"bgzip it: gunzip -c {self.path} | bgzip > reference.fa.gz"
            raise ResourceError("the reference is gzip, not BGZF", path=self.path, remedy=remedy)
        if start[:1] not in b">;\n\r":
            raise ResourceError("not a FASTA", path=self.path, line=1, remedy="give a FASTA, plain or BGZF")
        return False

    def _open(self, *, compressed: bool) -> pysam.FastaFile:
        index, offsets = Path(self.path + ".fai"), Path(self.path + ".gzi")
        if not index.exists() or (compressed and not offsets.exists()):
            index, offsets = self._build_index(compressed=compressed)
        elif index.stat().st_mtime < Path(self.path).stat().st_mtime:
            logger.warning("%s: the index is older than the reference", index)
        try:
            if compressed:
                return pysam.FastaFile(self.path, filepath_index=str(index), filepath_index_compressed=str(offsets))
            return pysam.FastaFile(self.path, filepath_index=str(index))
        except (OSError, ValueError) as error:
            raise self._stale("it cannot be read") from error

    def _build_index(self, *, compressed: bool) -> tuple[Path, Path]:
        logger.info("%s: no index; building one", self.path)
        index, offsets = Path(self._folder.name, "index.fai"), Path(self._folder.name, "index.gzi")
        options = ["--fai-idx", str(index), *(["--gzi-idx", str(offsets)] if compressed else [])]
        try:
            pysam.samtools.faidx(*options, self.path, catch_stdout=False)
        except pysam.utils.SamtoolsError as error:
            with self._bytes(compressed=compressed) as stream:
                line, flaw = _first_flaw(stream)
            remedy = "repair it, or give another FASTA"
            raise ResourceError(f"not a usable FASTA: {flaw}", path=self.path, line=line, remedy=remedy) from error
        with self._bytes(compressed=compressed) as stream:
            self._refuse_duplicates(stream, len(index.read_bytes().splitlines()))
        return index, offsets

    def _bytes(self, *, compressed: bool) -> BinaryIO:
        raw = io.BufferedReader(io.FileIO(self.path))
        return io.BufferedReader(BgzfReader(raw, self.path, allow_truncated=True)) if compressed else raw

    def _refuse_duplicates(self, stream: BinaryIO, indexed: int) -> None:
        """An index lists a name once; a second sequence of that name would be out of reach."""
        names = Counter(line[1:].split()[0] for line in stream if line.startswith(b">") and line[1:].strip())
        if names.total() == indexed:
            return
        name = names.most_common(1)[0][0].decode("latin-1")
        raise ResourceError(f"two sequences are named {name}", path=self.path, remedy="rename one")

    def _check_index(self, *, compressed: bool) -> None:
        """Refuse an index that does not describe this FASTA."""
        if not self.contigs:
            raise ResourceError("the reference holds no sequence", path=self.path)
        index = Path(self.path + ".fai")
        if compressed or not index.exists():
            # The offsets of a compressed file cannot be looked up directly; its ends can be read.
            self._check_ends()
            return
        with Path(self.path).open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            for line in index.read_text().splitlines():
                name, length, offset, bases, width = _index_row(line, self._stale("a line is malformed"))
                last = offset + (length // bases) * width + length % bases if bases else offset
                stream.seek(max(offset - len(name) - 1024, 0))
                before = stream.read(offset - stream.tell()).rstrip(b"\r\n").rsplit(b"\n", 1)[-1]
                stream.seek(min(last, size))
                after = stream.read(3).lstrip(b"\r\n")[:1]
                if before[1:].split()[:1] != [name.encode()] or after not in {b"", b">", b";"} or last > size + 2:
                    raise self._stale(f"{name} is not where it says")

    def _check_ends(self) -> None:
        for contig, length in self.contigs.items():
            if length and len(self._fasta.fetch(contig, length - 1, length)) != 1:
                raise self._stale(f"{contig} ends early")

    def _stale(self, why: str) -> ResourceError:
        remedy = f"remove it or run samtools faidx {self.path}"
        return ResourceError(f"stale index: {why}", path=self.path + ".fai", remedy=remedy)


def _index_row(line: str, error: ResourceError) -> tuple[str, int, int, int, int]:
    words = line.split("\t")
    if len(words) != 5 or not all(word.isdigit() for word in words[1:]):
        raise error
    return words[0], int(words[1]), int(words[2]), int(words[3]), int(words[4])


def _first_flaw(stream: Iterable[bytes]) -> tuple[int, str]:
    """Line and kind of the first thing that no FASTA has."""
    width, short, number = 0, False, 0
    for number, line in enumerate(stream, 1):
        if line.startswith(b">"):
            width, short = 0, False
        elif number == 1:
            return 1, "it does not start with >"
        elif not line.strip(b"\r\n"):
            short = True
        elif short or (width and len(line.strip(b"\r\n")) > width):
            return number, "lines of a sequence differ in length"
        else:
            length = len(line.strip(b"\r\n"))
            short = bool(width) and length < width
            width = width or length
    return number, "it cannot be indexed"
