"""A bank on disk: a folder of `card.json`, `weights.safetensors` and `background.safetensors`.

Weights are data: safetensors are read without running any code, every array is checked against the
card, and every file against the SHA-256 that the card states.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save

from varbind.bank.background import BackgroundTable, VariantKind
from varbind.bank.bank import Bank
from varbind.bank.model_card import STACK_TYPES, BankCard
from varbind.bank.quantised_background import LEVELS_MAX, CodedChanges
from varbind.core.network_stack import NetworkStack
from varbind.errors import ResourceError
from varbind.io.card_folder import CARD, WEIGHTS, digests_of, read_arrays, write_card_files
from varbind.io.effects import EFFECT_FOLDER, read_effect, write_effect
from varbind.io.output.atomic_files import whole_folder
from varbind.io.size_limits import json_of, whole_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from varbind.core.network_stack import NetworkConfig
    from varbind.effect.effect_model import EffectModel

__all__ = [
    "CARD",
    "WEIGHTS",
    "read_bank",
    "read_card",
    "sha256_of",
    "shipped_banks",
    "shipped_effects",
    "weights_sha256",
    "write_bank",
]

BACKGROUND = "background.safetensors"
CARD_BYTES_MAX = 1 << 23
ARRAYS_BYTES_MAX = 1 << 30
ARRAYS_HEADER_BYTES_MAX = 1 << 20
BACKGROUND_MINIMUM = 100


def shipped_banks() -> dict[str, Path]:
    """The banks that travel with the package, by name."""
    return {card.parent.name: card.parent for card in sorted(_shipped().glob(f"*/{CARD}"))}


def shipped_effects() -> Path:
    """Folder of the second stages that travel with the package for banks of others."""
    return _shipped() / "effects"


def _shipped() -> Path:
    """Folder of what travels with the package: inside it, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_card(folder: Path) -> BankCard:
    """Read the card alone.

    Raises:
        ResourceError: the folder is not a bank.
    """
    path = folder / CARD
    try:
        data = json_of(whole_bytes(path, CARD_BYTES_MAX))
    except OSError as error:
        raise ResourceError(
            f"not a varbind model bank: {CARD}: {error.strerror}",
            path=folder,
            remedy="`varbind models list` names the shipped ones",
        ) from error
    except ValueError as error:
        raise ResourceError("not a varbind model card: not JSON", path=path) from error
    try:
        return BankCard.from_json(data)
    except ResourceError as error:
        raise ResourceError(error.what, path=path, remedy=error.remedy) from error


def read_bank(folder: str | Path) -> Bank:
    """Read and verify a bank.

    Raises:
        ResourceError: a file is missing, its SHA-256 differs from the card's, or an array does not have
            the shape the card states.
    """
    folder = Path(folder)
    card = read_card(folder)
    weights = _read_arrays(folder / WEIGHTS, card, _weights_bytes(card))
    has_background = BACKGROUND in card.digests
    background = _read_arrays(folder / BACKGROUND, card, ARRAYS_BYTES_MAX) if has_background else None
    try:
        return Bank(
            cards=(card,),
            models=card.models,
            stacks=tuple(_stacks(card, weights)),
            background=_background(card, background) if background is not None else None,
            effect=read_effect(folder / EFFECT_FOLDER) if (folder / EFFECT_FOLDER).is_dir() else None,
        )
    except ResourceError as error:
        raise ResourceError(f"not a varbind model: {error.what}", path=folder) from error


def write_bank(folder: str | Path, bank: Bank, *, effect: EffectModel | None = None) -> Bank:
    """Write a bank of one card; the digests in the card are made here.

    Args:
        folder: where to.
        bank: the bank. A second stage that it has is not written: it may be of other weights.
        effect: the second stage of these very weights.

    Returns:
        The bank with that card.

    Raises:
        OutputError: the folder exists already, or cannot be written.
    """
    files = {WEIGHTS: _weights(bank)}
    if bank.background is not None:
        files[BACKGROUND] = save(_background_arrays(bank.background))
    card = replace(bank.cards[0], models=bank.models, digests=digests_of(files))
    with whole_folder(Path(folder), parents=True) as partial:
        write_card_files(partial, card.as_json(), files)
        if effect is not None:
            effect = write_effect(partial / EFFECT_FOLDER, effect)
    return replace(bank, cards=(card,), effect=effect)


def weights_sha256(bank: Bank) -> str:
    """Hex SHA-256 of the weights as they are written, by which a second stage knows its bank."""
    return hashlib.sha256(_weights(bank)).hexdigest()


