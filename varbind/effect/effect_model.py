"""The second stage in memory: heads over one set of binding scores, what calibrates them, and their card."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from varbind.bank.model_card import require_printable
from varbind.core.sequence import reverse_complement
from varbind.effect.features import binding_features, is_binding
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from varbind.bank.background import VariantKind
    from varbind.bank.null_distribution import ShareCurve
    from varbind.core.window import Window
    from varbind.effect.activity import ActivityHead
    from varbind.effect.conservation import ConservationHead
    from varbind.effect.deepfind import DeepFindHead
    from varbind.effect.score import ScoreHead

__all__ = [
    "CURVES",
    "EFFECT_FORMAT",
    "KEY_FLANK",
    "EffectCard",
    "EffectModel",
    "key_of_place",
    "key_of_window",
    "merged_keys",
]

EFFECT_FORMAT = 1
CURVES = ("score", "loss", "gain")
CUTOFF_PARTS = ("score", "precision", "recall", "background")
KEY_FLANK = 15
"""Bases on each side of a change that tell whether it was trained on: a place in any genome build."""


@dataclass(frozen=True, slots=True)
class EffectCard:
    """What is known about a second stage.

    Attributes:
        name: of it.
        version: of its content.
        description: one sentence.
        licence: of the weights.
        bank: `name`, `sha256` of the weights and of the `background` of the bank whose scores it reads.
        model_ids: the models it reads, in order.
        default_ids: the models whose strongest loss and gain the curves are of.
        heads: by head, how it was trained: data, settings, and what was measured.
        cutoffs: suggested ones, each `score`, `precision`, `recall` and `background`, the share of background SNVs that
            pass.
        background: the recipe of the background variants of the curves.
        digests: SHA-256 of the weights.
    """

    name: str
    version: str
    description: str
    licence: str
    bank: Mapping[str, str]
    model_ids: list[str]
    default_ids: list[str]
    heads: Mapping[str, Any] = field(default_factory=dict)
    cutoffs: list[Mapping[str, float]] = field(default_factory=list)
    background: Mapping[str, Any] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The card as JSON values."""
        return {"format": EFFECT_FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read a card.

        Raises:
            ResourceError: the format is another, or a key is missing or of the wrong kind.
        """
        if not isinstance(data, dict) or data.get("format") != EFFECT_FORMAT:
            raise ResourceError(f"not the card of a second stage of format {EFFECT_FORMAT}")
        kinds = {"str": str, "list": list, "Mapping": dict}
        for f in fields(cls):
            if not isinstance(data.get(f.name), kinds[str(f.type).partition("[")[0]]):
                raise ResourceError(f"the card of a second stage is malformed: {f.name}")
        if not all(isinstance(text, str) for text in data["bank"].values()):
            raise ResourceError("the card of a second stage is malformed: bank")
        if not data["model_ids"] or not all(isinstance(word, str) for word in data["model_ids"]):
            raise ResourceError("the card of a second stage names no models")
        if not all(isinstance(one, dict) and _is_cutoff(one) for one in data["cutoffs"]):
            raise ResourceError("the card of a second stage is malformed: cutoffs")
        card = cls(**{f.name: data[f.name] for f in fields(cls)})
        try:
            require_printable(card)
        except ValueError as error:
            raise ResourceError(f"the card of a second stage is malformed: {error}") from error
        return card


@dataclass(frozen=True, slots=True)
class EffectModel:
    """The second stage.

    Attributes:
        card: see `EffectCard`.
        activity: signed change of promoter activity.
        score: probability of a measurable change; it reads the activity's.
        deepfind: simulated against derived.
        conservation: evidence of conservation tracks.
        curves: by name in `CURVES` and by kind of variant, the background of a number.
        trained_on: keys of the training variants (`key_of_window`, `key_of_place`), rising, uint32.
    """

    card: EffectCard
    activity: ActivityHead | None = None
    score: ScoreHead | None = None
    deepfind: DeepFindHead | None = None
    conservation: ConservationHead | None = None
    curves: Mapping[str, Mapping[VariantKind, ShareCurve]] = field(default_factory=dict)
    trained_on: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))

    def __post_init__(self) -> None:
        if self.activity is not None and len(self.activity.scale.spread) != len(self.card.model_ids):
            raise ResourceError("the activity head is of other models than the card's")
        if self.score is not None and self.activity is None:
            raise ResourceError("a score head without an activity head")
        if self.deepfind is not None:
            known = set(binding_features(self.card.model_ids))
            strangers = [name for name in self.deepfind.features if is_binding(name) and name not in known]
            if strangers:
                raise ResourceError(f"the DeepFind head reads {strangers[0]}, which is of no model of the card")

    def renamed(self, ids: Mapping[str, str]) -> Self:
        """The same heads over models that go by other ids.

        Args:
            ids: the new id by the old one; a model that is not in it keeps its id.
        """
        models, default = (
            [ids.get(name, name) for name in names] for names in (self.card.model_ids, self.card.default_ids)
        )
        deepfind = self.deepfind
        if deepfind is not None:
            new_names = dict(zip(binding_features(self.card.model_ids), binding_features(models), strict=True))
            deepfind = replace(deepfind, features=tuple(new_names.get(name, name) for name in deepfind.features))
        return replace(self, card=replace(self.card, model_ids=models, default_ids=default), deepfind=deepfind)

    def has_seen(self, keys: Sequence[int]) -> bool:
        """Whether one of the keys is a training variant's; of 100,000 such, 1 in 43,000 other keys is taken for one."""
        # Of another type the whole table would be turned into it each time.
        sought = np.array(keys, dtype=np.uint32)
        places = np.searchsorted(self.trained_on, sought)
        found = places < len(self.trained_on)
        return bool((self.trained_on[places[found]] == sought[found]).any())


def key_of_window(window: Window, flank: int) -> int:
    """A number for a change in its sequence of 15 bases on each side, the same on both strands and in every genome.

    But for an insertion or deletion in a repeat, which stands leftmost on the strand that it is written on.

    Args:
        window: of the change.
        flank: bases of the window on each side of it, at least 15.
    """
    inner = window.inner(flank - KEY_FLANK)
    forward = inner.ref.tobytes() + b">" + inner.alt.tobytes()
    backward = reverse_complement(inner.ref).tobytes() + b">" + reverse_complement(inner.alt).tobytes()
    return _key(min(forward, backward))


def key_of_place(chrom: str, pos: int, ref: str, alt: str) -> int:
    """A number for a variant of a set that comes without sequence; the contig with or without `chr`."""
    return _key(f"{chrom.removeprefix('chr')}:{pos}:{ref}:{alt}".encode())


def _is_cutoff(one: Mapping[str, Any]) -> bool:
    return all(isinstance(one.get(name), float | int) for name in CUTOFF_PARTS)


def merged_keys(keys: Sequence[int]) -> NDArray[np.uint32]:
    """Keys as a second stage keeps them: rising, each once."""
    return np.unique(np.array(keys, dtype=np.uint32))


def _key(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=4).digest(), "big")
