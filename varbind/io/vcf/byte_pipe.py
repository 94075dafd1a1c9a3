"""Feeds bytes to a library that reads a file descriptor."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BytePipe"]


class BytePipe:
    """A thread that feeds blocks of bytes into a pipe, for a library that reads a file descriptor.

    Args:
        blocks: the bytes.

    Attributes:
        read_end: the file descriptor to read from.
        error: the error that ended the blocks, if there was one; it is set before the reader reaches the end.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.read_end, self._write_end = os.pipe()
        self.error: InputError | None = None
        threading.Thread(target=self._feed, args=(blocks,), daemon=True).start()

    def _feed(self, blocks: Iterable[bytes]) -> None:
        # A reader that needs no more bytes breaks the pipe, or closes the file that the blocks come from.
        with contextlib.suppress(BrokenPipeError, ValueError), os.fdopen(self._write_end, "wb") as pipe:
            try:
                for block in blocks:
                    pipe.write(block)
            except InputError as error:
                self.error = error
