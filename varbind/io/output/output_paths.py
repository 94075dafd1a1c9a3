"""The names that a run may write: an output must not replace an input or another output, whatever name it is given."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from varbind.errors import OutputError, UsageError, output_errors
from varbind.io.cards import EFFECT_FOLDER
from varbind.io.output.atomic_files import descriptor_of, is_stream
from varbind.io.vcf.record_index import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["check_outputs", "same_file"]

_SUFFIXES_READ = ("", *(f".{suffix}" for suffix in (*SUFFIXES, "fai", "gzi")))
"""The suffixes of an input and of the indexes beside it."""


def check_outputs(
    destination: str, inputs: Iterable[str], *, folders: Iterable[str] = (), stats: str | None = None
) -> None:
    """Refuse outputs that are inputs, that are the same file, or that cannot be made.

    Args:
        destination: the result; `-` is standard output. Its indexes are outputs too, because old indexes are removed.
        inputs: the files that are read, together with the indexes beside them; `-` is standard input.
        folders: the folders of models, whose files are inputs.
        stats: the file of the counts; `-` is standard output.

    Raises:
        UsageError: an output is an input, a file in a folder of models, or the other output.
        OutputError: an output is a directory, or its folder is missing or not writable.
    """
    files = ["/dev/stdin" if path == "-" else path for path in inputs]
    read = [f"{path}{suffix}" for path in files for suffix in _SUFFIXES_READ]
    written = _written(destination)
    taken = {_file_of(name) for name in [*read, *_files_of_models(folders)]} - {()}
    counts = _named(stats) if stats and not _is_closed(stats) else None
    for path in [*written, *([counts] if counts else [])]:
        if _file_of(path) in taken:
            raise UsageError("the output is the input", path=path, remedy="name another output")
    if counts and descriptor_of(counts) is not None and descriptor_of(counts) in map(descriptor_of, written):
        what = "the counts and the result would go to the same stream"
        raise UsageError(what, path=stats, remedy="name a file with -o or with --stats")
    if counts and any(same_file(counts, name) for name in written):
        raise UsageError("--stats is the output", path=stats, remedy="name another file")
    for path in filter(None, (destination, stats)):
        _check_place(path)


def same_file(one: str, other: str) -> bool:
    """Whether two names lead to the same regular file, or will once it is written; links are followed."""
    return _file_of(one) == _file_of(other) != ()


def _file_of(path: str) -> tuple[int | str, ...]:
    """What all names of a regular file have in common, also of one that is not yet written; empty for anything else."""
    try:
        with suppress(OSError):
            found = os.stat(path)  # noqa: PTH116 (whatever the name)
            return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else ()
        target = Path(os.path.realpath(path))
        folder = target.parent.stat()
    except (OSError, ValueError):
        return ()
    return folder.st_dev, folder.st_ino, target.name


def _is_closed(path: str) -> bool:
    """Whether a path is standard output, and the caller closed it: an input may have its descriptor now."""
    return path == "-" and sys.stdout is None


def _named(path: str) -> str:
    """The name of an output in the file system."""
    return "/dev/stdout" if path == "-" else path


def _written(destination: str) -> list[str]:
    """The names of the result and of its indexes, which lie beside it and beside a link to it."""
    if _is_closed(destination):
        return []
    if destination == "-" or is_stream(destination):
        return [_named(destination)]
    beside = dict.fromkeys([destination, os.path.realpath(destination)])
    return [destination, *(f"{name}.{suffix}" for name in beside for suffix in SUFFIXES)]


def _files_of_models(folders: Iterable[str]) -> Iterator[str]:
    """The files in folders of models; a link there stands for its target."""
    for folder in folders:
        for pattern in ("*", f"{EFFECT_FOLDER}/*"):
            yield from map(str, Path(folder).glob(pattern))


def _check_place(path: str) -> None:
    """Refuse an output that cannot be written, before anything is read."""
    # The folder of a device or a FIFO does not matter.
    if path == "-" or is_stream(path):
        return
    folder = Path(os.path.realpath(path)).parent
    with output_errors(path):
        if Path(path).is_dir():
            raise OutputError("is a directory", path=path, remedy="name a file")
        if not folder.is_dir():
            raise OutputError("the folder does not exist", path=path, remedy=f"mkdir -p {folder}")
        if not os.access(folder, os.W_OK):
            raise OutputError("the folder is not writable", path=path, remedy="name another folder")
        with suppress(FileNotFoundError):
            os.stat(path)  # noqa: PTH116 (fails on a loop of links)
