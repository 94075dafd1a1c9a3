"""Where a result goes: a file that appears whole or not at all, or a stream.

A regular file is written under a temporary name in its folder, flushed, checked, synced and renamed;
devices, FIFOs and standard output are written straight through.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import pysam

from varbind.errors import OutputError, UsageError
from varbind.io import bcf
from varbind.io.bgzf import EOF_MARKER, BgzfWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
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
        self._stream = self._open()
        self._bgzf = None
        if output_format.kind == "z":
            level = 6 if output_format.level is None else output_format.level
            self._bgzf = BgzfWriter(_Checked(self._stream, path), level=level, threads=threads)
        self._sink = self._bgzf or _Checked(self._stream, path)

    def write(self, data: bytes) -> None:
        """Write decompressed bytes of a text VCF."""
        self._sink.write(data)

    def commit(self, *, sorted_input: bool) -> list[str]:
        """Finish the file and give it its name.

        Args:
            sorted_input: whether the records can be indexed.

        Returns:
            What the user should know, such as why there is no index.
        """
        with _output_errors(self.path):
            if self._bgzf:
                self._bgzf.finish()
            self._stream.flush()
            if not self._direct:
                os.fsync(self._stream.fileno())
            if self.path != STDOUT or self._format.is_bcf:
                self._stream.close()
        if self._format.is_bcf:
            self._convert()
        if self._direct:
            self._discard()
            return []
        result = self._temporary[-1]
        self._check_end(result)
        remarks, indexes = self._make_index(result, sorted_input=sorted_input)
        with _output_errors(self.path):
            _sync(result)
            for temporary, final in indexes:
                temporary.replace(final)
            result.replace(self._target)
            self._remove_stale_indexes(kept={final for _, final in indexes})
            with contextlib.suppress(OSError):  # not every file system syncs a folder
                _sync(self._target.parent)
        self._temporary.remove(result)
        self._discard()
        return remarks

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
            with _output_errors(self.path):
                return Path(self.path).open("wb")
        if sys.stdout is None:
            raise OutputError("is closed", path=_said(self.path), remedy="name a file with -o")
        return sys.stdout.buffer

    def _new_temporary(self, what: str) -> BinaryIO:
        target = Path(os.devnull) if self._direct else self._target
        folder = Path(tempfile.gettempdir()) if self._direct else target.parent
        # Not the process id: in a container it is the same in every run, and a killed run leaves its file.
        path = folder / f".{target.name[:100]}.varbind-{secrets.token_hex(4)}-{what}"
        self._temporary.append(path)
        with _output_errors(self.path):
            return path.open("xb")

    def _convert(self) -> None:
        level = "" if self._format.level is None else str(self._format.level)
        output_type = self._format.kind + level
        text = str(self._temporary[0])
        result = Path(text.removesuffix("text") + "new")
        self._temporary.append(result)
        bcf.encode(text, str(result), output_type=output_type, name=_said(self.path))
        if not self._direct:
            return
        # Copied, so that a closed pipe and a full device are told from what htslib refuses.
        with _output_errors(self.path), result.open("rb") as stream:
            out = self._open_directly()
            shutil.copyfileobj(stream, out)
            out.flush()
            if self.path != STDOUT:
                out.close()

    def _check_end(self, path: Path) -> None:
        """Read back the end marker of a compressed file."""
        if self._format.kind not in "zb":
            return
        with _output_errors(self.path), path.open("rb") as stream:
            stream.seek(-len(EOF_MARKER), os.SEEK_END)
            if stream.read() != EOF_MARKER:
                raise OutputError("the end of the written file is damaged", path=self.path)

    def _make_index(self, path: Path, *, sorted_input: bool) -> tuple[list[str], Iterable[tuple[Path, Path]]]:
        if not self._index:
            return [], []
        if not sorted_input:
            return [f"{self.path}: not indexed: the records are not sorted; sort with bcftools sort"], []
        index = path.with_name(f"{path.name}.{self._index}")
        self._temporary.append(index)
        try:
            # htslib indexes a BCF as a BCF, whatever the preset says.
            pysam.tabix_index(str(path), preset="vcf", force=True, csi=self._index == "csi", index=str(index))
        except (OSError, ValueError) as error:
            return [f"{self.path}: not indexed: {error}; try -W=csi"], []
        self._temporary.remove(index)
        return [], [(index, Path(f"{self.path}.{self._index}"))]

    def _remove_stale_indexes(self, *, kept: set[Path]) -> None:
        """An index of an older output would send readers to the wrong places of this one."""
        if self._format.kind in "zb":
            for index in (Path(f"{self.path}.{suffix}") for suffix in ("csi", "tbi")):
                if index not in kept:
                    index.unlink(missing_ok=True)

    def _discard(self) -> None:
        for path in self._temporary:
            path.unlink(missing_ok=True)
        self._temporary.clear()


class _Checked:
    """Writes all bytes, or says why not."""

    def __init__(self, stream: BinaryIO, path: str) -> None:
        self._stream = stream
        self._path = path

    def write(self, data: bytes) -> None:
        with _output_errors(self._path):
            self._stream.write(data)


@contextlib.contextmanager
def _output_errors(path: str) -> Iterator[None]:
    """Turn an OSError into an OutputError; a closed pipe stays what it is."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", path=_said(path)) from error


def _said(path: str) -> str:
    """The output's name in messages."""
    return "standard output" if path == STDOUT else path


def _is_special(path: str) -> bool:
    """Whether the path is a device, a FIFO or a socket, which cannot be renamed over."""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (follows links on purpose)
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
