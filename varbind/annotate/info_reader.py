"""Reads the INFO keys of an annotated VCF: the keys that its header declares, and the values of each allele."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import unquote

from varbind.annotate.info_fields import ENCODED_CONTROLS
from varbind.annotate.info_schema import INFO_KEYS, TRACK_STEM, Written
from varbind.annotate.provenance import keys_of
from varbind.core.variant import Status
from varbind.errors import InputError

if TYPE_CHECKING:
    from varbind.io.vcf.records import VcfHeader, VcfRecord

__all__ = [
    "EXPLAIN_KEY",
    "GENE_COLUMNS",
    "NUMBER_KEYS",
    "REGION_KEY",
    "TEXT_KEYS",
    "UNANNOTATED",
    "AnnotatedAllele",
    "DeclaredKeys",
    "ProteinChange",
    "alleles_of",
    "explained_models",
    "protein_changes",
]

NUMBER_KEYS = tuple(key.name for key in INFO_KEYS if key.type == "Float" and key.written is not Written.PER_TRACK)
"""Keys with one number per allele: those of the second stage, then those of binding."""

TEXT_KEYS = tuple(key.name for key in INFO_KEYS if key.type == "String" and key.written is Written.ALWAYS)
"""Keys whose text is read as it is written."""

GENE_COLUMNS = ("symbol", "gene_id", "transcript_id", "strand", "tss_distance", "gene_tags")
"""The names of the parts of an entry of GENE."""

REGION_KEY = "REGION"
EXPLAIN_KEY = "EXPLAIN"
CHANGE_KEYS = ("BIND_LOSS", "BIND_GAIN")

UNANNOTATED = "without annotation"
"""The status of an allele in a record that has no key of varbind."""

_DISTANCE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = r"-?(?:[0-9]+(?:\.[0-9]*)?(?:e[-+]?[0-9]+)?|inf|nan)"
_CHANGE = rf"(?:[^|&]*\|){{3}}{_NUMBER}\|{_NUMBER}"
_CHANGES = re.compile(rf"{_CHANGE}(?:&{_CHANGE})*")
_CONTRIBUTION = re.compile(rf"([^|&]+)\|({_NUMBER})")
_DAMAGED = "annotate the file again"


class ProteinChange(NamedTuple):
    """The change of binding of a protein family, as an entry of BIND_LOSS or BIND_GAIN states it.

    The fields are the family, its protein that changes most, the model of the protein, the alternate minus the
    reference score in units of the model, and the same in standard deviations over background SNVs.
    """

    family: str
    protein: str
    model_id: str = ""
    delta: float = nan
    z: float = nan

    @property
    def family_name(self) -> str:
        """The family in words; empty where the protein is a family of its own."""
        return "" if self.family == self.protein else self.family.replace("_", " ")


def protein_changes(text: str) -> tuple[ProteinChange, ...]:
    """The entries of BIND_LOSS or BIND_GAIN of one allele, strongest first, with decoded names.

    Args:
        text: one of the texts of `AnnotatedAllele`, whose form was checked when it was read.
    """
    entries = [entry.split("|") for entry in text.split("&")] if text else []
    return tuple(
        ProteinChange(_decoded(family), _decoded(protein), _decoded(model_id), float(delta), float(z))
        for family, protein, model_id, delta, z in entries
    )


def explained_models(text: str) -> tuple[tuple[str, float], ...]:
    """The ids of the models in EXPLAIN of one allele with their contributions to ACTIVITY (log2), largest first.

    An entry that is not `model_id|number` is left out, because the text may come from another program.

    Args:
        text: the text of `AnnotatedAllele.explain`.
    """
    found = (_CONTRIBUTION.fullmatch(entry) for entry in text.split("&"))
    return tuple((_decoded(entry[1]), float(entry[2])) for entry in found if entry)


@dataclass(frozen=True, slots=True)
class DeclaredKeys:
    """The keys of varbind that a header declares.

    Attributes:
        prefix: the prefix of every key.
        names: the keys without the prefix, in the order of the header.
    """

    prefix: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, header: VcfHeader, prefix: str, path: str) -> Self:
        """Read the declarations of a header.

        Args:
            header: the header of the file.
            prefix: the prefix of the keys.
            path: the path of the file, for messages.

        Raises:
            InputError: the header declares no key of this prefix.
        """
        names = dict.fromkeys(key.removeprefix(f"{prefix}_") for key in header.declared_keys(keys_of(prefix)))
        if not names:
            what = f"the header declares no {prefix}_ key"
            raise InputError(what, path=path, remedy="run varbind annotate first")
        return cls(prefix, tuple(names))

    @property
    def scores(self) -> tuple[str, ...]:
        """The declared keys among `NUMBER_KEYS`, in that order."""
        return tuple(name for name in NUMBER_KEYS if name in self.names)

    @property
    def tracks(self) -> tuple[str, ...]:
        """The keys of conservation tracks, in the order of the header."""
        tracks = (name for name in self.names if name.startswith(TRACK_STEM))
        return tuple(name for name in tracks if name.upper() not in NUMBER_KEYS)

    @property
    def numbers(self) -> tuple[str, ...]:
        """All keys with numbers: scores, then tracks."""
        return self.scores + self.tracks


@dataclass(frozen=True, slots=True)
class AnnotatedAllele:
    """The values of one alternate allele.

    Attributes:
        texts: the texts of `TEXT_KEYS`; empty where missing.
        genes: the decoded texts of `GENE_COLUMNS` and the region for each gene, nearest gene first; the region is
            empty where it is unknown.
        numbers: the values of `DeclaredKeys.numbers`; NaN where missing.
        why_not: the reason why the allele has no score; empty where it has one.
        explain: the text of EXPLAIN; empty where missing.
    """

    texts: tuple[str, ...]
    genes: tuple[tuple[str, ...], ...]
    numbers: tuple[float, ...]
    why_not: str
    explain: str = ""

    @classmethod
    def without_values(cls, keys: DeclaredKeys) -> Self:
        """An allele of a record that has no key of varbind."""
        return cls(("",) * len(TEXT_KEYS), (), (nan,) * len(keys.numbers), UNANNOTATED)


def alleles_of(record: VcfRecord, keys: DeclaredKeys, path: str) -> list[AnnotatedAllele] | None:
    """Read the alleles of a record, in the order of ALT; None where the record has no key of varbind.

    Args:
        record: the record.
        keys: the keys that the header declares.
        path: the path of the file, for messages.

    Raises:
        InputError: a key does not have one value per alternate allele, or a value of another type.
    """
    info = _Info.of(record, keys.prefix, path)
    if not info.words:
        return None
    texts = zip(*[info.changes(name) if name in CHANGE_KEYS else info.values(name) for name in TEXT_KEYS], strict=True)
    genes = [
        info.genes(value, regions) for value, regions in zip(info.values("GENE"), info.values(REGION_KEY), strict=True)
    ]
    numbers = [info.numbers(name) for name in keys.numbers]
    measured = list(zip(*numbers, strict=True)) if numbers else [()] * len(genes)
    states_status = "STATUS" in keys.names
    return [
        AnnotatedAllele(text, gene, number, _why_not(text[2], number, states_status=states_status), explain)
        for text, gene, number, explain in zip(texts, genes, measured, info.values(EXPLAIN_KEY), strict=True)
    ]


def _why_not(status: str, numbers: tuple[float, ...], *, states_status: bool) -> str:
    """Return the reason why an allele has no score; empty where it has one.

    Where STATUS was removed from the file, an allele with any number counts as scored.
    """
    if states_status:
        return "" if status == Status.OK else status or "no status"
    return "no value" if all(map(isnan, numbers)) else ""


@dataclass(frozen=True, slots=True)
class _Info:
    """The keys of varbind in one record, with the place of the record for messages."""

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
        """Return one text per alternate allele; empty where missing."""
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

    def changes(self, name: str) -> list[str]:
        values = self.values(name)
        for value in values:
            if value and not _CHANGES.fullmatch(value):
                what = f"{self.prefix}_{name} holds {value[:40]!r}, expected FAMILY|PROTEIN|model_id|delta|z"
                raise self._damaged(what)
        return values

    def genes(self, value: str, regions: str) -> tuple[tuple[str, ...], ...]:
        entries = [self._gene(entry) for entry in value.split("&")] if value else []
        of_entry = regions.split("&") if regions else [""] * len(entries)
        if len(of_entry) != len(entries):
            what = (
                f"{self.prefix}_{REGION_KEY} is {regions[:40]!r}, expected one entry for each of {len(entries)} genes"
            )
            raise self._damaged(what)
        return tuple((*entry, "" if region == "." else region) for entry, region in zip(entries, of_entry, strict=True))

    def _gene(self, entry: str) -> tuple[str, ...]:
        parts = entry.split("|")
        if len(parts) != len(GENE_COLUMNS) or not _DISTANCE.fullmatch(parts[4]):
            what = f"{self.prefix}_GENE holds {entry[:40]!r}, expected SYMBOL|GENE_ID|TX_ID|strand|distance|tags"
            raise self._damaged(what)
        return tuple(map(_decoded, parts))

    def _damaged(self, what: str) -> InputError:
        return InputError(what, path=self.path, line=self.line, remedy=_DAMAGED)


def _decoded(name: str) -> str:
    """A percent-decoded name, in which only control characters stay encoded."""
    return unquote(name).translate(ENCODED_CONTROLS) if "%" in name else name
