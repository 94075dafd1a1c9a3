"""The trained bank with its held-out scores, default models and README: what is copied to models/.

python workflows/train-bank/finish.py STATE NEW_BANK
"""

from __future__ import annotations

import gzip
import shutil
import sys
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from regions import HELD_OUT
from tables import read_table

from varbind.evaluate.evaluation_data import Metric
from varbind.evaluate.report import Result, compare
from varbind.io.banks import read_bank, write_bank
from varbind.scoring.background import add_family_quantiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from varbind.bank.bank import Bank
    from varbind.bank.model_card import ModelCard

LEAST_AUC = 0.7
"""In cross-validation, of the default models: what learned less would only add to the tests that a variant stands."""

WELL_TRAINED = 200
"""Bound training regions."""

TEXT = Path(__file__).with_name("model-card.md")
TASKS = ("shuffled", "unbound", "gc-matched")


def main() -> None:
    """Write the folder."""
    state, destination = map(Path, sys.argv[1:])
    bank = with_plain_ids(read_bank(state / destination.name))
    held_out = held_out_scores(state / "held-out" / "results.tsv", destination.name)
    models = tuple(finished(model, held_out.get(model.protein, {})) for model in bank.models)
    card = replace(
        bank.cards[0],
        source="workflows/train-bank",
        licence="MIT; see README.md for the data",
        models=models,
    )
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(destination, ignore_errors=True)
    write_bank(destination, add_family_quantiles(replace(bank, cards=(card,), models=models)))
    text = readme(models, state, bank)
    (destination / "README.md").write_text(text, encoding="utf-8")
    with gzip.GzipFile(destination / "ratings.tsv.gz", "wb", mtime=0) as packed:
        packed.write((state / destination.name / "ratings.tsv").read_bytes())


def with_plain_ids(bank: Bank) -> Bank:
    """A trained model goes by its protein: one each, also where its set was named after an experiment."""
    ids = {model.model_id: model.model_id for model in bank.models}
    ids |= {model.model_id: model.protein for model in bank.models if cross_validated(model) is not None}
    models = tuple(replace(model, model_id=ids[model.model_id]) for model in bank.models)
    stacks = tuple(replace(stack, model_ids=tuple(ids[own] for own in stack.model_ids)) for stack in bank.stacks)
    return replace(bank, cards=(replace(bank.cards[0], models=models),), models=models, stacks=stacks)


