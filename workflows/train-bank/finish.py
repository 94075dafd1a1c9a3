"""The trained bank with its held-out scores, families and default models: what is copied to models/.

python workflows/train-bank/finish.py DATA STATE NEW_BANK
"""

from __future__ import annotations

import argparse
import gzip
import shutil
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from default_set import is_matrix, reads_own_site, reason_alone, reasons_against
from families import split_by_similarity
from motif_collections import read_collection
from regions import HELD_OUT, TASKS
from sets import final_ids
from site_responses import PlantedSites, site_responses
from tables import read_table

from varbind.bank.background import VariantKind
from varbind.io.banks import read_bank, write_bank
from varbind.scoring.background import add_family_quantiles
from varbind.scoring.selftest import add_golden_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from site_responses import SiteResponse

    from varbind.bank.bank import Bank
    from varbind.bank.model_card import ModelCard


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
    responses = site_responses(bank, sites)
    bank = without_needless(with_defaults(with_families(bank, responses), responses, sites), responses)
    held_out = held_out_scores(options.state, name)
    models = [with_held_out(model, held_out.get(model.model_id, {})) for model in bank.models]
    bank = with_final_ids(with_models(bank, models))
    card = replace(
        bank.cards[0],
        source="workflows/train-bank",
        licence="MIT; see README.md for the data",
    )
    options.destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(options.destination, ignore_errors=True)
    write_bank(options.destination, add_family_quantiles(replace(bank, cards=(card,))))
    with gzip.GzipFile(options.destination / "ratings.tsv.gz", "wb", mtime=0) as packed:
        packed.write((options.state / name / "ratings.tsv").read_bytes())


def with_families(bank: Bank, responses: Mapping[str, SiteResponse]) -> Bank:
    """The bank with families by the similarity of the changes of its models on the background."""
    assert bank.background is not None
    changes = bank.background.changes[VariantKind.SNV].decode()
    core = [not reason_alone(model, responses[model.model_id]) for model in bank.models]
    proteins, domains = ([getattr(model, name) for model in bank.models] for name in ("protein", "family"))
    families = split_by_similarity(proteins, domains, changes, np.array(core))
    return with_models(bank, [replace(model, family=own) for model, own in zip(bank.models, families, strict=True)])


def with_defaults(bank: Bank, responses: Mapping[str, SiteResponse], sites: PlantedSites) -> Bank:
    """The bank with its default models, and in each card the response to broken sites and the reason against it."""
    reasons = reasons_against(bank, responses, sites)
    models = []
    for model in bank.models:
        response, reason = responses[model.model_id], reasons[model.model_id]
        read = {"own": None if np.isnan(response.own) else round(response.own, 3)}
        read |= {"partner": response.partner, "foreign": round(response.foreign, 3)}
        training = {**model.training, "broken_sites": read, "not_default": reason or None}
        models.append(replace(model, default=not reason, training=training))
    return with_models(bank, models)


def without_needless(bank: Bank, responses: Mapping[str, SiteResponse]) -> Bank:
    """The bank without the matrices of proteins whose network reads their site, but for those used by default."""
    read = {
        model.protein
        for model in bank.models
        if not is_matrix(model) and reads_own_site(model, responses[model.model_id])
    }
    kept = [
        model.model_id for model in bank.models if not is_matrix(model) or model.default or model.protein not in read
    ]
    chosen = bank.select(kept)
    card = replace(chosen.cards[0], models=chosen.models, golden=None)
    return add_golden_scores(replace(chosen, cards=(card,)))


def with_final_ids(bank: Bank) -> Bank:
    """The bank in which the second network of a protein goes by its name."""
    ids = final_ids(model.model_id for model in bank.models)
    bank = with_models(bank, [replace(model, model_id=ids[model.model_id]) for model in bank.models])
    stacks = [replace(stack, model_ids=tuple(ids[own] for own in stack.model_ids)) for stack in bank.stacks]
    return replace(bank, stacks=tuple(stacks))


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
    on_regions = {task.removeprefix("ENCODE ") for task in held_out} & set(TASKS)
    by_chromosome = {"chromosomes": list(HELD_OUT)} if on_regions else {}
    training = {**model.training, "held_out": {**by_chromosome, **held_out} if held_out else None}
    return replace(model, training=training)


if __name__ == "__main__":
    main()
