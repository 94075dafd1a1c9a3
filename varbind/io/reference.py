"""The reference genome: an indexed FASTA, plain or BGZF, read in blocks that are cached.

A missing index is built in a temporary folder, never in the folder of the user. An existing index is compared with the
FASTA: little is read for this, only the header line before each sequence and what follows the last one.
"""

from __future__ import annotations

import io
import logging
import os
import re
import stat
import struct
import tempfile
from bisect import bisect_right
from collections import Counter
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pysam

from varbind.errors import InputError, ResourceError
from varbind.io.size_limits import without_mark
from varbind.io.vcf.bgzf import BgzfReader, is_bgzf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["Reference", "index_flaw"]

logger = logging.getLogger(__name__)

# Sorted variants read the same block many times. A block of a plain file is large enough for a promoter; BGZF is
# decompressed in pieces of 64 KiB in any case.
PLAIN_BLOCK = 1 << 14
BGZF_BLOCK = 1 << 16
BLOCKS_KEPT = 64
INDEX_BYTES_MAX = 1 << 26
HEADER_BYTES_MAX = 1 << 16
REST_BYTES = 1 << 12
_NUMBER = re.compile(r"[0-9]{1,18}")
_MARKED = "a UTF-8 byte order mark"


class Reference(AbstractContextManager["Reference"]):
    """Random access to a reference genome.

    Args:
        path: FASTA, plain or BGZF, with or without `.fai` (and `.gzi`).

    Raises:
        ResourceError: the file is missing, empty, not FASTA, or gzip instead of BGZF; lines of a sequence differ in
            length; two sequences have the same name; or the index does not describe the file.

    Attributes:
        path: the path as given.
        contigs: the length of every contig in bases, in the order of the file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        # An absolute path, because htslib would download what looks like a URL.
        self._local = str(Path(self.path).absolute())
        compressed = self._check_content()
        self._made = ExitStack()
        try:
            self._fasta = self._open(compressed=compressed)
            self.contigs: dict[str, int] = dict(zip(self._fasta.references, self._fasta.lengths, strict=True))
            self._check_index(compressed=compressed)
        except UnicodeDecodeError as error:
            self._made.close()
            what = "a sequence has a name that is not UTF-8"
            raise ResourceError(what, path=self.path, remedy="rename it, and index the FASTA again") from error
        except BaseException:
            self._made.close()
            raise
        self._width = BGZF_BLOCK if compressed else PLAIN_BLOCK
        self._block = lru_cache(maxsize=BLOCKS_KEPT)(self._read_block)

    def __repr__(self) -> str:
        return f"<Reference {self.path}: {len(self.contigs):,} contigs, {sum(self.contigs.values()):,} bases>"

    def length(self, contig: str) -> int:
        """The number of bases of a contig."""
        return self.contigs[contig]

    def fetch(self, contig: str, start: int, end: int) -> str:
        """The upper-case bases of [start, end), 0-based, with N outside the contig."""
        number, place = divmod(start, self._width)
        if 0 <= start < end <= self.contigs[contig] and place + end - start <= self._width:
            return self._block(contig, number)[place : place + end - start]
        return self._fetch_across(contig, start, end)

    def _fetch_across(self, contig: str, start: int, end: int) -> str:
        """Fetch a span that lies in several blocks, or partly outside the contig."""
        width = self._width
        first, last = max(start, 0), min(end, self.contigs[contig])
        if first >= last:
            return "N" * max(end - start, 0)
        parts = [
            self._block(contig, number)[max(first - number * width, 0) : last - number * width]
            for number in range(first // width, (last - 1) // width + 1)
        ]
        return "N" * (first - start) + "".join(parts) + "N" * (end - last)

    def close(self) -> None:
        """Close the file and remove a temporary index."""
        self._fasta.close()
        self._made.close()

    def __exit__(self, *error: object) -> None:
        self.close()

    def _read_block(self, contig: str, number: int) -> str:
        try:
            bases: str = self._fasta.fetch(contig, number * self._width, (number + 1) * self._width)
        except (OSError, ValueError) as error:
            raise ResourceError(f"contig {contig} cannot be read: {error}", path=self.path) from error
        expected = min(self._width, self.contigs[contig] - number * self._width)
        if len(bases) != expected:
            raise self._stale(f"{contig} ends early")
        return bases.upper()

    def _check_content(self) -> bool:
        """Whether the file is BGZF; refuse a file that is not FASTA."""
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
        if without_mark(start) != start:
            raise self._marked()
        if start[:1] not in b">;\n\r":
            raise ResourceError("not a FASTA", path=self.path, line=1, remedy="give a FASTA, plain or BGZF")
        return False

    def _open(self, *, compressed: bool) -> pysam.FastaFile:
        index, offsets = self._indexes()
        if not index.exists() or (compressed and not offsets.exists()):
            index, offsets = self._build_index(compressed=compressed)
        elif not all(map(_is_index, (index, offsets) if compressed else (index,))):
            raise self._stale(f"it is not a regular file of at most {INDEX_BYTES_MAX:,} bytes")
        elif index.stat().st_mtime < Path(self.path).stat().st_mtime:
            logger.warning("%s.fai: the index is older than the reference", self.path)
        try:
            if compressed:
                return pysam.FastaFile(self._local, filepath_index=str(index), filepath_index_compressed=str(offsets))
            return pysam.FastaFile(self._local, filepath_index=str(index))
        except (OSError, ValueError) as error:
            raise self._stale("it cannot be read") from error

    def _build_index(self, *, compressed: bool) -> tuple[Path, Path]:
        logger.info("%s: no index; making one for this run only (samtools faidx keeps one)", self.path)
        folder = self._made.enter_context(tempfile.TemporaryDirectory(prefix=".varbind-index-"))
        index, offsets = Path(folder, "index.fai"), Path(folder, "index.gzi")
        options = ["--fai-idx", str(index), *(["--gzi-idx", str(offsets)] if compressed else [])]
        # The words are bytes, because a path need not be UTF-8.
        words: list[Any] = [os.fsencode(word) for word in (*options, self._local)]
        try:
            pysam.samtools.faidx(*words, catch_stdout=False)
        except pysam.utils.SamtoolsError as error:
            with self._bytes(compressed=compressed) as stream:
                line, flaw = _first_flaw(stream)
            if flaw == _MARKED:
                raise self._marked() from error
            remedy = "repair it, or give another FASTA"
            raise ResourceError(f"not a usable FASTA: {flaw}", path=self.path, line=line, remedy=remedy) from error
        with self._bytes(compressed=compressed) as stream:
            self._refuse_duplicates(stream)
        return index, offsets

    @contextmanager
    def _bytes(self, *, compressed: bool) -> Iterator[BinaryIO]:
        """The uncompressed bytes of the FASTA."""
        with self._damage_reported(), Path(self.path).open("rb") as stream:
            if compressed:
                yield io.BufferedReader(BgzfReader(stream, self.path, allow_truncated=True))
            else:
                yield stream

    def _refuse_duplicates(self, stream: BinaryIO) -> None:
        """Refuse names that occur twice, because an index lists each name once."""
        names = Counter(line[1:].split()[0] for line in stream if line.startswith(b">") and line[1:].strip())
        name, count = names.most_common(1)[0] if names else (b"", 0)
        if count > 1:
            what = f"two sequences are named {name.decode('latin-1')}"
            raise ResourceError(what, path=self.path, remedy="rename one")

    def _check_index(self, *, compressed: bool) -> None:
        """Refuse an index that does not describe this FASTA."""
        if not self.contigs:
            raise ResourceError("the reference holds no sequence", path=self.path)
        index, offsets = self._indexes()
        if not index.exists() or (compressed and not offsets.exists()):
            return  # the index has just been built
        lines = index.read_text(encoding="utf-8").splitlines()
        with self._damage_reported(), Path(self.path).open("rb") as stream:
            read = _bgzf_text(stream, offsets, self.path) if compressed else _plain_text(stream)
            flaw = index_flaw(lines, read)
        if flaw:
            raise self._stale(flaw)

    def _indexes(self) -> tuple[Path, Path]:
        return Path(self._local + ".fai"), Path(self._local + ".gzi")

    @contextmanager
    def _damage_reported(self) -> Iterator[None]:
        """Report damage of the file as an error of the reference."""
        try:
            yield
        except InputError as error:
            raise ResourceError(error.what, path=self.path, remedy=error.remedy) from error
        except (OSError, UnicodeDecodeError, struct.error) as error:
            raise ResourceError(f"cannot be read: {error}", path=self.path) from error

    def _marked(self) -> ResourceError:
        # An index counts bytes from the start of the file, so that the mark would shift all offsets.
        packed = "gunzip -c" if self.path.endswith("gz") else "cat"
        # The new file needs another name, because the shell would empty the file before it is read.
        remedy = f"remove it: {packed} {self.path} | tail -c +4 > {self.path.removesuffix('.gz')}.unmarked.fa"
        what = f"the reference starts with {_MARKED}, which no program that indexes a FASTA reads"
        return ResourceError(what, path=self.path, line=1, remedy=remedy)

    def _stale(self, why: str) -> ResourceError:
        remedy = f"remove it or run samtools faidx {self.path}"
        return ResourceError(f"stale index: {why}", path=self.path + ".fai", remedy=remedy)


def _is_index(path: Path) -> bool:
    """Whether a file is regular and not too large for an index."""
    status = path.stat()
    return stat.S_ISREG(status.st_mode) and status.st_size <= INDEX_BYTES_MAX


def _plain_text(stream: BinaryIO) -> Callable[[int, int], bytes]:
    def read(start: int, end: int) -> bytes:
        stream.seek(start)
        return stream.read(end - start)

    return read


def _first_flaw(stream: Iterable[bytes]) -> tuple[int, str]:
    """The line number and the kind of the first flaw of a FASTA."""
    width, short, number = 0, False, 0
    for number, line in enumerate(stream, 1):
        if line.startswith(b">"):
            width, short = 0, False
        elif number == 1:
            return 1, "it does not start with >" if without_mark(line) == line else _MARKED
        elif not line.strip(b"\r\n"):
            short = True
        elif short or (width and len(line.strip(b"\r\n")) > width):
            return number, "lines of a sequence differ in length"
        else:
            length = len(line.strip(b"\r\n"))
            short = bool(width) and length < width
            width = width or length
    return number, "it cannot be indexed"


def index_flaw(lines: Sequence[str], read: Callable[[int, int], bytes]) -> str:
    """Why an index does not describe a FASTA, as one clause; empty if it does.

    Args:
        lines: the lines of the index: name, length, offset, bases per line and bytes per line of each sequence.
        read: returns the bytes [start, end) of the uncompressed FASTA, and fewer at its end.
    """
    rows = []
    for line in lines:
        name, *words = line.split("\t")
        if len(words) != 4 or not all(map(_NUMBER.fullmatch, words)):
            return "a line is malformed"
        rows.append((int(words[1]), name, int(words[0]), int(words[2]), int(words[3])))
    end = 0
    for offset, name, length, bases, width in sorted(rows):
        gap = read(end, offset) if end < offset <= end + HEADER_BYTES_MAX else b""
        # samtools omits sequences without bases, so their header lines stand before that of the next sequence.
        headers = [line for line in gap.splitlines() if line]
        named = bool(headers) and headers[-1][1:].split()[:1] == [name.encode()]
        if not named or not all(line.startswith(b">") for line in headers) or not gap.endswith(b"\n"):
            return f"{name} is not at the offset that it states"
        end = offset
        if length and bases:
            full_lines, before_last = divmod(length - 1, bases)
            end += full_lines * width + before_last + 1
        if length and not read(end - 1, end).strip(b"\r\n>"):
            return f"{name} does not end where it states"
    rest = read(end, end + REST_BYTES).splitlines()
    return "" if all(line.startswith(b">") for line in rest if line) else "the FASTA continues after its last sequence"


def _bgzf_text(stream: BinaryIO, offsets: Path, path: str) -> Callable[[int, int], bytes]:
    """A function that returns the uncompressed bytes [start, end) of a BGZF file.

    Args:
        stream: the file.
        offsets: its `.gzi`: a count, then pairs of compressed and uncompressed offsets of blocks, 8 bytes each.
        path: the path of the file, for messages.
    """
    numbers = [number for (number,) in struct.iter_unpack("<Q", offsets.read_bytes())][1:]
    packed, plain = [0, *numbers[::2]], [0, *numbers[1::2]]

    def read(start: int, end: int) -> bytes:
        block = bisect_right(plain, start) - 1
        stream.seek(packed[block])
        text = io.BufferedReader(BgzfReader(stream, path, allow_truncated=True))
        text.read(start - plain[block])
        return text.read(end - start)

    return read
