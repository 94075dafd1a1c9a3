"""The signals that ask a run to stop, and the moment from which that comes too late."""

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
    """Let signals pass from here on."""
    for number in STOPPING:
        signal.signal(number, _pass)


def is_too_late() -> bool:
    """Whether an output of this process has its name: a run that is stopped now would say that there is none."""
    return _NAMES_GIVEN.is_set()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Names are given here, together: a signal comes too late."""
    _NAMES_GIVEN.set()
    if threading.current_thread() is not threading.main_thread():
        yield  # no other thread meets signals
        return
    handlers = {number: signal.getsignal(number) or signal.SIG_DFL for number in STOPPING}
    ignore_signals()
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _pass(_number: int, _frame: FrameType | None) -> None:
    """In place of SIG_IGN, which a child inherits; and of a signal that is there already, Python would complain."""
