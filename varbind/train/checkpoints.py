"""Checkpoints: finished networks of a training, stored beside its output until the training is complete.

There is one file per network, which is written under a temporary name and then renamed, so that it is always complete.
It contains a key, the digest of everything on which the network depends; a network with another key is trained again.
"""

from __future__ import annotations

import fcntl
import json
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from varbind.errors import OutputError, ResourceError
from varbind.io.output.atomic_files import write_whole_file
from varbind.io.size_limits import whole_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[np.float32]]

__all__ = ["CHECKPOINT_BYTES_MAX", "Checkpoints", "open_checkpoints", "remove_checkpoints"]

CHECKPOINT_BYTES_MAX = 1 << 31
"""An unfinished training of a network of 60 million weights takes 1 GB: the network, its best state and two moments."""

_T = TypeVar("_T")


class Checkpoints:
    """The checkpoints in a folder.

    Attributes:
        folder: The folder; None = nothing is stored.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def read(self, name: str, key: str, build: Callable[[Mapping[str, Any], Arrays], _T]) -> _T | None:
        """Read a network; None if it is not stored, is damaged, or has another key.

        Args:
            name: The name of the network.
            key: The digest of everything on which the network depends.
            build: Makes the network from its facts and arrays; it may raise KeyError, TypeError or ValueError if
                they are malformed.
        """
        if self.folder is None:
            return None
        try:
            arrays = load(whole_bytes(_path(self.folder, name), CHECKPOINT_BYTES_MAX))
            record = json.loads(arrays.pop("record").tobytes())
            return build(record["facts"], arrays) if record["key"] == key else None
        except (OSError, SafetensorError, ValueError, KeyError, TypeError, ResourceError):
            return None

    def write(self, name: str, key: str, facts: Mapping[str, Any], arrays: Arrays) -> None:
        """Store a network.

        Args:
            name: The name of the network.
            key: The digest of everything on which the network depends.
            facts: All but the arrays, as values for JSON.
            arrays: The arrays; none is named `record`.

        Raises:
            OutputError: The folder cannot be written.
        """
        if self.folder is not None:
            text = json.dumps({"key": key, "facts": facts})
            record = np.frombuffer(text.encode(), dtype=np.uint8)
            write_whole_file(_path(self.folder, name), save({**arrays, "record": record}))


@contextmanager
def open_checkpoints(folder: Path | None) -> Iterator[Checkpoints]:
    """Open a folder of checkpoints for this process alone; the folder is created if it does not exist.

    Args:
        folder: The folder; None = nothing is stored.

    Raises:
        OutputError: The folder cannot be written, or another process writes there.
    """
    if folder is None:
        yield Checkpoints(None)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("ab")
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", path=folder) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            what = "another training is using the folder"
            raise OutputError(what, path=folder, remedy="wait for it, or name another output") from error
        yield Checkpoints(folder)


def remove_checkpoints(folder: Path, pattern: str) -> None:
    """Remove the checkpoints whose file names match a pattern, and the folder if it is empty then."""
    for path in [*folder.glob(pattern), folder / "lock"]:
        path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _path(folder: Path, name: str) -> Path:
    return folder / f"{quote(name, safe='')}.safetensors"
