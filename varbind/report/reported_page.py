"""Everything that the page of a report shows, as texts, numbers and drawings, before it becomes HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING

from varbind.annotate.describe import LIMITS, REASONS, describe, shortened
from varbind.annotate.headline import direction_of, family_text, headline, strongest_change
from varbind.core.variant import Status
from varbind.report.caveats import caveats
from varbind.report.charts import gene_track, phred_histogram, rarity_chart
from varbind.report.contributions import named, predicted_contributions
from varbind.report.model_sites import ModelSite, model_sites
from varbind.report.number_texts import one_decimal, three_digits
from varbind.report.site_pictures import draw_background, draw_logos, draw_map

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.annotate.info_reader import ProteinChange
    from varbind.core.variant import Variant
    from varbind.draw.svg import Drawing
    from varbind.report.contributions import Contribution
    from varbind.report.drawing_inputs import DrawingInputs
    from varbind.report.selection import ReportedAllele, Selection

__all__ = ["Bar", "Entry", "allele_entries", "overview"]

GENES_DRAWN = 3
PROMOTER = (1000, 500)
"""What `varbind annotate` takes for a promoter by default, in bases before and after the start."""

_NEAREST, _LARGEST = ("TSSDIST",), ("ACTIVITY",)
"""Of these keys the absolute value decides: the smallest one comes first, or the largest one."""

_PROMOTER = re.compile(r"--promoter ([0-9]+)(?:,([0-9]+))?")
_DIRECTIONS = {
    "lower": ("\N{BLACK DOWN-POINTING TRIANGLE}", "lower"),
    "higher": ("\N{BLACK UP-POINTING TRIANGLE}", "higher"),
    "unclear": ("\N{WHITE DIAMOND}", "unclear"),
    "": ("", "not predicted"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a table with a bar.

    Attributes:
        label: what is measured.
        note: a second name; empty = none.
        value: the number, as it is written.
        share: the length of the bar as a share of the longest one, -1 to 1.
    """

    label: str
    note: str
    value: str
    share: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One allele of the page.

    Attributes:
        number: its number on the page, from 1.
        allele: the allele with its values.
        change: its alleles, shortened.
        sort_text: the value that the page is sorted by, as the page shows it.
        sort_key: the same as the page sorts it, without the sign where the size alone decides.
        filter_value: the value by which the page can be filtered.
        search_words: names by which it is found, besides those in the table.
        family: the family and the protein of the strongest change.
        kind: `loss`, `gain` or empty.
        direction: what is expected of the activity: a word of `direction_of`, a sign, and a word to show.
        sentence: the headline.
        words: labels with sentences, as `varbind show` words them.
        caveats: what limits the numbers.
        track: the variant on its genes; None without genes.
        rarity: the PHREDs of the allele; None without any.
        changes: gains and losses by family.
        contributions: what each protein adds to the activity.
        pictures: the logos, the mutation map and the background, as far as they can be drawn.
        why_no_pictures: why the logos and the map are not drawn; empty where they are.
    """

    number: int
    allele: ReportedAllele
    change: str
    sort_text: str
    sort_key: float
    filter_value: float
    search_words: str
    family: str
    kind: str
    direction: tuple[str, str, str]
    sentence: str
    words: tuple[tuple[str, str], ...]
    caveats: tuple[str, ...]
    track: Drawing | None
    rarity: Drawing | None
    changes: tuple[Bar, ...]
    contributions: tuple[Bar, ...]
    pictures: tuple[Drawing, ...] = ()
    why_no_pictures: str = ""


def allele_entries(selection: Selection, inputs: DrawingInputs) -> list[Entry]:
    """The alleles of a page, in its order, with all that can be drawn of them.

    Raises:
        ResourceError: the alleles do not fit the reference.
    """
    alleles = selection.alleles
    annotated = tuple(allele.variant for allele in alleles)
    variants = inputs.variants(annotated) if inputs.genome else [Status.NO_CONTIG] * len(alleles)
    sites: list[ModelSite | None] = [None] * len(alleles)
    explained = [variant.explained for variant in annotated]
    known = [row for row, variant in enumerate(variants) if not isinstance(variant, Status)]
    if inputs.genome and inputs.bank:
        placed: list[Variant] = [variant for variant in variants if not isinstance(variant, Status)]
        pairs = [(annotated[row], variant) for row, variant in zip(known, placed, strict=True)]
        for row, site in zip(known, model_sites(pairs, inputs.genome, inputs.bank), strict=True):
            sites[row] = site
        if inputs.effect and not any(explained):
            computed = predicted_contributions(placed, inputs.genome, inputs.bank)
            for row, found in zip(known, computed, strict=True):
                explained[row] = found
    promoter, contributions = _promoter_of(selection.facts.command), named(explained, inputs.bank)
    return [
        _entry(number, allele, selection, promoter, sites[row], _contribution_bars(contributions[row]),
               _why_no_pictures(variants[row], inputs))
        for row, (number, allele) in enumerate(zip(range(1, len(alleles) + 1), alleles, strict=True))
    ]  # fmt: skip


def overview(selection: Selection) -> dict[str, object]:
    """What the page shows besides the alleles: facts of the run, counts, cut-offs, PHREDs and columns."""
    order, counts, facts = selection.counts.order, selection.counts, selection.facts
    prefix = f"{selection.keys.prefix}_"
    notes = []
    if len(selection.alleles) < selection.eligible:
        rest = selection.eligible - len(selection.alleles)
        notes.append(f"{rest:,} more scored alleles rank below these and are not on this page (--top shows more).")
    if order.names == ("PHRED",):
        notes.append(f"It ranks losses of activity; gains stand last, and --by {prefix}GAIN_PHRED lists them first.")
    if counts.unsortable:
        notes.append(f"{counts.unsortable:,} without {order.keys_in_words(prefix)} come last.")
    histogram = None
    if len(selection.phreds):
        histogram = phred_histogram(selection.phreds, [cutoff.phred for cutoff in facts.cutoffs], name=f"{prefix}PHRED")
    return {
        "selection": selection,
        "facts": facts,
        "order": f"{order.in_words(prefix)} ({order.origin})",
        "notice": order.notice,
        "notes": notes,
        "unscored": sorted(counts.unscored.items()),
        "histogram": histogram,
        "limits": LIMITS,
        "reasons": REASONS,
        **_columns(selection),
        "prefix": prefix,
    }


def _columns(selection: Selection) -> dict[str, object]:
    """Which columns the table has, and how they are filtered."""
    names, alleles = selection.counts.order.names, selection.alleles
    label = names[0] if len(names) == 1 else "PHRED of binding"
    has_phred = "PHRED" in selection.keys.names
    regions = {allele.variant.genes[0].region for allele in alleles if allele.variant.genes}
    return {
        "nan": nan,
        "sort_label": label,
        "sort_direction": "ascending" if names == _NEAREST else "descending",
        "filter_label": label if names not in {_NEAREST, _LARGEST} else "PHRED" if has_phred else "",
        "shows_phred": has_phred and names != ("PHRED",),
        "has_genes": any(allele.variant.genes for allele in alleles),
        "has_frequency": bool(selection.frequency_name),
        "has_carriers": any(allele.carriers is not None for allele in alleles),
        "regions": sorted(regions - {""}),
    }


def _entry(
    number: int,
    allele: ReportedAllele,
    selection: Selection,
    promoter: tuple[int, int],
    site: ModelSite | None,
    contributions: tuple[Bar, ...],
    why_not: str,
) -> Entry:
    variant = allele.variant
    found = strongest_change(variant)
    change = f"{shortened(variant.ref, 12)}>{shortened(variant.alt, 12)}"
    pictures: tuple[Drawing, ...] = ()
    if site:
        drawn = (draw_logos(site), draw_map(site, f"{variant.place} {change}"), draw_background(site))
        pictures = tuple(one for one in drawn if one)
    elif not why_not:
        why_not = "No change of binding is listed, or the bank does not have the model of the strongest one."
    direction = direction_of(variant)
    value, names = _sort_value(allele, selection), selection.counts.order.names
    is_signed = names in {_NEAREST, _LARGEST}
    phreds = [(f"{key} of binding" if key != "PHRED" else "lower activity", variant.numbers[name])
              for name, key in (("PHRED", "PHRED"), ("LOSS_PHRED", "loss"), ("GAIN_PHRED", "gain"))
              if name in variant.numbers]  # fmt: skip
    return Entry(
        number,
        allele,
        change,
        one_decimal(value) if names[-1].endswith("PHRED") else three_digits(value),
        abs(value) if is_signed else value,
        variant.numbers.get("PHRED", nan) if is_signed else value,
        _search_words(allele),
        family_text(found[1]) if found else "",
        found[0] if found else "",
        (direction, *_DIRECTIONS[direction]),
        headline(variant),
        tuple(describe(variant)),
        tuple(caveats(variant)),
        gene_track(variant.genes[:GENES_DRAWN], promoter) if variant.genes else None,
        rarity_chart(phreds) if phreds else None,
        _change_bars(variant.losses, variant.gains),
        contributions,
        pictures,
        "" if pictures else why_not,
    )


def _search_words(allele: ReportedAllele) -> str:
    """Its genes, the families and proteins that it changes, its carriers and its FILTER."""
    variant = allele.variant
    changes = [*variant.losses, *variant.gains]
    names = [gene.symbol for gene in variant.genes]
    names += [name for change in changes for name in (change.family_name, change.protein)]
    names += [carrier.name for carrier in allele.carriers or ()]
    return " ".join(dict.fromkeys([*names, variant.filter]))


def _sort_value(allele: ReportedAllele, selection: Selection) -> float:
    """The value that the page is sorted by, as it is written in the file; NaN where it is missing."""
    numbers, genes = allele.variant.numbers, allele.variant.genes
    names = selection.counts.order.names
    if names == _NEAREST:
        return float(genes[0].distance) if genes else nan
    return max((numbers[name] for name in names if name in numbers), default=nan)


def _why_no_pictures(variant: Variant | Status, inputs: DrawingInputs) -> str:
    if inputs.missing:
        return " ".join(inputs.missing)
    return f"The variant does not fit the reference ({variant})." if isinstance(variant, Status) else ""


def _change_bars(losses: Sequence[ProteinChange], gains: Sequence[ProteinChange]) -> tuple[Bar, ...]:
    """The losses, then the gains, in standard deviations over background SNVs."""
    both = [("loss", change) for change in losses] + [("gain", change) for change in gains]
    longest = max((abs(change.z) for _, change in both if not isnan(change.z)), default=0.0) or 1.0
    return tuple(
        Bar(family_text(change), kind, f"{change.z:+.1f}".replace("-", "\N{MINUS SIGN}"), _share(change.z, longest))
        for kind, change in both
    )


def _contribution_bars(found: Sequence[Contribution]) -> tuple[Bar, ...]:
    longest = max((abs(one.log2) for one in found), default=0.0) or 1.0
    return tuple(
        Bar(one.protein, one.model_id if one.model_id != one.protein else "",
            f"{one.log2:+.3f}".replace("-", "\N{MINUS SIGN}"), _share(one.log2, longest))
        for one in found
    )  # fmt: skip


def _share(value: float, longest: float) -> float:
    return 0.0 if isnan(value) else max(-1.0, min(1.0, value / longest))


def _promoter_of(command: str) -> tuple[int, int]:
    """The bases of a promoter before and after the start, as the command of the run states them."""
    if found := _PROMOTER.search(command):
        up = int(found[1])
        return up, int(found[2]) if found[2] else up
    return PROMOTER
