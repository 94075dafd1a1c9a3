"""The signals that stop a run, and the moment after which they are ignored, because the output has its name."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["STOPPING", "ignore_signals", "is_too_late", "uninterrupted"]

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NAMES_GIVEN = threading.Event()


def ignore_signals() -> None:
    """Ignore the signals from now on."""
    for number in STOPPING:
        signal.signal(number, _pass)


def is_too_late() -> bool:
    """Whether an output may have its final name, so that it is too late to report that no output was left behind."""
    return _NAMES_GIVEN.is_set()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore the signals during the block, in which outputs are renamed to their final names."""
    _NAMES_GIVEN.set()
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread receives signals
        return
    handlers = {number: signal.getsignal(number) or signal.SIG_DFL for number in STOPPING}
    ignore_signals()
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _pass(_number: int, _frame: FrameType | None) -> None:
    """Do nothing. SIG_IGN would be inherited by children, and Python would complain of a pending signal."""
