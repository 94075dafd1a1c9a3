"""What a training leaves: calibrated networks enter, a bank without background and a table of ratings leave."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from varbind.core.bank import Bank
from varbind.core.model_card import BankCard, ModelCard
from varbind.core.network import DeepBindStack
from varbind.train.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from varbind.train.calibration import Calibration, Rating
    from varbind.train.preparation import DataFacts
    from varbind.train.records import Calibrated
    from varbind.train.sets import TrainingSet

__all__ = ["Trained", "trained_bank", "write_ratings"]


@dataclass(frozen=True, slots=True)
class Trained:
    """One protein, its data and its networks."""

    own: TrainingSet
    facts: DataFacts
    calibrated: Calibrated


def trained_bank(name: str, trained: Sequence[Trained], calibration: Calibration, seed: int) -> Bank:
    """A bank of all networks, with cards."""
    models: list[ModelCard] = []
    stacks: list[DeepBindStack] = []
    for one in trained:
        ids = _model_ids(one.own, len(one.calibrated.stacks))
        for model_id, stack, row in zip(ids, one.calibrated.stacks, one.calibrated.chosen, strict=True):
            models.append(_model_card(model_id, stack, row, one, calibration, seed))
            stacks.append(replace(stack, model_ids=(model_id,)))
    proteins = len({model.protein for model in models})
    licences = sorted({one.own.licence for one in trained})
    card = BankCard(
        name=name,
        version="1",
        description=f"{len(models)} networks of {proteins} proteins, trained with automatic calibration",
        source="varbind train binding",
        licence=f"as the data: {'; '.join(licences)}",
        models=tuple(models),
    )
    shapes = dict.fromkeys(stack.shape for stack in stacks)
    joined = [DeepBindStack.concatenate([stack for stack in stacks if stack.shape == shape]) for shape in shapes]
    return Bank((card,), tuple(models), tuple(joined), background=None)


def write_ratings(path: Path, trained: Iterable[Trained]) -> None:
    """The log of all ratings, the best of each protein first."""
    settings = [field.name for field in fields(Setting)]
    lines = ["\t".join(["id", "measure", "setting", "steps", "mean", "folds", *settings])]
    for one in trained:
        for row in one.calibrated.log:
            values = one.calibrated.settings[row.setting].as_dict()
            words = [one.own.id, one.facts.measure, row.setting, row.steps, row.mean]
            cells = [*words, ",".join(map(_cell, row.ratings)), *(values[name] for name in settings)]
            lines.append("\t".join(map(_cell, cells)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _model_ids(own: TrainingSet, count: int) -> list[str]:
    """Ids of a set's networks: its own id; of several, with a number behind it."""
    return [own.id] if count == 1 else [f"{own.id}.{number}" for number in range(1, count + 1)]


def _model_card(
    model_id: str, stack: DeepBindStack, row: Rating, one: Trained, calibration: Calibration, seed: int
) -> ModelCard:
    own = one.own
    rating = {
        "measure": one.facts.measure,
        "mean": _rounded(row.mean),
        "folds": [_rounded(rating) for rating in row.ratings],
    }
    return ModelCard(
        model_id=model_id,
        protein=own.protein,
        family=own.family or own.protein,
        species=own.species,
        assay=own.assay,
        experiment=own.experiment,
        shape=stack.shape,
        default=own.default,
        training={
            "data": one.facts.as_dict(),
            "licence": own.licence,
            "setting": one.calibrated.settings[row.setting].as_dict(),
            "steps": row.steps,
            "cross_validation": rating,
            "calibration": {**asdict(calibration), "checkpoints": list(calibration.checkpoints)},
            "seed": seed,
        },
    )


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
