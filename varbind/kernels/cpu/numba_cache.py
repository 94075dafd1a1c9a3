"""Functions compiled by numba, stored on disk for later runs.

numba stores pickles, and reading a pickle can run any code. They are therefore only read from folders and files that
nobody but the user and root can write. Where there is no such folder, functions are compiled again in each run.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numba
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    InTreeCacheLocator,
    UserProvidedCacheLocator,
    UserWideCacheLocator,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that releases the interpreter's lock; the result is cached on disk where that is safe.

    The function may only close over numbers, because numba does not cache one that closes over a compiled function.
    """
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy")(function)
    with suppress(RuntimeError):  # no folder for a cache
        dispatcher._cache = _Cache(_OwnCache(function))  # noqa: SLF001 (numba has no other hook)
    return cast("Callable[..., Any]", dispatcher)


def _is_own(path: Path) -> bool:
    """Whether nobody but the user and root can change a file or a folder."""
    status = path.lstat()
    return status.st_uid in {os.geteuid(), 0} and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


class _OwnFolder:
    """A location for numba's cache that is skipped if other users can write to it."""

    def ensure_cache_path(self) -> None:
        folder = Path(cast("Any", self).get_cache_path())
        folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        if not _is_own(folder):
            raise PermissionError(errno.EACCES, "others can write here", str(folder))
        cast("Any", super()).ensure_cache_path()


class _Chosen(_OwnFolder, UserProvidedCacheLocator): ...


class _InTree(_OwnFolder, InTreeCacheLocator): ...


class _OfUser(_OwnFolder, UserWideCacheLocator): ...


class _OwnPlaces(CompileResultCacheImpl):
    _locator_classes = [_Chosen, _InTree, _OfUser]  # noqa: RUF012 (as numba declares it)


class _OwnCache(FunctionCache):
    _impl_class = _OwnPlaces


class _Cache:
    """numba's cache on disk, with three changes.

    It only reads files that belong to the user or to root. A stored function is used only if no module of the kernels
    has changed, because kernels contain vector operations from other modules. A full disk, a quota or a damaged file
    does not end the run; the function is then compiled without the cache.
    """

    def __init__(self, cache_on_disk: Any) -> None:
        self._cache_on_disk = cache_on_disk
        self._folder = Path(cache_on_disk.cache_path)
        index = cache_on_disk._cache_file  # noqa: SLF001
        index._source_stamp = (index._source_stamp, _digest())  # noqa: SLF001

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache_on_disk, name)

    def load_overload(self, *arguments: Any) -> Any:
        """Load a compiled function; None if there is none."""
        try:
            if not self._holds_own_files():
                return None
            return self._cache_on_disk.load_overload(*arguments)
        except Exception:  # noqa: BLE001 (a damaged pickle can raise anything)
            with suppress(OSError):
                self._cache_on_disk.flush()
            return None

    def save_overload(self, *arguments: Any) -> None:
        """Store a compiled function if possible."""
        with suppress(Exception):
            if self._holds_own_files():  # numba reads the existing files before it writes
                self._cache_on_disk.save_overload(*arguments)

    def _holds_own_files(self) -> bool:
        """Whether no file of the function can be another user's, as is certain in a folder that others cannot enter."""
        if not _is_own(self._folder):
            return False
        stem = self._cache_on_disk._impl.filename_base  # noqa: SLF001
        files = [path for path in self._folder.iterdir() if path.name.startswith(f"{stem}.")]
        return not self._folder.stat().st_mode & _OTHERS or all(map(_is_own, files))


@cache
def _digest() -> str:
    """Return a digest of all kernel modules, because a compiled function contains code from several of them."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
