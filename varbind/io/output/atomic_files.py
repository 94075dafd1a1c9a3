"""Atomic writing: a file or a folder appears under its name complete or not at all.

It is written under a temporary name in the same folder, synced to the disk, and then renamed. Readers of the final name
see either the old content or all of the new content; a run that is killed leaves at most the temporary name. Streams
are written straight through: devices, FIFOs, sockets, and descriptors of this process, such as /dev/stdout.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from varbind.errors import OutputError, UsageError, output_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "descriptor_of",
    "fsync_tree",
    "is_stream",
    "open_stream",
    "refuse_existing",
    "remove_quietly",
    "rename_into_place",
    "temporary_beside",
    "whole_file",
    "whole_folder",
    "write_whole_file",
]

_NAME_BYTES = 200  # a file system allows 255; the rest is for the prefix and the suffix
_DESCRIPTORS = re.compile(r"/proc/(?:self|thread-self|\d+(?:/task/\d+)?)/fd|/dev/fd")
_LINKS_MAX = 40


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Whether a path is written straight through, because it cannot be replaced by a regular file."""
    if descriptor_of(path) is not None:
        return True
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 (follows links)
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def open_stream(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a stream for writing; the file behind a descriptor is not truncated, and its position is kept.

    Raises:
        OSError: it cannot be opened.
    """
    descriptor = descriptor_of(path)
    return Path(path).open("wb") if descriptor is None else os.fdopen(os.dup(descriptor), "wb")


def descriptor_of(path: str | os.PathLike[str]) -> int | None:
    """The descriptor that a name such as /dev/stdout or /dev/fd/3 stands for; None for all other names.

    Raises:
        UsageError: the descriptor belongs to another process.
    """
    place = os.path.abspath(path)  # noqa: PTH100 (links are followed one by one)
    for _ in range(_LINKS_MAX):
        folder, name = os.path.split(place)
        folder = os.path.realpath(folder)
        if _DESCRIPTORS.fullmatch(folder) and name.isdecimal():
            if folder not in {"/dev/fd", os.path.realpath("/proc/self/fd"), os.path.realpath("/proc/thread-self/fd")}:
                raise UsageError("is a descriptor of another process", path=path, remedy="name a file")
            return int(name)
        place = os.path.join(folder, name)  # noqa: PTH118
        if not os.path.islink(place):  # noqa: PTH114
            return None
        place = os.path.join(folder, os.readlink(place))  # noqa: PTH115, PTH118
    return None


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


def refuse_existing(destination: Path) -> None:
    """Refuse the name of a new folder that exists.

    Raises:
        OutputError: it exists.
    """
    if os.path.lexists(destination):
        raise OutputError("exists already", path=destination, remedy="name a new folder")


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
        refuse_existing(destination)
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
