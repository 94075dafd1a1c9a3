"""Models of any architecture from one bank to another: exported without a background, and imported with a new one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from varbind.api.import_deepbind import write_imported
from varbind.bank.bank import Bank
from varbind.errors import UsageError, printable
from varbind.io.banks import load_bank, write_bank
from varbind.io.output.atomic_files import refuse_existing

if TYPE_CHECKING:
    from varbind.core.progress import Progress
    from varbind.scoring.background import BackgroundRecipe, PromoterSource

__all__ = ["export_bank", "import_bank"]


def export_bank(bank: Bank, destination: str | Path) -> Bank:
    """Write models with their cards and weights, without a background, as a bank that `import_bank` reads.

    Args:
        bank: the models, which come from one bank.
        destination: the new folder.

    Raises:
        UsageError: the models come from several banks, whose cards state different sources and licences.
        OutputError: the folder exists or cannot be written.
    """
    if len(bank.cards) > 1:
        raise UsageError("the models are of several banks", remedy="export those of each bank separately")
    bare = tuple(replace(model, delta_sd=0.0, quantiles={}) for model in bank.models)
    card = replace(bank.cards[0], models=bare, background={}, quantile_levels=[], families={}, golden=None)
    return write_bank(destination, Bank((card,), bare, bank.stacks, background=None))


def import_bank(
    folder: str | Path,
    destination: str | Path,
    *,
    recipe: BackgroundRecipe | None = None,
    source: PromoterSource | None = None,
    progress: Progress | None = None,
) -> Bank:
    """Write the models of a bank with a new background and new golden scores.

    Args:
        folder: the bank, such as `export_bank` wrote.
        destination: the folder of the new bank, which must not exist; its name becomes the name of the bank.
        recipe: how the background is made; None = the default recipe.
        source: the source of background sequences; None = a Markov chain of human promoters.
        progress: called with the number of background variants done, and the number of all.

    Raises:
        ResourceError: the folder is not a bank, or is damaged.
        OutputError: the destination exists or cannot be written.
    """
    destination = Path(destination)
    refuse_existing(destination)
    bank = load_bank(folder)
    named = replace(bank, cards=(replace(bank.cards[0], name=printable(destination.name)),), background=None)
    return write_imported(named, destination, recipe=recipe, source=source, progress=progress)
