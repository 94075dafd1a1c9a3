"""The columns of the table of `varbind rank`: their names and types, and the cells of one allele and gene.

A record is read into the cells that it states. The cells that only restate others, such as the parts of the strongest
loss and the sentence, are made when the table is written, so that they take no memory and no time for dropped rows.
"""

from __future__ import annotations

from functools import lru_cache
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from varbind.annotate.annotated_variants import NearbyGene
from varbind.annotate.describe import summary
from varbind.annotate.info_fields import ENCODED_CONTROLS
from varbind.annotate.info_reader import (
    EXPLAIN_KEY,
    GENE_COLUMNS,
    REGION_KEY,
    TEXT_KEYS,
    UNANNOTATED,
    ProteinChange,
    protein_changes,
)
from varbind.annotate.info_schema import TRACK_STEM
from varbind.core.variant import Status
from varbind.io.output.typed_table import frame_of
from varbind.io.vcf.genotypes import CARRIER_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from varbind.annotate.info_reader import AnnotatedAllele, DeclaredKeys
    from varbind.io.vcf.info_values import InfoDeclaration
    from varbind.io.vcf.records import VcfRecord

__all__ = ["RankColumns"]

Columns = list[tuple[str, type]]

_PLACE_COLUMNS = ("chrom", "pos", "id", "ref", "alt", "filter")
_WHOLE_NUMBERS = {"pos", "tss_distance"}
_CHANGE_PARTS = (("family", str), ("protein", str), ("model", str), ("delta", float), ("z", float))
_RESTATED: Columns = [
    *[(f"{side}_{part}", kind) for side in ("loss", "gain") for part, kind in _CHANGE_PARTS],
    ("sentence", str),
]
_CONTROLS = {letter: text for letter, text in ENCODED_CONTROLS.items() if letter != ord("\t")}
_NO_GENE = ("",) * (len(GENE_COLUMNS) + 1)


