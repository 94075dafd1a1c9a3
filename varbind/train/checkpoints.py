"""Finished proteins of a training, kept beside its output until the bank is whole.

One file a protein, written under another name and renamed: it is there whole or not at all. It holds the digest of
all that the result depends on, so a protein whose data or options have changed is trained again.
"""

from __future__ import annotations

import fcntl
import json
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from varbind.core.deepbind import DeepBindConfig, DeepBindStack
from varbind.errors import OutputError, ResourceError
from varbind.io.output.atomic_files import write_whole_file
from varbind.io.size_limits import whole_bytes
from varbind.train.hyperparameter_search import Calibrated, Rating
from varbind.train.hyperparameters import Optimizer, Setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["RECORD_BYTES_MAX", "Records", "kept_records"]

RECORD_BYTES_MAX = 1 << 28


class Records:
    """The folder.

    Args:
        folder: where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, model_id: str, key: str) -> Calibrated | None:
        """What was kept of a protein; None if there is nothing, or it came from other data or options."""
        try:
            arrays = load(whole_bytes(self._path(model_id), RECORD_BYTES_MAX))
            text = json.loads(arrays.pop("record").tobytes())
            return _calibrated(model_id, text, arrays) if text["key"] == key else None
        except (OSError, SafetensorError, ValueError, KeyError, TypeError, ResourceError):
            return None

    def write(self, model_id: str, key: str, calibrated: Calibrated) -> None:
        """Keep a protein.

        Raises:
            OutputError: the folder cannot be written.
        """
        text = {
            "key": key,
            "shape": asdict(calibrated.stack.config),
            "settings": [setting.as_dict() for setting in calibrated.settings],
            "log": [asdict(row) for row in calibrated.log],
        }
        record = np.frombuffer(json.dumps(text).encode(), dtype=np.uint8)
        write_whole_file(self._path(model_id), save({**calibrated.stack.arrays, "record": record}))

    def _path(self, model_id: str) -> Path:
        return self.folder / f"{quote(model_id, safe='')}.safetensors"


@contextmanager
def kept_records(folder: Path) -> Iterator[Records]:
    """The folder of records, for one process at a time; it is made if need be.

    Raises:
        OutputError: the folder cannot be written, or another process writes there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("ab")
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", path=folder) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            what = "another training writes here"
            raise OutputError(what, path=folder, remedy="wait for it, or name another output") from error
        yield Records(folder)


def _calibrated(model_id: str, text: Mapping[str, Any], arrays: Mapping[str, NDArray[np.float32]]) -> Calibrated:
    stack = DeepBindStack(DeepBindConfig(**text["shape"]), (model_id,), arrays)
    settings = [Setting(**{**setting, "optimizer": Optimizer(setting["optimizer"])}) for setting in text["settings"]]
    log = [Rating(row["setting"], row["steps"], tuple(row["ratings"])) for row in text["log"]]
    return Calibrated(stack, settings, log)
