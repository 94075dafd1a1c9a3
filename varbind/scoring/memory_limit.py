"""Work on many items, in as large portions as fit into memory."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Portions"]

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


class Portions:
    """Remembers the largest portion that may fit; after a failure it is half as large, for good."""

    def __init__(self) -> None:
        self._most: int | None = None

    def results(self, work: Callable[[Sequence[Item]], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Results of successive portions of the items; of no items, one.

        Raises:
            ResourceError: one item alone does not fit.
        """
        first = 0
        while first < len(items) or first == 0:
            portion = items[first : first + (self._most or len(items))]
            found = _try(work, portion)
            if found is None:
                self._shrink(len(portion))
                continue
            yield found[0]
            first += max(1, len(portion))

    def _shrink(self, size: int) -> None:
        if size <= 1:
            raise ResourceError("out of memory: it does not hold one item", remedy="give it more, or fewer --threads")
        self._most = size // 2
        logger.info("out of memory: %d items at a time from here on", self._most)


def _try(work: Callable[[Sequence[Item]], Result], portion: Sequence[Item]) -> tuple[Result] | None:
    """The result; None = there was not enough memory.

    When this returns, nothing of a failed portion is held any more: a caught error would hold its frames.
    """
    try:
        return (work(portion),)
    except MemoryError:
        return None
