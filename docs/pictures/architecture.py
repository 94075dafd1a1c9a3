"""Draw docs/pictures/architecture.svg: the way of the data, and the packages in layers from the table of the page.

python docs/pictures/architecture.py
"""

from __future__ import annotations

import re
from pathlib import Path

PICTURE = Path(__file__).with_name("architecture.svg")
PAGE = Path(__file__).parents[1] / "architecture.md"
STEPS = (
    ("VCF line", "io"),
    ("record", "io"),
    ("variant", "core"),
    ("window", "core"),
    ("base codes", "core"),
    ("binding scores", "scoring"),
    ("changes", "bank"),
    ("features", "effect"),
    ("effect", "effect"),
    ("INFO", "annotate"),
    ("VCF line", "io"),
)
"""What the data are on their way, and the package that makes it."""

COLOURS = {
    "io": "#f4c58a",
    "core": "#a9d5f5",
    "scoring": "#f2a9a0",
    "bank": "#c9b8ee",
    "effect": "#a8dbb0",
    "annotate": "#f3e08c",
}
OTHER = "#d5d9de"
"""Of a package that is not on the way of the data."""

INK, LINE = "#1b1f24", "#6e7781"  # on the boxes; on the page, where it is read on white and on black
WIDTH, MARGIN, GAP, BOX, ROW = 880, 10, 10, 50, 78
PER_ROW = 6
"""Steps in a row of the picture."""


def read_packages(page: str) -> dict[str, list[str]]:
    """The packages of the table and what each may import, the foundation left out."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)
    return {name: [] if below == "-" else below.split(", ") for name, below in rows}


def layers_of(packages: dict[str, list[str]]) -> list[list[str]]:
    """The packages by height, the highest first: each stands one layer above the highest that it may import."""
    height: dict[str, int] = {}
    for name, below in packages.items():
        imported = height if below == ["everything"] else below
        height[name] = 1 + max((height[other] for other in imported), default=-1)
    return [[name for name in packages if height[name] == level] for level in range(max(height.values()), -1, -1)]


def draw(page: str) -> str:
    """The picture as SVG."""
    shapes = [_text(MARGIN, 20, "The way of the data", size=15, colour=LINE, anchor="start"), *_steps(top=34)]
    top = 34 + 2 * ROW + 14
    title = "The packages: a package imports only packages in lower rows, which the table names"
    shapes.append(_text(MARGIN, top, title, size=15, colour=LINE, anchor="start"))
    layers = layers_of(read_packages(page))
    for row, names in enumerate(layers):
        shapes += _layer(names, top + 14 + row * (BOX + GAP))
    height = top + 14 + len(layers) * (BOX + GAP)
    arrow = (
        '<marker id="arrow" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
        f'<path d="M0,0 L8,4 L0,8 z" fill="{LINE}"/></marker>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="system-ui, Helvetica, Arial, sans-serif">\n<defs>{arrow}</defs>\n'
        + "\n".join(shapes)
        + "\n</svg>\n"
    )


def _steps(top: int) -> list[str]:
    """The steps in two rows, with an arrow from each to the next."""
    width = (WIDTH - 2 * MARGIN - (PER_ROW - 1) * 2 * GAP) / PER_ROW
    shapes = []
    for number, (step, package) in enumerate(STEPS):
        row, column = divmod(number, PER_ROW)
        left, upper = MARGIN + column * (width + 2 * GAP), top + row * ROW
        shapes.append(_box(left, upper, width, package, f"{number + 1}  {step}", package))
        if column + 1 < PER_ROW and number + 1 < len(STEPS):
            shapes.append(_arrow(f"M{left + width + 2:.0f},{upper + BOX / 2:.0f} h{2 * GAP - 4}"))
        elif number + 1 < len(STEPS):
            middle = upper + BOX + (ROW - BOX) / 2
            first = f"M{left + width / 2:.0f},{upper + BOX + 2} V{middle:.0f}"
            shapes.append(_arrow(f"{first} H{MARGIN + width / 2:.0f} V{upper + ROW - 2}"))
    return shapes


def _layer(names: list[str], top: int) -> list[str]:
    """The packages of one height side by side, each with the numbers of its steps."""
    width = (WIDTH - 2 * MARGIN - (len(names) - 1) * GAP) / len(names)
    shapes = []
    for column, name in enumerate(names):
        made = [str(number) for number, (_, package) in enumerate(STEPS, 1) if package == name]
        below = f"step {', '.join(made)}" if made else ""
        shapes.append(_box(MARGIN + column * (width + GAP), top, width, name, name, below))
    return shapes


def _box(left: float, top: int, width: float, package: str, title: str, below: str) -> str:
    middle = left + width / 2
    colour = COLOURS.get(package, OTHER)
    box = f'<rect x="{left:.0f}" y="{top}" width="{width:.0f}" height="{BOX}" rx="7" fill="{colour}"/>'
    lines = [_text(middle, top + (23 if below else 31), title, size=14)]
    return box + "".join(lines + ([_text(middle, top + 41, below, size=12)] if below else []))


def _text(left: float, base: float, words: str, *, size: int, colour: str = INK, anchor: str = "middle") -> str:
    return (
        f'<text x="{left:.0f}" y="{base:.0f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">{words}</text>'
    )


def _arrow(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="{LINE}" stroke-width="1.6" marker-end="url(#arrow)"/>'


if __name__ == "__main__":
    PICTURE.write_text(draw(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
