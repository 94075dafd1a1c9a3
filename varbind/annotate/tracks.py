"""The conservation tracks of a run, whose means are looked up for a batch of alleles at once."""

from __future__ import annotations

import logging
import re
from collections import Counter
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

import numpy as np

from varbind.annotate.info_schema import CONS_PHRED_KEY, TRACK_STEM
from varbind.core.contigs import ContigNames
from varbind.errors import UsageError
from varbind.io.tracks import ConservationTrack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from varbind.annotate.allele_status import Allele

__all__ = ["Tracks"]

logger = logging.getLogger(__name__)


class Tracks(AbstractContextManager["Tracks"]):
    """Any number of bigWig tracks.

    Args:
        paths: the bigWig files by the names of the tracks.
        contigs: the contigs of the reference, with their lengths in bases.
        renamed: pairs of names of the same contig, as the user gives them.

    Raises:
        UsageError: a name cannot be part of an INFO key, or would give a key of the second stage.
        ResourceError: a file is not a bigWig.
    """

    def __init__(
        self, paths: Mapping[str, str], contigs: Mapping[str, int], *, renamed: Mapping[str, str] | None = None
    ) -> None:
        for name in paths:
            if not re.fullmatch(r"[0-9A-Za-z_.]+", name):
                raise UsageError(f"track name {name!r}", remedy="use letters, digits, _ and . only")
            if f"{TRACK_STEM}{name}".upper() == CONS_PHRED_KEY:
                what = f"track name {name!r} would give the key {CONS_PHRED_KEY}, which the second stage writes"
                raise UsageError(what, remedy="choose another name")
        self._paths = dict(paths)
        self._contigs = tuple(contigs)
        self._files = ExitStack()
        self._tracks = [self._files.enter_context(ConservationTrack(*pair)) for pair in paths.items()]
        self._names = [ContigNames(track.contigs, declared=contigs, renamed=renamed) for track in self._tracks]
        for name, names in zip(paths, self._names, strict=True):
            if different := [contig for contig in contigs if names.conflict(contig)]:
                logger.warning(
                    "track %s: %s has another length: is it that of another genome build?",
                    name,
                    ", ".join(different[:5]),
                )
        self._missing: list[Counter[str]] = [Counter() for _ in self._tracks]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tracks, in order."""
        return tuple(self._paths)

    def means(self, alleles: Sequence[Allele], *, around: int = 0) -> list[tuple[float, ...]]:
        """The mean of each track over the reference bases of each allele; NaN where the track has no value.

        Args:
            alleles: the alleles.
            around: the width in bases of the window around each allele; an allele that is longer is its own window.
        """
        columns = [self._means_of(index, track, alleles, around) for index, track in enumerate(self._tracks)]
        return [tuple(float(column[row]) for column in columns) for row in range(len(alleles))]

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def __exit__(self, *error: object) -> None:
        self.close()

    def count(self, alleles: Mapping[str, int]) -> None:
        """Count alleles for `report`.

        Args:
            alleles: their number by the contig of the reference.
        """
        for names, missing in zip(self._names, self._missing, strict=True):
            missing.update({contig: count for contig, count in alleles.items() if names.resolve(contig) is None})

    def report(self) -> None:
        """Warn of contigs that a track does not have, and state the number of counted alleles on them."""
        for name, missing in zip(self.names, self._missing, strict=True):
            if missing:
                contigs = ", ".join([contig for contig in self._contigs if contig in missing][:10])
                logger.warning("track %s has no contig %s (%d alleles)", name, contigs, missing.total())

    def _means_of(self, index: int, track: ConservationTrack, alleles: Sequence[Allele], around: int) -> np.ndarray:
        values = np.full(len(alleles), np.nan, dtype=np.float32)
        rows, spans = [], []
        for row, allele in enumerate(alleles):
            if allele.contig is None or allele.span is None:
                continue
            contig = self._names[index].resolve(allele.contig)
            if contig is None:
                continue
            rows.append(row)
            start, end = allele.span
            missing = max(around - (end - start), 0)
            spans.append((contig, start - missing // 2, end + missing - missing // 2))
        if rows:
            values[rows] = track.means(spans)
        return values
