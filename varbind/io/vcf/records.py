"""Header and records of a VCF, as bytes that are spliced and never taken apart.

A text VCF is not parsed and printed again: CHROM, POS, REF and ALT are read, keys are spliced into
column 8, and every other byte is passed on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from varbind.core.info_keys import KEY_NAMES, TRACK_STEM
from varbind.effect.heads import EFFECT_KEYS
from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COLUMNS", "POS_DIGITS", "VcfHeader", "VcfRecord", "is_blank"]

COLUMNS = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
POS_DIGITS = 18
"""POS has no more digits than these: it fits 64 bits."""

_CONTIG = re.compile(rb"##contig=<(.*)>")
_ID = re.compile(rb"(?:^|,)ID=([^,>]+)")
_PROVENANCE = b"##varbind_"
# As `varbind.annotate.provenance` writes it.
_PREFIX = re.compile(rb"[,;] ?Prefix=([0-9A-Za-z_.]+)>?\s*$")
_KEY_OF_OURS = re.compile(rb'##INFO=<.*,Source="varbind",Version="[^"]*">\s*$')
_LENGTH = re.compile(rb"(?:^|,)length=(\d{1,%d})" % POS_DIGITS)


def is_blank(line: bytes) -> bool:
    """Whether a line holds nothing but its end: it is kept, and no record."""
    return not line.strip(b"\r\n")


@dataclass(frozen=True, slots=True)
class VcfHeader:
    """The lines before the records.

    Attributes:
        lines: the `##` lines, verbatim with their line ends.
        columns_line: the `#CHROM` line.
    """

    lines: tuple[bytes, ...]
    columns_line: bytes

    @property
    def columns(self) -> int:
        """Number of columns of every record."""
        return self.columns_line.count(b"\t") + 1

    @property
    def line_end(self) -> bytes:
        """How the lines end."""
        return b"\r\n" if self.columns_line.endswith(b"\r\n") else b"\n"

    def contig_lengths(self) -> dict[str, int | None]:
        """Declared contigs; None where no length is declared."""
        contigs: dict[str, int | None] = {}
        for line in self.lines:
            if match := _CONTIG.match(line):
                name, length = _ID.search(match[1]), _LENGTH.search(match[1])
                if name:
                    contigs[name[1].decode("latin-1")] = int(length[1]) if length else None
        return contigs

    def declared_key(self, prefix: str) -> str | None:
        """The first of our keys that the header declares already."""
        for line in self.lines:
            if match := _header_pattern(prefix).match(line):
                return match[1].decode("latin-1")
        return None

    def without_ours(self, prefix: str) -> VcfHeader:
        """The header without the lines that an earlier run of this prefix added."""
        ours = _header_pattern(prefix)
        # Those of an older varbind do not say whose they are: they stay while keys of another prefix do.
        kept = {prefix, None} if all(ours.match(line) for line in self.lines if _KEY_OF_OURS.match(line)) else {prefix}
        lines = [
            line
            for line in self.lines
            if not (_prefix_of(line) in kept if line.startswith(_PROVENANCE) else ours.match(line))
        ]
        return VcfHeader(tuple(lines), self.columns_line)

    def bytes_with(self, added: Sequence[str]) -> bytes:
        """The header with lines added before `#CHROM`."""
        end = self.line_end
        # A file name in them need not be text.
        ours = b"".join(line.encode("utf-8", "surrogateescape") + end for line in added)
        return b"".join(self.lines) + ours + self.columns_line


def _prefix_of(line: bytes) -> str | None:
    """The prefix of the run that a line of provenance tells of; None where it does not say."""
    match = _PREFIX.search(line)
    return match[1].decode("ascii") if match else None


@cache
def _header_pattern(prefix: str) -> re.Pattern[bytes]:
    # What is quoted is passed over: a description may speak of our keys.
    return re.compile(rb'##INFO=<(?:(?:[^">]|"(?:[^"\\]|\\.)*")*?,)?ID=(%s)[,>]' % _our_keys(prefix))


@cache
def _key_pattern(prefix: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?:^|;)(%s)(?:=[^;]*)?(?=;|$)" % _our_keys(prefix))


def _our_keys(prefix: str) -> bytes:
    """A pattern of the keys that we write, and of no other key that starts alike."""
    names = "|".join([*EFFECT_KEYS, *KEY_NAMES])
    return f"{re.escape(prefix)}_(?:{names}|{TRACK_STEM}[0-9A-Za-z_.]+)".encode()


class VcfRecord:
    """One line of a VCF.

    Args:
        line: verbatim, with its line end.
        number: 1-based line number; the record's number for BCF.
        path: for messages.
        columns: how many columns it must have.

    Raises:
        InputError: wrong number of columns, a NUL byte, or a POS that is not a whole number.

    Attributes:
        chrom, ref, alts: as written, as latin-1 text, so that any byte survives.
        pos: POS.
    """

    __slots__ = ("_fields", "alts", "chrom", "line", "number", "pos", "ref")

    def __init__(self, line: bytes, number: int, path: str, columns: int) -> None:
        found = line.count(b"\t") + 1
        if found != columns:
            what = f"{found} columns, expected {columns} as in the #CHROM line"
            raise InputError(what, path=path, line=number, remedy="repair or remove the line")
        if b"\0" in line:
            raise InputError("a NUL byte in the line", path=path, line=number, remedy="repair the file")
        self.line = line
        self.number = number
        self._fields = line.split(b"\t", 8)
        position = self._fields[1]
        if not position.isdigit() or len(position) > POS_DIGITS:
            what = f"POS is {position[:20].decode('latin-1')!r}, expected a whole number"
            raise InputError(what, path=path, line=number, remedy="repair or remove the line")
        self.chrom = self._fields[0].decode("latin-1")
        self.pos = int(position)
        self.ref = self._fields[3].decode("latin-1")
        self.alts = tuple(self._fields[4].decode("latin-1").split(","))

    def info(self) -> tuple[bytes, bytes]:
        """Column 8 and what follows it within its field (a line end, or nothing)."""
        field = self._fields[7]
        body = field.rstrip(b"\r\n") if len(self._fields) == 8 else field
        return body, field[len(body) :]

    def used_key(self, prefix: str) -> str | None:
        """The first of our keys that column 8 holds already."""
        match = _key_pattern(prefix).search(self.info()[0])
        return match[1].decode("latin-1") if match else None

    def with_info(self, keys: str) -> bytes:
        """The line with keys appended to column 8, where a lone `.` gives way to them."""
        body, end = self.info()
        added = keys.encode("utf-8", "surrogateescape")
        return self._with(added + end if body == b"." else body + b";" + added + end)

    def without_info(self, prefix: str) -> bytes:
        """The line without our keys: the inverse of `with_info`."""
        body, end = self.info()
        rest = _key_pattern(prefix).sub(b"", body)
        if rest == body:
            return self.line
        if not body.startswith(b";"):
            # Our key stood first: alone it had replaced a `.`, else a separator is left over.
            rest = rest.removeprefix(b";") if _key_pattern(prefix).match(body) else rest
            rest = rest or b"."
        return self._with(rest + end)

    def _with(self, info: bytes) -> bytes:
        return b"\t".join([*self._fields[:7], info, *self._fields[8:]])
