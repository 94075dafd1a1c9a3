"""Files and folders that appear under their names whole or not at all.

What is written gets a temporary name in the same folder, is synced, and is then renamed. Whoever looks at the
final name sees what was there before, or all of the new; a run that is killed leaves the temporary name at most.
Devices and FIFOs are written straight through.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from varbind.errors import OutputError, output_errors
from varbind.io.output.special_files import is_stream, open_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "discard",
    "give_name",
    "settle",
    "temporary_beside",
    "whole_file",
    "whole_folder",
    "write_whole_file",
]

_NAME_BYTES = 200  # of 255 that a file system allows, some are left for what we add


def temporary_beside(target: Path) -> Path:
    """A free name in the folder of `target`, hidden, told from those of other runs."""
    # htslib looks for an index behind ##idx##.
    name = os.fsdecode(os.fsencode(target.name.replace("##", "__"))[:_NAME_BYTES])
    # Not the process id: in a container it is the same in every run, and a killed run leaves its file.
    return target.with_name(f".{name}.varbind-{secrets.token_hex(4)}")


def settle(path: Path) -> None:
    """Put a finished file or folder on the disk.

    Raises:
        OSError: it cannot be synced.
    """
    for folder, _, names in os.walk(path):
        for name in names:
            _sync(Path(folder, name))
    _sync(path)


def give_name(temporary: Path, target: Path) -> None:
    """Give what is settled its name.

    Raises:
        OSError: it cannot be renamed.
    """
    temporary.replace(target)
    with suppress(OSError):  # not every file system syncs a folder
        _sync(target.parent)


def discard(path: Path) -> None:
    """Take a temporary file away; where that fails, what was done stays done."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


@contextmanager
def whole_file(path: str | os.PathLike[str], data: bytes) -> Iterator[None]:
    """Write a file that gets its name at the end of the block, if that ends well.

    Raises:
        OutputError: it cannot be written, told before the block; an older file of the name stays as it was.
    """
    target = Path(os.path.realpath(path))
    if is_stream(path):
        with output_errors(path), open_stream(path) as stream:
            stream.write(data)
        yield
        return
    temporary = temporary_beside(target)
    try:
        with output_errors(path):
            temporary.write_bytes(data)
            settle(temporary)
        yield
        with output_errors(path):
            give_name(temporary, target)
    finally:
        discard(temporary)


def write_whole_file(path: str | os.PathLike[str], data: bytes) -> None:
    """`whole_file` on its own.

    Raises:
        OutputError: it cannot be written; an older file of the name stays as it was.
    """
    with whole_file(path, data):
        pass


@contextmanager
def whole_folder(destination: Path, *, parents: bool = False) -> Iterator[Path]:
    """A folder to write into, which gets its name when all went well, and is gone where not.

    Args:
        destination: its name in the end, which must be free.
        parents: make the folders above it too.

    Raises:
        OutputError: the name is taken, or a folder cannot be made there.
    """
    with output_errors(destination):
        if os.path.lexists(destination):
            raise OutputError("exists already", path=destination, remedy="name a new folder")
        temporary = temporary_beside(destination.absolute())
    try:
        with output_errors(destination):
            temporary.mkdir(parents=parents)
        yield temporary
        with output_errors(destination):
            settle(temporary)
            give_name(temporary, destination)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
