"""The held-out quality of a training in one line: how well the result predicts data that it was not trained on."""

from __future__ import annotations

from statistics import mean, median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.bank.bank import Bank
    from varbind.effect.effect_model import EffectCard

__all__ = ["binding_quality", "effect_quality", "held_out"]


def held_out(measure: str, values: Sequence[float | None], data: str, *, variants: int) -> dict[str, Any]:
    """The entry of a card about a measure on held-out data.

    Args:
        measure: The name of the measure.
        values: Its values, whose mean is stated; None = the measure is not defined.
        data: What was held out.
        variants: The number of variants of all held-out data.
    """
    known = [value for value in values if value is not None]
    value = float(f"{mean(known):.6g}") if known else None
    return {"measure": measure, "value": value, "data": data, "variants": variants}


def binding_quality(bank: Bank) -> str:
    """Describe the cross-validation or validation of the models of a bank: the measure, its median and its range.

    The rating of a model is that of its best setting, which was chosen by it. Matrices are not trained and have none.
    """
    ratings: dict[str, list[float]] = {}
    proteins: dict[str, set[str]] = {}
    way = "cross_validation"
    for model in bank.models:
        for member in model.training.get("members", [])[:1]:
            way = "cross_validation" if "cross_validation" in member else "validation"
            measure, rating = (member[way][name] for name in ("measure", "mean"))
            ratings.setdefault(measure, []).append(rating)
            proteins.setdefault(measure, set()).add(model.protein)
    parts = []
    for measure, found in ratings.items():
        count = len(proteins[measure])
        text = f"{measure} {median(found):.3f}"
        if len(found) > 1:
            text = f"median {text} ({min(found):.3f} to {max(found):.3f})"
        parts.append(f"{text} over {count} protein{'s' * (count > 1)}")
    return f"held-out quality by {way.replace('_', '-')}: {'; '.join(parts) or 'not measured, no model was trained'}"


def effect_quality(card: EffectCard) -> str:
    """Describe the held-out quality of each head of a second stage."""
    parts = []
    for name, facts in card.heads.items():
        entry = facts.get("held_out")
        if entry:
            value = "not defined" if entry["value"] is None else f"{entry['value']:.3f}"
            parts.append(f"{name}: {entry['measure']} {value} on {entry['data']} ({entry['variants']:,} variants)")
    return f"held-out quality: {'; '.join(parts)}"
