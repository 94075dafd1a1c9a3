"""Conservation tracks: the mean of a bigWig file over a span, NaN where the file has no value.

The library that reads bigWig trusts every number of a file: it allocates the memory that a file asks for, and follows a
tree wherever its nodes point. A damaged file can make it end the process. Therefore the header, the tree of contigs and
the index are checked once when a file is opened. Layout: supplement of Kent et al. 2010,
doi:10.1093/bioinformatics/btq351.
"""

from __future__ import annotations

import os
import struct
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from varbind.errors import ResourceError, VarbindError
from varbind.gate import optional_import

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["ConservationTrack"]

_BIGWIG, _BIGBED, _CHROMOSOMES, _INDEX = 0x888FFC26, 0x8789F2EB, 0x78CA8C91, 0x2468ACE0
_HEADER_BYTES, _ZOOM_BYTES, _TREE_BYTES, _DICTIONARY_BYTES, _INDEX_BYTES = 64, 24, 24, 32, 48
_SPAN_BYTES, _BLOCK_BYTES = 16, 32
_BLOCK_MAX = 1 << 26
"""The largest size in bytes of a block, packed or unpacked; real blocks have some thousand values."""

_REMEDY = "give a bigWig file with conservation values, such as phyloP or phastCons"


class ConservationTrack(AbstractContextManager["ConservationTrack"]):
    """One bigWig track, open for reading.

    Args:
        name: the name that the user gives to the track.
        path: the path of the bigWig file.

    Raises:
        ResourceError: the file is missing, damaged or not bigWig.
        UsageError: the package that reads bigWig is not installed.

    Attributes:
        contigs: the contigs of the track with their lengths in bases.
    """

    def __init__(self, name: str, path: str | os.PathLike[str]) -> None:
        pybigtools = optional_import("pybigtools", needed_for="--conservation")
        self.name = name
        self.path = os.fspath(path)
        with self._damage_reported():
            # The library gets an open file: given a path, it would judge it by its suffix, and download a URL.
            self._file = Path(self.path).open("rb")  # noqa: SIM115 (closed by `close`)
        try:
            with self._damage_reported():
                _require_bigwig(self._file, self.path)
                self._reader = pybigtools.open(self._file)
                self.contigs: dict[str, int] = dict(self._reader.chroms())
        except BaseException:
            self._file.close()
            raise

    def mean(self, contig: str, start: int, end: int) -> float:
        """The mean of the covered bases of the 0-based half-open span [start, end); NaN if no base is covered.

        Contigs that the track does not have, and positions outside a contig, are not covered.

        Raises:
            ResourceError: the file is damaged there.
        """
        low, high = max(start, 0), min(end, self.contigs.get(contig, 0))
        if low >= high:
            return np.nan
        with self._damage_reported():
            values = self._reader.values(contig, low, high, fillna=None)
        covered = values[~np.isnan(values)]
        return float(covered.mean()) if covered.size else np.nan

    def means(self, spans: Sequence[tuple[str, int, int]]) -> NDArray[np.float32]:
        """The `mean` of B spans (contig, start, end).

        Returns:
            float32 (B,), in the order of `spans`.
        """
        result = np.full(len(spans), np.nan, dtype=np.float32)
        # The reader caches the last blocks, so each is unpacked once if the spans are read in the order of the file.
        for place in sorted(range(len(spans)), key=spans.__getitem__):
            result[place] = self.mean(*spans[place])
        return result

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        self._file.close()

    def __exit__(self, *error: object) -> None:
        self.close()

    @contextmanager
    def _damage_reported(self) -> Iterator[None]:
        """Report any error of the library as one line about this file."""
        try:
            yield
        except VarbindError:
            raise
        except OSError as error:
            raise ResourceError(f"cannot be read: {error.strerror or error}", path=self.path) from error
        except BaseException as error:
            # A panic of the library is not an Exception, and its class cannot be imported.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            what = f"the bigWig data is damaged: {error}"
            raise ResourceError(what, remedy="fetch it again", path=self.path) from error


