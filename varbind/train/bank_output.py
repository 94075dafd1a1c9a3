"""The last steps of a training: golden scores, the background, and the folder of the bank with its table of ratings."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from varbind.errors import OutputError
from varbind.io.banks import write_bank
from varbind.scoring.background import add_background
from varbind.scoring.selftest import add_golden_scores

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from varbind.bank.bank import Bank
    from varbind.core.progress import Progress
    from varbind.scoring.background import BackgroundRecipe, PromoterSource

__all__ = ["write_trained_bank"]


def write_trained_bank(
    destination: Path,
    bank: Bank,
    write_ratings: Callable[[Path], None],
    *,
    checkpoints: Path,
    recipe: BackgroundRecipe,
    source: PromoterSource | None,
    progress: Progress | None,
) -> Bank:
    """Write a bank with its ratings, which are moved into place at once, and remove the checkpoints.

    Args:
        destination: the folder of the bank.
        bank: the trained bank, without golden scores and background.
        write_ratings: writes the table of ratings to a path.
        checkpoints: the folder of the checkpoints.
        recipe: the recipe of the background.
        source: the source of background sequence; None = a Markov chain of human promoters.
        progress: called with the number of background variants scored and the number of all.

    Returns:
        The bank, which has been written.

    Raises:
        OutputError: the destination cannot be written.
    """
    bank = add_background(add_golden_scores(bank), recipe=recipe, source=source, progress=progress)
    unfinished = checkpoints / "bank"
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        write_bank(unfinished, bank)
        write_ratings(unfinished / "ratings.tsv")
        unfinished.rename(destination)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", path=destination) from error
    shutil.rmtree(checkpoints, ignore_errors=True)
    return bank
