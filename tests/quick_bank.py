"""Seven shipped models with their background and their part of the second stage.

Most tests look at files, headers and statuses, for which any models will do: this bank is read within milliseconds.
"""

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from varbind.bank.binding_scale import BindingScale
from varbind.effect.activity import ActivityHead
from varbind.effect.features import binding_features, is_binding
from varbind.io.banks import load_bank, read_bank, weights_sha256, write_bank

QUICK_BANK = "quick"
QUICK_MODELS = ("ELK1", "GABPA", "KLF4", "KLF5.matrix", "USF1", "USF2", "TBP")


@cache
def quick_bank_path():
    """The folder of the bank, for `--bank`; it is removed when the process ends. Never write into it."""
    folder = Path(_home().name) / QUICK_BANK
    bank = load_bank().select(QUICK_MODELS)
    card = replace(bank.cards[0], name=folder.name, models=bank.models, golden=None)
    bank = replace(bank, cards=(card,))
    write_bank(folder, bank, effect=_part_of(bank.effect, bank))
    return folder


@cache
def quick_bank():
    """The bank in memory."""
    return read_bank(quick_bank_path())


@cache
def _home():
    return tempfile.TemporaryDirectory(prefix="varbind-tests-")


def _part_of(effect, bank):
    """The second stage without the weights of all models that a bank does not have."""
    card, activity, deepfind = effect.card, effect.heads["activity"], effect.heads["deepfind"]
    columns = [card.model_ids.index(model_id) for model_id in bank.model_ids]
    models, whole = len(card.model_ids), activity.refits.shape[1]
    inputs = [*columns, *(models + column for column in columns), *range(2 * models, whole)]
    known = set(binding_features(bank.model_ids))
    rows = [row for row, name in enumerate(deepfind.features) if name in known or not is_binding(name)]
    scale = BindingScale(*(getattr(activity.scale, name)[columns] for name in ("spread", "threshold", "softness")))
    heads = {
        "activity": ActivityHead(
            scale,
            activity.weights[:, columns],
            activity.local_weights,
            np.ascontiguousarray(activity.refits[:, inputs]),
        ),
        "deepfind": replace(
            deepfind,
            features=tuple(deepfind.features[row] for row in rows),
            center=deepfind.center[rows],
            spread=deepfind.spread[rows],
            hidden=np.ascontiguousarray(deepfind.hidden[:, rows]),
        ),
    }
    card = replace(
        card,
        name=bank.cards[0].name,
        bank={**card.bank, "name": bank.cards[0].name, "sha256": weights_sha256(bank)},
        model_ids=list(bank.model_ids),
        default_ids=list(bank.select_default().model_ids),
    )
    return replace(effect, card=card, heads={**effect.heads, **heads})
