"""Words an annotated allele in one sentence: the site it breaks or makes, where, and what is expected of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from varbind.annotate.describe import UNUSUAL_PHRED, frequency_text

if TYPE_CHECKING:
    from varbind.annotate.annotated_variants import AnnotatedVariant, NearbyGene
    from varbind.annotate.info_reader import ProteinChange

__all__ = ["CLEAR_ERRORS", "Direction", "direction_of", "family_text", "headline", "strongest_change"]

CLEAR_ERRORS = 2.0
"""The direction of a change of activity is clear from this number of standard errors."""

PROBABLE_PHRED = 20.0
"""A site is called probable where at most one in a hundred background variants changes binding as much."""

Direction = str
"""What is expected of promoter activity: `lower`, `higher`, `unclear`, or empty without a prediction."""


def direction_of(variant: AnnotatedVariant) -> Direction:
    """The expected direction of the change of activity.

    It is unclear within two standard errors of no change. Where the error is missing, the sign alone decides.
    """
    activity = variant.numbers.get("ACTIVITY")
    if activity is None:
        return ""
    if activity == 0 or abs(activity) < CLEAR_ERRORS * variant.numbers.get("ACTIVITY_SE", 0.0):
        return "unclear"
    return "lower" if activity < 0 else "higher"


def strongest_change(variant: AnnotatedVariant) -> tuple[str, ProteinChange] | None:
    """The rarer one of the strongest loss and the strongest gain.

    Returns:
        `loss` or `gain`, and the change; None where no change is listed. Where no PHRED says which is rarer, the one
        with the larger absolute z is taken.
    """
    found = [(kind, changes[0]) for kind, changes in (("loss", variant.losses), ("gain", variant.gains)) if changes]
    phreds = {kind: variant.numbers.get(f"{kind.upper()}_PHRED", -1.0) for kind, _ in found}
    return max(found, key=lambda one: (phreds[one[0]], abs(one[1].z)), default=None)


def family_text(change: ProteinChange) -> str:
    """The family with its protein; the protein alone where no family is known."""
    return f"{change.family_name} ({change.protein})" if change.family_name else change.protein


def headline(variant: AnnotatedVariant) -> str:
    """The sentence, for an allele with a score."""
    parts = [_site_text(variant), _activity_text(variant), _rarity_text(variant)]
    return "; ".join([part for part in parts if part]) + "."


def _site_text(variant: AnnotatedVariant) -> str:
    found, place = strongest_change(variant), _place_text(variant.genes)
    kind, change = found or ("", None)
    phred = variant.numbers.get(f"{kind.upper()}_PHRED")
    if change is None or (phred is not None and phred < UNUSUAL_PHRED):
        return f"No unusual change of binding, {place}" if place else "No unusual change of binding"
    family = family_text(change)
    sure = phred is not None and phred >= PROBABLE_PHRED
    verb = {"loss": ("Breaks", "May break"), "gain": ("Makes", "May make")}[kind][0 if sure else 1]
    # The article of a name follows its sound, which the spelling does not tell: behind `site of` it needs none.
    site = f"{verb} a probable site of {family}" if sure else f"{verb} a site of {family}"
    return f"{site} {place}".strip()


def _place_text(genes: tuple[NearbyGene, ...]) -> str:
    if not genes:
        return ""
    first = genes[0]
    start = f"the start of {first.symbol or 'a gene without a symbol'}"
    if not first.distance:
        return f"at {start}"
    distance = abs(first.distance)
    side = "upstream" if first.distance < 0 else "downstream"
    return f"{distance:,} base{'s' * (distance != 1)} {side} of {start}"


def _activity_text(variant: AnnotatedVariant) -> str:
    activity, error = variant.numbers.get("ACTIVITY"), variant.numbers.get("ACTIVITY_SE")
    if activity is None:
        return ""
    number = (
        f"{round(activity, 2) + 0.0:+.2f}"
        + (f" \N{PLUS-MINUS SIGN} {error:.2f}" if error is not None else "")
        + " log2"
    )
    number = number.replace("-", "\N{MINUS SIGN}")
    direction = direction_of(variant)
    if direction == "unclear":
        return f"no clear change of activity expected ({number})"
    return f"expected to {'lower' if direction == 'lower' else 'raise'} activity ({number})"


def _rarity_text(variant: AnnotatedVariant) -> str:
    numbers = variant.numbers
    phred, gain = numbers.get("PHRED"), numbers.get("GAIN_PHRED")
    if phred is not None and phred >= UNUSUAL_PHRED:
        return f"{frequency_text(phred)} random promoter changes is as likely to lower activity"
    if gain is not None and gain >= UNUSUAL_PHRED:
        return f"{frequency_text(gain)} random promoter changes makes as strong a site"
    loss = numbers.get("LOSS_PHRED")
    if loss is not None and loss >= UNUSUAL_PHRED:
        return f"{frequency_text(loss)} random promoter changes breaks as strong a site"
    if phred is not None:
        return f"not rare: {frequency_text(phred)} random promoter changes are as likely to lower activity"
    return ""
