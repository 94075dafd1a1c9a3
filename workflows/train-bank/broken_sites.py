"""Sites of known motifs in generated promoters, each broken at its most informative position: what does a bank name?

    python workflows/train-bank/broken_sites.py DATA BANK --collection hocomoco --seed 1 -o TABLE

TABLE gets a row for each kind of site and each kind that is named first among the losses of the default models.
Choices are made on the sites of HOCOMOCO with seed 1, and the result is judged once on those of JASPAR 2026, with
seed 2.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from motif_collections import COLLECTIONS, read_collection
from site_kinds import JUDGED, SITE_KINDS, kinds_bound_by, kinds_of_family

from varbind import load_bank
from varbind.bank.background import VariantKind
from varbind.bank.binding_changes import BindingEffects
from varbind.bank.binding_scale import BindingScale
from varbind.core.sequence import reverse_complement
from varbind.core.window import Window
from varbind.interpret.detector_motifs import information
from varbind.scoring.background import CONTEXT, PromoterSource
from varbind.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from motif_collections import Collection
    from numpy.typing import NDArray

    from varbind import Bank
    from varbind.core.scores import BindingScores

LEAST_SCORE = 0.8
"""The least score of a planted site, as a share of the largest score of its matrix."""

CASES = 500
PSEUDO_SHARE = 0.01


def main() -> None:
    """Judge a bank, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("bank")
    parser.add_argument("--collection", choices=COLLECTIONS, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    bank = load_bank(options.bank)
    default = bank.select([model.model_id for model in bank.models if model.default])
    collection = read_collection(options.data / "pwm", options.collection)
    scores = {kind: scores_of(default, kind_cases(collection, kind, options.seed)) for kind in JUDGED}
    named = named_first(default, scores)
    lines = ["planted\tnamed\tcases"]
    lines += [f"{kind}\t{name}\t{count}" for kind, counts in named.items() for name, count in counts.most_common()]
    options.output.write_text("\n".join([*lines, ""]))


def kind_cases(collection: Collection, kind: str, seed: int, count: int = CASES) -> list[Window]:
    """Broken sites of one kind, from any of its matrices."""
    matrices = [shares for shares, protein in collection.values() if protein in SITE_KINDS[kind].planted]
    if not matrices:
        raise SystemExit(f"the collection has no matrix of {kind}")
    return planted_cases(matrices, count, np.random.default_rng([seed, list(SITE_KINDS).index(kind)]))


def planted_cases(matrices: Sequence[NDArray[np.float64]], count: int, rng: np.random.Generator) -> list[Window]:
    """Windows in whose reference allele a site stands that the alternate allele breaks.

    Args:
        matrices: shares of the bases, each (width, 4); every case draws one.
        count: the number of cases.
        rng: random numbers for promoters, matrices and sites.
    """
    promoters = PromoterSource().draw(count, 2 * CONTEXT + 1, rng)
    return [_planted(matrices[int(rng.integers(len(matrices)))], codes, rng) for codes in promoters]


def _planted(shares: NDArray[np.float64], promoter: NDArray[np.uint8], rng: np.random.Generator) -> Window:
    """A site of a matrix, on either strand, whose most informative position is in the middle of the promoter."""
    smoothed = (shares + PSEUDO_SHARE) / (shares + PSEUDO_SHARE).sum(axis=1, keepdims=True)
    place = int(information(smoothed).argmax())
    site = _drawn_site(shares, np.log2(4 * smoothed), place, rng)
    broken = site.copy()
    broken[place] = shares[place].argmin()
    if rng.integers(2):
        site, broken, place = reverse_complement(site), reverse_complement(broken), len(site) - 1 - place
    start = CONTEXT - place
    ref, alt = promoter.copy(), promoter.copy()
    ref[start : start + len(site)], alt[start : start + len(site)] = site, broken
    return Window(ref, alt, padded=False)


def _drawn_site(
    shares: NDArray[np.float64], scores: NDArray[np.float64], place: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """A site drawn from the shares of each position, again until its score is high and one place can be broken."""
    positions = np.arange(len(shares))
    while True:
        site = (rng.random((len(shares), 1)) >= np.cumsum(shares, axis=1)[:, :3]).sum(axis=1).astype(np.uint8)
        if (
            scores[positions, site].sum() >= LEAST_SCORE * scores.max(axis=1).sum()
            and site[place] != shares[place].argmin()
        ):
            return site


def scores_of(bank: Bank, windows: Sequence[Window]) -> BindingScores:
    """The scores of all models."""
    with Scorer(bank, flank=CONTEXT) as scorer:
        return scorer.score(windows, batch_size=CASES)


def changes_of(bank: Bank, windows: Sequence[Window]) -> NDArray[np.float64]:
    """Bound changes of all models, (N, M)."""
    scores = scores_of(bank, windows)
    return BindingScale.of_cards(bank.models, bank.cards[0].quantile_levels).bound_change(scores.ref, scores.alt)


def named_first(bank: Bank, scores: Mapping[str, BindingScores]) -> dict[str, Counter[str]]:
    """For each kind of site, how often each kind is the first among the losses.

    A family is of a kind if most of its models are of proteins that bind the kind; other families go by their names.
    """
    effects = BindingEffects.of_bank(bank)
    kinds: dict[str, list[set[str]]] = {}
    for model in bank.models:
        kinds.setdefault(model.family, []).append(kinds_bound_by(model.protein))
    named: dict[str, Counter[str]] = {}
    for planted, own in scores.items():
        described = effects.describe(own, [VariantKind.SNV] * len(own.ref), top=1)
        firsts = [effect.losses[0].model.family if effect.losses else "none" for effect in described]
        named[planted] = Counter(_as_kind(family, kinds_of_family(kinds.get(family, [])), planted) for family in firsts)
    return named


def _as_kind(family: str, kinds: Sequence[str], planted: str) -> str:
    return planted if planted in kinds else kinds[0] if kinds else family


if __name__ == "__main__":
    main()
