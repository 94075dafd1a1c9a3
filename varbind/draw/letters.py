"""The letters of the bases as shapes, so that they can be scaled to any box and need no font."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from varbind.draw.svg import colour, path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["GLYPHS", "Glyph", "PlacedLetters", "letter_shapes"]


@dataclass(frozen=True, slots=True)
class Glyph:
    """The outline of a letter in a box of width and height 1, with y downwards.

    Attributes:
        template: the path, with a place for each whole number; only M has absolute coordinates.
        points: x and y of each point of the path, float64 (points, 2), from 0 to 1.
        origins: the index of the point from which the coordinates of each point count; -1 = they are absolute.
    """

    template: str
    points: NDArray[np.float64]
    origins: NDArray[np.int64]

    @classmethod
    def of_outline(cls, outline: str) -> Self:
        """Read a path of the commands M, L, C and Z with absolute coordinates from 0 to 100."""
        template = ""
        values: list[float] = []
        origins: list[int] = []
        for command, numbers in re.findall(r"([A-Z])([\d ]*)", outline):
            own = [int(word) / 100 for word in numbers.split()]
            origins += [-1 if command == "M" else len(values) // 2 - 1] * (len(own) // 2)
            values += own
            template += (command if command == "M" else command.lower()) + " ".join(["%d"] * len(own))
        return cls(template, np.reshape(values, (-1, 2)), np.array(origins))

    def steps(self, boxes: NDArray[np.float64]) -> str:
        """The path of letters that fill boxes (n, 4), in tenths of a pixel; rounding errors do not add up."""
        places = np.rint(10 * (boxes[:, None, :2] + self.points * boxes[:, None, 2:])).astype(np.int64)
        from_origin = places - np.where(self.origins[:, None] < 0, 0, places[:, self.origins])
        return self.template * len(boxes) % tuple(from_origin.ravel().tolist())


GLYPHS = {
    letter: Glyph.of_outline(outline)
    for letter, outline in {
        "A": "M0 100 L37 0 L63 0 L100 100 L77 100 L70 78 L30 78 L23 100 Z M36 60 L64 60 L50 20 Z",
        "C": "M100 66 C96 89 78 100 53 100 C18 100 0 78 0 50 C0 21 20 0 53 0 C78 0 95 12 99 33 L77 38"
        "C74 25 66 18 53 18 C34 18 23 31 23 50 C23 70 33 82 53 82 C67 82 75 74 78 60 Z",
        "G": "M100 48 L100 87 C88 95 72 100 55 100 C19 100 0 78 0 50 C0 21 20 0 54 0 C79 0 95 11 99 31 L76 36"
        "C73 25 66 18 54 18 C34 18 23 31 23 50 C23 71 35 82 56 82 C64 82 71 80 78 76 L78 65 L56 65 L56 48 Z",
        "T": "M0 0 L100 0 L100 18 L61 18 L61 100 L39 100 L39 18 L0 18 Z",
        "U": "M0 0 L22 0 L22 62 C22 76 32 82 50 82 C68 82 78 76 78 62 L78 0 L100 0 L100 64"
        "C100 88 80 100 50 100 C20 100 0 88 0 64 Z",
        "N": "M0 0 L24 0 L76 62 L76 0 L100 0 L100 100 L76 100 L24 38 L24 100 L0 100 Z",
    }.items()
}
"""The letters of DNA and RNA, and N for an unknown base."""

_COLOUR_OF = {"A": "base-a", "C": "base-c", "G": "base-g", "T": "base-t", "U": "base-t", "N": "base-n"}


@dataclass(frozen=True, slots=True)
class PlacedLetters:
    """Letters and the boxes that they fill.

    Attributes:
        letters: n letters of `GLYPHS`.
        boxes: left, top, width and height of each letter in pixels, float64 (n, 4).

    Raises:
        ValueError: a letter has no shape, or the numbers of letters and of boxes differ.
    """

    letters: str
    boxes: NDArray[np.float64]

    def __post_init__(self) -> None:
        if unknown := set(self.letters) - GLYPHS.keys():
            raise ValueError(f"no shape of {min(unknown)!r}")
        if self.boxes.shape != (len(self.letters), 4):
            raise ValueError(f"{len(self.letters)} letters in boxes of shape {self.boxes.shape}")


def letter_shapes(parts: Sequence[PlacedLetters]) -> str:
    """The letters of all parts, as one path for each kind of letter, which is faster than a path for each letter."""
    letters = "".join(part.letters for part in parts)
    if not letters:
        return ""
    boxes = np.concatenate([part.boxes for part in parts])
    own = np.frombuffer(letters.encode("ascii"), dtype=np.uint8)
    shapes = [
        path(glyph.steps(boxes[own == ord(letter)]), colour(_COLOUR_OF[letter]))
        for letter, glyph in GLYPHS.items()
        if letter in letters
    ]
    return f'<g transform="scale(.1)">{"".join(shapes)}</g>'
