"""Finding a bank by name or folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from varbind.errors import ResourceError
from varbind.io.bank import read_bank, shipped_banks

if TYPE_CHECKING:
    import os

    from varbind.core.bank import Bank

__all__ = ["DEFAULT_BANK", "find_bank", "load_bank"]

DEFAULT_BANK = "promoter-v1"


def find_bank(name_or_path: str | os.PathLike[str] = "default") -> Path:
    """The folder of a bank: a shipped bank's name, `default`, or a path.

    Raises:
        ResourceError: neither.
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
        name_or_path: a shipped bank's name, `default`, or the folder of a bank.

    Raises:
        ResourceError: there is none, or it is damaged.
    """
    return read_bank(find_bank(name_or_path))