def held_out_scores(path: Path, bank: str) -> dict[str, dict[str, Any]]:
    """By protein: areas under the curve by task, and how many bound regions were scored."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in read_table(path):
        if row["method"] == bank:
            found[row["protein"]][row["task"]] = float(row["auc"])
            found[row["protein"]]["bound"] = int(row["bound"])
    return found


def finished(model: ModelCard, held_out: Mapping[str, Any]) -> ModelCard:
    """The card with what was held out, and whether annotation uses the model by itself."""
    auc = cross_validated(model)
    if auc is None:
        return model
    by_chromosome = {"chromosomes": list(HELD_OUT)} if set(held_out) & set(TASKS) else {}
    training = {**model.training, "held_out": {**by_chromosome, **held_out} if held_out else None}
    return replace(model, training=training, default=model.default and auc >= LEAST_AUC)


def cross_validated(model: ModelCard) -> float | None:
    """Mean rating of the members of a trained model; None of a matrix."""
    members = model.training.get("members", [])
    return float(np.mean([member["cross_validation"]["mean"] for member in members])) if members else None


def readme(models: Sequence[ModelCard], state: Path, bank: Bank) -> str:
    """The model card for people."""
    trained = [model for model in models if cross_validated(model) is not None]
    matrices = [model for model in models if cross_validated(model) is None]
    counts = bank.cards[0].background["counts"]
    words = {
        "proteins": len({model.protein for model in models}),
        "trained": len(trained),
        "default": sum(model.default for model in trained),
        "matrices": len(matrices),
        "families": len({model.family for model in trained if model.default}),
        "least_auc": LEAST_AUC,
        "snvs": f"{counts['snv']:,}",
        "others": f"{counts['ins_1']:,}",
        "calibration": calibration_text(trained[0]),
        "held_out": summary_table(state / "held-out" / "summary.md", without="test peaks"),
        "held_out_200": well_trained_table(state / "held-out" / "results.tsv", trained),
        "foxm1": f"{foxm1_auc(trained):.3f}",
        "peaks": summary_table(state / "peaks-all" / "summary.md"),
        "peaks_500": summary_table(state / "peaks-500" / "summary.md"),
        "arrays_me": summary_table(state / "arrays-on-ME" / "summary.md"),
        "arrays_hk": summary_table(state / "arrays-on-HK" / "summary.md"),
        "models": models_table(trained),
        "studies": ", ".join(f"{study} {count}" for study, count in studies(matrices)),
    }
    text = TEXT.read_text(encoding="utf-8")
    for name, word in words.items():
        text = text.replace(f"@{name}@", str(word))
    return text


def calibration_text(model: ModelCard) -> str:
    """The search in words."""
    search = model.training["calibration"]
    steps = ", ".join(f"{count:,}" for count in search["checkpoints"])
    words = [
        f"{search['trials']} random settings, {search['folds']} folds of whole chromosomes",
        f"rated after {steps} steps",
        f"search `{search['search']}`, optimizer `{search['optimizer']}`, the best {search['ensemble_size']} kept",
        f"seed {model.training['seed']}",
    ]
    return ", ".join(words)


def summary_table(path: Path, *, without: str = "-") -> str:
    """The table of an evaluation's summary, without the rows of one task."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line.startswith("|") and not line.startswith(f"| {without} |"))


def well_trained_table(path: Path, models: Sequence[ModelCard]) -> str:
    """Mean AUC of the bank and of each method, and how often the bank is better, for proteins with enough regions."""
    enough = {model.protein for model in models if model.training["data"]["bound"] >= WELL_TRAINED}
    rows = [row for row in read_table(path) if row["protein"] in enough and row["task"] in TASKS]
    results = [
        Result(
            set_id=row["set"],
            protein=row["protein"],
            task=row["task"],
            experiment=row["experiment"],
            method=row["method"],
            model_id=row["model_id"],
            sequences=int(row["sequences"]),
            bound=int(row["bound"]),
            in_set=int(row["in_set"]),
            metrics={Metric.AUC: float(row["auc"])},
        )
        for row in rows
    ]
    lines = [
        "| task | method | proteins | promoter-v1 | method's mean | promoter-v1 above |",
        "|---|---|---|---|---|---|",
    ]
    for one in compare(results, rows[0]["method"]):
        if one.above is not None:
            means = f"{one.mean_bank:.3f} | {one.mean_method:.3f} | {one.above:.0%}"
            lines.append(f"| {one.task} | {one.method} | {one.proteins} | {means} |")
    return "\n".join(lines)


def foxm1_auc(models: Sequence[ModelCard]) -> float:
    """Of the one trained on peaks, on its test peaks."""
    return next(float(model.training["held_out"]["test peaks"]) for model in models if model.protein == "FOXM1")


def models_table(models: Sequence[ModelCard]) -> str:
    """A row for each trained model."""
    names = ["protein", "family", "bound", "cross-validation", *(f"held out, {task}" for task in TASKS), "default"]
    rows = [names, ["---"] * len(names)]
    for model in models:
        held_out = model.training["held_out"] or {}
        areas = [f"{held_out[task]:.3f}" if task in held_out else "" for task in TASKS]
        bound = f"{model.training['data']['bound']:,}"
        default = "yes" if model.default else "no"
        rows.append([model.protein, model.family, bound, f"{cross_validated(model):.3f}", *areas, default])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def studies(matrices: Sequence[ModelCard]) -> list[tuple[str, int]]:
    """Where matrices come from."""
    return Counter(model.experiment.partition(",")[0] for model in matrices).most_common()


if __name__ == "__main__":
    main()
