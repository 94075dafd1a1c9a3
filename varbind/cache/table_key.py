"""The key of a precomputed table: everything on which its values depend, in named parts.

A table is used only by a run whose key is the same in every part.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from varbind._version import __version__
from varbind.cache.promoter_sites import promoter_spans
from varbind.errors import ResourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from varbind.annotate.inputs import Inputs
    from varbind.annotate.settings import AnnotateSettings
    from varbind.bank.bank import Bank
    from varbind.bank.model_card import BankCard
    from varbind.effect.effect_model import EffectCard
    from varbind.effect.second_stage import SecondStage
    from varbind.io.reference import Reference

__all__ = ["TableKey", "key_of_run"]

_LINE = re.compile(r'##varbind_precomputed=<ID=(\w+),Value="([^"]*)">\n')
_END_BYTES = 1 << 20
"""A conservation track has gigabytes; it is identified by its size and by so many bytes at each of its ends."""


@dataclass(frozen=True, slots=True)
class TableKey:
    """Everything on which the values of a table depend.

    Attributes:
        parts: the texts by the name of the part.
    """

    parts: Mapping[str, str]

    @classmethod
    def of_header(cls, lines: Iterable[str]) -> Self:
        """The key that a header states; without any part where the header is not that of a table."""
        return cls({found[1]: found[2] for line in lines if (found := _LINE.fullmatch(line))})

    def header_lines(self) -> list[str]:
        """The header lines that state the key."""
        return [f'##varbind_precomputed=<ID={name},Value="{text}">' for name, text in self.parts.items()]

    def require(self, run: TableKey, *, path: str) -> None:
        """Compare this key of a table with that of a run.

        Raises:
            ResourceError: a part differs.
        """
        for name, wanted in run.parts.items():
            found = self.parts.get(name, "nothing")
            if found != wanted:
                what = f"was computed with another {name}: the table has {found}, this run has {wanted}"
                remedy = "give the table of this run's settings, make one with varbind precompute, or leave --cache out"
                raise ResourceError(what, path=path, remedy=remedy)


def key_of_run(inputs: Inputs, listed: Bank, second: SecondStage | None, settings: AnnotateSettings) -> TableKey:
    """The key of a run.

    Args:
        inputs: the opened inputs.
        listed: the models whose losses and gains are listed.
        second: the second stage; None = there is none.
        settings: the settings of the run.

    Raises:
        UsageError: the bank or the second stage is not stored in a folder, so that it has no digest.
    """
    renamed = [f"{first}={other}" for first, other in sorted(settings.contig_map.items())]
    flank = max(model.config.window for model in listed.models)
    flank = max([flank, *([second.flank] if second else [])])
    return TableKey(
        {
            "version": __version__,
            "genes": ",".join(table.sha256 for table in inputs.genes) or "none",
            "tss": settings.tss,
            "promoter": f"{settings.promoter.upstream},{settings.promoter.downstream}",
            "everywhere": "yes" if settings.everywhere else "no",
            "contig_map": _digest(renamed) if renamed else "none",
            "bank": _digest([_digests(card) for card in listed.cards]),
            "proteins": _digest_of_models(listed),
            "effect": _digest_of_effect(second.effect.card) if second else "none",
            "tracks": _tracks(settings, second),
            "explain": str(settings.explain or 0),
            "top": str(settings.top),
            # Another part can change which bases count, so it is compared before this one.
            "genome": _digest_of_genome(inputs, settings, flank),
        }
    )


def _digest(content: Any) -> str:
    """The SHA-256 of anything that JSON can express."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _digests(card: BankCard | EffectCard) -> dict[str, str]:
    """The digests of the files of a bank or of a second stage."""
    if not card.digests:
        what = f"{card.name} is not stored in a folder, so it has no digest by which a table could be known"
        raise UsageError(what, remedy="store it, and read it again")
    return dict(card.digests)


def _digest_of_genome(inputs: Inputs, settings: AnnotateSettings, flank: int) -> str:
    """The SHA-256 of the contigs, and of the bases that the values of the promoters depend on.

    To read a whole genome would take longer than to annotate a small file.
    """
    genome, scope = inputs.genome, inputs.allele_statuses.scope
    digest = hashlib.sha256(json.dumps(genome.contigs).encode())
    if scope is not None:
        for contig, start, end in promoter_spans(
            scope.index, settings.promoter, genome.contigs, renamed=settings.contig_map
        ):
            digest.update(_bases(genome, contig, start - flank, end + flank))
    return digest.hexdigest()


def _bases(genome: Reference, contig: str, start: int, end: int) -> bytes:
    return f"{contig}:{start}={genome.fetch(contig, start, end)}\n".encode()


def _digest_of_models(listed: Bank) -> str:
    """The number of the models, and the SHA-256 of all that their cards say about losses and gains."""
    said = [
        (model.model_id, model.protein, model.family, model.delta_sd, dict(model.quantiles)) for model in listed.models
    ]
    return f"{len(said)} models {_digest(said)}"


def _digest_of_effect(card: EffectCard) -> str:
    return _digest([_digests(card), list(card.model_ids), list(card.default_ids)])


def _tracks(settings: AnnotateSettings, second: SecondStage | None) -> str:
    """The names of the tracks, what each is used as, and the digests of their files."""
    used = {name: kind for kind, name in second.tracks.items()} if second else {}
    texts = [
        f"{name}:{used.get(name, 'not used')}:{_digest_of_ends(Path(path))}"
        for name, path in settings.conservation.items()
    ]
    return ",".join(texts) or "none"


def _digest_of_ends(path: Path) -> str:
    """The SHA-256 of the size, the first and the last bytes of a file."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        digest = hashlib.sha256(f"{size}\n".encode() + stream.read(_END_BYTES))
        stream.seek(max(size - _END_BYTES, 0))
        digest.update(stream.read(_END_BYTES))
    return digest.hexdigest()
