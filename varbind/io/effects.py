"""A second stage on disk: a folder with `card.json` and `weights.safetensors`.

The folder of a bank may contain the second stage of the bank as `effect`. A head is stored field by field, so that
a new head needs no code here.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from varbind.bank.background import VariantKind
from varbind.bank.binding_scale import BindingScale
from varbind.bank.null_distribution import ShareCurve
from varbind.effect.effect_model import CURVES, EffectCard, EffectModel
from varbind.effect.second_stage import HEADS
from varbind.errors import ResourceError
from varbind.io.cards import CARD, EFFECT_FOLDER, WEIGHTS, digests_of, read_arrays, read_effect_card, write_card_files
from varbind.io.output.atomic_files import whole_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EFFECT_FOLDER", "find_effect", "read_effect", "write_effect"]

ARRAYS_BYTES_MAX = 1 << 28
NAMES_OF_TYPES = {"NDArray": NDArray, "np": np, "BindingScale": BindingScale}
"""Names in the annotations of heads and curves that their modules may import for type checking only."""
TRAINED_ON = "trained_on"
Part = TypeVar("Part")


def read_effect(folder: str | Path) -> EffectModel:
    """Read and verify a second stage.

    Raises:
        ResourceError: A file is missing, its SHA-256 differs from the one in the card, or an array does not fit.
    """
    folder = Path(folder)
    card = read_effect_card(folder)
    path = folder / WEIGHTS
    arrays = read_arrays(path, card.digests.get(WEIGHTS, "none"), most=ARRAYS_BYTES_MAX, kind="second stage")
    try:
        return _effect(card, arrays)
    except (ResourceError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        what = error.what if isinstance(error, ResourceError) else f"an array is missing or malformed: {error}"
        raise ResourceError(f"not a second stage: {what}", path=path) from error


def find_effect(shipped: Path, weights_sha256: str) -> EffectModel | None:
    """The second stage that is shipped for an imported bank; None if there is none.

    Args:
        shipped: The folder with the shipped second stages.
        weights_sha256: The SHA-256 of the weights of the bank, by which its second stage is found.
    """
    for card in sorted(shipped.glob(f"*/{CARD}")):
        if read_effect_card(card.parent).bank.get("sha256") == weights_sha256:
            return read_effect(card.parent)
    return None


def write_effect(folder: str | Path, effect: EffectModel) -> EffectModel:
    """Write a second stage, with the digest of its weights in the card.

    Returns:
        The second stage with this card.

    Raises:
        OutputError: The folder exists already, or cannot be written.
    """
    arrays: dict[str, np.ndarray] = {TRAINED_ON: effect.trained_on}
    for name, head in effect.heads.items():
        arrays |= _arrays_of(head, name)
    for name, by_kind in effect.curves.items():
        for kind, curve in by_kind.items():
            arrays |= _arrays_of(curve, f"curves/{name}/{kind}")
    # safetensors writes the memory of an array without its strides; `ascontiguousarray` would add an axis to a number.
    weights = save({name: np.array(array, order="C") for name, array in arrays.items()})
    files = {WEIGHTS: weights}
    card = replace(effect.card, digests=digests_of(files))
    with whole_folder(Path(folder), parents=True) as partial:
        write_card_files(partial, card.as_json(), files)
    return replace(effect, card=card)


def _effect(card: EffectCard, arrays: dict[str, np.ndarray]) -> EffectModel:
    """The second stage with all these arrays; an array that belongs to no head and no curve is an error."""
    heads = {name: _read_part(head, arrays, name) for name, head in HEADS.items() if _holds(arrays, name)}
    curves = {
        name: {
            kind: _read_part(ShareCurve, arrays, f"curves/{name}/{kind}")
            for kind in VariantKind
            if _holds(arrays, f"curves/{name}/{kind}")
        }
        for name in CURVES
    }
    trained_on = arrays.pop(TRAINED_ON)
    if arrays:
        raise ResourceError(f"{next(iter(arrays))} belongs to no head and no curve")
    if trained_on.dtype != np.uint32 or trained_on.ndim != 1 or (np.diff(trained_on.astype(np.int64)) <= 0).any():
        raise ResourceError("the keys of training variants are not in ascending order")
    return EffectModel(card, heads, curves=curves, trained_on=trained_on)


def _holds(arrays: Mapping[str, np.ndarray], stem: str) -> bool:
    return any(name.startswith(f"{stem}/") for name in arrays)


def _arrays_of(part: Any, stem: str) -> dict[str, np.ndarray]:
    """The fields of a head or a curve; numbers and tuples of names become arrays, and a part adds its name."""
    arrays: dict[str, np.ndarray] = {}
    for f in fields(part):
        value, name = getattr(part, f.name), f"{stem}/{f.name}"
        if is_dataclass(value):
            arrays |= _arrays_of(value, name)
        elif isinstance(value, tuple):
            arrays[name] = np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)
        else:
            arrays[name] = np.asarray(value)
    return arrays


def _read_part(cls: type[Part], arrays: dict[str, np.ndarray], stem: str) -> Part:
    """The head or curve whose fields are stored under a name; they are removed from the arrays."""
    values: dict[str, Any] = {}
    for field, kind in _types_of_fields(cls).items():  # type: ignore[arg-type]
        name = f"{stem}/{field}"
        if is_dataclass(kind) and isinstance(kind, type):
            values[field] = _read_part(kind, arrays, name)
        elif get_origin(kind) is tuple:
            values[field] = _words(arrays.pop(name), name)
        elif kind is float:
            values[field] = _typed(arrays.pop(name), np.float64, name).item()
        else:  # an NDArray, which is ndarray[shape, dtype[scalar]]
            values[field] = _typed(arrays.pop(name), get_args(get_args(kind)[1])[0], name)
    return cls(**values)


@cache
def _types_of_fields(cls: type) -> dict[str, Any]:
    types = get_type_hints(cls, localns=NAMES_OF_TYPES)
    return {field.name: types[field.name] for field in fields(cls)}


def _words(array: np.ndarray, name: str) -> tuple[str, ...]:
    try:
        return msgspec.json.decode(array.tobytes(), type=tuple[str, ...])
    except msgspec.MsgspecError as error:
        raise ResourceError(f"{name} is not a list of words: {error}") from error


def _typed(array: np.ndarray, scalar: type[np.generic], name: str) -> np.ndarray:
    """An array, which must have the type that the field of a head declares."""
    expected = np.dtype(scalar)
    if array.dtype != expected:
        raise ResourceError(f"{name} is {array.dtype}, expected {expected}")
    return array
