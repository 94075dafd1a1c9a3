"""The index of an output, and the indexes of an older output that it replaces."""

from __future__ import annotations

import gzip
import os
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pysam

from varbind.errors import OutputError, UsageError
from varbind.io.vcf.record_index import MARKS, SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["USUAL_BIN", "check_lengths", "make_index", "old_indexes_aside"]

USUAL_BIN = 14
"""The smallest bin of an index has 2^14 bases, unless a csi is made with others."""
_TBI = -1
"""Instead of a smallest bin: the bins of a tbi, which cannot be chosen."""
TBI_BASES_MAX = 1 << 29
"""The largest number of bases of a contig in a tbi index (SAM specification, section 5.1.1)."""


def check_lengths(contigs: Mapping[str, int | None], suffix: str | None, *, path: str) -> None:
    """Refuse a tbi index for contigs that are too long for it, before anything is scored.

    Args:
        contigs: the contigs of the variants with their lengths in bases; None = unknown.
        suffix: the suffix of the index, `csi` or `tbi`; None = there is no index.
        path: the path of the variants, for the message.

    Raises:
        UsageError: a contig is longer than a tbi can hold.
    """
    if suffix != "tbi":
        return
    for name, length in contigs.items():
        if length is not None and length > TBI_BASES_MAX:
            what = f"contig {name} has {length:,} bases, and a tbi index holds at most {TBI_BASES_MAX:,}"
            raise UsageError(what, path=path, remedy="use a csi index (-W=csi)")


def make_index(path: Path, suffix: str, *, name: str, smallest_bin: int = USUAL_BIN) -> tuple[Path | None, str]:
    """Index a finished file beside it.

    Args:
        path: a sorted BGZF or BCF file without blank lines.
        suffix: `csi` or `tbi`.
        name: the name of the output in messages.
        smallest_bin: the smallest bin of a csi has two to the power of this many bases.

    Returns:
        The path of the index; None and the reason where a tbi cannot hold the positions.

    Raises:
        OutputError: the index cannot be written.
    """
    index = Path(f"{path}.{suffix}")
    error = _try(path, index, smallest_bin if suffix == "csi" else _TBI)
    if error is None:
        return index, ""
    # Every such file can have a csi. If a csi fails too, the cause is the file system, not a position beyond tbi.
    if suffix == "csi" or _try(path, index, smallest_bin):
        raise OutputError(f"cannot be indexed: {error}", path=name, remedy="look at the disk, and run again")
    return None, f"{name}: not indexed: a position is beyond what a tbi can hold; use a csi index (-W=csi)"


def _try(path: Path, index: Path, smallest_bin: int) -> Exception | None:
    """Make a csi with such bins, or a tbi; return the error that prevents it."""
    csi = smallest_bin != _TBI
    try:
        # htslib indexes a BCF as a BCF, whatever the preset says.
        pysam.tabix_index(str(path), preset="vcf", force=True, csi=csi, min_shift=smallest_bin, index=str(index))
    except (OSError, ValueError) as error:
        return error
    return None


@contextmanager
def old_indexes_aside(outputs: Iterable[Path], folder: Path) -> Iterator[None]:
    """Move the indexes of an older output away during the block, because they do not describe the new one.

    Args:
        outputs: the names of the output.
        folder: the folder to which they are moved; they are moved back if the block raises.
    """
    aside: dict[Path, Path] = {}
    try:
        for output in outputs:
            for index in (Path(f"{output}.{suffix}") for suffix in SUFFIXES):
                if output.exists() and _is_index(index):
                    kept = folder / f"old-{len(aside)}"
                    if _moved(index, kept):
                        aside[index] = kept
        yield
    except BaseException:
        for index, kept in aside.items():
            with suppress(OSError):
                kept.replace(index)
        raise


def _moved(index: Path, kept: Path) -> bool:
    """Move an index, or the link to it; if it cannot be moved, remove it and return False."""
    try:
        index.replace(kept)
    except OSError:  # the folder of the link is on another file system
        index.unlink()
        return False
    return True


def _is_index(path: Path) -> bool:
    """Whether a file is an index, and not another file of the user with the name of an index."""
    if not path.is_file():
        return False
    try:
        with gzip.open(os.fspath(path)) as stream:
            return stream.read(4) in MARKS
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return False
    except OSError:  # unknown: it is safer to treat it as an index
        return True
