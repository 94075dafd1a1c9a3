"""Draw the first lines of `varbind demo` as a terminal shows them: docs/pictures/demo.svg.

python docs/pictures/terminal.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

ROWS, WIDTH, LINE, LETTER = 18, 132, 19, 8.43
RARE = 20  # PHRED of one background variant in a hundred
RED, GREEN, GREY, WHITE = "#ff8f8f", "#8fe39b", "#8a94a6", "#dfe6f0"


def main() -> None:
    """Run the demo and draw it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "varbind", "demo", "-q", f"{folder}/demo"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    lines = ["$ varbind demo", *(line[:WIDTH] for line in text.splitlines()[:ROWS]), "..."]
    height = LINE * (len(lines) + 2)
    ends = [lines[1].index(word) + len(word) for word in ("LOSS", "GAIN")]
    rows = [
        f'<text x="16" y="{LINE * (number + 2)}" fill="{_colour(line, ends)}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * LETTER + 32:.0f}" height="{height}" '
        'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" style="white-space: pre" '
        'xml:space="preserve">'
        f'<rect width="100%" height="100%" rx="8" fill="#1d2430"/>{"".join(rows)}</svg>\n'
    )
    Path(__file__).with_name("demo.svg").write_text(svg, encoding="utf-8")


def _colour(line: str, ends: list[int]) -> str:
    """Return red for a rare loss, green for a rare gain, and grey for an allele without a score.

    Args:
        line: a line of the table.
        ends: where the columns LOSS and GAIN end.
    """
    if line.rstrip().endswith("outside"):
        return GREY
    loss, gain = (
        max((int(word) for word in line[end - 5 : end].split(",") if word.strip().isdigit()), default=0) for end in ends
    )
    if max(loss, gain) < RARE:
        return WHITE
    return RED if loss > gain else GREEN


if __name__ == "__main__":
    main()
