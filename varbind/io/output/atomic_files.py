"""Atomic writing: a file or a folder appears under its name complete or not at all.

It is written under a temporary name in the same folder, synced to the disk, and then renamed. Readers of the final name
see either the old content or all of the new content; a run that is killed leaves at most the temporary name. Devices
and FIFOs are written straight through.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from varbind.errors import OutputError, output_errors
from varbind.io.output.output_paths import is_stream, open_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "fsync_tree",
    "remove_quietly",
    "rename_into_place",
    "temporary_beside",
    "whole_file",
    "whole_folder",
    "write_whole_file",
]

_NAME_BYTES = 200  # a file system allows 255; the rest is for the prefix and the suffix


def temporary_beside(target: Path) -> Path:
    """A hidden temporary name in the folder of `target`, which no other run uses."""
    # htslib looks for an index after ##idx##.
    name = os.fsdecode(os.fsencode(target.name.replace("##", "__"))[:_NAME_BYTES])
    # The process id would not do: it is the same for every run in a container, and a killed run leaves its file.
    return target.with_name(f".{name}.varbind-{secrets.token_hex(4)}")


def fsync_tree(path: Path) -> None:
    """Sync a finished file, or a folder with its files, to the disk.

    Raises:
        OSError: it cannot be synced.
    """
    for folder, _, names in os.walk(path):
        for name in names:
            _sync(Path(folder, name))
    _sync(path)


def rename_into_place(temporary: Path, target: Path) -> None:
    """Rename a synced file or folder to its final name.

    Raises:
        OSError: it cannot be renamed.
    """
    temporary.replace(target)
    with suppress(OSError):  # not every file system syncs a folder
        _sync(target.parent)


def remove_quietly(path: Path) -> None:
    """Remove a temporary file, and ignore failures."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


@contextmanager
def whole_file(path: str | os.PathLike[str], data: bytes) -> Iterator[None]:
    """Write a file before the block, and rename it to its final name after the block unless the block raises.

    Raises:
        OutputError: the file cannot be written; an older file of the same name is kept.
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
            fsync_tree(temporary)
        yield
        with output_errors(path):
            rename_into_place(temporary, target)
    finally:
        remove_quietly(temporary)


def write_whole_file(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file and rename it to its final name.

    Raises:
        OutputError: the file cannot be written; an older file of the same name is kept.
    """
    with whole_file(path, data):
        pass


@contextmanager
def whole_folder(destination: Path, *, parents: bool = False) -> Iterator[Path]:
    """A temporary folder to write into, which is renamed after the block, or removed if the block raises.

    Args:
        destination: the final name, which must not exist.
        parents: whether missing parent folders are made too.

    Raises:
        OutputError: the name exists, or the folder cannot be made.
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
            fsync_tree(temporary)
            rename_into_place(temporary, destination)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
