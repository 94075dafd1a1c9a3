"""Progress with rate and time left, on a terminal only."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["count_progress", "record_progress", "stage_progress"]


@contextmanager
def record_progress(*, quiet: bool) -> Iterator[Callable[[int, float | None], None]]:
    """Shows records a second, and the share of the file and time left where its size is known."""
    with tqdm(total=100, unit="%", disable=quiet or not sys.stderr.isatty(), bar_format=_SHARE) as bar:

        def update(records: int, share: float | None) -> None:
            rate = records / max(bar.format_dict["elapsed"], 1e-9)
            bar.set_postfix_str(f"{records:,} records, {rate:,.0f}/s", refresh=False)
            if share is not None:
                bar.update(100 * share - bar.n)
            else:
                bar.refresh()

        yield update


@contextmanager
def count_progress(unit: str) -> Iterator[Callable[[int, int], None]]:
    """Shows how many of a known number are done."""
    with tqdm(unit=unit, disable=not sys.stderr.isatty()) as bar:

        def update(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield update


@contextmanager
def stage_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Shows one kind of work after another, and how much of it is done."""
    shown = ""
    with tqdm(disable=not sys.stderr.isatty()) as bar:

        def update(what: str, done: int, total: int) -> None:
            nonlocal shown
            if what != shown:
                shown = what
                bar.reset(total)
                bar.set_description(what, refresh=False)
            bar.update(done - bar.n)

        yield update


_SHARE = "{percentage:3.0f}%|{bar}| {elapsed} elapsed, {remaining} left{postfix}"
