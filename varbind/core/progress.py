"""The callback by which long work reports its progress."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "bind_stage", "estimated_total"]


class Progress(Protocol):
    """A callback that long work calls from time to time."""

    def __call__(self, done: int, total: int | None, stage: str = "") -> None:
        """Receive the progress of one stage.

        Args:
            done: the number of items that are done.
            total: the number of all items, which may be an estimate; None = unknown.
            stage: the kind of work, in the plural of its items where they have a name; empty where there is one kind.
        """


def bind_stage(progress: Progress | None, stage: str) -> Progress | None:
    """Return a callback that reports everything as one stage; None where nothing is to be reported."""
    if progress is None:
        return None
    return lambda done, total, _="": progress(done, total, stage)


def estimated_total(done: int, share: float | None) -> int | None:
    """Estimate the number of all items from the share that is done; None where the share is unknown or zero."""
    return round(done / share) if share else None
