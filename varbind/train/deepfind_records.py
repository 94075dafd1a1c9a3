"""Finished DeepFind networks, which are stored until all networks of the head are trained.

There is one file per network, which is written under a temporary name and then renamed, so that it is always complete.
It contains the digest of everything on which the network depends; a network with other data or hyper-parameters is
trained again.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from varbind.io.output.atomic_files import write_whole_file
from varbind.io.size_limits import whole_bytes
from varbind.train.checkpoints import RECORD_BYTES_MAX, kept_records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["FittedNetwork", "NetworkRecords", "kept_networks"]


@dataclass(frozen=True, slots=True)
class FittedNetwork:
    """A network after its best epoch.

    Attributes:
        arrays: The parameters, float32: hidden (F, H), hidden_bias (H,), output (H,), output_bias ().
        epoch: The best epoch, counted from 1.
        validation_auc: The AUC of this epoch on the validation rows.
    """

    arrays: Mapping[str, NDArray[np.float32]]
    epoch: int
    validation_auc: float


class NetworkRecords:
    """The networks that are stored in a folder.

    Args:
        folder: The folder; None = nothing is stored.
        digest: The digest of everything on which the networks depend.
    """

    def __init__(self, folder: Path | None, digest: str) -> None:
        self._folder = folder
        self._digest = digest

    def read(self, number: int) -> FittedNetwork | None:
        """Read a network; None if it is not stored, or has another digest."""
        if self._folder is None:
            return None
        try:
            arrays = load(whole_bytes(_path(self._folder, number), RECORD_BYTES_MAX))
            text = json.loads(arrays.pop("record").tobytes())
            return FittedNetwork(arrays, **text["result"]) if text["digest"] == self._digest else None
        except (OSError, SafetensorError, ValueError, KeyError, TypeError):
            return None

    def write(self, number: int, network: FittedNetwork) -> None:
        """Store a network.

        Raises:
            OutputError: The folder cannot be written.
        """
        if self._folder is None:
            return
        result = {"epoch": network.epoch, "validation_auc": network.validation_auc}
        text = json.dumps({"digest": self._digest, "result": result})
        record = {"record": np.frombuffer(text.encode(), dtype=np.uint8)}
        write_whole_file(_path(self._folder, number), save({**network.arrays, **record}))


@contextmanager
def kept_networks(
    folder: Path | None, about: Mapping[str, object], *data: NDArray[np.generic]
) -> Iterator[NetworkRecords]:
    """Open the stored networks of a training for this process alone; the folder is created if it does not exist.

    Args:
        folder: The folder; None = nothing is stored.
        about: The hyper-parameters and names on which the networks depend, as values for JSON.
        data: The arrays on which the networks depend, none of them of type object.

    Raises:
        OutputError: The folder cannot be written, or another process writes there.
    """
    if folder is None:
        yield NetworkRecords(None, "")
        return
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for array in data:
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    with kept_records(folder):
        yield NetworkRecords(folder, digest.hexdigest())


def forget_networks(folder: Path) -> None:
    """Remove the stored networks, and the folder if it is empty then."""
    for path in [*folder.glob("network-*.safetensors"), folder / "lock"]:
        path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _path(folder: Path, number: int) -> Path:
    return folder / f"network-{number}.safetensors"
