"""Background variants in promoter-like sequence, and the bound changes of a bank's models on them.

Sequences are drawn from a Markov chain of human promoters (`varbind/data/promoter_markov.tsv`) with a
fixed seed, so that every bank of the same recipe sees the same variants and tables can be joined. A
FASTA of the user's own promoters can take the chain's place.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from varbind.bank.background import BackgroundTable, CodedChanges, VariantKind
from varbind.bank.binding_changes import BindingEffects
from varbind.bank.binding_scale import BindingScale
from varbind.core.markov_chain import MarkovChain
from varbind.core.sequence import N_CODE, Codes
from varbind.core.window import Window
from varbind.errors import ResourceError
from varbind.scoring.scorer import Scorer, batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from varbind.bank.bank import Bank
    from varbind.bank.model_card import ModelCard
    from varbind.core.progress import Progress
    from varbind.core.scores import BindingScores

__all__ = [
    "BackgroundRecipe",
    "PromoterSource",
    "add_background",
    "add_family_quantiles",
    "background_scorer",
    "background_variants",
    "background_windows",
    "widened",
]

CONTEXT = 100
"""Bases kept on each side of a background variant: enough for models of windows up to 201; see `widened`."""

BATCH = 512
QUANTILE_LEVELS = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999]


@dataclass(frozen=True, slots=True)
class BackgroundRecipe:
    """How many background variants are drawn, and with which seed.

    Banks are made with one recipe: PHREDs of banks with different backgrounds cannot be compared.

    Attributes:
        snvs: number of SNVs; three share a site.
        others: number of variants of each other kind.
        seed: the seed of the random numbers.
    """

    snvs: int = 15_000
    others: int = 1_000
    seed: int = 2015

    @classmethod
    def of_snvs(cls, count: int | None) -> Self:
        """A recipe with this number of SNVs, and of the other kinds in proportion; None = the usual recipe."""
        return cls() if count is None else cls(count, max(100, count * cls().others // cls().snvs))

    @property
    def total(self) -> int:
        """Number of variants of all kinds."""
        return sum(map(self.count, VariantKind))

    def count(self, kind: VariantKind) -> int:
        """Number of variants of one kind."""
        return self.snvs if kind is VariantKind.SNV else self.others

    def progress(self, kind: VariantKind, progress: Progress | None) -> Progress | None:
        """A callback for one kind out of one for all kinds, which are scored one after the other."""
        if progress is None:
            return None
        before = sum(self.count(other) for other in list(VariantKind)[: list(VariantKind).index(kind)])
        return lambda done, _total, _stage="": progress(before + done, self.total, "background variants")

    def stream(self, kind: VariantKind) -> np.random.Generator:
        """Random numbers of one kind, so that its variants do not depend on how many of another kind are drawn."""
        return np.random.default_rng([self.seed, list(VariantKind).index(kind)])


class PromoterSource:
    """The source of background sequence.

    Args:
        promoters: promoters of the user, the longest with 300 bases or more; None = the Markov chain is used.

    Attributes:
        name: a description of the source, for the card of a bank.
    """

    def __init__(self, promoters: Sequence[Codes] | None = None) -> None:
        self._promoters = promoters
        self._chain = MarkovChain.of_promoters()
        if promoters is None:
            self.name = f"order-{self._chain.order} Markov chain of human promoters"
            return
        digest = hashlib.sha256(b"|".join(codes.tobytes() for codes in promoters)).hexdigest()
        self.name = f"{len(promoters)} promoters of the user, sha256 {digest}"
        longest = max(map(len, promoters), default=0)
        if longest < 3 * CONTEXT:
            raise ResourceError(f"the longest background sequence has {longest} bases, expected {3 * CONTEXT} or more")

    def draw(self, count: int, length: int, rng: np.random.Generator) -> Codes:
        """Draw `count` stretches of `length` bases without N, (count, length)."""
        if self._promoters is None:
            return self._chain.draw(count, length, rng)
        usable = [codes for codes in self._promoters if len(codes) >= length]
        if not usable:
            raise ResourceError(f"no background sequence has {length} bases")
        return np.stack([_draw_stretch(usable, length, rng) for _ in range(count)])


def _draw_stretch(usable: list[Codes], length: int, rng: np.random.Generator) -> Codes:
    """Draw a stretch without N from one of the sequences, each of which is at least `length` long."""
    for _ in range(1000):
        codes = usable[int(rng.integers(len(usable)))]
        start = int(rng.integers(len(codes) - length + 1))
        stretch = codes[start : start + length]
        if N_CODE not in stretch:
            return stretch
    raise ResourceError("the background sequences are mostly N")


def background_windows(
    kind: VariantKind, count: int, source: PromoterSource, rng: np.random.Generator
) -> Iterator[Window]:
    """Variants of one kind with `CONTEXT` bases on each side.

    SNVs come as all three changes of a site. Sizes are uniform over the range of the kind; inserted and substituted
    bases are drawn from the same source.
    """
    low, high = kind.sizes
    if kind is VariantKind.SNV:
        sites = -(-count // kind.alleles_per_site)
        yield from islice(_snvs(source.draw(sites, 2 * CONTEXT + 1, rng)), count)
        return
    # Variants of one size are drawn together, and stand together so that they are scored together.
    sizes, numbers = np.unique(rng.integers(low, high + 1, count), return_counts=True)
    for size, number in zip(sizes.tolist(), numbers.tolist(), strict=True):
        yield from _windows_of_size(kind, size, source.draw(number, 2 * CONTEXT + 2 * size, rng), rng)


def _snvs(sites: Codes) -> Iterator[Window]:
    """All changes of the middle base of N sites (N, 2 x CONTEXT + 1)."""
    for site in sites:
        for step in (1, 2, 3):
            alt = site.copy()
            alt[CONTEXT] = (site[CONTEXT] + step) % 4
            yield Window(site, alt, padded=False)


def _windows_of_size(kind: VariantKind, size: int, drawn: Codes, rng: np.random.Generator) -> Iterator[Window]:
    """Changes of `size` bases in the middle of N stretches, (N, 2 x CONTEXT + 2 x size); the stretches are changed."""
    left, first, second, right = np.split(drawn, [CONTEXT, CONTEXT + size, CONTEXT + 2 * size], axis=1)
    if kind.startswith("mnv"):
        # Both end bases change, as in a trimmed variant.
        for end in (0, -1):
            same = first[:, end] == second[:, end]
            second[same, end] = (second[same, end] + rng.integers(1, 4, np.count_nonzero(same))) % 4
    ref = [left, right] if kind.startswith("ins") else [left, first, right]
    alt = [left, right] if kind.startswith("del") else [left, second, right]
    for ref_codes, alt_codes in zip(np.concatenate(ref, axis=1), np.concatenate(alt, axis=1), strict=True):
        yield Window(ref_codes, alt_codes, padded=False)


def background_variants(
    recipe: BackgroundRecipe, source: PromoterSource
) -> Iterator[tuple[VariantKind, Iterator[Window]]]:
    """The windows of each kind of variant that a recipe draws, in the order of the kinds."""
    for kind in VariantKind:
        yield kind, background_windows(kind, recipe.count(kind), source, recipe.stream(kind))


def background_scorer(bank: Bank, *, device: str = "cpu", threads: int | None = None) -> Scorer:
    """A scorer of background windows; for models that read more bases than they have, `widened` extends them."""
    return Scorer(bank, flank=CONTEXT, device=device, threads=threads)


def widened(windows: Iterable[Window], flank: int, source: PromoterSource, *, seed: int) -> Iterator[Window]:
    """Background windows with `flank` bases on each side of the change, for models that read so many.

    The bases beyond `CONTEXT` are drawn from the same source and do not continue the inner ones. The inner ones and the
    changes stay, so that banks of all widths have the same background variants.

    Args:
        windows: the windows of `background_windows`.
        flank: the number of bases on each side; up to `CONTEXT`, the windows stay as they are.
        source: the source of sequence.
        seed: the seed of the outer bases.

    Raises:
        ResourceError: the promoters of the source are too short.
    """
    margin = flank - CONTEXT
    if margin <= 0:
        yield from windows
        return
    rng = np.random.default_rng(seed)
    for batch in batches(windows, BATCH):
        for window, left, right in zip(batch, *(source.draw(len(batch), margin, rng) for _ in range(2)), strict=True):
            ref, alt = (np.concatenate([left, allele, right]) for allele in (window.ref, window.alt))
            yield Window(ref, alt, window.padded)


def add_background(
    bank: Bank,
    *,
    recipe: BackgroundRecipe,
    source: PromoterSource | None = None,
    progress: Progress | None = None,
) -> Bank:
    """Score background variants, and write the distributions of their scores into the cards.

    Args:
        bank: a bank of one card.
        recipe: how many variants are drawn.
        source: the source of sequence; None = the Markov chain.
        progress: called with the number of variants scored so far and the number of all variants.

    Returns:
        The bank with a background table, and spread and quantiles of each model and family.
    """
    source = source or PromoterSource()
    digest = hashlib.sha256()
    changes: dict[VariantKind, CodedChanges] = {}
    with background_scorer(bank) as scorer:
        for kind, windows in background_variants(recipe, source):
            wide = widened(_digested(windows, digest), scorer.flank, source, seed=recipe.seed)
            scores = scorer.score(wide, batch_size=BATCH, progress=recipe.progress(kind, progress))
            if kind is VariantKind.SNV:
                # SNVs come first, and tell at which score binding begins.
                cards = _with_quantiles(bank.models, scores)
                scale = BindingScale.of_cards(cards, QUANTILE_LEVELS)
            changes[kind] = CodedChanges.encode(scale.bound_change(scores.ref, scores.alt))
    background: dict[str, Any] = {
        "source": source.name,
        "seed": recipe.seed,
        "counts": {str(kind): recipe.count(kind) for kind in VariantKind},
        "sha256": digest.hexdigest(),
    }
    card = replace(bank.cards[0], background=background, quantile_levels=QUANTILE_LEVELS, models=cards)
    return add_family_quantiles(replace(bank, cards=(card,), models=cards, background=BackgroundTable(changes)))


def _digested(windows: Iterable[Window], digest: hashlib._Hash) -> Iterator[Window]:
    """The windows, each added to the digest that tells one background from another."""
    for window in windows:
        digest.update(window.ref.tobytes() + b"|" + window.alt.tobytes())
        yield window


def _with_quantiles(models: tuple[ModelCard, ...], snvs: BindingScores) -> tuple[ModelCard, ...]:
    """The cards with the spread and the quantiles of scores and of changes of background SNVs."""
    spread = snvs.delta.std(axis=0, dtype=np.float64)
    scores, losses, gains = _quantiles(snvs.ref), *_signed_quantiles(snvs.delta)
    return tuple(
        replace(
            model,
            delta_sd=float(f"{spread[i]:.8g}"),
            quantiles={"score": scores[i], "loss": losses[i], "gain": gains[i]},
        )
        for i, model in enumerate(models)
    )


def add_family_quantiles(bank: Bank) -> Bank:
    """Write the quantiles of losses and gains of background SNVs into the card, by family of the default models."""
    default = bank.select_default()
    effects = BindingEffects.of_bank(default)
    losses, gains = _signed_quantiles(effects.background_changes(VariantKind.SNV).T)
    families = {
        family: {"loss": loss, "gain": gain} for family, loss, gain in zip(effects.families, losses, gains, strict=True)
    }
    return replace(bank, cards=(replace(bank.cards[0], families=families),))


def _signed_quantiles(changes: NDArray[np.floating]) -> tuple[list[list[float]], list[list[float]]]:
    """Quantiles of the losses and of the gains of each column."""
    return _quantiles(np.maximum(-changes, 0)), _quantiles(np.maximum(changes, 0))


def _quantiles(values: NDArray[np.floating]) -> list[list[float]]:
    """Quantiles of each column, to six digits."""
    rounded = np.quantile(values.astype(np.float64), QUANTILE_LEVELS, axis=0).T
    return [[float(f"{value:.6g}") for value in row] for row in rounded]
