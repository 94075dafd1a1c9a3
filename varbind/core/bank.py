"""A model bank in memory: stacks of networks, their cards, and their background."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from varbind.core.background import BackgroundTable
from varbind.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from varbind.core.effect_model import EffectModel
    from varbind.core.model_card import BankCard, ModelCard
    from varbind.core.network import DeepBindStack

__all__ = ["Bank"]


@dataclass(frozen=True, slots=True)
class Bank:
    """Models that are scored together.

    Attributes:
        cards: of the banks the models come from, for the record.
        models: the M models, in the order of every score column.
        stacks: their networks, each model in exactly one stack.
        background: their score changes on background variants; None if a bank has none, or banks of
            different backgrounds were joined.
        effect: the second stage over scores of the bank; None if it has none.
    """

    cards: tuple[BankCard, ...]
    models: tuple[ModelCard, ...]
    stacks: tuple[DeepBindStack, ...]
    background: BackgroundTable | None
    effect: EffectModel | None = None

    @property
    def model_ids(self) -> tuple[str, ...]:
        """Ids in column order."""
        return tuple(model.model_id for model in self.models)

    @property
    def windows(self) -> tuple[int, ...]:
        """The window lengths in use, ascending."""
        return tuple(sorted({model.shape.window for model in self.models}))

    def select(self, model_ids: Sequence[str]) -> Self:
        """Only these models, in this order.

        Raises:
            UsageError: an id is not in the bank, or is asked for twice.
        """
        column_of = {model_id: column for column, model_id in enumerate(self.model_ids)}
        for model_id in model_ids:
            if model_id not in column_of:
                raise UsageError(f"no model {model_id} in the bank", remedy="`varbind models list` names them")
        wanted = set(model_ids)
        if len(wanted) < len(model_ids):
            raise UsageError("a model is asked for twice", remedy="name each model once")
        stacks = []
        for stack in self.stacks:
            rows = [row for row, model_id in enumerate(stack.model_ids) if model_id in wanted]
            if rows:
                stacks.append(stack.take(rows))
        columns = [column_of[model_id] for model_id in model_ids]
        return replace(
            self,
            models=tuple(self.models[column] for column in columns),
            stacks=tuple(stacks),
            background=self.background.take(columns) if self.background else None,
        )

    def select_default(self) -> Self:
        """The models that annotation uses unless told otherwise; all, if none is marked."""
        chosen = [model.model_id for model in self.models if model.default]
        return self.select(chosen) if chosen else self

    def select_proteins(self, names: Iterable[str]) -> Self:
        """The models whose id or protein is among `names`, any case.

        Raises:
            UsageError: a name is neither.
        """
        chosen: set[str] = set()
        for name in names:
            found = {m.model_id for m in self.models if name.upper() in {m.model_id.upper(), m.protein.upper()}}
            if not found:
                raise UsageError(f"no protein or model named {name!r}", remedy="`varbind models list` names them")
            chosen |= found
        return self.select([model_id for model_id in self.model_ids if model_id in chosen])

    @classmethod
    def concatenate(cls, banks: Sequence[Self]) -> Self:
        """All models of several banks, bank after bank.

        Raises:
            UsageError: two banks hold a model of the same id.
        """
        if len(banks) == 1:
            return banks[0]
        models = tuple(model for bank in banks for model in bank.models)
        seen: set[str] = set()
        for model in models:
            if model.model_id in seen:
                raise UsageError(f"model id {model.model_id} is in more than one bank")
            seen.add(model.model_id)
        recipes = [card.background for bank in banks for card in bank.cards]
        tables = [bank.background for bank in banks if bank.background is not None]
        aligned = len(tables) == len(banks) and all(recipe == recipes[0] for recipe in recipes)
        return cls(
            cards=tuple(card for bank in banks for card in bank.cards),
            models=models,
            stacks=tuple(stack for bank in banks for stack in bank.stacks),
            background=BackgroundTable.concatenate(tables) if aligned else None,
            effect=next((bank.effect for bank in banks if bank.effect), None),
        )
