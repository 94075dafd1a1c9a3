"""Process many items in the largest portions that fit into memory, on the computer itself or on a device."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MemoryLimit", "is_out_of_memory"]

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
"""How torch, Triton and the CUDA driver report that memory ran out; each raises a RuntimeError."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, of Python or of torch, on the computer itself or on a device."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in OUT_OF_MEMORY)


class MemoryLimit:
    """Halves a portion that does not fit into memory, and does not try a portion of that size again.

    Args:
        symptom: the message for the log when a portion does not fit.
        unit: the items, in the plural, for the log.
        refusal: the error that is raised when a single item does not fit.
        release: called after each failure, to free memory that is not needed.
    """

    def __init__(
        self, symptom: str, unit: str, refusal: ResourceError, *, release: Callable[[], None] | None = None
    ) -> None:
        self._symptom, self._unit, self._refusal = symptom, unit, refusal
        self._release = release
        self._largest: int | None = None

    @classmethod
    def of_host(cls) -> MemoryLimit:
        """The limit for work that may run out of the memory of the computer, or of a torch device."""
        what = "out of memory: there is not enough for a single item"
        return cls("out of memory", "items", ResourceError(what, remedy="provide more memory, or use fewer --threads"))

    def portions(
        self, work: Callable[[slice], Result], count: int, *, at_once: int | None = None
    ) -> Iterator[tuple[slice, Result]]:
        """Process successive portions of `count` items, and yield each portion with its result.

        Args:
            work: called with the slice of the items of a portion.
            count: the number of items.
            at_once: the size of the largest portion to try; None = all items.

        Raises:
            ResourceError: a single item does not fit into memory.
        """
        first = 0
        while first < count:
            portion = slice(first, first + min(at_once or count, self._largest or count, count - first))
            found = self._try(work, portion)
            if found is None:
                self._halve(portion.stop - first)
                continue
            yield portion, found[0]
            first = portion.stop

    def _try(self, work: Callable[[slice], Result], portion: slice) -> tuple[Result] | None:
        """The result of a portion; None if memory ran out.

        This is a function of its own because a caught error keeps the frames of the failed work, and with them its
        memory, until the function returns.
        """
        try:
            return (work(portion),)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _halve(self, size: int) -> None:
        if self._release:
            self._release()
        if size == 1:
            raise self._refusal
        self._largest = size // 2
        logger.info("%s: %d %s at a time from here on", self._symptom, self._largest, self._unit)
