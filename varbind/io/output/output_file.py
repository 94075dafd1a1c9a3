"""Where a result goes: a file that appears whole or not at all, or a stream.

A file is made in a hidden folder beside it, which nobody else can enter, then read again, synced and renamed; devices,
FIFOs and standard output are written straight through.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
import weakref
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from varbind.errors import InputError, OutputError, UsageError, output_errors
from varbind.io.output.atomic_files import (
    fsync_tree,
    is_stream,
    open_stream,
    remove_quietly,
    rename_into_place,
    temporary_beside,
)
from varbind.io.output.output_index import make_index, old_indexes_aside
from varbind.io.output.verify_output import read_back
from varbind.io.size_limits import without_mark
from varbind.io.vcf import bcf
from varbind.io.vcf.bgzf import BgzfWriter
from varbind.signals import uninterrupted

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["STDOUT", "Destination", "OutputFormat", "write_stdout"]

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
            suffixes = {".gz": "z", ".bgz": "z", ".bgzf": "z", ".bcf": "b"}
            return cls(suffixes.get(Path(path).suffix.lower(), "v"))
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
        self._suffix = index
        self._direct = path == STDOUT or is_stream(path)
        # A link stays a link: what it points to is replaced.
        self._target = Path(path if path == STDOUT else os.path.realpath(path))
        if index and (self._direct or output_format.kind in "vu"):
            raise UsageError("only a compressed file can be indexed", remedy="write -O z or -O b to a file")
        if index == "tbi" and output_format.kind == "b":
            raise UsageError("a BCF has no tbi index", remedy="use -W=csi")
        self._crc32 = 0
        self._is_marked = False
        self._finished = self._prepared = False
        self._index: Path | None = None
        self._folder: Path | None = None
        self._stream = self._open()
        self._bgzf = None
        if output_format.kind == "z":
            level = 6 if output_format.level is None else output_format.level
            self._bgzf = BgzfWriter(_Checked(self._stream, self._said), level=level, threads=threads)
        self._sink = self._bgzf or _Checked(self._stream, self._said)

    def write(self, data: bytes) -> None:
        """Write decompressed bytes of a text VCF."""
        if not self._crc32:
            self._is_marked = without_mark(data) != data
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
            output_type = f"{self._format.kind}{'' if self._format.level is None else self._format.level}"
            bcf.encode(str(self._text), str(self._result), output_type=output_type, name=self._said)
        self._finished = True
        return self._read_back() if self._folder else None

    def prepare(self, *, sorted_input: bool = True, blank_lines: bool = False) -> list[str]:
        """Do all that can fail: index the finished file and put it on the disk, or pass on a BCF to its stream.

        Args:
            sorted_input: whether the records can be indexed.
            blank_lines: whether there are any; a BCF has no place for them, and an index none in a text.

        Returns:
            What the user should know, such as why there is no index.

        Raises:
            OutputError: it cannot be written.
        """
        if not self._finished:
            self.finish()
        if self._direct:
            if self._format.is_bcf:
                self._pass_on()
            return []
        remark = ""
        if self._suffix and not sorted_input:
            remark = f"{self._said}: not indexed: the records are not sorted; sort with bcftools sort"
        elif self._suffix and blank_lines and not self._format.is_bcf:
            remark = f"{self._said}: not indexed: there are blank lines; remove them"
        elif self._suffix and self._is_marked and not self._format.is_bcf:
            remark = f"{self._said}: not indexed: it starts with a byte order mark, as the input does; remove it there"
        elif self._suffix:
            self._index, remark = make_index(self._result, self._suffix, said=self._said)
        with output_errors(self._said):
            for written in filter(None, (self._result, self._index)):
                self._keep_rights(written)
                fsync_tree(written)
        self._prepared = True
        return [remark] if remark else []

    def commit(self) -> None:
        """Give what is prepared its name; where it is not, nothing happens.

        Raises:
            OutputError: it cannot be renamed.
        """
        if self._prepared:
            with output_errors(self._said), uninterrupted():
                self._publish()
        self._discard()

    def abandon(self) -> None:
        """Remove what was written; an older output stays as it was."""
        if self._bgzf:
            self._bgzf.close()
        with suppress(OSError, ValueError):
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

    @property
    def _text(self) -> Path:
        """Where the text of a BCF is, which htslib makes from the finished text."""
        assert self._folder is not None
        return self._folder / "text.vcf"

    @property
    def _result(self) -> Path:
        """Where the finished file is."""
        assert self._folder is not None
        return self._folder / {"v": "result.vcf", "z": "result.vcf.gz"}.get(self._format.kind, "result.bcf")

    def _open(self) -> BinaryIO:
        if self._direct and not self._format.is_bcf:
            return self._open_directly()
        place = Path(tempfile.gettempdir(), "stream") if self._direct else self._target
        with output_errors(self._said):
            self._folder = temporary_beside(place)
            # A signal can come before the caller holds this output: then the end of the program removes the folder.
            self._remove_folder = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            try:
                self._folder.mkdir(mode=stat.S_IRWXU)
            except FileExistsError:  # it belongs to another run
                self._remove_folder.detach()
                raise
            return (self._text if self._format.is_bcf else self._result).open("xb")

    def _open_directly(self) -> BinaryIO:
        if self.path != STDOUT:
            with output_errors(self._said):
                return open_stream(self.path)
        return _stdout()

    def _read_back(self) -> int:
        try:
            with output_errors(self._said):
                found = read_back(self._result)
        except InputError as error:
            raise self._damaged(error.what) from error
        if found.crc32 not in {None, self._crc32}:
            raise self._damaged("its bytes are not those that were written")
        return found.records

    def _damaged(self, why: str) -> OutputError:
        remedy = "look at the disk, and run again"
        return OutputError(f"was damaged while it was written: {why}", path=self._said, remedy=remedy)

    def _pass_on(self) -> None:
        """Copy what htslib made, so that a closed pipe and a full device are told from what it refuses."""
        with output_errors(self._said), self._result.open("rb") as stream:
            out = self._open_directly()
            shutil.copyfileobj(stream, out)
            out.flush()
            if self.path != STDOUT:
                out.close()

    def _keep_rights(self, written: Path) -> None:
        """Who could read an older output, and nobody else, can read the new one."""
        with suppress(FileNotFoundError):
            old = self._target.stat()
            written.chmod(stat.S_IMODE(old.st_mode))
            with suppress(PermissionError):
                os.chown(written, old.st_uid, old.st_gid)

    def _publish(self) -> None:
        """Give the names: never does an index stand beside a file that is not its own, not even for a moment."""
        assert self._folder is not None
        named = dict.fromkeys([self._target, Path(self.path)])
        with old_indexes_aside(named, self._folder):
            rename_into_place(self._result, self._target)
        if self._index is not None:
            index = Path(f"{self._target}.{self._suffix}")
            rename_into_place(self._index, index)
            if Path(self.path).is_symlink():  # who opens the link looks for an index of that name
                remove_quietly(Path(f"{self.path}.{self._suffix}"))
                Path(f"{self.path}.{self._suffix}").symlink_to(index)

    def _discard(self) -> None:
        if self._folder is not None:
            self._remove_folder()


def write_stdout(data: bytes) -> None:
    """Write all bytes to standard output.

    Raises:
        OutputError: it is closed, or cannot be written.
    """
    with output_errors("standard output"):
        stream = _stdout()
        stream.write(data)
        stream.flush()


def _stdout() -> BinaryIO:
    if sys.stdout is None:
        raise OutputError("is closed", path="standard output", remedy="name a file with -o")
    return sys.stdout.buffer


class _Checked:
    """Writes all bytes, or says why not."""

    def __init__(self, stream: BinaryIO, said: str) -> None:
        self._stream = stream
        self._said = said

    def write(self, data: bytes) -> None:
        with output_errors(self._said):
            self._stream.write(data)
