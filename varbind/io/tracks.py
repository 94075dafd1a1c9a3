"""Conservation tracks: the mean of a bigWig file over a span, NaN where nothing is measured."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from varbind.errors import ResourceError, VarbindError
from varbind.gate import optional_import
from varbind.io.bigwig_layout import require_bigwig

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["ConservationTrack"]


class ConservationTrack(AbstractContextManager["ConservationTrack"]):
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
                require_bigwig(self._file, self.path)
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

    def __exit__(self, *error: object) -> None:
        self.close()

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
