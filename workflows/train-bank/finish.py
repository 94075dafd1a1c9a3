"""The trained bank with its held-out scores, families, default models and README: what is copied to models/.

python workflows/train-bank/finish.py DATA STATE NEW_BANK
"""

from __future__ import annotations

import argparse
import gzip
import shutil
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from default_set import LEAST_AUC, is_matrix, reasons_against
from families import split_by_similarity
from motif_collections import read_collection
from regions import HELD_OUT
from site_responses import PlantedSites, site_responses
from tables import read_table

from varbind.bank.background import VariantKind
from varbind.evaluate.evaluation_data import Metric
from varbind.evaluate.report import Result, compare
from varbind.io.banks import read_bank, write_bank
from varbind.scoring.background import add_family_quantiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from varbind.bank.bank import Bank
    from varbind.bank.model_card import ModelCard

WELL_TRAINED = 200
"""Bound training regions."""

TEXT = Path(__file__).with_name("model-card.md")
TASKS = ("shuffled", "unbound", "gc-matched")


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("destination", type=Path)
    options = parser.parse_args()
    name = options.destination.name
    bank = read_bank(options.state / name)
    sites = PlantedSites(read_collection(options.data / "pwm", "hocomoco"), seed=1)
    bank = with_defaults(with_families(bank), sites)
    held_out = held_out_scores(options.state, name)
    models = tuple(with_held_out(model, held_out.get(model.model_id, {})) for model in bank.models)
    card = replace(
        bank.cards[0],
        source="workflows/train-bank",
        licence="MIT; see README.md for the data",
        models=models,
    )
    options.destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(options.destination, ignore_errors=True)
    write_bank(options.destination, add_family_quantiles(replace(bank, cards=(card,), models=models)))
    text = readme(models, options.state, bank)
    (options.destination / "README.md").write_text(text, encoding="utf-8")
    with gzip.GzipFile(options.destination / "ratings.tsv.gz", "wb", mtime=0) as packed:
        packed.write((options.state / name / "ratings.tsv").read_bytes())


def with_families(bank: Bank) -> Bank:
    """The bank with families by the similarity of the changes of its models on the background."""
    assert bank.background is not None
    changes = bank.background.changes[VariantKind.SNV].decode()
    families = split_by_similarity(
        [model.protein for model in bank.models], [model.family for model in bank.models], changes
    )
    return with_models(bank, [replace(model, family=own) for model, own in zip(bank.models, families, strict=True)])


def with_defaults(bank: Bank, sites: PlantedSites) -> Bank:
    """The bank with its default models, and in each card the response to broken sites and the reason against it."""
    responses = site_responses(bank, sites)
    reasons = reasons_against(bank, responses, sites)
    models = []
    for model in bank.models:
        response, reason = responses[model.model_id], reasons[model.model_id]
        read = {"own": None if np.isnan(response.own) else round(response.own, 3)}
        read |= {"partner": response.partner, "foreign": round(response.foreign, 3)}
        training = {**model.training, "broken_sites": read, "not_default": reason or None}
        models.append(replace(model, default=not reason, training=training))
    return with_models(bank, models)


def with_models(bank: Bank, models: Sequence[ModelCard]) -> Bank:
    """The bank with other cards of its models."""
    return replace(bank, cards=(replace(bank.cards[0], models=tuple(models)),), models=tuple(models))


def held_out_scores(state: Path, bank: str) -> dict[str, dict[str, Any]]:
    """By model: areas under the curve by task, and how many bound regions were scored."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for name in ("own-sites", "regions"):
        for row in read_table(state / f"held-out-{name}" / "results.tsv"):
            if row["method"] == f"{bank}-{name}":
                found[row["model_id"]][row["task"]] = float(row["auc"])
                found[row["model_id"]]["bound"] = int(row["bound"])
    return found


def with_held_out(model: ModelCard, held_out: Mapping[str, Any]) -> ModelCard:
    """The card of a network with what was held out."""
    if is_matrix(model):
        return model
    by_chromosome = {"chromosomes": list(HELD_OUT)} if set(held_out) & set(TASKS) else {}
    training = {**model.training, "held_out": {**by_chromosome, **held_out} if held_out else None}
    return replace(model, training=training)


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
