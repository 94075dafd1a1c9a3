"""Numbers and words as the page of a report writes them."""

from __future__ import annotations

from math import isnan

__all__ = ["frequency", "known", "one_decimal", "percent", "sentence", "signed", "three_digits", "two_decimals"]

MINUS = "\N{MINUS SIGN}"


def known(value: float) -> str:
    """A number in full, for the script of the page; empty where it is missing."""
    return "" if isnan(value) else repr(float(value))


def one_decimal(value: float) -> str:
    """A number with one decimal; empty where it is missing."""
    return "" if isnan(value) else f"{value:.1f}".replace("-", MINUS)


def percent(share: float) -> str:
    """A share, 0 to 1, in percent with two significant digits."""
    return f"{100 * share:.2g} %"


def frequency(share: float) -> str:
    """An allele frequency, 0 to 1; empty where it is missing."""
    if isnan(share):
        return ""
    return "0" if share == 0 else f"{share:.2g}" if share >= 1e-4 else f"{share:.0e}"


def sentence(words: str) -> str:
    """The end of a sentence as a sentence of its own."""
    return words[:1].upper() + words[1:]


def signed(number: int) -> str:
    """A distance in bases with its sign."""
    return f"{number:+,}".replace("-", MINUS) if number else "0"


def three_digits(value: float) -> str:
    """A number with three significant digits; empty where it is missing."""
    return "" if isnan(value) else f"{value:.3g}".replace("-", MINUS)


def two_decimals(value: float) -> str:
    """A change with its sign and two decimals."""
    return f"{round(value, 2) + 0.0:+.2f}".replace("-", MINUS)
