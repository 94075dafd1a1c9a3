"""Finding a bank by name or folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from varbind.bank.bank import Bank
from varbind.bank.joined_models import join_models, names_of_banks
from varbind.errors import ResourceError, UsageError, printable
from varbind.io.banks import read_bank, read_card, shipped_banks

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from varbind.bank.model_card import ModelCard

__all__ = ["DEFAULT_BANK", "find_bank", "list_models", "load_bank", "load_banks"]

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


def load_banks(names_or_paths: Sequence[str | os.PathLike[str]]) -> Bank:
    """Read banks and join them; see `Bank.concatenate` for what becomes of ids that they share.

    Raises:
        ResourceError: there is none, or it is damaged.
        UsageError: a bank is named twice.
    """
    folders = _different_folders(names_or_paths)
    return Bank.concatenate([read_bank(folder) for folder in folders], folders=[_name_of(folder) for folder in folders])


def list_models(names_or_paths: Sequence[str | os.PathLike[str]]) -> list[ModelCard]:
    """The models of banks as `load_banks` joins them, told by the cards alone.

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
