"""Banks of models on disk: how they are found, read, verified and written.

A bank is a folder with `card.json`, `weights.safetensors` and `background.safetensors`. Weights are data: safetensors
are read without running any code. Every array is compared with the card, and every file with the SHA-256 that the card
states.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save

from varbind.bank.background import LEVELS_MAX, BackgroundTable, CodedChanges, VariantKind
from varbind.bank.bank import Bank, join_models, names_of_banks
from varbind.bank.model_card import STACK_TYPES
from varbind.core.network_stack import NetworkStack
from varbind.errors import ResourceError, UsageError, printable
from varbind.io.cards import CARD, WEIGHTS, digests_of, read_arrays, read_card, write_card_files
from varbind.io.effects import EFFECT_FOLDER, read_effect, write_effect
from varbind.io.output.atomic_files import whole_folder

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from varbind.bank.model_card import BankCard, ModelCard
    from varbind.core.network_stack import NetworkConfig
    from varbind.effect.effect_model import EffectModel

__all__ = [
    "CARD",
    "DEFAULT_BANK",
    "WEIGHTS",
    "find_bank",
    "list_models",
    "load_bank",
    "load_banks",
    "read_bank",
    "read_card",
    "sha256_of",
    "shipped_banks",
    "shipped_effects",
    "weights_sha256",
    "write_bank",
]

DEFAULT_BANK = "promoter-v2"
BACKGROUND = "background.safetensors"
ARRAYS_BYTES_MAX = 1 << 30
ARRAYS_HEADER_BYTES_MAX = 1 << 20
BACKGROUND_MINIMUM = 100


def shipped_banks() -> dict[str, Path]:
    """The folders of the banks that are part of the package, by name."""
    return {card.parent.name: card.parent for card in sorted(_shipped().glob(f"*/{CARD}"))}


def shipped_effects() -> Path:
    """The folder of the second stages for imported banks that are part of the package."""
    return _shipped() / "effects"


def _shipped() -> Path:
    """The folder `models`: inside the installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def find_bank(name_or_path: str | os.PathLike[str] = "default") -> Path:
    """The folder of a bank.

    Args:
        name_or_path: the name of a shipped bank, `default`, or the folder of a bank.

    Raises:
        ResourceError: there is no such bank and no such folder.
    """
    shipped = shipped_banks()
    name = DEFAULT_BANK if name_or_path == "default" else str(name_or_path)
    if name in shipped and not Path(name).is_dir():
        return shipped[name]
    if not Path(name).is_dir():
        remedy = f"shipped: {', '.join(shipped) or 'none'}; or give the folder of a bank"
        raise ResourceError("no such model bank", path=name, remedy=remedy)
    return Path(name)


def load_bank(name_or_path: str | os.PathLike[str] = "default") -> Bank:
    """Read and verify a bank.

    Args:
        name_or_path: the name of a shipped bank, `default`, or the folder of a bank.

    Raises:
        ResourceError: there is no such bank, or it is damaged.
    """
    return read_bank(find_bank(name_or_path))


def load_banks(names_or_paths: Sequence[str | os.PathLike[str]]) -> Bank:
    """Read banks and join them; `Bank.concatenate` describes how ids that they share are qualified.

    Raises:
        ResourceError: there is no such bank, or it is damaged.
        UsageError: a bank is named twice.
    """
    folders = _different_folders(names_or_paths)
    return Bank.concatenate([read_bank(folder) for folder in folders], folders=[_name_of(folder) for folder in folders])


def list_models(names_or_paths: Sequence[str | os.PathLike[str]]) -> list[ModelCard]:
    """The models of banks as `load_banks` joins them, read from the cards alone.

    Raises:
        ResourceError: there is no such bank, or its card is damaged.
        UsageError: a bank is named twice.
    """
    folders = _different_folders(names_or_paths)
    cards = [read_card(folder) for folder in folders]
    names = names_of_banks([card.name for card in cards], [_name_of(folder) for folder in folders])
    return [model for part in join_models([card.models for card in cards], names) for model in part]


def _different_folders(names_or_paths: Sequence[str | os.PathLike[str]]) -> list[Path]:
    folders: list[Path] = []
    for name in names_or_paths:
        folder = find_bank(name)
        if any(folder.samefile(other) for other in folders):
            raise UsageError(f"the bank {name} is named twice", path=folder, remedy="name each bank once")
        folders.append(folder)
    return folders


def _name_of(folder: Path) -> str:
    return printable(folder.resolve().name)


def sha256_of(path: Path) -> str:
    """The hexadecimal SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_bank(folder: str | Path) -> Bank:
    """Read and verify a bank.

    Raises:
        ResourceError: a file is missing, its SHA-256 differs from the one in the card, or an array does not have the
            shape that the card states.
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
    """Write a bank that has one card, and state the digests of its files in the card.

    Args:
        folder: the new folder.
        bank: the bank. Its own second stage is not written, because it may belong to other weights.
        effect: the second stage that was trained on these weights.

    Returns:
        The bank with the card that was written.

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
    """The hexadecimal SHA-256 of the weights file, by which a second stage identifies its bank."""
    return hashlib.sha256(_weights(bank)).hexdigest()


def _weights(bank: Bank) -> bytes:
    return save(_weight_arrays(bank))


def _read_arrays(path: Path, card: BankCard, most: int) -> dict[str, np.ndarray]:
    return read_arrays(path, card.digests.get(path.name, "none"), most=most, kind="bank")


def _weights_bytes(card: BankCard) -> int:
    """The largest size in bytes of a weights file for the models of a card."""
    sizes = [size for model in card.models for size in model.config.array_shapes(1).values()]
    return min(ARRAYS_HEADER_BYTES_MAX + 4 * sum(map(prod, sizes)), ARRAYS_BYTES_MAX)


def _weight_arrays(bank: Bank) -> dict[str, np.ndarray]:
    """One stack per configuration. Its rows are in the order of the models, because the file does not name them."""
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
        # safetensors writes the memory of an array without its strides.
        arrays[str(kind)] = np.ascontiguousarray(changes.codes)
        arrays[_levels_of(kind)] = np.ascontiguousarray(changes.levels)
    return arrays


def _levels_of(kind: VariantKind) -> str:
    return f"{kind}.levels"


def _stacks(card: BankCard, arrays: Mapping[str, np.ndarray]) -> list[NetworkStack[Any]]:
    """The stacks of the models of a card; an array that is missing or belongs to no model is an error."""
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
    """The background of one kind of variant, whose codes must all have a level."""
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
