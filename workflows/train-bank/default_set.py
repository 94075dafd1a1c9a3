"""The models that annotation uses by default, chosen by the power to find broken sites and to name them.

Every further family costs the others, because the strongest change of a variant is compared with the strongest change
of every background variant over all families. The power is the mean LOSS_PHRED of broken sites whose own family is
named first, 0 for the others, over all kinds of sites. To the networks that read their own sites matrices are added
while the power grows. Then a model that never leads its family on its own sites is left out if the power is larger
without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from broken_sites import changes_of
from site_kinds import kinds_bound_by, kinds_of_family
from site_responses import LEAST_OWN

from varbind.bank.background import VariantKind
from varbind.bank.null_distribution import UpperTail, phred

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from site_responses import PlantedSites, SiteResponse

    from varbind import Bank
    from varbind.bank.model_card import ModelCard

LEAST_LEADING = 0.02
"""The least share of its own sites on which a model must lead to stay whatever it costs."""

LEAST_GAIN = 0.05
"""The least gain in power for which a model is left out."""

LEAST_AUC = 0.7
"""The least AUC of a network in cross-validation."""

SELEX = "HT-SELEX"
"""The assay of networks of reads, as the cards name it."""


@dataclass(frozen=True)
class Changes:
    """The bound changes of M models.

    Attributes:
        families: the family of each model, (M,).
        background: on V background SNVs, (V, M).
        cases: on N broken sites, (N, M).
        kinds: the kind of each broken site, (N,).
        binds: for each model the kinds of sites that its protein binds, (M,).
    """

    families: Sequence[str]
    background: NDArray[np.float32]
    cases: NDArray[np.float32]
    kinds: NDArray[np.str_]
    binds: Sequence[set[str]]


@dataclass(frozen=True)
class Family:
    """One family with some of its models.

    Attributes:
        models: the columns of its models.
        background: -log10 of the share of its loss on each background SNV, (V,).
        cases: the same on each broken site, (N,).
        is_own: whether each broken site is of a kind that most of its models bind, (N,).
    """

    models: tuple[int, ...]
    background: NDArray[np.float32]
    cases: NDArray[np.float32]
    is_own: NDArray[np.bool_]

    @classmethod
    def of(cls, changes: Changes, models: Sequence[int]) -> Family:
        """The family of these models."""
        losses = -changes.background[:, models].mean(axis=1, dtype=np.float64)
        tail = UpperTail(losses)
        case_losses = -changes.cases[:, models].mean(axis=1, dtype=np.float64)
        found = [
            np.where(values > 0, -np.log10(tail.share(values)), 0).astype(np.float32)
            for values in (losses, case_losses)
        ]
        own = kinds_of_family([changes.binds[model] for model in models])
        return cls(tuple(models), *found, np.isin(changes.kinds, own))


class Selection:
    """Families, of which one at a time can be exchanged or left out.

    Args:
        changes: the changes of all models.
        families: the families.
    """

    def __init__(self, changes: Changes, families: Sequence[Family]) -> None:
        self._changes = changes
        self.families = list(families)

    @cached_property
    def _best(self) -> tuple[NDArray[np.intp], ...]:
        return tuple(np.argsort(-rows, axis=0, kind="stable")[:2] for rows in (self._cases, self._background))

    @cached_property
    def _cases(self) -> NDArray[np.float32]:
        return np.stack([family.cases for family in self.families])

    @cached_property
    def _is_own(self) -> NDArray[np.bool_]:
        return np.stack([family.is_own for family in self.families])

    @cached_property
    def _background(self) -> NDArray[np.float32]:
        return np.stack([family.background for family in self.families])

    def power(self, place: int | None = None, instead: Family | None = None) -> float:
        """The power, with the family at a place exchanged for another one or left out."""
        first, strongest = self._without(self._best[0], self._cases, place)
        _, null = self._without(self._best[1], self._background, place)
        is_own = self._is_own[first, np.arange(len(first))]
        if instead is not None:
            better = instead.cases > strongest
            is_own = np.where(better, instead.is_own, is_own)
            strongest, null = np.maximum(strongest, instead.cases), np.maximum(null, instead.background)
        values = phred(UpperTail(null).share(strongest)) * is_own
        _, index = np.unique(self._changes.kinds, return_inverse=True)
        return float((np.bincount(index, values) / np.bincount(index)).mean())

    @staticmethod
    def _without(
        best: NDArray[np.intp], rows: NDArray[np.float32], place: int | None
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """For each column the row with the largest value, and the value, among all rows but one."""
        first = best[0] if place is None else np.where(best[0] == place, best[1], best[0])
        return first, rows[first, np.arange(rows.shape[1])]

    def first_families(self) -> NDArray[np.intp]:
        """The family that is named first on each broken site, (N,)."""
        return self._best[0][0]

    def with_family(self, place: int | None, instead: Family | None) -> Selection:
        """The selection with the family at a place exchanged for another one or left out, or with a further one."""
        kept = [family for own, family in enumerate(self.families) if own != place]
        return Selection(self._changes, [*kept, instead] if instead is not None else kept)


def leading_shares(changes: Changes, selection: Selection) -> dict[int, float]:
    """For each model, the share of its own sites of which its family is first and it has the largest loss in it."""
    first = selection.first_families()
    found = {}
    for place, family in enumerate(selection.families):
        leader = np.array(family.models)[changes.cases[:, family.models].argmin(axis=1)]
        for model in family.models:
            own = np.isin(changes.kinds, list(changes.binds[model]))
            found[model] = float(((first == place) & (leader == model))[own].mean()) if own.any() else 0.0
    return found


def default_models(changes: Changes, candidates: Sequence[int]) -> Iterator[tuple[int, float]]:
    """Leave models out one at a time, the most costly first, as long as the power grows.

    Args:
        changes: the changes of all models.
        candidates: the columns of the models to start with.

    Yields:
        The column of each model that is left out, and the power without it.
    """
    selection = Selection(changes, families_of(changes, candidates))
    power = selection.power()
    known: dict[tuple[int, ...], Family] = {}
    while True:
        leading = leading_shares(changes, selection)
        best: tuple[float, int, int, Family | None] | None = None
        for place, family in enumerate(selection.families):
            for model in family.models:
                if leading[model] >= LEAST_LEADING:
                    continue
                rest = tuple(other for other in family.models if other != model)
                if rest and rest not in known:
                    known[rest] = Family.of(changes, rest)
                instead = known[rest] if rest else None
                without = selection.power(place, instead)
                if best is None or without > best[0]:
                    best = without, place, model, instead
        if best is None or best[0] < power + LEAST_GAIN:
            return
        power, place, model, instead = best
        selection = selection.with_family(place, instead)
        yield model, power


def added_matrices(changes: Changes, chosen: Sequence[int], matrices: Sequence[int]) -> Iterator[tuple[int, float]]:
    """Add matrices to chosen models one at a time, the most useful first, as long as the power grows.

    Args:
        changes: the changes of all models.
        chosen: the columns of the models to start with.
        matrices: the columns of the matrices that may be added.

    Yields:
        The column of each matrix that is added, and the power with it.
    """
    selection = Selection(changes, families_of(changes, chosen))
    power, left = selection.power(), list(matrices)
    while left:
        places = {changes.families[family.models[0]]: place for place, family in enumerate(selection.families)}
        tried = []
        for model in left:
            place = places.get(changes.families[model])
            own = () if place is None else selection.families[place].models
            instead = Family.of(changes, (*own, model))
            tried.append((selection.power(place, instead), model, place, instead))
        best, model, place, instead = max(tried, key=lambda one: one[0])
        if best < power + LEAST_GAIN:
            return
        power = best
        left.remove(model)
        selection = selection.with_family(place, instead)
        yield model, power


def families_of(changes: Changes, columns: Sequence[int]) -> list[Family]:
    """The families of some models, in the order of their first ones."""
    by_family: dict[str, list[int]] = {}
    for model in columns:
        by_family.setdefault(changes.families[model], []).append(model)
    return [Family.of(changes, models) for models in by_family.values()]


def reasons_against(bank: Bank, responses: Mapping[str, SiteResponse], sites: PlantedSites) -> dict[str, str]:
    """Why each model is not used by default, by model id; an empty text for those that are.

    Args:
        bank: the bank, with families and a background.
        responses: the responses of all models to broken sites.
        sites: the broken sites.
    """
    reasons = {model.model_id: reason_alone(model, responses[model.model_id]) for model in bank.models}
    chosen = [column for column, model in enumerate(bank.models) if not reasons[model.model_id]]
    matrices = [
        column
        for column, model in enumerate(bank.models)
        if is_matrix(model) and responses[model.model_id].reads_own_site and kinds_bound_by(model.protein)
    ]
    changes = bank_changes(bank, sites, [*chosen, *matrices])
    added = [column for column, _ in added_matrices(changes, chosen, matrices)]
    reasons |= {bank.models[column].model_id: "" for column in added}
    for column, power in default_models(changes, [*chosen, *added]):
        reasons[bank.models[column].model_id] = (
            f"leads on none of its own sites, and the power is {power:.2f} without it"
        )
    return reasons


def is_matrix(model: ModelCard) -> bool:
    """Whether a model is a known motif and no trained network."""
    return not model.training.get("members")


def cross_validated(model: ModelCard) -> float:
    """The mean rating of the members of a network."""
    return float(np.mean([member["cross_validation"]["mean"] for member in model.training["members"]]))


def reads_own_site(model: ModelCard, response: SiteResponse) -> bool:
    """Whether a model reads the own site of its protein; in vitro there are no partners whose sites it could learn."""
    if model.assay == SELEX:
        return not response.own < LEAST_OWN
    return response.reads_own_site


def reason_alone(model: ModelCard, response: SiteResponse) -> str:
    """Why a model is not used by default, whatever the others do; an empty text if nothing speaks against it."""
    if is_matrix(model):
        return "known motif, on request"
    if not model.default:
        return "binds through other proteins"
    auc = cross_validated(model)
    # Regions with the same sites of partners are hard to tell apart: there a low AUC says nothing of the site.
    if auc < LEAST_AUC and "shuffles" in str(model.training["data"]["negatives"]):
        return f"the mean AUC in cross-validation is {auc:.2f}, below {LEAST_AUC}"
    if not reads_own_site(model, response):
        own = "" if np.isnan(response.own) else f", and to its own of {response.own:.2f}"
        return f"has a response to sites of {response.partner} of {response.foreign:.2f}{own}"
    return ""


def bank_changes(bank: Bank, sites: PlantedSites, columns: Sequence[int]) -> Changes:
    """The bound changes of all models; of the broken sites, those of the kinds and of the proteins of some columns."""
    assert bank.background is not None
    proteins = {bank.models[column].protein for column in columns}
    windows = dict(sites.of_kinds)
    windows |= {protein: sites.of_protein(protein) for protein in sorted(proteins) if not kinds_bound_by(protein)}
    cases = {kind: changes_of(bank, own) for kind, own in windows.items() if own}
    return Changes(
        families=[model.family for model in bank.models],
        background=bank.background.changes[VariantKind.SNV].decode().astype(np.float32),
        cases=np.concatenate(list(cases.values())).astype(np.float32),
        kinds=np.repeat(list(cases), [len(own) for own in cases.values()]),
        binds=[kinds_bound_by(model.protein) | {model.protein} for model in bank.models],
    )
