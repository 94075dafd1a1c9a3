"""What `annotate` wrote, read back: a header and records enter, the values of each allele leave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

from varbind.annotate.info_fields import ENCODED_CONTROLS
from varbind.core.info_keys import KEY_NAMES, TRACK_STEM
from varbind.core.variant import Status
from varbind.effect.heads import EFFECT_KEYS
from varbind.errors import InputError

if TYPE_CHECKING:
    from varbind.io.vcf.records import VcfHeader, VcfRecord

__all__ = ["GENE_COLUMNS", "NUMBER_KEYS", "TEXT_KEYS", "AnnotatedAllele", "DeclaredKeys", "alleles_of"]

NUMBER_KEYS = (*EFFECT_KEYS, "LOSS_PHRED", "GAIN_PHRED")
"""Keys with one number an allele, most telling first."""

TEXT_KEYS = ("BIND_LOSS", "BIND_GAIN", "STATUS", "FLAG")
"""Keys whose text is taken as it stands."""

GENE_COLUMNS = ("symbol", "gene_id", "transcript_id", "strand", "tss_distance", "gene_tags")
"""The parts of an entry of GENE."""

_DISTANCE = re.compile(r"-?[0-9]{1,18}")
_DAMAGED = "annotate the file again"


@dataclass(frozen=True, slots=True)
class DeclaredKeys:
    """Our keys that a header declares.

    Attributes:
        prefix: of every key.
        names: without the prefix, in order.
    """

    prefix: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, header: VcfHeader, prefix: str, path: str) -> Self:
        """Read a header.

        Args:
            header: of the file.
            prefix: of the keys.
            path: of the file, for messages.

        Raises:
            InputError: it declares none.
        """
        pattern = re.compile(rb"##INFO=<(?:[^>]*?,)?ID=%s_([0-9A-Za-z_.]+)[,>]" % re.escape(prefix).encode())
        found = [match[1].decode() for line in header.lines if (match := pattern.match(line))]
        known = {*EFFECT_KEYS, *KEY_NAMES}
        names = tuple(dict.fromkeys(name for name in found if name in known or name.startswith(TRACK_STEM)))
        if not names:
            what = f"the header declares no {prefix}_ key"
            raise InputError(what, path=path, remedy="run varbind annotate first")
        return cls(prefix, names)

    @property
    def scores(self) -> tuple[str, ...]:
        """Those of `NUMBER_KEYS`, in that order."""
        return tuple(name for name in NUMBER_KEYS if name in self.names)

    @property
    def tracks(self) -> tuple[str, ...]:
        """Those of conservation tracks, as they are declared."""
        return tuple(name for name in self.names if name.startswith(TRACK_STEM))

    @property
    def numbers(self) -> tuple[str, ...]:
        """Scores, then tracks."""
        return self.scores + self.tracks


@dataclass(frozen=True, slots=True)
class AnnotatedAllele:
    """The values of one ALT.

    Attributes:
        texts: of `TEXT_KEYS`; empty where missing.
        genes: of each gene the texts of `GENE_COLUMNS`, decoded, nearest gene first.
        numbers: of `DeclaredKeys.numbers`; NaN where missing.
        why_not: why it has no score; empty where it has one.
    """

    texts: tuple[str, ...]
    genes: tuple[tuple[str, ...], ...]
    numbers: tuple[float, ...]
    why_not: str


def alleles_of(record: VcfRecord, keys: DeclaredKeys, path: str) -> list[AnnotatedAllele] | None:
    """The alleles of a record in the order of ALT; None where it has no key of ours.

    Args:
        record: of the file.
        keys: that its header declares.
        path: of the file, for messages.

    Raises:
        InputError: a key has not one value an ALT, or not such a value as it should.
    """
    info = _Info.of(record, keys.prefix, path)
    if not info.words:
        return None
    texts = zip(*[info.values(name) for name in TEXT_KEYS], strict=True)
    genes = [info.genes(value) for value in info.values("GENE")]
    numbers = [info.numbers(name) for name in keys.numbers]
    measured = list(zip(*numbers, strict=True)) if numbers else [()] * len(genes)
    states_status = "STATUS" in keys.names
    return [
        AnnotatedAllele(text, gene, number, _why_not(text[2], number, states_status=states_status))
        for text, gene, number in zip(texts, genes, measured, strict=True)
    ]


def _why_not(status: str, numbers: tuple[float, ...], *, states_status: bool) -> str:
    """Empty for an allele with a score; where STATUS was taken out of the file, any number tells one."""
    if states_status:
        return "" if status == Status.OK else status or "no status"
    return "no value" if all(map(isnan, numbers)) else ""


@dataclass(frozen=True, slots=True)
class _Info:
    """Our keys in one record, with the place for messages."""

    words: dict[str, str]
    prefix: str
    alleles: int
    path: str
    line: int

    @classmethod
    def of(cls, record: VcfRecord, prefix: str, path: str) -> Self:
        start = f"{prefix}_"
        words: dict[str, str] = {}
        for word in record.info()[0].decode("utf-8", "backslashreplace").split(";"):
            if word.startswith(start):
                key, _, value = word.removeprefix(start).partition("=")
                words.setdefault(key, value)
        return cls(words, prefix, len(record.alts), path, record.number)

    def values(self, name: str) -> list[str]:
        """One an ALT; empty where missing."""
        text = self.words.get(name, "")
        if text in {"", "."}:  # a lone missing value stands for all
            return [""] * self.alleles
        values = text.split(",")
        if len(values) != self.alleles:
            raise self._damaged(f"{self.prefix}_{name} has {len(values)} values, expected {self.alleles}, one an ALT")
        return ["" if value == "." else value for value in values]

    def numbers(self, name: str) -> list[float]:
        try:
            return [float(value) if value else nan for value in self.values(name)]
        except ValueError:
            raise self._damaged(f"{self.prefix}_{name} is {self.words[name][:40]!r}, expected numbers") from None

    def genes(self, value: str) -> tuple[tuple[str, ...], ...]:
        return tuple(self._gene(entry) for entry in value.split("&")) if value else ()

    def _gene(self, entry: str) -> tuple[str, ...]:
        parts = entry.split("|")
        if len(parts) != len(GENE_COLUMNS) or not _DISTANCE.fullmatch(parts[4]):
            what = f"{self.prefix}_GENE holds {entry[:40]!r}, expected SYMBOL|GENE_ID|TX_ID|strand|distance|tags"
            raise self._damaged(what)
        return tuple(unquote(part).translate(ENCODED_CONTROLS) if "%" in part else part for part in parts)

    def _damaged(self, what: str) -> InputError:
        return InputError(what, path=self.path, line=self.line, remedy=_DAMAGED)
