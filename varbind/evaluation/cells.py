"""Cells of tables: a number enters, its text leaves."""

from __future__ import annotations

from math import isnan

__all__ = ["decimal"]


def decimal(value: float | None, digits: int) -> str:
    """So many decimals; empty where there is no number."""
    return "" if value is None or isnan(value) else f"{value:.{digits}f}"
