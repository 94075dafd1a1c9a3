"""A folder of a card and arrays, as banks and second stages are kept: written whole, read with its digests checked."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from varbind.errors import ResourceError, output_errors
from varbind.io.size_limits import whole_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["CARD", "WEIGHTS", "digests_of", "read_arrays", "write_card_files"]

CARD = "card.json"
WEIGHTS = "weights.safetensors"
LARGEST = 1_000_000
"""A product of two layers of such values is still a number of single precision; trained ones stay below 100."""


def digests_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Hex SHA-256 by name."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def write_card_files(folder: Path, card: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    """Write the files and the card into a folder that is there.

    Raises:
        OutputError: they cannot be written.
    """
    text = json.dumps(card, indent=1, sort_keys=True) + "\n"
    with output_errors(folder):
        for name, data in {**files, CARD: text.encode()}.items():
            (folder / name).write_bytes(data)


def read_arrays(path: Path, stated: str, *, most: int, whole: str, part: str, again: str) -> dict[str, np.ndarray]:
    """The arrays of a file.

    Args:
        path: the file.
        stated: the SHA-256 that the card states.
        most: bytes that the file may have.
        whole: what a missing file leaves incomplete, for the message.
        part: what a file of another kind is not.
        again: what to install again.

    Raises:
        ResourceError: the file is missing or too large, its SHA-256 is another, or it holds no arrays.
    """
    try:
        data = whole_bytes(path, most)
    except OSError as error:
        raise ResourceError(f"{whole} is incomplete: {error.strerror}", path=path) from error
    found = hashlib.sha256(data).hexdigest()
    if found != stated:
        what = f"sha256 differs: found {found[:12]}..., the card says {stated[:12]}..."
        raise ResourceError(what, path=path, remedy=f"the file was damaged or exchanged; install {again} again")
    try:
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, MemoryError) as error:
        raise ResourceError(f"not {part}: {error}", path=path) from error
    for name, array in arrays.items():
        if array.dtype.kind == "f" and np.abs(array[np.isfinite(array)].astype(np.float64)).max(initial=0) > LARGEST:
            raise ResourceError(f"not {part}: {name} holds a value beyond {LARGEST:,}", path=path)
    return arrays
