"""Work on many items, in the largest portions that fit into memory."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MemoryLimit"]

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


class MemoryLimit:
    """Halves a portion that does not fit into memory, and tries nothing as large again.

    Args:
        symptom: what the log says when a portion does not fit.
        unit: the items, in the plural, for the log.
        refusal: raised when a single item does not fit.
        is_full: whether an error means that memory ran out; None = a MemoryError does.
        release: called after each failure, to free what can be freed.
    """

    def __init__(
        self,
        symptom: str,
        unit: str,
        refusal: ResourceError,
        *,
        is_full: Callable[[Exception], bool] | None = None,
        release: Callable[[], None] | None = None,
    ) -> None:
        self._symptom, self._unit, self._refusal = symptom, unit, refusal
        self._is_full = is_full or (lambda error: isinstance(error, MemoryError))
        self._release = release
        self._most: int | None = None

    @classmethod
    def of_host(cls) -> MemoryLimit:
        """The limit of the computer's own memory."""
        refusal = ResourceError("out of memory: it does not hold one item", remedy="give it more, or fewer --threads")
        return cls("out of memory", "items", refusal)

    def portions(
        self, work: Callable[[slice], Result], count: int, *, at_once: int | None = None
    ) -> Iterator[tuple[slice, Result]]:
        """Successive portions of `count` items, each with the result of its work.

        Args:
            work: called with a portion.
            count: number of items.
            at_once: size of the largest portion to try; None = all of them.

        Raises:
            ResourceError: a single item does not fit.
        """
        first = 0
        while first < count:
            portion = slice(first, first + min(at_once or count, self._most or count, count - first))
            found = self._try(work, portion)
            if found is None:
                self._shrink(portion.stop - first)
                continue
            yield portion, found[0]
            first = portion.stop

    def _try(self, work: Callable[[slice], Result], portion: slice) -> tuple[Result] | None:
        """The result; None = there was not enough memory.

        When this returns, nothing of a failed portion is held any more: a caught error would hold its frames.
        """
        try:
            return (work(portion),)
        except Exception as error:
            if not self._is_full(error):
                raise
            return None

    def _shrink(self, size: int) -> None:
        if self._release:
            self._release()
        if size == 1:
            raise self._refusal
        self._most = size // 2
        logger.info("%s: %d %s at a time from here on", self._symptom, self._most, self._unit)
