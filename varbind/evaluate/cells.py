"""Cells of tables: a number or a name enters, its text leaves."""

from __future__ import annotations

from math import isnan

__all__ = ["decimal", "markdown"]


def decimal(value: float | None, digits: int) -> str:
    """So many decimals; empty where there is no number."""
    return "" if value is None or isnan(value) else f"{value:.{digits}f}"


def markdown(name: str) -> str:
    """A name of others in a table for people: it neither ends its cell nor becomes a mark of HTML."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
