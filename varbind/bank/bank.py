"""A model bank in memory, with its networks, cards and background, and how several banks are joined."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from varbind.bank.background import BackgroundTable
from varbind.errors import UsageError
from varbind.gate import data_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from varbind.bank.model_card import BankCard, ModelCard
    from varbind.core.network_stack import NetworkOutput, NetworkStack
    from varbind.gate import DataFrame

__all__ = ["Bank", "join_models", "names_of_banks"]

_RESERVED = re.compile(r"[^\w.-]")
"""Characters that a bank may have in its name but an id may not: blanks, and separators of lists of ids."""

_LIST = "`varbind models list --bank NAME|DIR` lists the models of a bank"


@dataclass(frozen=True, slots=True, repr=False)
class Bank:
    """Models that are scored together.

    Attributes:
        cards: the cards of the banks from which the models come.
        models: the M models, in the order of the score columns.
        stacks: the networks, each in exactly one stack. Several models can be outputs of one network.
        background: the bound changes on background variants; None if a bank has none, or if joined banks have different
            background variants.
        effect: the second stage that reads the scores of the bank, an `EffectModel` of `varbind.effect`; None if there
            is none.
        original_ids: the original ids of the models whose ids are qualified, because several joined banks have them, by
            their qualified ids.
    """

    cards: tuple[BankCard, ...]
    models: tuple[ModelCard, ...]
    stacks: tuple[NetworkStack[Any], ...]
    background: BackgroundTable | None
    effect: object | None = None
    original_ids: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        names = " + ".join(card.name for card in self.cards)
        proteins = len({model.protein for model in self.models})
        parts = [f"{len(self.models):,} models of {proteins:,} proteins"]
        parts += ["no background"] * (self.background is None) + ["no second stage"] * (self.effect is None)
        return f"<Bank {names}: {', '.join(parts)}>"

    @property
    def model_ids(self) -> tuple[str, ...]:
        """The ids of the models, in the order of the columns."""
        return tuple(model.model_id for model in self.models)

    @property
    def outputs(self) -> tuple[NetworkOutput, ...]:
        """The network and the output of each model, in the order of the columns."""
        return tuple((model.network_id, model.output) for model in self.models)

    @property
    def windows(self) -> tuple[int, ...]:
        """The different window lengths, ascending."""
        return tuple(sorted({model.config.window for model in self.models}))

    def to_frame(self) -> DataFrame:
        """The models as a pandas DataFrame: their ids, proteins, families, species, assays and windows (in bases)."""
        names = ("model_id", "protein", "family", "species", "assay", "experiment", "default")
        columns: dict[str, list[Any]] = {name: [getattr(model, name) for model in self.models] for name in names}
        return data_frame({**columns, "window": [model.config.window for model in self.models]})

    def select(self, model_ids: Sequence[str]) -> Self:
        """The bank with these models only, in this order.

        Raises:
            UsageError: an id is not in the bank, or is given twice.
        """
        column_of = {model_id: column for column, model_id in enumerate(self.model_ids)}
        for model_id in model_ids:
            if model_id not in column_of:
                raise self._unknown(model_id)
        wanted = set(model_ids)
        if len(wanted) < len(model_ids):
            raise UsageError("a model is named twice", remedy="name each model once")
        networks = {model.network_id for model in self.models if model.model_id in wanted}
        stacks = []
        for stack in self.stacks:
            rows = [row for row, network_id in enumerate(stack.model_ids) if network_id in networks]
            if rows:
                stacks.append(stack.take(rows))
        columns = [column_of[model_id] for model_id in model_ids]
        return replace(
            self,
            models=tuple(self.models[column] for column in columns),
            stacks=tuple(stacks),
            background=self.background.take(columns) if self.background else None,
        )

    def original_id(self, model_id: str) -> str:
        """The original id of a model in its bank, which differs where joined banks share ids."""
        return self.original_ids.get(model_id, model_id)

    def _unknown(self, model_id: str) -> UsageError:
        qualified = [new for new, own in self.original_ids.items() if own == model_id]
        if qualified:
            return UsageError(f"several banks have a model {model_id}", remedy=f"name {' or '.join(qualified)}")
        return UsageError(f"no model {model_id} in the bank", remedy=_LIST)

    def select_default(self) -> Self:
        """The bank with the models that annotation uses by default; all models if none is marked."""
        chosen = [model.model_id for model in self.models if model.default]
        return self.select(chosen) if chosen else self

    def select_proteins(self, names: Iterable[str]) -> Self:
        """The bank with the models whose id or protein is among `names`, in any case.

        The name of the bank may be omitted from a qualified id, which then names the models of all banks.

        Raises:
            UsageError: a name is neither an id nor a protein.
        """
        chosen: set[str] = set()
        for name in names:
            found = {model.model_id for model in self.models if name.upper() in self._names_of(model)}
            if not found:
                raise UsageError(f"no protein or model named {name!r}", remedy=_LIST)
            chosen |= found
        return self.select([model_id for model_id in self.model_ids if model_id in chosen])

    def _names_of(self, model: ModelCard) -> set[str]:
        return {name.upper() for name in (model.model_id, self.original_id(model.model_id), model.protein)}

    @classmethod
    def concatenate(cls, banks: Sequence[Self], *, folders: Sequence[str] = ()) -> Self:
        """All models of several banks, bank after bank.

        An id that several banks have is qualified by the name of its bank, as in `mine:CTCF`. The second stage is that
        of the first bank that has one.

        Args:
            banks: the banks.
            folders: the names of their folders, by which banks with the same name are distinguished; empty = unknown.

        Raises:
            UsageError: a qualified id is the id of another model.
        """
        if len(banks) == 1:
            return banks[0]
        names = names_of_banks([bank.cards[0].name for bank in banks], folders or [""] * len(banks))
        shared = {name for name, count in Counter(bank.cards[0].name for bank in banks).items() if count > 1}
        joined = join_models([bank.models for bank in banks], names)
        banks = [
            bank.renamed(models, "" if len(bank.cards) > 1 or bank.cards[0].name not in shared else name)
            for bank, models, name in zip(banks, joined, names, strict=True)
        ]
        recipes = [card.background for bank in banks for card in bank.cards]
        tables = [bank.background for bank in banks if bank.background is not None]
        aligned = len(tables) == len(banks) and all(recipe == recipes[0] for recipe in recipes)
        return cls(
            cards=tuple(card for bank in banks for card in bank.cards),
            models=tuple(model for bank in banks for model in bank.models),
            stacks=tuple(stack for bank in banks for stack in bank.stacks),
            background=BackgroundTable.concatenate(tables) if aligned else None,
            effect=next((bank.effect for bank in banks if bank.effect), None),
            original_ids={new: own for bank in banks for new, own in bank.original_ids.items()},
        )

    def renamed(self, models: Sequence[ModelCard], name: str) -> Self:
        """The same bank with other ids of its models and networks.

        Args:
            models: the new card of each model.
            name: the new name of the bank; empty = the name is kept.
        """
        renamed = dict(zip(self.model_ids, models, strict=True))
        if all(model is renamed[model.model_id] for model in self.models):
            return self
        networks = {model.network_id: renamed[model.model_id].network_id for model in self.models}
        cards = []
        for card in self.cards:
            own = tuple(renamed[model.model_id] for model in card.models if model.model_id in renamed)
            cards.append(replace(card, name=name or card.name, models=own))
        stacks = [
            replace(stack, model_ids=tuple(networks[network_id] for network_id in stack.model_ids))
            for stack in self.stacks
        ]
        changed = {
            new.model_id: self.original_id(old) for old, new in renamed.items() if new.model_id != self.original_id(old)
        }
        return replace(self, cards=tuple(cards), models=tuple(models), stacks=tuple(stacks), original_ids=changed)


def names_of_banks(stated: Sequence[str], folders: Sequence[str]) -> list[str]:
    """A unique name for each bank: that on its card, else that of its folder, else a numbered name.

    Args:
        stated: the names on the cards of B banks.
        folders: the names of their folders; empty where there is none.
    """
    cards, places = ([_RESERVED.sub("_", name) for name in names] for names in (stated, folders))
    wanted = [
        place if place and (not card or cards.count(card) > 1) else card or "bank"
        for card, place in zip(cards, places, strict=True)
    ]
    names: list[str] = []
    for name in wanted:
        number = 1
        while (free := name if number == 1 else f"{name}.{number}") in names:
            number += 1
        names.append(free)
    return names


def join_models(parts: Sequence[Sequence[ModelCard]], names: Sequence[str]) -> list[list[ModelCard]]:
    """The models of B banks with unique ids.

    An id that several banks have is qualified by the name of the bank, as in `mine:CTCF`. A model without a known
    family, whose family is the name of its protein, gets the family that another bank states for the protein.

    Args:
        parts: the models of each bank.
        names: the unique names of the banks.

    Raises:
        UsageError: a qualified id is the id of another model.
    """
    ids = Counter(model.model_id for part in parts for model in part)
    networks = Counter(network for part in parts for network in {model.network_id for model in part})
    joined = []
    for part, name in zip(parts, names, strict=True):
        families = _stated_families([other for other in parts if other is not part])
        joined.append(
            [
                _joined(
                    model,
                    _qualified(model.model_id, name, ids),
                    _qualified(model.network_id, name, networks),
                    families,
                )
                for model in part
            ]
        )
    for model_id, count in Counter(model.model_id for part in joined for model in part).items():
        if count > 1:
            raise UsageError(
                f"model id {model_id} is in more than one bank", remedy="give one of the banks another name"
            )
    return joined


def _stated_families(parts: Sequence[Sequence[ModelCard]]) -> dict[str, str]:
    """The first family that is stated for each protein, by its name in upper case, and that of default models first."""
    families: dict[str, str] = {}
    for part in parts:
        for model in sorted(part, key=lambda model: not model.default):
            if model.family != model.protein:
                families.setdefault(model.protein.upper(), model.family)
    return families


def _qualified(own_id: str, bank: str, ids: Counter[str]) -> str:
    """An id, preceded by the name of the bank if several banks have it."""
    return f"{bank}:{own_id}" if ids[own_id] > 1 else own_id


def _joined(model: ModelCard, model_id: str, network_id: str, families: Mapping[str, str]) -> ModelCard:
    """A model with its unique ids and its family."""
    family = model.family if model.family != model.protein else families.get(model.protein.upper(), model.family)
    if (model_id, network_id, family) == (model.model_id, model.network_id, model.family):
        return model
    network = "" if network_id == model_id else network_id
    return replace(model, model_id=model_id, network=network, family=family)
