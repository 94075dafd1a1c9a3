"""The errors that a user can see. Each is one line with the place, the problem and the remedy, and has an exit code.

The exit codes are part of the interface of the command line: 2 usage, 3 malformed input, 4 bad reference, model or
track, 5 output. Any other error is an internal error with exit code 1.
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
    """An error with its place and its remedy.

    Args:
        what: what was found and, where it helps, what was expected, as one sentence.
        remedy: what the user can do.
        path: the file, as the user named it.
        line: the line number in the file, from 1.
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
    """The text with unprintable characters escaped, because names of files and data may contain terminal controls."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


class UsageError(VarbindError):
    """The call is wrong: contradictory or unknown options, or an output that is an input."""

    exit_code = 2


class InputError(VarbindError):
    """The variant file or the sequence file is malformed or damaged."""

    exit_code = 3


class ResourceError(VarbindError):
    """A reference, gene table, model bank, track or device is missing, malformed or does not fit."""

    exit_code = 4


class OutputError(VarbindError):
    """The result cannot be written."""

    exit_code = 5


class Interrupted(VarbindError):  # noqa: N818 (an interrupt is not an error)
    """A signal asked the run to stop."""

    def __init__(self, signal_number: int, name: str) -> None:
        super().__init__(f"stopped by {name}; no partial output was left behind")
        self.signal_number = signal_number

    @property
    def code(self) -> int:
        """The exit code by the convention of shells: 128 + signal number."""
        return 128 + self.signal_number


@contextmanager
def output_errors(path: object) -> Iterator[None]:
    """Turn an OSError into an OutputError about `path`; a BrokenPipeError is not changed."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", path=path) from error
