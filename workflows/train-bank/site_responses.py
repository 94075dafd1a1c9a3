"""How strongly models respond to broken sites of every kind, and whether their own site comes first.

The response of a model to a kind is the median bound change on broken sites, in units of the loss that one background
SNV in a thousand reaches. A model that reads its own site has a response of about 1 or more to it, and one that learnt
the site of a partner has the larger response to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from broken_sites import changes_of, kind_cases, planted_cases
from site_kinds import SITE_KINDS, foreign_kinds, kinds_bound_by

from varbind.bank.background import VariantKind

if TYPE_CHECKING:
    from motif_collections import Collection
    from numpy.typing import NDArray

    from varbind import Bank
    from varbind.core.window import Window

RARE = 0.001
"""The share of background SNVs whose loss is at least as large as the unit of a response."""

CASES = 200
LEAST_OWN = 0.3
"""The least response to the own site of a model that reads it."""

MOST_FOREIGN = 0.75
"""The largest response to a foreign site, as a share of that to the own site."""

MOST_WITHOUT_OWN = 0.35
"""The same, in absolute terms, for a protein of which no matrix is known."""


@dataclass(frozen=True, slots=True)
class SiteResponse:
    """The responses of one model.

    Attributes:
        own: the response to its own site; NaN where no matrix of the protein is known.
        partner: the foreign kind with the largest response.
        foreign: that response.
    """

    own: float
    partner: str
    foreign: float

    @property
    def reads_own_site(self) -> bool:
        """Whether the model reads its own site, and no site of a partner nearly as well."""
        if np.isnan(self.own):
            return self.foreign <= MOST_WITHOUT_OWN
        return self.own >= LEAST_OWN and self.foreign <= MOST_FOREIGN * self.own


class PlantedSites:
    """Broken sites of every kind, and of every protein that is in no kind.

    Args:
        collection: the matrices.
        seed: seed of the sites.
    """

    def __init__(self, collection: Collection, seed: int) -> None:
        self._collection = collection
        self._seed = seed
        self.of_kinds = {kind: kind_cases(collection, kind, seed, CASES) for kind in SITE_KINDS}

    def of_protein(self, protein: str) -> list[Window]:
        """Broken sites of a protein's own matrices; empty where none is known."""
        matrices = [shares for shares, name in self._collection.values() if name == protein.upper()]
        rng = np.random.default_rng([self._seed, len(SITE_KINDS), *protein.encode()])
        return planted_cases(matrices, CASES, rng) if matrices else []


def site_responses(bank: Bank, sites: PlantedSites) -> dict[str, SiteResponse]:
    """The responses of all models of a bank, by model id."""
    rare = rare_losses(bank)
    by_kind = {kind: -np.median(changes_of(bank, windows), axis=0) / rare for kind, windows in sites.of_kinds.items()}
    found = {}
    for column, model in enumerate(bank.models):
        own_kinds = kinds_bound_by(model.protein)
        if own_kinds:
            own = max(float(by_kind[kind][column]) for kind in own_kinds)
        elif windows := sites.of_protein(model.protein):
            own = float(-np.median(changes_of(bank.select([model.model_id]), windows)) / rare[column])
        else:
            own = float("nan")
        partner = max(foreign_kinds(model.protein), key=lambda kind: by_kind[kind][column])
        found[model.model_id] = SiteResponse(own, partner, float(by_kind[partner][column]))
    return found


def rare_losses(bank: Bank) -> NDArray[np.float64]:
    """The loss of each model that one background SNV in a thousand reaches, positive, (M,)."""
    assert bank.background is not None
    changes = bank.background.changes[VariantKind.SNV].decode().astype(np.float64)
    return np.maximum(-np.quantile(changes, RARE, axis=0), np.finfo(np.float32).tiny)
