"""Conservation tracks: bigWig files enter, the mean over a span leaves, NaN where nothing is measured."""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from varbind.errors import ResourceError, VarbindError
from varbind.gate import optional_import
from varbind.io.closing import Closing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["ConservationTrack"]

# Numbers and layout as in the supplement of Kent et al. 2010, doi:10.1093/bioinformatics/btq351.
_BIGWIG, _BIGBED, _CHROMOSOMES, _INDEX = 0x888FFC26, 0x8789F2EB, 0x78CA8C91, 0x2468ACE0
_HEADER_BYTES, _ZOOM_BYTES, _TREE_BYTES, _DICTIONARY_BYTES, _INDEX_BYTES = 64, 24, 24, 32, 48
# A block holds some thousand values; the library asks for as much memory as a file says that one needs.
_BLOCK_MAX = 1 << 26
_REMEDY = "give a bigWig file with conservation values, such as phyloP or phastCons"


class ConservationTrack(Closing):
    """One bigWig track, open for reading.

    Args:
        name: what the user calls it.
        path: the bigWig file.

    Raises:
        ResourceError: the file is missing, damaged or no bigWig.
        UsageError: the package that reads bigWig is not installed.
    """

    def __init__(self, name: str, path: str | os.PathLike[str]) -> None:
        pybigtools = optional_import("pybigtools", needed_for="--conservation")
        self.name = name
        self.path = os.fspath(path)
        with self._damage_told():
            # Given a path, the library would judge it by its suffix and fetch it where it is a URL.
            self._file = Path(self.path).open("rb")  # noqa: SIM115 (closed by `close`)
        try:
            with self._damage_told():
                _require_bigwig(self._file, self.path)
                self._reader = pybigtools.open(self._file)
                self.contigs: dict[str, int] = dict(self._reader.chroms())
        except BaseException:
            self._file.close()
            raise

    def mean(self, contig: str, start: int, end: int) -> float:
        """Mean of the covered bases of the 0-based half-open span [start, end); NaN if there is none.

        A contig that the track lacks, and what lies off a contig, is not covered.

        Raises:
            ResourceError: the file is damaged there.
        """
        low, high = max(start, 0), min(end, self.contigs.get(contig, 0))
        if low >= high:
            return np.nan
        with self._damage_told():
            values = self._reader.values(contig, low, high, fillna=None)
        covered = values[~np.isnan(values)]
        return float(covered.mean()) if covered.size else np.nan

    def means(self, spans: Sequence[tuple[str, int, int]]) -> NDArray[np.float32]:
        """`mean` of many spans (contig, start, end).

        Returns:
            float32 (B,), in the order of `spans`.
        """
        result = np.full(len(spans), np.nan, dtype=np.float32)
        # The reader keeps the last blocks unpacked: in the order of the file each is unpacked once.
        for place in sorted(range(len(spans)), key=spans.__getitem__):
            result[place] = self.mean(*spans[place])
        return result

    def close(self) -> None:
        """Close the file; afterwards nothing can be read."""
        self._reader.close()
        self._file.close()

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        """Whatever the library raises, as one line about this file."""
        try:
            yield
        except VarbindError:
            raise  # ours already, or a signal
        except OSError as error:
            raise ResourceError(f"cannot be read: {error.strerror or error}", path=self.path) from error
        except BaseException as error:
            # A panic of the library is no Exception, and its class cannot be imported.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            reason = f"the bigWig data is damaged: {error}"
            raise ResourceError(reason, remedy="fetch it again", path=self.path) from error


def _require_bigwig(file: BinaryIO, path: str) -> None:
    """Refuse what is no bigWig, or was cut short, before the library takes its numbers for true.

    Raises:
        ResourceError: with what was found.
    """
    size = os.fstat(file.fileno()).st_size
    header = file.read(_HEADER_BYTES)
    order = next((mark for mark in "<>" if header[:4] == struct.pack(f"{mark}I", _BIGWIG)), "")
    if not order:
        is_bed = header[:4] in (struct.pack("<I", _BIGBED), struct.pack(">I", _BIGBED))
        found = "the file is empty" if not header else "this is bigBed" if is_bed else "this is no bigWig file"
        raise ResourceError(found, remedy=_REMEDY, path=path)
    cut_short = ResourceError("the bigWig file is cut short or damaged", remedy="fetch it again", path=path)
    if len(header) < _HEADER_BYTES:
        raise cut_short
    levels, chromosomes, data, index, unpacked = struct.unpack_from(f"{order}6xH3Q20xI", header)
    zooms = file.read(levels * _ZOOM_BYTES)
    if len(zooms) < levels * _ZOOM_BYTES:
        raise cut_short
    # What is cut off at the end is an index: each stands behind its data.
    offsets = [data, *(zoom[3] for zoom in struct.iter_unpack(f"{order}IIQQ", zooms))]
    file.seek(min(chromosomes, size))
    tree, index_magic = file.read(_TREE_BYTES), struct.pack(f"{order}I", _INDEX)
    file.seek(min(index, size))
    if max(offsets) >= size or len(tree) < _TREE_BYTES or file.read(4) != index_magic:
        raise cut_short
    magic, _, key_bytes, value_bytes, contigs = struct.unpack(f"{order}4IQ", tree)
    # The library asks for memory for as many contigs as are said to be there.
    if magic != _CHROMOSOMES or contigs * (key_bytes + value_bytes) > size or unpacked > _BLOCK_MAX:
        raise cut_short
    if not _is_sound_dictionary(file, chromosomes + _DICTIONARY_BYTES, order, key_bytes, size):
        raise cut_short
    if not _is_sound_index(file, index + _INDEX_BYTES, order, size):
        raise cut_short
    file.seek(0)


def _is_sound_dictionary(file: BinaryIO, root: int, order: str, key_bytes: int, size: int) -> bool:
    """Whether the dictionary of contigs is a tree: the library follows it wherever it leads."""
    waiting, met = [root], {root}
    while waiting:
        file.seek(waiting.pop())
        head = file.read(4)
        if len(head) < 4:
            return False
        is_leaf, count = struct.unpack(f"{order}BxH", head)
        if count * (key_bytes + 8) > size:
            return False
        items = file.read(count * (key_bytes + 8))
        if len(items) < count * (key_bytes + 8):
            return False
        if not is_leaf:
            children = {child for (child,) in struct.iter_unpack(f"{order}{key_bytes}xQ", items)}
            if len(met | children) < len(met) + count:
                return False
            met |= children
            waiting += children
    return True


def _is_sound_index(file: BinaryIO, root: int, order: str, size: int) -> bool:
    """Whether every node and block that the index names lies within the file, and the index is a tree.

    Where one does not, the library asks for memory that is not there, and ends the process.
    """
    waiting, met = [root], {root}
    while waiting:
        file.seek(waiting.pop())
        head = file.read(4)
        if len(head) < 4:
            return False
        is_leaf, count = struct.unpack(f"{order}BxH", head)
        items = np.frombuffer(file.read(count * (32 if is_leaf else 24)), dtype=f"{order}u8")
        if len(items) < count * (4 if is_leaf else 3):
            return False
        items = items.reshape(count, -1)
        offsets, sizes = items[:, 2], items[:, 3] if is_leaf else np.zeros(count, dtype=np.uint64)
        if (sizes > min(size, _BLOCK_MAX)).any() or (offsets > size - sizes).any():
            return False
        if not is_leaf:
            children = offsets.tolist()
            if len(met | set(children)) < len(met) + count:
                return False
            met.update(children)
            waiting += children
    return True