def _require_bigwig(file: BinaryIO, path: str) -> None:
    """Check the header and the trees of a bigWig file; the file is at its start afterwards.

    Raises:
        ResourceError: the file is not bigWig, is truncated or is damaged.
    """
    header = file.read(_HEADER_BYTES)
    order = next((mark for mark in "<>" if header[:4] == struct.pack(f"{mark}I", _BIGWIG)), "")
    if not order:
        is_bed = header[:4] in (struct.pack("<I", _BIGBED), struct.pack(">I", _BIGBED))
        found = "the file is empty" if not header else "this is bigBed" if is_bed else "this is not a bigWig file"
        raise ResourceError(found, remedy=_REMEDY, path=path)
    try:
        _Layout(file, order, os.fstat(file.fileno()).st_size).check(header)
    except (struct.error, ValueError) as error:
        what = f"the bigWig file is cut short or damaged: {error}"
        raise ResourceError(what, remedy="fetch it again", path=path) from error
    file.seek(0)


@dataclass(frozen=True, slots=True)
class _Layout:
    """The layout of a bigWig file; impossible numbers raise ValueError or struct.error.

    Attributes:
        file: the file.
        order: the byte order, `<` or `>`.
        size: the size of the file in bytes.
    """

    file: BinaryIO
    order: str
    size: int

    def check(self, header: bytes) -> None:
        """Check the offsets in the header, then follow the tree of contigs and the index of the data."""
        levels, dictionary, data, index, unpacked = struct.unpack_from(f"{self.order}6xH3Q20xI", header)
        zooms = self.file.read(levels * _ZOOM_BYTES)
        # Each index stands after its data, so the last one shows whether the end of the file is missing.
        offsets = [data, *(zoom[3] for zoom in struct.iter_unpack(f"{self.order}IIQQ", zooms))]
        if len(offsets) <= levels or max(offsets) >= self.size or unpacked > _BLOCK_MAX:
            raise ValueError("an offset or a size in the header is beyond the end of the file")
        self._seek(dictionary)
        magic, _, key_bytes, value_bytes, contigs = struct.unpack(f"{self.order}4IQ", self.file.read(_TREE_BYTES))
        if magic != _CHROMOSOMES or contigs * (key_bytes + value_bytes) > self.size:
            raise ValueError("the tree of contigs is missing")
        for _ in self._leaves(dictionary + _DICTIONARY_BYTES, before_child=key_bytes, leaf_bytes=key_bytes + 8):
            pass
        self._seek(index)
        if self.file.read(4) != struct.pack(f"{self.order}I", _INDEX):
            raise ValueError("the index is missing")
        for items in self._leaves(index + _INDEX_BYTES, before_child=_SPAN_BYTES, leaf_bytes=_BLOCK_BYTES):
            offsets_of_blocks, sizes = np.frombuffer(items, dtype=f"{self.order}u8").reshape(-1, 4)[:, 2:].T
            if (sizes > min(self.size, _BLOCK_MAX)).any() or (offsets_of_blocks > self.size - sizes).any():
                raise ValueError("a block ends after the end of the file")

    def _leaves(self, root: int, *, before_child: int, leaf_bytes: int) -> Iterator[bytes]:
        """The items of every leaf of a tree.

        Args:
            root: the offset of the root.
            before_child: the number of bytes of an item of an inner node before the offset of its child.
            leaf_bytes: the number of bytes of an item of a leaf.
        """
        waiting, seen = [root], {root}
        while waiting:
            self._seek(waiting.pop())
            is_leaf, count = struct.unpack(f"{self.order}BxH", self.file.read(4))
            size = count * (leaf_bytes if is_leaf else before_child + 8)
            items = self.file.read(size) if size <= self.size else b""
            if len(items) < size:
                raise ValueError("a node of a tree is cut short")
            if is_leaf:
                yield items
                continue
            children = [child for (child,) in struct.iter_unpack(f"{self.order}{before_child}xQ", items)]
            known = len(seen)
            seen.update(children)
            if len(seen) < known + len(children):
                raise ValueError("a node of a tree has two parents")
            waiting += children

    def _seek(self, offset: int) -> None:
        self.file.seek(min(offset, self.size))
