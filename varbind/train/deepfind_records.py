"""Finished networks of DeepFind, kept until the head is whole.

One file a network, written under another name and renamed: it is there whole or not at all. It holds the digest of all
that the network depends on, so one whose data or setting have changed is trained again.
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
    """A network as it was after its best epoch.

    Attributes:
        arrays: float32: hidden (F, H), hidden_bias (H,), output (H,), output_bias ().
        epoch: the best one, from 1.
        validation_auc: of that epoch, on the rows left out.
    """

    arrays: Mapping[str, NDArray[np.float32]]
    epoch: int
    validation_auc: float


class NetworkRecords:
    """The networks in a folder.

    Args:
        folder: where they are; None = nothing is kept.
        digest: of all they depend on.
    """

    def __init__(self, folder: Path | None, digest: str) -> None:
        self._folder = folder
        self._digest = digest

    def read(self, number: int) -> FittedNetwork | None:
        """A network; None if there is none, or it came from something else."""
        if self._folder is None:
            return None
        try:
            arrays = load(whole_bytes(_path(self._folder, number), RECORD_BYTES_MAX))
            text = json.loads(arrays.pop("record").tobytes())
            return FittedNetwork(arrays, **text["result"]) if text["digest"] == self._digest else None
        except (OSError, SafetensorError, ValueError, KeyError, TypeError):
            return None

    def write(self, number: int, network: FittedNetwork) -> None:
        """Keep a network.

        Raises:
            OutputError: the folder cannot be written.
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
    """The records of a training, for one process at a time; their folder is made if need be.

    Args:
        folder: where they are; None = nothing is kept.
        about: what the networks depend on, for JSON.
        data: what else they depend on, none of it objects.

    Raises:
        OutputError: the folder cannot be written, or another process writes there.
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
    """Remove what was kept, and the folder if nothing else is in it."""
    for path in [*folder.glob("network-*.safetensors"), folder / "lock"]:
        path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _path(folder: Path, number: int) -> Path:
    return folder / f"network-{number}.safetensors"
