"""Where a result goes: a file that appears whole or not at all, or a stream.

A regular file is written under a temporary name in its folder, read again, synced and renamed;
devices, FIFOs and standard output are written straight through.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import pysam

from varbind.errors import InputError, OutputError, UsageError, output_errors
from varbind.io import bcf
from varbind.io.bgzf import BgzfWriter
from varbind.io.readback import read_back
from varbind.io.whole import discard, give_name, settle, temporary_beside, uninterrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

__all__ = ["Destination", "OutputFormat"]

STDOUT = "-"


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """How the output is packed.

    Attributes:
        kind: `v` VCF, `z` BGZF VCF, `u` uncompressed BCF, `b` BCF.
        level: of compression, 0 to 9; None = the usual one.
    """

    kind: str
    level: int | None = None

    @classmethod
    def parse(cls, text: str | None, path: str) -> Self:
        """Read `-O`; without it the suffix of the path decides.

        Raises:
            UsageError: the text is not v, z, u or b with an optional level.
        """
        if text is None:
            suffixes = {".gz": "z", ".bgz": "z", ".bcf": "b"}
            return cls(suffixes.get(Path(path).suffix, "v"))
        match = re.fullmatch(r"([vzub])([0-9])?", text)
        if not match or (match[2] and match[1] in "vu"):
            raise UsageError(f"unknown output type {text!r}", remedy="use v, z, u or b, and a level as in z9")
        return cls(match[1], int(match[2]) if match[2] else None)

    @property
    def is_bcf(self) -> bool:
        """Whether htslib writes it."""
        return self.kind in "ub"


class Destination:
    """An output that is being written.

    Args:
        path: a file, or `-` for standard output.
        output_format: how it is packed.
        index: `tbi` or `csi` to index it as well; None = no index.
        threads: that compress; 1 = none besides the caller's.

    Raises:
        OutputError: the folder is missing or not writable, or the path is a directory.
        UsageError: an index was asked for a stream or for an uncompressed file.
    """

    def __init__(self, path: str, output_format: OutputFormat, *, index: str | None = None, threads: int = 1) -> None:
        self.path = path
        self._said = "standard output" if path == STDOUT else path
        self._format = output_format
        self._index = index
        self._direct = path == STDOUT or _is_special(path)
        # A link stays a link: what it points to is replaced.
        self._target = Path(path).absolute().resolve()
        if index and (self._direct or output_format.kind in "vu"):
            raise UsageError("only a compressed file can be indexed", remedy="write -O z or -O b to a file")
        if index == "tbi" and output_format.kind == "b":
            raise UsageError("a BCF has no tbi index", remedy="use -W=csi")
        self._temporary: list[Path] = []
        self._crc32 = 0
        self._finished = False
        self._result: Path | None = None
        self._result_index: Path | None = None
        try:
            self._stream = self._open()
        except BaseException:  # a signal, too: nobody else knows of the file yet
            self._discard()
            raise
        self._bgzf = None
        if output_format.kind == "z":
            level = 6 if output_format.level is None else output_format.level
            self._bgzf = BgzfWriter(_Checked(self._stream, self._said), level=level, threads=threads)
        self._sink = self._bgzf or _Checked(self._stream, self._said)

    def write(self, data: bytes) -> None:
        """Write decompressed bytes of a text VCF."""
        self._crc32 = zlib.crc32(data, self._crc32)
        self._sink.write(data)

    def finish(self) -> int | None:
        """Write what is left, and read the whole file again.

        Returns:
            The number of records found in it; None of a stream, which cannot be read again.

        Raises:
            OutputError: it cannot be written, or what is there is not what was written.
        """
        with output_errors(self._said):
            if self._bgzf:
                self._bgzf.finish()
            self._stream.flush()
            if self.path != STDOUT or self._format.is_bcf:
                self._stream.close()
        if self._format.is_bcf:
            self._convert()
        self._finished = True
        return self._read_back(self._temporary[-1]) if self._temporary else None

    def prepare(self, *, sorted_input: bool) -> list[str]:
        """Do all that can fail: index the finished file and put it on the disk, or pass on a BCF to its stream.

        Args:
            sorted_input: whether the records can be indexed.

        Returns:
            What the user should know, such as why there is no index.

        Raises:
            OutputError: it cannot be written.
        """
        if not self._finished:
            self.finish()
        if self._direct:
            if self._format.is_bcf:
                self._pass_on(self._temporary[-1])
            return []
        self._result = self._temporary[-1]
        remarks, self._result_index = self._make_index(self._result, sorted_input=sorted_input)
        with output_errors(self._said):
            for written in filter(None, (self._result, self._result_index)):
                settle(written)
        return remarks

    def commit(self) -> None:
        """Give what is prepared its name; where it is not, nothing happens.

        Raises:
            OutputError: it cannot be renamed.
        """
        if self._result is not None:
            with output_errors(self._said), uninterrupted():
                self._publish(self._result, self._result_index)
        self._discard()

    def abandon(self) -> None:
        """Remove what was written; an older output stays as it was."""
        if self._bgzf:
            self._bgzf.close()
        with contextlib.suppress(OSError, ValueError):
            if self.path != STDOUT or self._format.is_bcf:
                self._stream.close()
        self._discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abandon()

    def _open(self) -> BinaryIO:
        if self._format.is_bcf:
            # BCF is made by htslib from the finished text.
            return self._new_temporary("text")
        if self._direct:
            return self._open_directly()
        return self._new_temporary("new")

    def _open_directly(self) -> BinaryIO:
        if self.path != STDOUT:
            with output_errors(self._said):
                return Path(self.path).open("wb")
        if sys.stdout is None:
            raise OutputError("is closed", path=self._said, remedy="name a file with -o")
        return sys.stdout.buffer

    def _new_temporary(self, what: str) -> BinaryIO:
        beside = Path(tempfile.gettempdir(), "stream") if self._direct else self._target
        path = temporary_beside(beside, what)
        self._temporary.append(path)
        with output_errors(self._said):
            return path.open("xb")

    def _convert(self) -> None:
        level = "" if self._format.level is None else str(self._format.level)
        output_type = self._format.kind + level
        text = str(self._temporary[0])
        result = Path(text.removesuffix("text") + "new")
        self._temporary.append(result)
        bcf.encode(text, str(result), output_type=output_type, name=self._said)

    def _read_back(self, path: Path) -> int:
        try:
            with output_errors(self._said):
                found = read_back(path)
        except InputError as error:
            raise self._damaged(error.what) from error
        if found.crc32 not in {None, self._crc32}:
            raise self._damaged("its bytes are not those that were written")
        return found.records

    def _damaged(self, why: str) -> OutputError:
        remedy = "look at the disk, and run again"
        return OutputError(f"was damaged while it was written: {why}", path=self._said, remedy=remedy)

    def _pass_on(self, finished: Path) -> None:
        """Copy what htslib made, so that a closed pipe and a full device are told from what it refuses."""
        with output_errors(self._said), finished.open("rb") as stream:
            out = self._open_directly()
            shutil.copyfileobj(stream, out)
            out.flush()
            if self.path != STDOUT:
                out.close()

    def _make_index(self, path: Path, *, sorted_input: bool) -> tuple[list[str], Path | None]:
        """The index under a temporary name; without one, the reason if one was asked for."""
        if not self._index:
            return [], None
        if not sorted_input:
            return [f"{self.path}: not indexed: the records are not sorted; sort with bcftools sort"], None
        index = path.with_name(f"{path.name}.{self._index}")
        self._temporary.append(index)
        error = _index(path, index, csi=self._index == "csi")
        if error is None:
            return [], index
        # A csi can always be made: where it cannot, the file system is to blame, and not a position beyond tbi.
        if self._index == "csi" or _index(path, index, csi=True):
            raise OutputError(f"cannot be indexed: {error}", path=self.path, remedy="look at the disk, and run again")
        return [f"{self.path}: not indexed: {error}; try -W=csi"], None

    def _publish(self, result: Path, index: Path | None) -> None:
        """Give the names: never does an index stand beside a file that is not its own, not even for a moment."""
        with self._old_indexes_aside():
            give_name(result, self._target)
        if index is not None:
            give_name(index, Path(f"{self.path}.{self._index}"))

    @contextlib.contextmanager
    def _old_indexes_aside(self) -> Iterator[None]:
        """Those of an older output would send readers to wrong places; they come back if it stays."""
        suffixes = ("csi", "tbi") if self._format.kind in "zb" else ()
        aside = {}
        try:
            for index in (Path(f"{self.path}.{suffix}") for suffix in suffixes):
                if index.exists():
                    aside[index] = temporary_beside(index, "old")
                    index.replace(aside[index])
            yield
        except BaseException:
            for index, old in aside.items():
                with contextlib.suppress(OSError):
                    old.replace(index)
            raise
        self._temporary += aside.values()

    def _discard(self) -> None:
        for path in self._temporary:
            discard(path)
        self._temporary.clear()


def _index(path: Path, index: Path, *, csi: bool) -> Exception | None:
    """Index a file; what went wrong, if anything."""
    try:
        # htslib indexes a BCF as a BCF, whatever the preset says.
        pysam.tabix_index(str(path), preset="vcf", force=True, csi=csi, index=str(index))
    except (OSError, ValueError) as error:
        return error
    return None


class _Checked:
    """Writes all bytes, or says why not."""

    def __init__(self, stream: BinaryIO, said: str) -> None:
        self._stream = stream
        self._said = said

    def write(self, data: bytes) -> None:
        with output_errors(self._said):
            self._stream.write(data)


def _is_special(path: str) -> bool:
    """Whether the path is a device, a FIFO or a socket, which cannot be renamed over."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (follows links on purpose)
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
