"""Reads the genotypes of chosen samples of a VCF: who carries each alternate allele, and with how many copies."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from varbind.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.io.vcf.records import VcfHeader, VcfRecord

__all__ = ["CARRIER_COLUMNS", "SampleGenotypes"]

CARRIER_COLUMNS = (("carriers", str), ("n_het", int), ("n_hom", int), ("genotypes", str))
"""The names and types of the cells of `SampleGenotypes.carriers`."""

_FIXED_COLUMNS = 8
_MISSING = -1
# VCF 4.4 allows a phasing mark before the first allele.
_GENOTYPE = re.compile(rb"[/|]?(?:\.|[0-9]{1,9})(?:[/|](?:\.|[0-9]{1,9}))*")
_SEPARATORS = re.compile(rb"[/|]")
_ENCODED = {ord(letter): quote(letter) for letter in "%;="}
_NAMES_SHOWN = 10

Cells = tuple[str | None, str | None, str | None, str | None]


class SampleGenotypes:
    """The genotypes of the chosen samples of a file.

    Args:
        header: the header of the file.
        names: the names of the samples; empty = all samples of the file.
        path: the path of the file, for messages.

    Attributes:
        without_genotypes: the number of records so far whose FORMAT has no GT.

    Raises:
        UsageError: the file has no samples, or none of a given name.
    """

    def __init__(self, header: VcfHeader, names: Sequence[str], path: str) -> None:
        in_file = header.columns_line.rstrip(b"\r\n").decode("utf-8", "backslashreplace").split("\t")
        columns = {name: column for column, name in enumerate(in_file[_FIXED_COLUMNS + 1 :], 1)}
        if not columns:
            raise UsageError("the file has no samples", path=path, remedy="leave out --samples")
        for name in names:
            if name not in columns:
                known = ", ".join(list(columns)[:_NAMES_SHOWN]) + (" ..." if len(columns) > _NAMES_SHOWN else "")
                raise UsageError(f"the file has no sample {name!r}", path=path, remedy=f"choose among {known}")
        self._columns = {name.translate(_ENCODED): columns[name] for name in names or columns}
        self._path = path
        # All samples of a cohort would make a cell of many kilobytes, but a family is named to be seen as a whole.
        self._lists_all = bool(names)
        self.without_genotypes = 0

    def carriers(self, record: VcfRecord) -> list[Cells]:
        """The cells of `CARRIER_COLUMNS` for each alternate allele of a record, in the order of ALT.

        A carrier has the allele on at least one chromosome. It counts in `n_hom` if every allele of its genotype is
        this one, as in 1/1 and in the haploid genotype 1, and in `n_het` otherwise, as in 0/1, 1/2 and ./1.

        Returns:
            The names of the carriers, their numbers, and the genotypes `NAME=GT` of the carriers, or of all samples
            where samples were named. Entries are joined by semicolons; percent signs, semicolons and equals signs in
            names are percent-encoded. All cells are None where FORMAT has no GT, and texts are None where empty.

        Raises:
            InputError: a genotype cannot be read, or names an allele that the record does not have.
        """
        texts = self._texts(record)
        if texts is None:
            self.without_genotypes += 1
            return [(None, None, None, None)] * len(record.alts)
        called = {name: self._called(name, text, record) for name, text in texts.items()}
        return [self._cells(allele, texts, called) for allele in range(1, len(record.alts) + 1)]

    def _texts(self, record: VcfRecord) -> dict[str, bytes] | None:
        """The text of the genotype of each sample; None where FORMAT has no GT."""
        columns = record.line.rstrip(b"\r\n").split(b"\t")[_FIXED_COLUMNS:]
        keys = columns[0].split(b":")
        if b"GT" not in keys:
            return None
        place = keys.index(b"GT")
        # Missing values at the end of a column may be left out.
        found = {name: columns[column].split(b":")[place : place + 1] for name, column in self._columns.items()}
        return {name: (values and values[0]) or b"." for name, values in found.items()}

    def _called(self, name: str, text: bytes, record: VcfRecord) -> tuple[int, ...]:
        alleles = _alleles(text)
        if alleles is None or max(alleles) > len(record.alts):
            what = f"sample {name} has the genotype {text[:20].decode('latin-1')!r}, expected numbers of alleles "
            what += f"from 0 to {len(record.alts)}"
            raise InputError(
                what, path=self._path, line=record.number, remedy="repair the file, or leave the samples out"
            )
        return alleles

    def _cells(self, allele: int, texts: dict[str, bytes], called: dict[str, tuple[int, ...]]) -> Cells:
        carriers = [name for name, alleles in called.items() if allele in alleles]
        n_hom = sum(set(called[name]) == {allele} for name in carriers)
        listed = texts if self._lists_all else carriers
        genotypes = ";".join([f"{name}={texts[name].decode('ascii')}" for name in listed])
        return ";".join(carriers) or None, str(len(carriers) - n_hom), str(n_hom), genotypes or None


@lru_cache(maxsize=1 << 10)
def _alleles(genotype: bytes) -> tuple[int, ...] | None:
    """The numbers of the alleles of a genotype, -1 for a missing one; None if the genotype cannot be read."""
    if not _GENOTYPE.fullmatch(genotype):
        return None
    words = _SEPARATORS.split(genotype.lstrip(b"/|"))
    return tuple(_MISSING if word == b"." else int(word) for word in words)
