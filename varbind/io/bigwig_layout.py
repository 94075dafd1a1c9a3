"""The layout of a bigWig file, followed once before the library that reads it does.

The library takes every number for true: it asks for the memory that a file says it needs, and follows a tree wherever
it leads. Where that is nowhere, it ends the process. Numbers and layout: supplement of Kent et al. 2010,
doi:10.1093/bioinformatics/btq351.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["require_bigwig"]

_BIGWIG, _BIGBED, _CHROMOSOMES, _INDEX = 0x888FFC26, 0x8789F2EB, 0x78CA8C91, 0x2468ACE0
_HEADER_BYTES, _ZOOM_BYTES, _TREE_BYTES, _DICTIONARY_BYTES, _INDEX_BYTES = 64, 24, 24, 32, 48
_SPAN_BYTES, _BLOCK_BYTES = 16, 32
# A block holds some thousand values; the library asks for as much memory as a file says that one needs.
_BLOCK_MAX = 1 << 26
_REMEDY = "give a bigWig file with conservation values, such as phyloP or phastCons"


def require_bigwig(file: BinaryIO, path: str) -> None:
    """Refuse what is no bigWig, was cut short or leads astray; the file is at its start afterwards.

    Raises:
        ResourceError: with what was found.
    """
    header = file.read(_HEADER_BYTES)
    order = next((mark for mark in "<>" if header[:4] == struct.pack(f"{mark}I", _BIGWIG)), "")
    if not order:
        is_bed = header[:4] in (struct.pack("<I", _BIGBED), struct.pack(">I", _BIGBED))
        found = "the file is empty" if not header else "this is bigBed" if is_bed else "this is no bigWig file"
        raise ResourceError(found, remedy=_REMEDY, path=path)
    try:
        _Layout(file, order, os.fstat(file.fileno()).st_size).follow(header)
    except (struct.error, ValueError) as error:
        what = "the bigWig file is cut short or damaged"
        raise ResourceError(what, remedy="fetch it again", path=path) from error
    file.seek(0)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Everything that a file says about itself; what is not so is a ValueError or a struct.error."""

    file: BinaryIO
    order: str
    size: int

    def follow(self, header: bytes) -> None:
        levels, chromosomes, data, index, unpacked = struct.unpack_from(f"{self.order}6xH3Q20xI", header)
        zooms = self.file.read(levels * _ZOOM_BYTES)
        # What is cut off at the end is an index: each stands behind its data.
        offsets = [data, *(zoom[3] for zoom in struct.iter_unpack(f"{self.order}IIQQ", zooms))]
        if len(offsets) <= levels or max(offsets) >= self.size or unpacked > _BLOCK_MAX:
            raise ValueError("data behind the end of the file")
        self._follow_dictionary(chromosomes)
        self._follow_index(index)

    def _follow_dictionary(self, start: int) -> None:
        self.file.seek(min(start, self.size))
        magic, _, key_bytes, value_bytes, contigs = struct.unpack(f"{self.order}4IQ", self.file.read(_TREE_BYTES))
        if magic != _CHROMOSOMES or contigs * (key_bytes + value_bytes) > self.size:
            raise ValueError("no dictionary of contigs")
        for _ in self._nodes(start + _DICTIONARY_BYTES, before_child=key_bytes, leaf_bytes=key_bytes + 8):
            pass

    def _follow_index(self, start: int) -> None:
        self.file.seek(min(start, self.size))
        if self.file.read(4) != struct.pack(f"{self.order}I", _INDEX):
            raise ValueError("no index")
        for is_leaf, items in self._nodes(start + _INDEX_BYTES, before_child=_SPAN_BYTES, leaf_bytes=_BLOCK_BYTES):
            if is_leaf:
                blocks = np.frombuffer(items, dtype=f"{self.order}u8").reshape(-1, 4)
                offsets, sizes = blocks[:, 2], blocks[:, 3]
                if (sizes > min(self.size, _BLOCK_MAX)).any() or (offsets > self.size - sizes).any():
                    raise ValueError("a block behind the end of the file")

    def _nodes(self, root: int, *, before_child: int, leaf_bytes: int) -> Iterator[tuple[bool, bytes]]:
        """Every node of a tree: whether it is a leaf, and its items. A node that is met twice makes it none."""
        waiting, met = [root], {root}
        while waiting:
            self.file.seek(min(waiting.pop(), self.size))
            is_leaf, count = struct.unpack(f"{self.order}BxH", self.file.read(4))
            width = leaf_bytes if is_leaf else before_child + 8
            items = self.file.read(count * width) if count * width <= self.size else b""
            if len(items) < count * width:
                raise ValueError("a node is cut short")
            yield bool(is_leaf), items
            if not is_leaf:
                children = [child for (child,) in struct.iter_unpack(f"{self.order}{before_child}xQ", items)]
                known = len(met)
                met.update(children)
                if len(met) < known + count:
                    raise ValueError("a node has two parents")
                waiting += children
