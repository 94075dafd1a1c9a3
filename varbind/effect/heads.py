"""The heads of the second stage in the order in which they are asked, and the INFO keys that follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind.effect.activity import ActivityHead
from varbind.effect.conservation import ConservationHead
from varbind.effect.deepfind import DeepFindHead
from varbind.effect.score import ScoreHead

if TYPE_CHECKING:
    from varbind.effect.head import Head, HeadKey

__all__ = ["EFFECT_KEYS", "HEADS"]

HEADS: dict[str, type[Head]] = {
    DeepFindHead.name: DeepFindHead,
    ActivityHead.name: ActivityHead,
    ConservationHead.name: ConservationHead,
    ScoreHead.name: ScoreHead,
}
"""By name. A head that reads the results of others stands after them.

The INFO keys are written in the reverse order: the values that summarise others come first.
"""

EFFECT_KEYS: dict[str, HeadKey] = {key.name: key for head in reversed(HEADS.values()) for key in head.keys}
"""By name, in the order in which they are written. The heads and tracks of a run decide which of them it writes."""
