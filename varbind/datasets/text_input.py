"""Lines of a text file with their numbers, and the sequences that stand in them."""

from __future__ import annotations

import math
import os
import re
from typing import TYPE_CHECKING

from varbind.errors import InputError
from varbind.io.size_limits import bounded_lines
from varbind.io.vcf.input_stream import STDIN, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["checked_number", "checked_sequence", "columns_of", "numbered_lines", "untracked_lines"]

_FOREIGN = re.compile(r"[^ACGTUNacgtun]")


def numbered_lines(path: str) -> Iterator[tuple[int, str]]:
    """Lines without their ends, from 1; blank lines and comments (#) are passed over.

    Args:
        path: a file, plain or compressed.

    Raises:
        InputError: it cannot be read, is empty or damaged, or a line of it is endless.
    """
    if path == STDIN:
        raise InputError("a training reads its data again when it is resumed", path=path, remedy="name a file")
    if os.path.isfile(path) and not os.path.getsize(path):  # noqa: PTH113, PTH202 (a path as the user wrote it)
        raise InputError("is empty", path=path)
    with Source(path) as source:
        lines = bounded_lines(source.stream, source.name, InputError, packed=lambda: source.position)
        for number, line in lines:
            text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
            if text.strip() and not text.startswith("#"):
                yield number, text


def untracked_lines(path: str) -> Iterator[tuple[int, str]]:
    """The same lines without those that tell a genome browser how to show them.

    Raises:
        InputError: as `numbered_lines`.
    """
    return (line for line in numbered_lines(path) if line[1].split(maxsplit=1)[0] not in {"track", "browser"})


def columns_of(text: str) -> list[str]:
    """Columns between tabs, or between blanks where there is no tab, without the blanks around them."""
    return [column.strip() for column in text.split("\t" if "\t" in text else None)]


def checked_number(word: str, name: str, path: str, line: int, remedy: str) -> float:
    """A finite number.

    Raises:
        InputError: the word is none.
    """
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"the {name} is {word!r}, expected a number", path=path, line=line, remedy=remedy)
    return number


def checked_sequence(text: str, path: str, line: int) -> str:
    """A sequence without the blanks around it.

    Raises:
        InputError: it is empty, or a letter is not A, C, G, T, U or N.
    """
    sequence = text.strip()
    foreign = _FOREIGN.search(sequence)
    if foreign or not sequence:
        found = f"{foreign[0]!r} at base {foreign.start() + 1}" if foreign else "nothing"
        what = f"the sequence holds {found}, expected the letters A, C, G, T, U and N"
        raise InputError(what, path=path, line=line, remedy="correct or remove it")
    return sequence