def _weights(bank: Bank) -> bytes:
    return save(_weight_arrays(bank))


def _read_arrays(path: Path, card: BankCard, most: int) -> dict[str, np.ndarray]:
    stated = str(card.digests.get(path.name, "none"))
    return read_arrays(path, stated, most=most, whole="the bank", part="a varbind model", again="the bank")


def _weights_bytes(card: BankCard) -> int:
    """How large a file the models of a card can need."""
    sizes = [size for model in card.models for size in model.config.array_shapes(1).values()]
    return min(ARRAYS_HEADER_BYTES_MAX + 4 * sum(map(prod, sizes)), ARRAYS_BYTES_MAX)


def _weight_arrays(bank: Bank) -> dict[str, np.ndarray]:
    """One stack per configuration, its rows in the order of the models: the reader knows them by that order alone."""
    arrays = {}
    for joined in NetworkStack.by_config(bank.stacks):
        ids = dict.fromkeys(model.network_id for model in bank.models if model.config == joined.config)
        ordered = joined.take([joined.model_ids.index(network_id) for network_id in ids])
        for name, array in ordered.arrays.items():
            arrays[f"{joined.config.name}/{name}"] = np.ascontiguousarray(array)
    return arrays


def _background_arrays(background: BackgroundTable) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for kind, changes in background.changes.items():
        # safetensors writes memory as it lies.
        arrays[str(kind)] = np.ascontiguousarray(changes.codes)
        arrays[_levels_of(kind)] = np.ascontiguousarray(changes.levels)
    return arrays


def _levels_of(kind: VariantKind) -> str:
    return f"{kind}.levels"


def _stacks(card: BankCard, arrays: Mapping[str, np.ndarray]) -> list[NetworkStack[Any]]:
    """The stacks that the card's models ask for, every array accounted for."""
    ids: dict[NetworkConfig, dict[str, None]] = {}
    for model in card.models:
        ids.setdefault(model.config, {})[model.network_id] = None
    names = {config: list(config.array_shapes(1)) for config in ids}
    wanted = {f"{config.name}/{name}" for config in ids for name in names[config]}
    if wanted != set(arrays):
        raise ResourceError(f"arrays {sorted(wanted ^ set(arrays))[:3]} are missing or too many")
    return [
        STACK_TYPES[config.architecture](
            config, tuple(ids[config]), {name: arrays[f"{config.name}/{name}"] for name in names[config]}
        )
        for config in sorted(ids, key=lambda config: (config.architecture, config))
    ]


def _background(card: BankCard, arrays: Mapping[str, np.ndarray]) -> BackgroundTable:
    wanted = {name for kind in VariantKind for name in (str(kind), _levels_of(kind))}
    if wanted != set(arrays):
        raise ResourceError(f"background arrays {sorted(wanted ^ set(arrays))[:3]} are missing or too many")
    models = len(card.models)
    return BackgroundTable(
        {kind: _changes(kind, models, arrays[str(kind)], arrays[_levels_of(kind)]) for kind in VariantKind}
    )


def _changes(kind: VariantKind, models: int, codes: np.ndarray, levels: np.ndarray) -> CodedChanges:
    """The background of one kind, every code of it with a level."""
    shaped = codes.ndim == 2 and len(codes) == models and codes.shape[1] >= BACKGROUND_MINIMUM
    if codes.dtype != np.uint8 or not shaped:
        expected = f"uint8 ({models}, at least {BACKGROUND_MINIMUM})"
        raise ResourceError(f"the background of {kind} is {codes.dtype} {codes.shape}, expected {expected}")
    shaped = levels.ndim == 2 and len(levels) == models and 1 <= levels.shape[1] <= LEVELS_MAX
    if levels.dtype != np.float16 or not shaped:
        expected = f"float16 ({models}, 1 to {LEVELS_MAX})"
        raise ResourceError(f"the levels of {kind} are {levels.dtype} {levels.shape}, expected {expected}")
    if not np.isfinite(levels).all():
        raise ResourceError(f"a level of {kind} is not a finite number")
    if (levels[:, 1:] < levels[:, :-1]).any():
        raise ResourceError(f"the levels of {kind} fall within a model")
    if codes.max() >= levels.shape[1]:
        raise ResourceError(f"a background variant of {kind} has level {codes.max()} of {levels.shape[1]}")
    return CodedChanges(codes, levels)
