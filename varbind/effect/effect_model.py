"""The second stage in memory: its heads, the background curves that calibrate them, and its card."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping  # noqa: TC003 (the reader of cards evaluates the annotations)
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self, TypedDict

import numpy as np

from varbind.bank.model_card import require_printable
from varbind.core.sequence import reverse_complement
from varbind.effect.features import binding_features, is_binding, tracks_of
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from varbind.bank.background import VariantKind
    from varbind.bank.null_distribution import ShareCurve
    from varbind.core.window import Window
    from varbind.effect.head import Head

__all__ = [
    "CURVES",
    "EFFECT_FORMAT",
    "KEY_FLANK",
    "Cutoff",
    "EffectCard",
    "EffectModel",
    "key_of_place",
    "key_of_window",
    "merged_keys",
]

EFFECT_FORMAT = 3
CURVES = ("score", "score_no_tss", "loss", "gain")
"""What the background curves are of: what PHRED ranks with and without a start, the strongest loss, and the strongest
gain."""
KEY_FLANK = 15
"""The number of bases on each side of a change that identify it as a training variant, in any genome build."""


class Cutoff(TypedDict):
    """A suggested cut-off of PHRED, with what was measured there on loci that were left out of the training.

    Attributes:
        name: What it is for.
        phred: The cut-off.
        precision: The share of the variants at or above it that change activity, 0 to 1.
        precision_low: The lower end of the 95 % interval of the precision.
        precision_high: The upper end.
        recall: The share of the variants that change activity that are at or above it, 0 to 1.
        base_rate: The share of all variants that change activity.
        background: The share of background SNVs that pass.
    """

    name: str
    phred: float
    precision: float
    precision_low: float
    precision_high: float
    recall: float
    base_rate: float
    background: float


@dataclass(frozen=True, slots=True)
class EffectCard:
    """The description of a second stage.

    Attributes:
        name: The name of the second stage.
        version: The version of its content.
        description: One sentence about it.
        licence: The licence of the weights.
        bank: The bank whose scores it reads: its `name`, and the SHA-256 of its weights (`sha256`) and `background`.
        model_ids: The models that it reads, in order.
        default_ids: The models to whose strongest loss and gain the curves refer.
        heads: By head, how it was trained: the data, the settings and the measured results.
        cutoffs: The suggested cut-offs.
        background: The recipe of the background variants of the curves.
        digests: The SHA-256 of the weights.
    """

    name: str
    version: str
    description: str
    licence: str
    bank: Mapping[str, str]
    model_ids: list[str]
    default_ids: list[str]
    heads: Mapping[str, Any] = field(default_factory=dict)
    cutoffs: list[Cutoff] = field(default_factory=list)
    background: Mapping[str, Any] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The card as JSON values."""
        return {"format": EFFECT_FORMAT, **asdict(self)}

    def check(self) -> None:
        """Check a card that was read, beyond the types of its values.

        Raises:
            ValueError: The card names no model, or a word cannot be printed.
        """
        if not self.model_ids:
            raise ValueError("model_ids is empty, expected at least one model")
        require_printable(self)


@dataclass(frozen=True, slots=True, repr=False)
class EffectModel:
    """The second stage.

    Attributes:
        card: The description of the second stage.
        heads: The heads by name; the names are those of `varbind.effect.second_stage.HEADS`.
        curves: The background distributions, by name in `CURVES` and by kind of variant.
        trained_on: The keys of the training variants (`key_of_window`, `key_of_place`), sorted, uint32.

    Raises:
        ResourceError: The heads do not fit the models of the card or each other, or a head lacks another one that it
            needs.
    """

    card: EffectCard
    heads: Mapping[str, Head] = field(default_factory=dict)
    curves: Mapping[str, Mapping[VariantKind, ShareCurve]] = field(default_factory=dict)
    trained_on: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))

    def __repr__(self) -> str:
        return f"<EffectModel {self.card.name}: {len(self.card.model_ids):,} models, heads {', '.join(self.heads)}>"

    def __post_init__(self) -> None:
        known = set(binding_features(self.card.model_ids))
        for head in self.heads.values():
            if head.needs.models not in {None, len(self.card.model_ids)}:
                raise ResourceError(f"the {head.label} head does not have the models of the card")
        for head in self.heads.values():
            for name in head.needs.heads:
                if name not in self.heads:
                    raise ResourceError(f"{_a_head(head.label)} without {_a_head(name)}")
            if head.needs.outputs not in {0, getattr(self.heads.get("local"), "outputs", 0)}:
                raise ResourceError(f"the {head.label} head does not have the outputs of the local head")
            unknown = [name for name in head.needs.features if is_binding(name) and name not in known]
            if unknown:
                raise ResourceError(f"the {head.label} head reads {unknown[0]}, but the card has no such model")

    @property
    def tracks(self) -> tuple[str, ...]:
        """The names of the conservation tracks that its heads know."""
        needs = [head.needs for head in self.heads.values()]
        return tuple(dict.fromkeys(track for need in needs for track in (*need.tracks, *tracks_of(need.features))))

    def renamed(self, ids: Mapping[str, str]) -> Self:
        """The same second stage where models have other ids.

        Args:
            ids: The new id of each model by its old one; a model that is not among them keeps its id.
        """
        models, default = (
            [ids.get(name, name) for name in names] for names in (self.card.model_ids, self.card.default_ids)
        )
        new_names = dict(zip(binding_features(self.card.model_ids), binding_features(models), strict=True))
        heads = {name: head.renamed(new_names) for name, head in self.heads.items()}
        return replace(self, card=replace(self.card, model_ids=models, default_ids=default), heads=heads)

    def has_seen(self, keys: Sequence[int]) -> bool:
        """Whether one of the keys belongs to a training variant.

        The false-positive rate is about 1 in 43,000 with 100,000 stored keys.
        """
        # With another type, numpy would convert the whole table in each call.
        sought = np.array(keys, dtype=np.uint32)
        places = np.searchsorted(self.trained_on, sought)
        found = places < len(self.trained_on)
        return bool((self.trained_on[places[found]] == sought[found]).any())


def key_of_window(window: Window, flank: int) -> int:
    """The key of a change within 15 bases on each side, which is the same on both strands and in every genome build.

    An exception is an insertion or deletion in a repeat, because it is left-aligned on the strand on which it is
    written.

    Args:
        window: The window of the change.
        flank: The number of bases of the window on each side of the change, at least 15.
    """
    inner = window.inner(flank - KEY_FLANK)
    forward = inner.ref.tobytes() + b">" + inner.alt.tobytes()
    backward = reverse_complement(inner.ref).tobytes() + b">" + reverse_complement(inner.alt).tobytes()
    return _key(min(forward, backward))


def key_of_place(chrom: str, pos: int, ref: str, alt: str) -> int:
    """The key of a variant of a table without sequence; the contig may be written with or without `chr`."""
    return _key(f"{chrom.removeprefix('chr')}:{pos}:{ref}:{alt}".encode())


def merged_keys(keys: Sequence[int]) -> NDArray[np.uint32]:
    """The keys as a second stage stores them: sorted and without duplicates."""
    return np.unique(np.array(keys, dtype=np.uint32))


def _a_head(label: str) -> str:
    return f"{'an' if label[0] in 'aeiou' else 'a'} {label} head"


def _key(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=4).digest(), "big")
