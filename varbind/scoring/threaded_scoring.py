"""Score one batch in a thread of its own, while the batches around it are read and written in the caller's thread.

Only the scoring leaves the caller's thread. Reading and writing may wait for a pipe, and only a wait of the main
thread can be interrupted by a signal; in one thread, records, counts and errors also keep their order.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from varbind.errors import Interrupted
from varbind.kernels.cpu.cpu import thread_count

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from concurrent.futures import Future

__all__ = ["batches_ahead", "overlapped"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def batches_ahead(threads: int | None) -> int:
    """Number of batches to hold besides the one that is written, for a number of threads; None = all threads.

    With one batch, scoring never waits for the other steps.
    """
    return 1 if thread_count(threads) > 1 else 0


def overlapped(
    items: Iterable[Item], work: Callable[[Item], Result], *, ahead: int
) -> Generator[tuple[Item, Result], None, None]:
    """Yield each item with the result of its work, in order.

    While the work on an item is done, the next items are read and the caller uses the results of the previous ones.
    An error is raised where it would be raised without a second thread: the items before it are yielded first. Only
    a signal is raised at once. Close the iterator before you close anything that `work` uses.

    Args:
        items: the items; they are read in the caller's thread.
        work: called with one item after the other, in one thread.
        ahead: the number of items held besides the one that is yielded; 0 = all work is done in the caller's thread.
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
    """The items in order; an error that ends them early is kept for later."""
    try:
        yield from items
    except Interrupted:
        raise
    except Exception as error:  # noqa: BLE001 (raised again by the caller)
        failures.append(error)
