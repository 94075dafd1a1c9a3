"""The index (tbi or csi) of a compressed variant file, which is checked before htslib uses it.

A wrong number in an index can make htslib end the process, and for an offset after the end of the file htslib returns
no records and no error. Layouts: the tabix and CSI specifications of samtools.
"""

from __future__ import annotations

import gzip
import logging
import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import UsageError
from varbind.io.vcf.bgzf import is_bgzf
from varbind.io.vcf.input_stream import STDIN, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CSI_MARK", "MARKS", "SUFFIXES", "index_of", "require_index"]

logger = logging.getLogger(__name__)

SUFFIXES = ("csi", "tbi")
"""The suffixes of indexes, in the order in which htslib looks for them."""
CSI_MARK, _TBI_MARK = MARKS = b"CSI\1", b"TBI\1"
"""The first bytes of the two kinds of index, uncompressed."""

_BYTES_MAX = 1 << 28
_TBI_LEVELS, _LEVELS_MAX = 5, 12
_NAMES_AT = 28
"""The offset of the names, after the format, column numbers, comment sign, lines to skip, and size of the names."""
_BLOCK_HEAD = 18
_UNPACKED = struct.Struct("<I")
"""The last number of a BGZF block: its uncompressed size in bytes."""
_BCF_HEADER_AT = 9
"""The offset of the header, after the magic number, the version and the size of the header."""


def require_index(source: Source, no_index: UsageError) -> str:
    """Check that a file can be read by its index, and return the path of the index.

    Args:
        source: the file.
        no_index: the error for a file without an index.

    Raises:
        UsageError: there is no index, or it is damaged or belongs to another file.
        InputError: the end marker of the file is missing, or the index has no records and the file is damaged.
    """
    if source.path == STDIN:
        raise no_index
    source.check_end_marker()
    index = index_of(source.path)
    if index is None:
        raise no_index
    return index


def index_of(path: str) -> str | None:
    """The path of the index beside a file; None if there is none.

    Raises:
        UsageError: the index is damaged, or it belongs to another file.
        InputError: the index has no records, and the file is damaged.
    """
    # The library looks for one kind of index only.
    found = next((name for name in (f"{path}.{suffix}" for suffix in SUFFIXES) if Path(name).exists()), None)
    if found is None:
        return None
    try:
        with gzip.open(found) as stream:
            index = _Index(stream.read(_BYTES_MAX), Path(path).stat().st_size)
        index.check()
        _require_to_end(path, index.last)
    except OSError as error:
        why = f"cannot be read: {error.strerror}" if error.strerror else f"is damaged: {error}"
        raise UsageError(f"the index {why}", path=found, remedy=f"bcftools index -f {path}") from error
    except (EOFError, zlib.error, struct.error, ValueError) as error:
        why = "it is cut short" if isinstance(error, struct.error) else str(error)
        raise UsageError(f"the index is damaged: {why}", path=found, remedy=f"bcftools index -f {path}") from error
    if Path(found).stat().st_mtime < Path(path).stat().st_mtime:
        logger.warning("%s: the index is older than the file", found)
    return found


def _require_to_end(path: str, last: int) -> None:
    """Check that no record lies after the last offset of an index, because such a record would not be found."""
    if not last:
        if _holds_records(path):
            raise ValueError("it has no record, but the file has")
        return
    with Path(path).open("rb") as stream:
        stream.seek(last >> 16)
        # Only empty blocks may follow. The end marker is one, and it also stands where files were concatenated.
        within = last & 0xFFFF
        while head := stream.read(_BLOCK_HEAD):
            rest = int.from_bytes(head[16:18], "little") + 1 - _BLOCK_HEAD
            if not is_bgzf(head) or rest < _UNPACKED.size:
                raise ValueError("its last offset is not in a block of the file")
            stream.seek(rest - _UNPACKED.size, os.SEEK_CUR)
            if stream.read(_UNPACKED.size) != _UNPACKED.pack(within):
                raise ValueError("the records of the file do not end at its last offset")
            within = 0


