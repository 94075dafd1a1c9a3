"""Work on one item in a thread of its own, while its neighbours are read and written in the caller's.

Only the work leaves the caller's thread. Reading and writing may wait for a pipe, and only where the main
thread waits can a signal stop it; there they also stay in order, and so do counts and errors.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from varbind.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import Future

__all__ = ["overlapped"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def overlapped(
    items: Iterable[Item], work: Callable[[Item], Result], *, ahead: int
) -> Generator[tuple[Item, Result], None, None]:
    """Each item with the result of its work, in order.

    While an item is worked on, the next ones are read and the caller uses the results before it. An error
    comes where it would come without overlap: the items before it are handed out first. Only a signal comes
    at once. Close the iterator before what `work` uses.

    Args:
        items: what is worked on; read in the caller's thread.
        work: called for one item after the other in one thread.
        ahead: how many items are held besides the one that is handed out; 0 = all in the caller's thread.
    """
    if ahead == 0:
        yield from ((item, work(item)) for item in items)
        return
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    failures: list[Exception] = []
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="varbind-overlapped")
    try:
        for item in _until_failure(items, failures):
            waiting.append((item, thread.submit(work, item)))
            if len(waiting) > ahead:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()
        for failure in failures:
            raise failure
    finally:
        thread.shutdown(cancel_futures=True)


def _until_failure(items: Iterable[Item], failures: list[Exception]) -> Iterator[Item]:
    """Items in order; what ends them before their time is kept for later."""
    try:
        yield from items
    except Interrupted:
        raise
    except Exception as error:  # noqa: BLE001 (raised again by the caller)
        failures.append(error)
