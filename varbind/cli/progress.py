"""The display of progress on standard error: a bar on a terminal, otherwise one log line a minute."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from varbind.core.progress import Progress

__all__ = ["ProgressLog", "show_progress"]

logger = logging.getLogger("varbind")

LOG_INTERVAL = 60.0
"""Seconds between two log lines."""

REFRESH_INTERVAL = 0.1
"""Seconds between two updates of the bar."""


@contextmanager
def show_progress(*, quiet: bool) -> Iterator[Progress | None]:
    """Display the progress of a command while it runs.

    Args:
        quiet: whether nothing is displayed.

    Yields:
        The callback to pass to the work; None where nothing is displayed.
    """
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _progress_bar() as progress:
            yield progress
    else:
        yield ProgressLog(time.monotonic)


class ProgressLog:
    """Logs one line a minute, and none in the first minute.

    Args:
        clock: returns the current time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._speed = _Speed(clock())
        self._next = clock() + LOG_INTERVAL

    def __call__(self, done: int, total: int | None, stage: str = "") -> None:
        """Log the progress if the last line is a minute old."""
        now = self._clock()
        text = self._speed.describe(done, total, stage, now)
        if now >= self._next:
            self._next = now + LOG_INTERVAL
            logger.info("%s: %s", stage or "done", text)


class _Speed:
    """Measures the speed of each stage, from its beginning.

    Args:
        start: the time in seconds at which the first stage begins.
    """

    def __init__(self, start: float) -> None:
        self._start = self._now = start
        self._stage: str | None = None

    def describe(self, done: int, total: int | None, stage: str, now: float) -> str:
        """Describe how much is done, at what rate per second, and how long the rest takes."""
        if stage != self._stage:
            self._stage, self._start = stage, self._now
        self._now = now
        rate = done / max(now - self._start, 1e-9)
        share = "" if not total else f" ({min(done / total, 1):.0%})"
        left = "" if not total or not done else f", {_duration((total - done) / rate)} left"
        return f"{done:,} done{share}, {rate:,.{0 if rate >= 10 else 1}f}/s{left}"


@contextmanager
def _progress_bar() -> Iterator[Progress]:
    """Show a bar on standard error, and remove it at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[text]}")
    speed = _Speed(time.monotonic())
    refreshed = 0.0
    # Without a thread that refreshes the bar: there may be no room for one.
    console = Console(stderr=True)
    # Standard output is data, which rich would write to the terminal otherwise.
    with Bar(*columns, console=console, transient=True, auto_refresh=False, redirect_stdout=False) as bar:
        task = bar.add_task("", total=None, text="", visible=False)

        def update(done: int, total: int | None, stage: str = "") -> None:
            nonlocal refreshed
            now = time.monotonic()
            text = speed.describe(done, total, stage, now)
            if now >= refreshed + REFRESH_INTERVAL or done == total:
                refreshed = now
                bar.update(task, completed=done, total=total, description=stage, text=text, visible=True)
                bar.refresh()

        with _log_above():
            yield update


@contextmanager
def _log_above() -> Iterator[None]:
    """Write log lines through the standard error of the bar, which shows them above itself."""
    handlers = [one for one in logger.handlers if isinstance(one, logging.StreamHandler)]
    streams = [one.setStream(sys.stderr) for one in handlers]
    try:
        yield
    finally:
        for handler, stream in zip(handlers, streams, strict=True):
            handler.setStream(stream)


def _duration(seconds: float) -> str:
    """Write a duration as hours, minutes and seconds."""
    return str(timedelta(seconds=max(round(seconds), 0)))
