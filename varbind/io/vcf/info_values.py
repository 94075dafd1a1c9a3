"""Reads chosen INFO fields of a VCF as typed values, one for each alternate allele, as the header declares them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from math import isnan, nan
from typing import TYPE_CHECKING

from varbind.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from varbind.io.vcf.records import VcfHeader, VcfRecord

__all__ = ["InfoDeclaration", "declared_fields", "info_values", "is_missing"]

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ATTRIBUTE = re.compile(r"[<,](ID|Number|Type)=([^,>]+)")
_WHOLE_NUMBER = re.compile(r"[-+]?[0-9]{1,18}")
_ONE_PER_ALLELE = ("1", "A", "R")
_NAMES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class InfoDeclaration:
    """An INFO field as the header declares it.

    Attributes:
        key: the ID.
        number: the Number, such as `1`, `A`, `R`, `G` or `.`.
        value_type: the Type: `Integer`, `Float`, `Flag`, `Character` or `String`.
    """

    key: str
    number: str
    value_type: str

    @property
    def kind(self) -> type:
        """The type of one value: `bool` for flags; `int` or `float` if an allele has one number; otherwise `str`."""
        if self.value_type == "Flag":
            return bool
        if self.number not in _ONE_PER_ALLELE:
            return str
        return {"Integer": int, "Float": float}.get(self.value_type, str)

    def values(self, text: str | None, record: VcfRecord, path: str) -> list[object]:
        """The value of each alternate allele of a record.

        A flag is True or False. A whole number remains text, and so does a list of any other Number than 1, A and R.
        With Number=R, the value of the reference allele is left out. A missing value is None, or NaN for a float.

        Args:
            text: the text behind the equals sign; empty for a key without a value, None where the record lacks the key.
            record: the record.
            path: the path of the file, for messages.

        Raises:
            InputError: the number of values is wrong, or one of them is not of the declared Type.
        """
        alleles = len(record.alts)
        if self.kind is bool:
            return [text is not None] * alleles
        if text in {None, "", "."}:
            return [self._parse(".", record, path)] * alleles
        if self.number not in {"A", "R"}:
            return [self._parse(text, record, path)] * alleles
        values = text.split(",")
        expected = alleles + (self.number == "R")
        if len(values) != expected:
            what = f"{self.key} has {len(values)} values, expected {expected}, as the header has Number={self.number}"
            raise self._error(what, record, path)
        return [self._parse(value, record, path) for value in values[-alleles:]]

    def _parse(self, text: str, record: VcfRecord, path: str) -> object:
        if self.kind is float:
            try:
                return nan if text == "." else float(text)
            except ValueError:
                raise self._error(f"{self.key} is {text[:40]!r}, expected a number", record, path) from None
        if text == ".":
            return None
        if self.kind is int and not _WHOLE_NUMBER.fullmatch(text):
            raise self._error(f"{self.key} is {text[:40]!r}, expected a whole number", record, path)
        return text

    def _error(self, what: str, record: VcfRecord, path: str) -> InputError:
        return InputError(what, path=path, line=record.number, remedy=f"repair the file, or do not ask for {self.key}")


def declared_fields(header: VcfHeader, keys: Iterable[str], path: str) -> tuple[InfoDeclaration, ...]:
    """The declarations of INFO fields; each key once, in the order given.

    Args:
        header: the header of the file.
        keys: the keys that are wanted.
        path: the path of the file, for messages.

    Raises:
        UsageError: the header does not declare a key.
    """
    declared: dict[str, InfoDeclaration] = {}
    for line in header.lines:
        if line.startswith(b"##INFO=<"):
            found = dict(_ATTRIBUTE.findall(_QUOTED.sub('""', line.decode("utf-8", "backslashreplace"))))
            key = found.get("ID", "")
            declared.setdefault(key, InfoDeclaration(key, found.get("Number", "."), found.get("Type", "String")))
    wanted = dict.fromkeys(keys)
    for key in wanted:
        if key not in declared:
            raise UsageError(f"the header declares no INFO key {key!r}", path=path, remedy=_remedy(key, list(declared)))
    return tuple(declared[key] for key in wanted)


def _remedy(key: str, declared: list[str]) -> str:
    """What to ask for instead of a key that is not declared."""
    of_lower = {name.lower(): name for name in declared}
    alike = [of_lower[name] for name in get_close_matches(key.lower(), of_lower, n=1)]
    names = ", ".join(alike or declared[:_NAMES_SHOWN])
    return f"choose among the INFO keys of the header, such as {names}" if names else "leave it out"


def info_values(fields: Sequence[InfoDeclaration], record: VcfRecord, path: str) -> list[tuple[object, ...]]:
    """The values of INFO fields for each alternate allele of a record, in the order of ALT.

    Args:
        fields: the declarations of the fields.
        record: the record.
        path: the path of the file, for messages.

    Raises:
        InputError: a value does not fit its declaration.
    """
    if not fields:
        return [()] * len(record.alts)
    texts: dict[str, str] = {}
    for entry in record.info()[0].decode("utf-8", "backslashreplace").split(";"):
        key, _, text = entry.partition("=")
        texts.setdefault(key, text)
    columns = [field.values(texts.get(field.key), record, path) for field in fields]
    return list(zip(*columns, strict=True))


def is_missing(value: object) -> bool:
    """Whether a value of `info_values` is missing; a flag that is not set is not missing."""
    return value is None or (isinstance(value, float) and isnan(value))
