"""The models of several banks side by side: every id stands for one model, and every family holds all its members."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from varbind.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from varbind.bank.model_card import ModelCard

__all__ = ["join_models", "names_of_banks"]

_RESERVED = re.compile(r"[^\w.-]")
"""What a bank's name may hold and a model's id had better not: blanks, and what lists of ids are cut at."""


def names_of_banks(stated: Sequence[str], folders: Sequence[str]) -> list[str]:
    """A name for each bank that no other has: its card's, else its folder's where cards share one, else a numbered one.

    Args:
        stated: names on the cards of B banks.
        folders: names of their folders; empty where there is none.
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
    """The models of B banks with ids that are unique among all of them.

    An id that several banks have is qualified by the bank's name, as `mine:CTCF`; every other id stays as it is. A
    model whose family is not stated (it is the protein's own name) joins the family that another bank states for the
    protein.

    Args:
        parts: the models of each bank.
        names: of the banks; no two are equal.

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
    """By protein in upper case, the first family that is stated for it."""
    families: dict[str, str] = {}
    for model in (model for part in parts for model in part if model.family != model.protein):
        families.setdefault(model.protein.upper(), model.family)
    return families


def _qualified(own_id: str, bank: str, ids: Counter[str]) -> str:
    """An id, with the name of the bank in front where several banks have it."""
    return f"{bank}:{own_id}" if ids[own_id] > 1 else own_id


def _joined(model: ModelCard, model_id: str, network_id: str, families: Mapping[str, str]) -> ModelCard:
    """A model under the ids that it and its network have among those of other banks."""
    family = model.family if model.family != model.protein else families.get(model.protein.upper(), model.family)
    if (model_id, network_id, family) == (model.model_id, model.network_id, model.family):
        return model
    network = "" if network_id == model_id else network_id
    return replace(model, model_id=model_id, network=network, family=family)