def _holds_records(path: str) -> bool:
    """Whether a file has bytes after its header.

    Raises:
        InputError: the file is damaged.
    """
    with Source(path, allow_truncated=True) as source:
        if source.stream.peek(4)[:3] != b"BCF":  # type: ignore[attr-defined]
            return any(line.strip() and not line.startswith(b"#") for _, line in source.header_lines())
        header_size = int.from_bytes(source.stream.read(_BCF_HEADER_AT)[-4:], "little")
        return sum(map(len, source.blocks())) > header_size


class _Index:
    """An index that is parsed from its start to its end; an impossible number raises ValueError."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = data
        self._place = 4
        # A virtual offset is the offset of a block in the file and, in its low 16 bits, the offset in the block.
        self._end = size << 16
        self.last = 0
        self._is_csi = data[:4] == CSI_MARK
        if not self._is_csi and data[:4] != _TBI_MARK:
            raise ValueError("it is neither tbi nor csi")

    def check(self) -> None:
        if self._is_csi:
            smallest, levels, size = self._integers(3)
            if not (0 < smallest < 32 and 0 <= levels <= _LEVELS_MAX):
                raise ValueError("its bins have an impossible size")
            names = self._names(self._take(size)) if size else None
            (contigs,) = self._integers(1)
        else:
            levels = _TBI_LEVELS
            (contigs,) = self._integers(1)
            (length,) = struct.unpack_from("<i", self._data, self._place + _NAMES_AT - 4)
            names = self._names(self._take(_NAMES_AT + length))
        if contigs < 0 or names not in {None, contigs}:
            raise ValueError("it has different numbers of names and contigs")
        for _ in range(contigs):
            self._check_contig(levels)
        if len(self._data) - self._place not in {0, 8}:  # the optional number of records without a position
            raise ValueError("it continues after its last contig")

    @staticmethod
    def _names(data: bytes) -> int:
        """The number of names."""
        names = data[_NAMES_AT:]
        if struct.unpack_from("<i", data, _NAMES_AT - 4) != (len(names),) or names[-1:] not in {b"", b"\0"}:
            raise ValueError("its names are cut short")
        return names.count(b"\0")

    def _check_contig(self, levels: int) -> None:
        """Check that all bins exist, and that their chunks, which are pairs of 8-byte offsets, lie in the file."""
        last = ((1 << 3 * (levels + 1)) - 1) // 7 - 1
        head = struct.Struct("<I8xi" if self._is_csi else "<Ii")
        (bins,) = self._integers(1)
        start = place = self._place
        numbers, heads, sizes = [], [], []
        for _ in range(bins):
            number, chunks = head.unpack_from(self._data, place)
            numbers.append(number)
            heads.append((place - start) // 8)
            sizes.append(max(chunks, 0) * 2 + head.size // 8)
            place += sizes[-1] * 8
        words = self._places((place - start) // 8)
        # The second bin after the last one has counts instead of offsets.
        counts = np.array(numbers, dtype=np.int64) > last
        if bins < 0 or (np.array(numbers, dtype=np.int64) > last + 2).any():
            raise ValueError("it has a bin with an impossible number")
        is_place = np.repeat(~counts, sizes)
        for word in range(head.size // 8):
            is_place[np.array(heads, dtype=np.int64) + word] = False
        chunk = words[is_place].reshape(-1, 2)
        self._require_in_file(chunk)
        self.last = max(self.last, int(chunk.max(initial=0)))
        if (chunk[:, 0] > chunk[:, 1]).any():
            raise ValueError("one of its chunks ends before it starts")
        if not self._is_csi:
            self._require_in_file(self._places(*self._integers(1)))

    def _require_in_file(self, places: NDArray[np.uint64]) -> None:
        if (places > self._end).any():
            raise ValueError("it has an offset after the end of the file")

    def _integers(self, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}i", self._take(4 * count))

    def _places(self, count: int) -> NDArray[np.uint64]:
        return np.frombuffer(self._take(8 * count), dtype="<u8")

    def _take(self, size: int) -> bytes:
        found = self._data[self._place : self._place + max(size, 0)]
        if len(found) != size:
            raise ValueError("it is cut short")
        self._place += size
        return found
