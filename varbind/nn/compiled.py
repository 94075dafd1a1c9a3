"""Functions compiled by numba, kept on disk from one run to the next."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["compiled"]


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile without the interpreter's lock, cached on disk where a folder can be written.

    The function may close over numbers only: the cache would miss one that closes over a compiled function.
    """
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy")(function)
    with suppress(RuntimeError):  # no folder for a cache
        dispatcher.enable_caching()
        dispatcher._cache = _Cache(dispatcher._cache)  # noqa: SLF001 (numba has no other hook)
    return cast("Callable[..., Any]", dispatcher)


class _Cache:
    """numba's cache on disk, with two of its habits changed.

    It asks whether a function's own file has changed; a kernel has vector operations from others. And a
    folder that is full or beyond a limit, or a file that is damaged, ends the run; here it is done without.
    """

    def __init__(self, cache_on_disk: Any) -> None:
        self._cache_on_disk = cache_on_disk
        index = cache_on_disk._cache_file  # noqa: SLF001
        index._source_stamp = (index._source_stamp, _digest())  # noqa: SLF001

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache_on_disk, name)

    def load_overload(self, *arguments: Any) -> Any:
        """A compiled function, or None."""
        try:
            return self._cache_on_disk.load_overload(*arguments)
        except Exception:  # noqa: BLE001 (whatever a damaged pickle raises)
            with suppress(OSError):
                self._cache_on_disk.flush()
            return None

    def save_overload(self, *arguments: Any) -> None:
        """Keep a compiled function if possible."""
        with suppress(Exception):
            self._cache_on_disk.save_overload(*arguments)


@cache
def _digest() -> str:
    """Of what kernels have from other files."""
    parts = ("fixed_point", "heads", "lookup", "partial_sums", "plan", "vector")
    files = [*(Path(__file__).with_name(f"{part}.py") for part in parts), Path(__file__).parents[1] / "train/slopes.py"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
