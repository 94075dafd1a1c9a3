"""Imports published DeepBind models into a bank, with background and golden scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from varbind.bank.bank import Bank
from varbind.bank.model_card import BankCard
from varbind.errors import printable
from varbind.io.banks import shipped_effects, weights_sha256, write_bank
from varbind.io.deepbind_text import read_deepbind_folder
from varbind.io.effects import find_effect
from varbind.io.output.atomic_files import refuse_existing
from varbind.scoring.background import BackgroundRecipe, PromoterSource, add_background
from varbind.scoring.selftest import add_golden_scores

if TYPE_CHECKING:
    from varbind.core.progress import Progress

__all__ = ["import_deepbind", "write_imported"]


def import_deepbind(
    folder: str | Path,
    destination: str | Path,
    *,
    recipe: BackgroundRecipe | None = None,
    source: PromoterSource | None = None,
    progress: Progress | None = None,
    allow_missing: bool = False,
) -> Bank:
    """Import a folder of published DeepBind parameter files (`db.tsv` and `params/*.txt`).

    Args:
        folder: the folder of the parameter files.
        destination: the folder of the bank, which must not exist; its name becomes the name of the bank.
        recipe: how the background is made; None = the default recipe.
        source: the source of background sequences; None = a Markov chain of human promoters.
        progress: called with the number of background variants done, and the number of all.
        allow_missing: continue with a warning where `db.tsv` names models without a parameter file.

    Returns:
        The bank that was written, with a second stage where the package has one for exactly these models.

    Raises:
        ResourceError: a file is missing or malformed.
        OutputError: the destination exists or cannot be written.
    """
    destination = Path(destination)
    refuse_existing(destination)
    models, stacks = read_deepbind_folder(folder, allow_missing=allow_missing)
    card = BankCard(
        name=printable(destination.name),
        version="0.1",
        description=f"{len(models)} published DeepBind models; {sum(m.default for m in models)} by default",
        source="DeepBind parameter files, Alipanahi et al. 2015, doi:10.1038/nbt.3300",
        licence="as stated by the folder they came from",
        models=tuple(models),
    )
    bank = Bank((card,), tuple(models), tuple(stacks), background=None)
    return write_imported(bank, destination, recipe=recipe, source=source, progress=progress)


def write_imported(
    bank: Bank,
    destination: Path,
    *,
    recipe: BackgroundRecipe | None,
    source: PromoterSource | None,
    progress: Progress | None,
) -> Bank:
    """Write a bank of imported models with golden scores, a background and the second stage that belongs to them.

    Args:
        bank: the models.
        destination: the folder of the bank.
        recipe: how the background is made; None = the default recipe.
        source: the source of background sequences; None = a Markov chain of human promoters.
        progress: called with the number of background variants done, and the number of all.

    Returns:
        The bank that was written.
    """
    scored = add_background(
        add_golden_scores(bank), recipe=recipe or BackgroundRecipe(), source=source, progress=progress
    )
    return write_bank(destination, scored, effect=find_effect(shipped_effects(), weights_sha256(scored)))
