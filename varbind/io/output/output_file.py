"""The output of a run: a file that appears complete or not at all, or a stream.

A file is made in a hidden folder beside it, which only its owner can enter. Then it is read back, synced and renamed.
Devices, FIFOs and standard output are written straight through.
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
from varbind.io.output.output_index import USUAL_BIN, make_index, old_indexes_aside
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
    """The format of the output.

    Attributes:
        kind: `v` VCF, `z` BGZF VCF, `u` uncompressed BCF, `b` BCF.
        level: the level of compression, 0 to 9; None = the default level.
    """

    kind: str
    level: int | None = None

    @classmethod
    def parse(cls, text: str | None, path: str) -> Self:
        """The format for the value of `-O`, or for the suffix of the path where there is none.

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
        output_format: the format.
        index: `tbi` or `csi` to make an index too; None = no index.
        smallest_bin: the smallest bin of a csi has two to the power of this many bases.
        threads: the number of threads that compress; 1 = only the thread of the caller.

    Raises:
        OutputError: the folder is missing or not writable, or the path is a directory.
        UsageError: an index is requested for a stream or for an uncompressed file.
    """

    def __init__(
        self,
        path: str,
        output_format: OutputFormat,
        *,
        index: str | None = None,
        smallest_bin: int = USUAL_BIN,
        threads: int = 1,
    ) -> None:
        self.path = path
        self._name = "standard output" if path == STDOUT else path
        self._format = output_format
        self._suffix = index
        self._smallest_bin = smallest_bin
        self._direct = path == STDOUT or is_stream(path)
        # A link is kept, and the file that it leads to is replaced.
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
            self._bgzf = BgzfWriter(self._stream, level=level, threads=threads)
        self._sink = self._bgzf or self._stream

    def write(self, data: bytes) -> None:
        """Write uncompressed bytes of a text VCF.

        Raises:
            OutputError: they cannot be written.
        """
        if not self._crc32:
            self._is_marked = without_mark(data) != data
        self._crc32 = zlib.crc32(data, self._crc32)
        with output_errors(self._name):
            self._sink.write(data)

    def finish(self) -> int | None:
        """Write the remaining bytes, and read the whole file back.

        Returns:
            The number of records in the file; None for a stream, which cannot be read back.

        Raises:
            OutputError: the file cannot be written, or it does not contain what was written.
        """
        with output_errors(self._name):
            if self._bgzf:
                self._bgzf.finish()
            self._stream.flush()
            if self.path != STDOUT or self._format.is_bcf:
                self._stream.close()
        if self._format.is_bcf:
            output_type = f"{self._format.kind}{'' if self._format.level is None else self._format.level}"
            bcf.encode(str(self._text), str(self._result), output_type=output_type, name=self._name)
        self._finished = True
        return self._read_back() if self._folder else None

    def prepare(self, *, sorted_input: bool = True, blank_lines: bool = False) -> list[str]:
        """Do everything that can fail before `commit`: index and sync the file, or copy a BCF to its stream.

        Args:
            sorted_input: whether the records can be indexed.
            blank_lines: whether the output has blank lines, with which a text cannot be indexed.

        Returns:
            Remarks for the user, such as the reason why there is no index.

        Raises:
            OutputError: the output cannot be written.
        """
        if not self._finished:
            self.finish()
        if self._direct:
            if self._format.is_bcf:
                self._pass_on()
            return []
        remark = ""
        if self._suffix and not sorted_input:
            remark = f"{self._name}: not indexed: the records are not sorted; sort with bcftools sort"
        elif self._suffix and blank_lines and not self._format.is_bcf:
            remark = f"{self._name}: not indexed: there are blank lines; remove them"
        elif self._suffix and self._is_marked and not self._format.is_bcf:
            remark = f"{self._name}: not indexed: it starts with a byte order mark, as the input does; remove it there"
        elif self._suffix:
            self._index, remark = make_index(
                self._result, self._suffix, name=self._name, smallest_bin=self._smallest_bin
            )
        with output_errors(self._name):
            for written in filter(None, (self._result, self._index)):
                self._keep_rights(written)
                fsync_tree(written)
        self._prepared = True
        return [remark] if remark else []

    def commit(self) -> None:
        """Rename a prepared file to its final name; an output that is not prepared is removed.

        Raises:
            OutputError: the file cannot be renamed.
        """
        if self._prepared:
            with output_errors(self._name), uninterrupted():
                self._publish()
        self._discard()

    def abandon(self) -> None:
        """Remove what was written; an older output is kept."""
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
        """The temporary file of the text from which htslib makes a BCF."""
        assert self._folder is not None
        return self._folder / "text.vcf"

    @property
    def _result(self) -> Path:
        """The temporary file of the result."""
        assert self._folder is not None
        return self._folder / {"v": "result.vcf", "z": "result.vcf.gz"}.get(self._format.kind, "result.bcf")

    def _open(self) -> BinaryIO:
        if self._direct and not self._format.is_bcf:
            return self._open_directly()
        place = Path(tempfile.gettempdir(), "stream") if self._direct else self._target
        with output_errors(self._name):
            self._folder = temporary_beside(place)
            # If a signal comes before the caller has this object, the folder is removed when the program ends.
            self._remove_folder = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            try:
                self._folder.mkdir(mode=stat.S_IRWXU)
            except FileExistsError:  # the folder belongs to another run
                self._remove_folder.detach()
                raise
            return (self._text if self._format.is_bcf else self._result).open("xb")

    def _open_directly(self) -> BinaryIO:
        if self.path != STDOUT:
            with output_errors(self._name):
                return open_stream(self.path)
        return _stdout()

    def _read_back(self) -> int:
        try:
            with output_errors(self._name):
                found = read_back(self._result)
        except InputError as error:
            raise self._damaged(error.what) from error
        if found.crc32 not in {None, self._crc32}:
            raise self._damaged("its bytes are not those that were written")
        return found.records

    def _damaged(self, why: str) -> OutputError:
        remedy = "look at the disk, and run again"
        return OutputError(f"was damaged while it was written: {why}", path=self._name, remedy=remedy)

    def _pass_on(self) -> None:
        """Copy a finished BCF to its stream. htslib does not write to it, because it hides the errors of the system."""
        with output_errors(self._name), self._result.open("rb") as stream:
            out = self._open_directly()
            shutil.copyfileobj(stream, out)
            out.flush()
            if self.path != STDOUT:
                out.close()

    def _keep_rights(self, written: Path) -> None:
        """Give the file the permissions and the owner of the older output that it replaces."""
        with suppress(FileNotFoundError):
            old = self._target.stat()
            written.chmod(stat.S_IMODE(old.st_mode))
            with suppress(PermissionError):
                os.chown(written, old.st_uid, old.st_gid)

    def _publish(self) -> None:
        """Rename the file and its index. At no moment does an index lie beside a file that it does not describe."""
        assert self._folder is not None
        named = dict.fromkeys([self._target, Path(self.path)])
        with old_indexes_aside(named, self._folder):
            rename_into_place(self._result, self._target)
        if self._index is not None:
            index = Path(f"{self._target}.{self._suffix}")
            rename_into_place(self._index, index)
            if Path(self.path).is_symlink():  # readers of the link look for an index of that name
                remove_quietly(Path(f"{self.path}.{self._suffix}"))
                Path(f"{self.path}.{self._suffix}").symlink_to(index)

    def _discard(self) -> None:
        if self._folder is not None:
            self._remove_folder()


def write_stdout(data: bytes) -> None:
    """Write bytes to standard output.

    Raises:
        OutputError: standard output is closed, or cannot be written.
    """
    with output_errors("standard output"):
        stream = _stdout()
        stream.write(data)
        stream.flush()


def _stdout() -> BinaryIO:
    if sys.stdout is None:
        raise OutputError("is closed", path="standard output", remedy="name a file with -o")
    return sys.stdout.buffer
