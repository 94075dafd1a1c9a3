"""The cards of banks and second stages, and the files that a card vouches for.

A bank, and a second stage, is a folder with a card and arrays. A card is JSON and may have been written by anybody, so
msgspec compares every value with the type that the dataclass of the card declares. The files beside the card are
compared with the SHA-256 that it states.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from varbind.bank.model_card import CARD_FORMAT, STACK_TYPES, BankCard, ModelCard
from varbind.effect.effect_model import EFFECT_FORMAT, EffectCard
from varbind.errors import ResourceError, output_errors
from varbind.io.size_limits import json_of, whole_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "CARD",
    "EFFECT_FOLDER",
    "WEIGHTS",
    "bank_card_of",
    "digests_of",
    "effect_card_of",
    "read_arrays",
    "read_card",
    "read_effect_card",
    "write_card_files",
]

CARD = "card.json"
WEIGHTS = "weights.safetensors"
EFFECT_FOLDER = "effect"
"""The subfolder of a bank with its second stage."""

CARD_BYTES_MAX = 1 << 23

LARGEST = 1_000_000
"""The largest absolute value in an array, so that a product of two layers fits single precision. The values of trained
networks stay below 100."""

_PLACE = re.compile(r" - at `\$\.?(.*)`$")
Card = TypeVar("Card")


def read_card(folder: Path) -> BankCard:
    """Read the card of a bank, without its arrays.

    Raises:
        ResourceError: the folder is not a bank, or its card is malformed.
    """
    remedy = "`varbind models list` names the shipped ones"
    data = _json_of_card(folder, "not a varbind model bank", remedy, kind="a varbind model card")
    return bank_card_of(data, folder / CARD)


def read_effect_card(folder: Path) -> EffectCard:
    """Read the card of a second stage, without its arrays.

    Raises:
        ResourceError: the folder is not a second stage, or its card is malformed.
    """
    remedy = "`varbind train effect` makes one"
    data = _json_of_card(folder, "no second stage", remedy, kind="the card of a second stage")
    return effect_card_of(data, folder / CARD)


def _json_of_card(folder: Path, missing: str, remedy: str, *, kind: str) -> Any:
    """The JSON values of the card in a folder; the texts are parts of the messages."""
    path = folder / CARD
    try:
        return json_of(whole_bytes(path, CARD_BYTES_MAX))
    except OSError as error:
        raise ResourceError(f"{missing}: {CARD}: {error.strerror}", path=folder, remedy=remedy) from error
    except ValueError as error:
        raise ResourceError(f"not {kind}: not JSON", path=path) from error


def bank_card_of(data: Any, path: object = None) -> BankCard:
    """The card of a bank from its JSON values.

    Args:
        data: the values; unknown keys are ignored.
        path: the file that they come from, for messages.

    Raises:
        ResourceError: the format is not supported, a key is missing, or a value is of the wrong type or impossible.
    """
    found = data.get("format") if isinstance(data, dict) else None
    if type(found) is int and 0 < found < CARD_FORMAT:
        # Their backgrounds hold changes of scores, and not bound changes.
        raise ResourceError(
            f"a bank of format {found}, which an older varbind wrote; this one reads format {CARD_FORMAT}",
            path=path,
            remedy="make it again with `varbind models import` or `varbind train binding`",
        )
    if type(found) is not int or found != CARD_FORMAT:
        raise ResourceError(f"not a varbind model card of format {CARD_FORMAT}", path=path)
    try:
        if isinstance(data.get("models"), list):
            data = {**data, "models": [_model_values(model, at) for at, model in enumerate(data["models"])]}
        card = _converted(data, BankCard)
        card.check()
    except ValueError as error:
        what = f"the model card is incomplete or malformed: {error}"
        raise ResourceError(what, path=path, remedy="install or make the bank again") from error
    return card


def effect_card_of(data: Any, path: object = None) -> EffectCard:
    """The card of a second stage from its JSON values; see `bank_card_of`."""
    if not isinstance(data, dict) or data.get("format") != EFFECT_FORMAT:
        # The curves of format 1 are of changes of scores, and not of bound changes; format 2 holds two Gaussians of
        # conservation.
        remedy = "install it or train it again with `varbind train effect`"
        raise ResourceError(f"not the card of a second stage of format {EFFECT_FORMAT}", path=path, remedy=remedy)
    try:
        card = _converted(data, EffectCard)
        card.check()
    except ValueError as error:
        what = f"the card of a second stage is malformed: {error}"
        raise ResourceError(what, path=path, remedy="install or train the second stage again") from error
    return card


def _model_values(data: Any, number: int) -> Any:
    """The values of one model with its configuration, whose type its architecture decides."""
    if not isinstance(data, dict):
        return data
    place = f"models[{number}]"
    _require_keys(data, ModelCard, place)
    stack_type = STACK_TYPES.get(str(data.get("architecture")))
    if stack_type is None:
        raise ValueError(f"this varbind does not know the architecture {data.get('architecture')!r} of {place}")
    return {**data, "config": _converted(data["config"], stack_type.config_type, f"{place}.config")}


def _converted(data: Any, card_type: type[Card], place: str = "") -> Card:
    """A dataclass from JSON values.

    Raises:
        ValueError: a key is missing, or a value is of another type or impossible.
    """
    _require_keys(data, card_type, place)
    try:
        return msgspec.convert(data, card_type)
    except msgspec.ValidationError as error:
        what, _, inner = _PLACE.sub(r"\n\1", str(error)).partition("\n")
        where = ".".join(filter(None, (place, inner)))
        raise ValueError(f"{what[:1].lower()}{what[1:]}{f' at {where}' if where else ''}") from error


def _require_keys(data: Any, card_type: type, place: str) -> None:
    """Refuse JSON values without all keys, because msgspec would use the defaults of the dataclass.

    Raises:
        ValueError: a key is missing.
    """
    if isinstance(data, dict) and not _keys_of(card_type) <= data.keys():
        missing = next(f.name for f in fields(card_type) if f.name not in data)
        raise ValueError(f"the key {missing} is missing{f' at {place}' if place else ''}")


@cache
def _keys_of(card_type: type) -> frozenset[str]:
    """The keys of a card; a bank has a thousand cards of one type."""
    return frozenset(f.name for f in fields(card_type))


def digests_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """The hexadecimal SHA-256 of each file, by name."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def write_card_files(folder: Path, card: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Write a card, and the files that it vouches for, into an existing folder.

    Raises:
        OutputError: a file cannot be written.
    """
    text = json.dumps(card, indent=1, sort_keys=True) + "\n"
    with output_errors(folder):
        for name, data in {**files, CARD: text.encode()}.items():
            (folder / name).write_bytes(data)


def read_arrays(path: Path, digest: str, *, most: int, kind: str) -> dict[str, np.ndarray]:
    """Read the arrays of a safetensors file.

    Args:
        path: the file.
        digest: the SHA-256 that the card states.
        most: the largest size of the file in bytes.
        kind: what the folder holds, `bank` or `second stage`, for messages.

    Raises:
        ResourceError: the file is missing or too large, its SHA-256 is another one, or it does not hold arrays.
    """
    try:
        data = whole_bytes(path, most)
    except OSError as error:
        raise ResourceError(f"the {kind} is incomplete: {error.strerror}", path=path) from error
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        what = f"sha256 differs: found {found[:12]}..., the card says {digest[:12]}..."
        raise ResourceError(what, path=path, remedy=f"the file was damaged or exchanged; install the {kind} again")
    part = "a varbind model" if kind == "bank" else "a second stage"
    try:
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, MemoryError) as error:
        raise ResourceError(f"not {part}: {error}", path=path) from error
    for name, array in arrays.items():
        if array.dtype.kind == "f" and _is_beyond(array, LARGEST):
            raise ResourceError(f"not {part}: {name} holds a value beyond {LARGEST:,}", path=path)
    return arrays


def _is_beyond(array: NDArray[np.floating], largest: float) -> bool:
    """Whether the absolute value of a finite number of an array is larger."""
    if float(np.finfo(array.dtype).max) <= largest:
        return False
    ends = array.min(initial=0), array.max(initial=0)
    if np.isfinite(ends).all():
        return bool(max(-ends[0], ends[1]) > largest)
    return bool((np.abs(array[np.isfinite(array)]) > largest).any())
