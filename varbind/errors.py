"""The errors a user can meet: each one line with where, what and what to do, and its exit code.

Exit codes are part of the contract of the command line: 2 usage, 3 bad input VCF, 4 bad reference,
model or track, 5 output. Anything else that escapes is an internal error, exit code 1.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "InputError",
    "Interrupted",
    "OutputError",
    "ResourceError",
    "UsageError",
    "VarbindError",
    "output_errors",
    "printable",
]


class VarbindError(Exception):
    """What went wrong, where, and what to do.

    Args:
        what: one sentence that states what was found and, where it helps, what was expected.
        remedy: what the user can do about it.
        path: the file concerned, as the user named it.
        line: its 1-based line number.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, remedy: str = "", path: object | None = None, line: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.path = None if path is None else str(path)
        self.line = line

    def __str__(self) -> str:
        place = self.path or ""
        if self.line is not None:
            place += f":{self.line}"
        text = f"{place}: {self.what}" if place else self.what
        if self.remedy:
            text += f"; {self.remedy}"
        return printable(" ".join(text.splitlines()))


def printable(text: str) -> str:
    """Text for a terminal: what would steer it, in a file's name or a line of data, is spelt out."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


class UsageError(VarbindError):
    """The call itself is wrong: contradictory or unknown options, output equal to input."""

    exit_code = 2


class InputError(VarbindError):
    """The variant file or the sequence file is broken."""

    exit_code = 3


class ResourceError(VarbindError):
    """A reference, gene table, model bank, track or device is broken, missing or does not fit."""

    exit_code = 4


class OutputError(VarbindError):
    """The result cannot be written."""

    exit_code = 5


class Interrupted(VarbindError):  # noqa: N818 (it is the signal's own word)
    """A signal asked the run to stop."""

    def __init__(self, signal_number: int, name: str) -> None:
        super().__init__(f"stopped by {name}; no partial output was left behind")
        self.signal_number = signal_number

    @property
    def code(self) -> int:
        """The shell's convention: 128 + signal number."""
        return 128 + self.signal_number


@contextmanager
def output_errors(path: object) -> Iterator[None]:
    """Turn an OSError into an OutputError that names `path`; a closed pipe stays what it is."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", path=path) from error
