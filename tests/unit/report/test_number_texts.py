"""Numbers as the page writes them."""

from math import nan

import pytest

from varbind.report.number_texts import frequency, one_decimal, percent, sentence, signed, two_decimals

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (one_decimal(12.34), "12.3"), (one_decimal(-0.26), f"{MINUS}0.3"), (one_decimal(nan), ""),
        (two_decimals(-0.001), "+0.00"), (two_decimals(-1.239), f"{MINUS}1.24"), (two_decimals(0.5), "+0.50"),
        (percent(0.153), "15 %"), (percent(0.0083), "0.83 %"),
        (frequency(0.0), "0"), (frequency(0.25), "0.25"), (frequency(3e-6), "3e-06"), (frequency(nan), ""),
        (signed(-1200), f"{MINUS}1,200"), (signed(0), "0"), (signed(7), "+7"),
        (sentence("a symbol."), "A symbol."), (sentence(""), ""),
    ],
)  # fmt: skip
def test_texts(text, expected):
    assert text == expected