class RankColumns:
    """The columns of a table.

    Args:
        keys: the keys of varbind that the header declares.
        info: the other INFO fields that become columns.
        samples: whether there are columns of carriers and genotypes.

    Attributes:
        of_record: the names and types of the columns that are read from a record.
        all: the names and types of all columns, in order: those of varbind's keys, those that restate them, and then
            EXPLAIN, the other INFO fields and the samples.
    """

    def __init__(self, keys: DeclaredKeys, info: Sequence[InfoDeclaration] = (), *, samples: bool = False) -> None:
        self._n_scores = len(keys.scores)
        self._has_region = REGION_KEY in keys.names
        self._has_explain = EXPLAIN_KEY in keys.names
        self._states_status = "STATUS" in keys.names
        first = _columns_of_keys(keys)
        last: Columns = [(EXPLAIN_KEY.lower(), str)] if self._has_explain else []
        carriers: Columns = list(CARRIER_COLUMNS) if samples else []
        last += _columns_of_info(info, taken=[*first, *_RESTATED, *last, *carriers]) + carriers
        self._first = len(first)
        self.of_record = first + last
        self.all = first + _RESTATED + last

    def rows(
        self, record: VcfRecord, place: int, allele: AnnotatedAllele, further: Sequence[object] = ()
    ) -> Iterable[tuple[str, tuple[object, ...]]]:
        """The rows of one allele, one for each gene, in the order of `of_record`, each with the region of the gene.

        Args:
            record: the record.
            place: the place of the allele in ALT, from 0.
            allele: its values.
            further: the cells of the other INFO fields, then those of the samples.
        """
        of_place, texts = _text_cells(_place(record, record.alts[place])), _text_cells(allele.texts)
        scores, means = allele.numbers[: self._n_scores], allele.numbers[self._n_scores :]
        last = list(map(_cell, [allele.explain, *further] if self._has_explain else further))
        for *gene, region in allele.genes or (_NO_GENE,):
            of_gene = _text_cells([*gene, region] if self._has_region else gene)
            yield region, (*of_place, *of_gene, *scores, *texts[:2], *means, *texts[2:], *last)

    def complete(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add the columns that restate others.

        Args:
            frame: rows with the columns `of_record`.
        """
        frame = frame.reset_index(drop=True)
        restated = frame_of(_RESTATED, self._restated(frame))
        return pd.concat([frame.iloc[:, : self._first], restated, frame.iloc[:, self._first :]], axis=1)

    def _restated(self, frame: pd.DataFrame) -> list[tuple[object, ...]]:
        def texts(name: str) -> Any:
            return frame[name].to_numpy(dtype=object, na_value="").tolist()

        def numbers(name: str) -> list[float]:
            return frame[name].tolist() if name in frame else [nan] * len(frame)

        columns = [texts(name) for name in ("symbol", "tss_distance", "bind_loss", "bind_gain", "status")]
        columns.append(texts("region") if self._has_region else [""] * len(frame))
        columns += [numbers("activity"), numbers("activity_se")]
        rows = []
        for symbol, distance, losses, gains, status, region, activity, error in zip(*columns, strict=True):
            loss, gain = _strongest(losses), _strongest(gains)
            sentence = summary(
                NearbyGene(symbol, "", int(distance), region) if distance else None,
                loss,
                gain,
                activity=activity,
                standard_error=error,
                why_not=status or UNANNOTATED if self._states_status and status != Status.OK else "",
            )
            rows.append((*_parts(loss), *_parts(gain), sentence))
        return rows


def _columns_of_keys(keys: DeclaredKeys) -> Columns:
    tracks = [name.lower() for name in keys.tracks]
    if len(set(tracks)) < len(tracks):  # the names of two tracks differ in case only
        tracks = [TRACK_STEM.lower() + name.removeprefix(TRACK_STEM) for name in keys.tracks]
    of_gene = (*GENE_COLUMNS, *([REGION_KEY.lower()] if REGION_KEY in keys.names else []))
    first = [(name, int if name in _WHOLE_NUMBERS else str) for name in (*_PLACE_COLUMNS, *of_gene)]
    texts: Columns = [(name.lower(), str) for name in TEXT_KEYS]
    scores, means = ([(name.lower(), float) for name in keys.scores], [(name, float) for name in tracks])
    return [*first, *scores, *texts[:2], *means, *texts[2:]]


def _columns_of_info(fields: Sequence[InfoDeclaration], *, taken: Columns) -> Columns:
    """The columns of INFO fields, named by their keys; many readers of tables ignore the case of names."""
    names = {name.lower() for name, _ in taken}
    columns: Columns = []
    for field in fields:
        name = field.key
        while name.lower() in names:
            name = f"INFO_{name}"
        names.add(name.lower())
        # The numbers of other tools may be smaller than single precision has, as P values are.
        columns.append((name, np.float64 if field.kind is float else field.kind))
    return columns


def _place(record: VcfRecord, alt: str) -> tuple[str, ...]:
    """The cells of `_PLACE_COLUMNS` for one allele."""
    fields = record.line.split(b"\t", 7)[:7]
    chrom, pos, name, ref, _, _, passed = [field.decode("utf-8", "backslashreplace") for field in fields]
    written = alt.encode("latin-1").decode("utf-8", "backslashreplace")
    return tuple("" if cell == "." else cell for cell in (chrom, pos, name, ref, written, passed))


def _text_cells(texts: Sequence[str]) -> list[str | None]:
    """Texts as cells: None where missing, and without characters that end a line or control a terminal."""
    return [text or None for text in "\t".join(texts).translate(_CONTROLS).split("\t")]


def _cell(value: object) -> object:
    """The same for one value of any type."""
    return value.translate(_CONTROLS) or None if isinstance(value, str) else value


@lru_cache(maxsize=1 << 14)
def _strongest(changes: str) -> ProteinChange | None:
    """The first entry of BIND_LOSS or BIND_GAIN; None where there is none."""
    return next(iter(protein_changes(changes)), None)


def _parts(change: ProteinChange | None) -> tuple[object, ...]:
    """The cells of `_CHANGE_PARTS`."""
    if change is None:
        return (None, None, None, nan, nan)
    return (change.family or None, change.protein or None, change.model_id or None, change.delta, change.z)
