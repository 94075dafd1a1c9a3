"""A second stage on disk: a folder with `card.json` and `weights.safetensors`.

The folder of a bank may contain the second stage of the bank as `effect`. A head is stored field by field, so that
a new head needs no code here.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from safetensors.numpy import save

from varbind.bank.background import VariantKind
from varbind.bank.binding_scale import BindingScale
from varbind.bank.null_distribution import ShareCurve
from varbind.effect.effect_model import CURVES, EffectCard, EffectModel
from varbind.effect.heads import HEADS
from varbind.errors import ResourceError
from varbind.io.card_folder import CARD, WEIGHTS, digests_of, read_arrays, write_card_files
from varbind.io.output.atomic_files import whole_folder
from varbind.io.size_limits import json_of, whole_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EFFECT_FOLDER", "find_effect", "read_effect", "write_effect"]

EFFECT_FOLDER = "effect"
CARD_BYTES_MAX = 1 << 23
ARRAYS_BYTES_MAX = 1 << 28
PARTS: Mapping[str, type] = {"BindingScale": BindingScale}
TRAINED_ON = "trained_on"
Part = TypeVar("Part")


def read_effect(folder: str | Path) -> EffectModel:
    """Read and verify a second stage.

    Raises:
        ResourceError: A file is missing, its SHA-256 differs from the one in the card, or an array does not fit.
    """
    folder = Path(folder)
    card = _read_card(folder / CARD)
    stated = str(card.digests.get(WEIGHTS, "none"))
    path, most = folder / WEIGHTS, ARRAYS_BYTES_MAX
    arrays = read_arrays(path, stated, most=most, whole="the second stage", part="a second stage", again="it")
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
        if _read_card(card).bank.get("sha256") == weights_sha256:
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


def _read_card(path: Path) -> EffectCard:
    try:
        data = json_of(whole_bytes(path, CARD_BYTES_MAX))
    except OSError as error:
        what = f"no second stage: {CARD}: {error.strerror}"
        raise ResourceError(what, path=path.parent, remedy="`varbind train effect` makes one") from error
    except ValueError as error:
        raise ResourceError("not the card of a second stage: not JSON", path=path) from error
    try:
        return EffectCard.from_json(data)
    except ResourceError as error:
        raise ResourceError(error.what, path=path) from error


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
        raise ResourceError(f"{next(iter(arrays))} belongs to nothing")
    if trained_on.dtype != np.uint32 or trained_on.ndim != 1 or (np.diff(trained_on.astype(np.int64)) <= 0).any():
        raise ResourceError("the keys of training variants do not rise")
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
    for f in fields(cls):  # type: ignore[arg-type]
        name, kind = f"{stem}/{f.name}", str(f.type)
        if kind in PARTS:
            values[f.name] = _read_part(PARTS[kind], arrays, name)
        elif kind.startswith("tuple[str"):
            values[f.name] = _words(arrays.pop(name), name)
        elif kind == "float":
            values[f.name] = _typed(arrays.pop(name), "NDArray[np.float64]", name).item()
        else:
            values[f.name] = _typed(arrays.pop(name), kind, name)
    return cls(**values)


def _words(array: np.ndarray, name: str) -> tuple[str, ...]:
    words = json.loads(array.tobytes())
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ResourceError(f"{name} is no list of words")
    return tuple(words)


def _typed(array: np.ndarray, kind: str, name: str) -> np.ndarray:
    """An array of the type that the field of a head declares."""
    expected = np.dtype(kind.removeprefix("NDArray[np.").removesuffix("]").removesuffix("_"))
    if array.dtype != expected:
        raise ResourceError(f"{name} is {array.dtype}, expected {expected}")
    return array
