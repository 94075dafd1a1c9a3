"""Regions of interest, from a list or a file, and the selection of the records of a variant file that lie in them.

How the text of a region is read depends on the contigs of the variant file, because names may contain colons and may be
written in different styles. Therefore regions are parsed twice: first without a file, to report errors in them, and
then with the contigs of a file.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from varbind.core.contigs import ContigNames
from varbind.errors import UsageError
from varbind.io.vcf.region_syntax import END, Region, read_region_file, read_regions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Regions", "Selection"]

logger = logging.getLogger(__name__)

_NAMED_MAX = 5

Spans = dict[str, list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Regions:
    """The regions that the user gives.

    Attributes:
        asked: regions from columns of a file, and texts of one or more regions.
        spans: the merged spans by contig, 0-based half-open, in the order in which the contigs are first named, as they
            are read without known contigs.
    """

    asked: tuple[Region | str, ...]
    spans: Spans

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Parse a comma-separated list, 1-based with both ends included.

        Raises:
            UsageError: a region cannot be understood.
        """
        return cls._of([text])

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a file, plain or gzip: BED, columns CHROM, FROM and TO from 1, or one region per line.

        Raises:
            UsageError: the file cannot be read, or a line is malformed.
        """
        return cls._of(_checked(Path(path)), str(path))

    @classmethod
    def _of(cls, asked: Iterable[Region | str], path: str | None = None) -> Self:
        kept = tuple(asked)
        spans: Spans = {}
        for region in _read(kept, lambda _: False):
            spans.setdefault(region.contig, []).append((region.start, region.end))
        if not spans:
            raise UsageError("no region is named", path=path, remedy="give chr:from-to")
        return cls(kept, {contig: _merge(found) for contig, found in spans.items()})

    def holds(self, contig: str, pos: int) -> bool:
        """Whether a 1-based position lies in a region."""
        return _holds(self.spans.get(contig, []), pos)

    def with_previous_ends(self) -> Iterator[tuple[str, int, int, int]]:
        """The contig, start and end of every span, and the end of the previous span on the contig, -1 if there is none.

        A record that overlaps a span and starts before the previous end was already found in an earlier span.
        """
        return _with_previous_ends(self.spans)


class Selection:
    """Regions with the contig names of one variant file.

    Args:
        regions: the regions that the user gives.
        contigs: the contigs in the header or index of the file, with their lengths in bases; None = unknown.
        path: the path of the file, for messages.
        renamed: pairs of names of the same contig, given by the user.
    """

    def __init__(
        self,
        regions: Regions,
        contigs: Mapping[str, int | None],
        path: str,
        *,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self._path = path
        self._contigs = contigs
        self._names = ContigNames(contigs, renamed=renamed)
        self._spans: Spans = {}
        # Regions on contigs that are neither in the header nor in the index; records may be on them.
        self._ahead: dict[str, list[Region]] = {}
        for region in _read(regions.asked, lambda name: self._names.find(name) is not None):
            contig = self._names.find(region.contig)
            if contig is None:
                self._wait_for(region)
            else:
                self._spans.setdefault(contig, []).append((region.start, region.end))
        self._spans = {contig: _merge(found) for contig, found in self._spans.items()}

    def holds(self, contig: str, pos: int) -> bool:
        """Whether a 1-based position lies in a region; the contig may be missing in the header."""
        spans = self._spans.get(contig)
        return _holds(self._meet(contig) if spans is None else spans, pos)

    def with_previous_ends(self) -> Iterator[tuple[str, int, int, int]]:
        """The spans as in `Regions.with_previous_ends`, with the contig names of the file."""
        return _with_previous_ends(self._spans)

    def finish(self) -> None:
        """Warn of contigs that are neither in the header or index nor among the records read so far.

        Raises:
            UsageError: no region is on a contig of the file.
        """
        waiting = Counter(region.contig for found in self._ahead.values() for region in set(found))
        if not waiting:
            return
        more = " ..." if len(waiting) > _NAMED_MAX else ""
        named = ", ".join(repr(name) for name in list(waiting)[:_NAMED_MAX]) + more
        if not any(self._spans.values()):
            ours = next(iter(self._contigs), None) or next(iter(self._spans), None)
            against = f"; the file has {ours!r}" if ours else ""
            what = f"no region is on a contig of this file: the regions name {named}{against}"
            remedy = "name contigs as the file does, or give --contig-map FILE"
            raise UsageError(what, path=self._path, remedy=remedy)
        logger.warning("%s has no contig %s, which regions name", self._path, named)

    def _wait_for(self, region: Region) -> None:
        self._ahead.setdefault(region.contig, []).append(region)
        if region.whole:
            self._ahead.setdefault(region.whole, []).append(region)

    def _meet(self, contig: str) -> list[tuple[int, int]]:
        """The spans of a contig that was not looked up before."""
        spans = []
        met: set[Region] = set()
        if contig not in self._contigs:
            for name in dict.fromkeys((contig, *self._names.equivalents(contig))):
                here = self._ahead.pop(name, [])
                spans += [(0, END) if region.whole == name else (region.start, region.end) for region in here]
                met.update(here)
        for name in {name for region in met for name in (region.contig, region.whole)} & self._ahead.keys():
            self._ahead[name] = [region for region in self._ahead[name] if region not in met]
        self._spans[contig] = _merge(spans)
        return self._spans[contig]


def _checked(path: Path) -> Iterator[Region | str]:
    """The regions of a file; texts are parsed once, so that an error names the line."""
    for number, region in read_region_file(path):
        if isinstance(region, str):
            try:
                list(read_regions(region, lambda _: False))
            except UsageError as error:
                raise UsageError(error.what, remedy=error.remedy, path=path, line=number) from error
        yield region


def _read(asked: Iterable[Region | str], is_contig: Callable[[str], bool]) -> Iterator[Region]:
    for region in asked:
        if isinstance(region, str):
            yield from read_regions(region, is_contig)
        else:
            yield region


def _holds(spans: list[tuple[int, int]], pos: int) -> bool:
    index = bisect_right(spans, (pos - 1, END)) - 1
    return index >= 0 and spans[index][0] <= pos - 1 < spans[index][1]


def _with_previous_ends(by_contig: Spans) -> Iterator[tuple[str, int, int, int]]:
    for contig, spans in by_contig.items():
        before = -1
        for start, end in spans:
            yield contig, start, end, before
            before = end


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
