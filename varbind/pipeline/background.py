"""Background variants in promoter-like sequence, and the score changes of a bank's models on them.

Sequences are drawn from a Markov chain of human promoters (`varbind/data/promoter_markov.tsv`) with a
fixed seed, so that every bank of the same recipe sees the same variants and tables can be joined. A
FASTA of the user's own promoters can take the chain's place.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.background import BackgroundTable, VariantKind
from varbind.core.sequence import N_CODE, Codes
from varbind.core.window import Window
from varbind.errors import ResourceError
from varbind.pipeline.scoring import Scorer, batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from varbind.core.bank import Bank
    from varbind.core.model_card import ModelCard

__all__ = ["BackgroundRecipe", "PromoterSource", "add_background"]

CONTEXT = 100
"""Bases kept on each side of a background variant: enough for models of windows up to 201."""

BATCH = 512
QUANTILE_LEVELS = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999]


@dataclass(frozen=True, slots=True)
class BackgroundRecipe:
    """How many background variants, and from which draw.

    Attributes:
        snvs: number of SNVs; three share a site.
        others: number of variants of each other kind.
        seed: of the draw.
    """

    snvs: int = 20_001
    others: int = 1_000
    seed: int = 2015


class PromoterSource:
    """Where background sequence comes from.

    Args:
        promoters: the user's own, the longest of 300 bases or more; None = the Markov chain.
    """

    def __init__(self, promoters: Sequence[Codes] | None = None) -> None:
        self._promoters = promoters
        self._cumulative, self.order = _read_chain()
        if promoters is None:
            self.name = f"order-{self.order} Markov chain of human promoters"
            return
        digest = hashlib.sha256(b"|".join(codes.tobytes() for codes in promoters)).hexdigest()
        self.name = f"{len(promoters)} promoters of the user, sha256 {digest}"
        longest = max(map(len, promoters), default=0)
        if longest < 3 * CONTEXT:
            raise ResourceError(f"the longest background sequence has {longest} bases, expected {3 * CONTEXT} or more")

    def draw(self, count: int, length: int, rng: np.random.Generator) -> Codes:
        """`count` stretches of `length` bases without N, (count, length)."""
        if self._promoters is None:
            return self._draw_chain(count, length, rng)
        usable = [codes for codes in self._promoters if len(codes) >= length]
        if not usable:
            raise ResourceError(f"no background sequence has {length} bases")
        return np.stack([_draw_stretch(usable, length, rng) for _ in range(count)])

    def _draw_chain(self, count: int, length: int, rng: np.random.Generator) -> Codes:
        warm_up = 20  # the chain forgets its first bases
        codes = np.zeros((count, warm_up + length), dtype=np.uint8)
        state = rng.integers(0, 4**self.order, count)
        for position in range(warm_up + length):
            draws = rng.random(count)
            base = (draws[:, None] >= self._cumulative[state, :3]).sum(axis=1)
            codes[:, position] = base
            state = (state * 4 + base) % 4**self.order
        return codes[:, warm_up:]


def _draw_stretch(usable: list[Codes], length: int, rng: np.random.Generator) -> Codes:
    """A stretch without N of one of the sequences, each at least `length` long."""
    for _ in range(1000):
        codes = usable[int(rng.integers(len(usable)))]
        start = int(rng.integers(len(codes) - length + 1))
        stretch = codes[start : start + length]
        if N_CODE not in stretch:
            return stretch
    raise ResourceError("the background sequences are mostly N")


def _read_chain() -> tuple[NDArray[np.float64], int]:
    """Cumulative probabilities (4^k, 4) and the order k."""
    text = files("varbind").joinpath("data/promoter_markov.tsv").read_text(encoding="ascii")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")][1:]
    return np.cumsum([[float(word) for word in row[1:]] for row in rows], axis=1), len(rows[0][0])


def background_windows(
    kind: VariantKind, count: int, source: PromoterSource, rng: np.random.Generator
) -> Iterator[Window]:
    """Variants of one kind with `CONTEXT` bases on each side.

    SNVs come as all three changes of a site. Sizes are uniform over the kind's range; what is inserted
    or put in place is drawn from the same source.
    """
    low, high = kind.sizes
    if kind is VariantKind.SNV:
        for site in source.draw(-(-count // 3), 2 * CONTEXT + 1, rng):
            for step in (1, 2, 3):
                alt = site.copy()
                alt[CONTEXT] = (site[CONTEXT] + step) % 4
                yield Window(site, alt, padded=False)
        return
    # Equal lengths stand together, so that they can be scored together.
    for size in np.sort(rng.integers(low, high + 1, count)):
        drawn = source.draw(1, 2 * CONTEXT + 2 * int(size), rng)[0]
        left, first, second, right = np.split(drawn, [CONTEXT, CONTEXT + size, CONTEXT + 2 * size])
        if kind.startswith("mnv"):
            # Both end bases change, as in a trimmed variant.
            for end in (0, -1):
                if second[end] == first[end]:
                    second[end] = (second[end] + 1 + rng.integers(3)) % 4
        ref = [] if kind.startswith("ins") else [first]
        alt = [] if kind.startswith("del") else [second]
        yield Window(np.concatenate([left, *ref, right]), np.concatenate([left, *alt, right]), padded=False)


def add_background(
    bank: Bank,
    *,
    recipe: BackgroundRecipe,
    source: PromoterSource | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Bank:
    """Score background variants and write what they say into the cards.

    Args:
        bank: a bank of one card.
        recipe: how many variants.
        source: of sequence; None = the Markov chain.
        progress: called with (variants done, variants in all).

    Returns:
        The bank with a background table, and per-model spread and quantiles.
    """
    source = source or PromoterSource()
    rng = np.random.default_rng(recipe.seed)
    total = recipe.snvs + recipe.others * (len(VariantKind) - 1)
    digest = hashlib.sha256()
    tables: dict[VariantKind, NDArray[np.float16]] = {}
    cards: tuple[ModelCard, ...] = bank.models
    done = 0
    with Scorer(bank) as scorer:
        if scorer.flank > CONTEXT:
            raise ResourceError(f"windows over {2 * CONTEXT + 1} bases have no background")
        for kind in VariantKind:
            count = recipe.snvs if kind is VariantKind.SNV else recipe.others
            deltas, refs = [], []
            for windows in batches(background_windows(kind, count, source, rng), BATCH):
                for window in windows:
                    digest.update(window.ref.tobytes() + b"|" + window.alt.tobytes())
                scores = scorer.score([window.inner(CONTEXT - scorer.flank) for window in windows])
                deltas.append(scores.delta)
                refs.append(scores.ref)
                done += len(windows)
                if progress:
                    progress(min(done, total), total)
            delta = np.concatenate(deltas)[:count]
            tables[kind] = np.clip(delta, -65504, 65504).astype(np.float16)
            if kind is VariantKind.SNV:
                cards = _with_quantiles(bank.models, np.concatenate(refs)[:count], delta)
    background: dict[str, Any] = {
        "source": source.name,
        "seed": recipe.seed,
        "counts": {str(kind): len(table) for kind, table in tables.items()},
        "sha256": digest.hexdigest(),
    }
    card = replace(bank.cards[0], background=background, quantile_levels=QUANTILE_LEVELS, models=cards)
    return replace(bank, cards=(card,), models=cards, background=BackgroundTable(tables))


def _with_quantiles(
    models: tuple[ModelCard, ...], ref: NDArray[np.float32], delta: NDArray[np.float32]
) -> tuple[ModelCard, ...]:
    """The cards with the spread and the quantiles of scores and of SNV changes."""
    spread = delta.std(axis=0, dtype=np.float64)

    def quantiles(values: NDArray[np.float32]) -> list[list[float]]:
        rounded = np.quantile(values.astype(np.float64), QUANTILE_LEVELS, axis=0).T
        return [[float(f"{value:.6g}") for value in row] for row in rounded]

    score, loss, gain = quantiles(ref), quantiles(np.maximum(-delta, 0)), quantiles(np.maximum(delta, 0))
    return tuple(
        replace(
            model,
            delta_sd=float(f"{spread[i]:.8g}"),
            quantiles={"score": score[i], "loss": loss[i], "gain": gain[i]},
        )
        for i, model in enumerate(models)
    )
