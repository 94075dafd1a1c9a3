"""Reads the values of alleles from a precomputed table.

The alleles of a batch are looked up together: alleles that lie close to each other are read as one piece of the table.
"""

from __future__ import annotations

import gzip
import logging
import zlib
from contextlib import AbstractContextManager, contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import pysam

from varbind.cache.table_key import TableKey
from varbind.core.variant import Status, trim
from varbind.errors import ResourceError, UsageError
from varbind.io.vcf.record_index import CSI_MARK, index_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from varbind.core.variant import Variant

logger = logging.getLogger(__name__)

__all__ = ["INDEX_BIN", "TABLE_PREFIX", "PrecomputedTable", "value_of"]

TABLE_PREFIX = "VARBIND"
"""The prefix of the keys of every table; a run may write others."""

INDEX_BIN = 6
"""The index has bins of two to the power of this many bases. A place is found 40 times as fast as with the bins of a
tbi, which have 2^14 bases."""

_MAKE_INDEX = f"bcftools index -c -m {INDEX_BIN}"

_GAP = 40
"""The largest distance in bases between alleles that are read as one piece: to find a place takes as long as to read
the lines of about so many sites."""
_POSITIONS = range(1, 1 << 31)
"""The positions that htslib can look up; there is no allele of a contig at any other."""
_COLUMNS = 8


class PrecomputedTable(AbstractContextManager["PrecomputedTable"]):
    """A table of `varbind precompute`, open for reading.

    Args:
        path: the table, with its index beside it.

    Raises:
        ResourceError: the file is missing, damaged or no such table, or it has no index.

    Attributes:
        path: the path as given.
        key: all that the values depend on.
        found: the number of alleles that were found so far.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.found = 0
        # An absolute path, because htslib would download what looks like a URL.
        local = str(Path(path).absolute())
        with self._damage_reported():
            self.key = TableKey.of_header(_header_of(local))
            if not self.key.parts:
                raise ResourceError("is no table of varbind precompute", path=path, remedy="make one, or name another")
            index = self._index(local)
            self._table = pysam.TabixFile(local, index=index, encoding="utf-8")
            self._contigs = frozenset(self._table.contigs)

    def find(self, variants: Sequence[Variant]) -> list[Mapping[str, str] | None]:
        """The same as `texts`, divided into the texts of the INFO keys without the prefix."""
        return [None if text is None else _values(text) for text in self.texts(variants)]

    def texts(self, variants: Sequence[Variant]) -> list[str | None]:
        """Column 8 of each of B variants; None where the table lacks the variant.

        Args:
            variants: normalised variants, whose contigs are named as in the reference; any others are not found.

        Raises:
            ResourceError: the table is damaged.
        """
        places: dict[str, set[int]] = {}
        for variant in variants:
            position = _listed_at(variant)
            if variant.chrom in self._contigs and position in _POSITIONS:
                places.setdefault(variant.chrom, set()).add(position)
        known: dict[tuple[str, int, str, str], str] = {}
        with self._damage_reported():
            for contig, positions in places.items():
                for line in self._lines(contig, positions):
                    pos, ref, alt, info = _columns(line)
                    if pos in positions:
                        known[contig, *trim(pos, ref, alt)] = info
            texts = [known.get((variant.chrom, variant.pos, variant.ref, variant.alt)) for variant in variants]
            for text in texts:
                if text is not None:
                    _require_values(text)
        self.found += sum(text is not None for text in texts)
        return texts

    def close(self) -> None:
        """Close the file."""
        self._table.close()

    def __exit__(self, *error: object) -> None:
        self.close()

    def _index(self, local: str) -> str:
        try:
            index = index_of(local)
        except UsageError as error:
            remedy = f"copy the table and its index again, or make the index with {_MAKE_INDEX} -f {self.path}"
            raise ResourceError(error.what, path=error.path, remedy=remedy) from error
        if index is None:
            raise ResourceError("has no index", path=self.path, remedy=f"make one with {_MAKE_INDEX} {self.path}")
        with gzip.open(index) as stream:
            if stream.read(8) != CSI_MARK + INDEX_BIN.to_bytes(4, "little"):
                text = "%s: its index is coarse, so that it is read slowly; make a finer one with %s -f %s"
                logger.warning(text, self.path, _MAKE_INDEX, self.path)
        return index

    def _lines(self, contig: str, positions: Iterable[int]) -> Iterator[str]:
        """The lines around some 1-based positions of a contig, and a few between them."""
        for first, last in _pieces(sorted(positions)):
            yield from self._table.fetch(contig, first - 1, last)

    @contextmanager
    def _damage_reported(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise ResourceError("does not exist", path=self.path, remedy="make it with varbind precompute") from error
        except (OSError, EOFError, ValueError, zlib.error) as error:
            why = getattr(error, "strerror", None) or error
            raise ResourceError(f"cannot be read: {why}", path=self.path, remedy="make the table again") from error


def value_of(info: str, key: str) -> str:
    """The text of a key without the prefix, in column 8 of a table; empty where the key is missing."""
    _, _, rest = f";{info}".partition(f";{TABLE_PREFIX}_{key}=")
    return rest.partition(";")[0]


def _header_of(path: str) -> list[str]:
    """The lines of a header before #CHROM; none where the file is not compressed."""
    lines: list[str] = []
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as stream:
            for line in stream:
                if not line.startswith("##"):
                    break
                lines.append(line)
    except gzip.BadGzipFile:
        return []
    return lines


def _listed_at(variant: Variant) -> int:
    """POS of a normalised variant in a table, which lists an indel with the base before it."""
    return variant.pos if variant.ref and variant.alt else variant.pos - 1


def _pieces(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first and the last position of each group of sorted positions that are close to each other."""
    first = last = positions[0]
    for position in positions[1:]:
        if position > last + _GAP:
            yield first, last
            first = position
        last = position
    yield first, last


def _columns(line: str) -> tuple[int, str, str, str]:
    """POS, REF, ALT and INFO of a line; ValueError where it has not the columns of a table."""
    columns = line.split("\t")
    if len(columns) != _COLUMNS:
        raise ValueError(f"a line has {len(columns)} columns, expected {_COLUMNS}")
    _, pos, _, ref, alt, _, _, info = columns
    return int(pos), ref, alt, info


def _require_values(info: str) -> None:
    """Raise ValueError where column 8 is not that of a scored allele."""
    if value_of(info, "STATUS") != Status.OK or not isfinite(float(value_of(info, "PHRED") or 0)):
        raise ValueError(f"a line has {info[:40]!r}, expected the values of an allele")


def _values(info: str) -> dict[str, str]:
    """The texts of column 8 by key without the prefix."""
    pairs = [entry.partition("=") for entry in info.split(";")]
    return {key.removeprefix(f"{TABLE_PREFIX}_"): text for key, _, text in pairs}
