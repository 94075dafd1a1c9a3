"""The header and the records of a VCF, kept as bytes.

A text VCF is not parsed and printed again: CHROM, POS, REF and ALT are read, keys are appended to column 8, and every
other byte is copied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from varbind.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COLUMNS", "POS_DIGITS", "InfoKeyPattern", "VcfHeader", "VcfRecord", "is_blank"]

COLUMNS = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
POS_DIGITS = 18
"""POS has no more digits than these: it fits 64 bits."""

_CONTIG = re.compile(rb"##contig=<(.*)>")
_ID = re.compile(rb"(?:^|,)ID=([^,>]+)")
_LENGTH = re.compile(rb"(?:^|,)length=(\d{1,%d})" % POS_DIGITS)


def is_blank(line: bytes) -> bool:
    """Whether a line has nothing but its line end; such a line is kept, and is not a record."""
    return not line.strip(b"\r\n")


class InfoKeyPattern:
    """Finds INFO keys in the header lines that declare them, and in column 8.

    Args:
        expression: a regular expression that whole keys match; it has no groups.
    """

    def __init__(self, expression: str) -> None:
        # Quoted text is skipped: a Description may name a key.
        self._declaration = re.compile(rb'##INFO=<(?:(?:[^">]|"(?:[^"\\]|\\.)*")*?,)?ID=(%s)[,>]' % expression.encode())
        self._entry = re.compile(rb"(?:^|;)(%s)(?:=[^;]*)?(?=;|$)" % expression.encode())

    def declared_in(self, line: bytes) -> str | None:
        """The key that a header line declares; None where the line declares none of the pattern."""
        match = self._declaration.match(line)
        return match[1].decode("latin-1") if match else None

    def first_in(self, info: bytes) -> str | None:
        """The first key of the pattern in column 8."""
        match = self._entry.search(info)
        return match[1].decode("latin-1") if match else None

    def removed_from(self, info: bytes) -> bytes:
        """Column 8 without the keys of the pattern, as it was before `VcfRecord.with_info` appended them."""
        rest = self._entry.sub(b"", info)
        if rest == info or info.startswith(b";"):
            return rest
        # A key that stood first had replaced a `.`, or a separator is left over.
        rest = rest.removeprefix(b";") if self._entry.match(info) else rest
        return rest or b"."


@dataclass(frozen=True, slots=True)
class VcfHeader:
    """The lines before the records.

    Attributes:
        lines: the `##` lines, with their line ends.
        columns_line: the `#CHROM` line.
    """

    lines: tuple[bytes, ...]
    columns_line: bytes

    @property
    def columns(self) -> int:
        """The number of columns of every record."""
        return self.columns_line.count(b"\t") + 1

    @property
    def line_end(self) -> bytes:
        """The line end."""
        return b"\r\n" if self.columns_line.endswith(b"\r\n") else b"\n"

    def contig_lengths(self) -> dict[str, int | None]:
        """The declared contigs with their lengths in bases; None where no length is declared."""
        contigs: dict[str, int | None] = {}
        for line in self.lines:
            if match := _CONTIG.match(line):
                name, length = _ID.search(match[1]), _LENGTH.search(match[1])
                if name:
                    contigs[name[1].decode("latin-1")] = int(length[1]) if length else None
        return contigs

    def declared_keys(self, keys: InfoKeyPattern) -> list[str]:
        """The INFO keys of a pattern that the header declares, in order."""
        found = map(keys.declared_in, self.lines)
        return [key for key in found if key is not None]

    def bytes_with(self, added: Sequence[str]) -> bytes:
        """The header with lines added before `#CHROM`."""
        end = self.line_end
        # The lines may contain the name of a file, which need not be valid text.
        new_lines = b"".join(line.encode("utf-8", "surrogateescape") + end for line in added)
        return b"".join(self.lines) + new_lines + self.columns_line


class VcfRecord:
    """One line of a VCF.

    Args:
        line: the line, with its line end.
        number: the 1-based line number; in a BCF, the number of the record.
        path: the path of the file, for messages.
        columns: the number of columns that the line must have.

    Raises:
        InputError: the number of columns is wrong, the line has a NUL byte, or POS is not a whole number.

    Attributes:
        chrom, ref, alts: CHROM, REF and the alternate alleles as latin-1 text, which keeps every byte.
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
        """Column 8, and the line end where it is the last column."""
        field = self._fields[7]
        body = field.rstrip(b"\r\n") if len(self._fields) == 8 else field
        return body, field[len(body) :]

    def first_key(self, keys: InfoKeyPattern) -> str | None:
        """The first key of a pattern that column 8 holds."""
        return keys.first_in(self.info()[0])

    def with_info(self, keys: str) -> bytes:
        """The line with keys appended to column 8, where they replace a lone `.`."""
        body, end = self.info()
        added = keys.encode("utf-8", "surrogateescape")
        return self._with(added + end if body == b"." else body + b";" + added + end)

    def without_keys(self, keys: InfoKeyPattern) -> bytes:
        """The line without the keys of a pattern: the inverse of `with_info`."""
        body, end = self.info()
        return self._with(keys.removed_from(body) + end)

    def _with(self, info: bytes) -> bytes:
        return b"\t".join([*self._fields[:7], info, *self._fields[8:]])
