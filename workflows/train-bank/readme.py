"""The model card for people, with its tables and figures, in the folder of the finished bank.

python workflows/train-bank/readme.py STATE BANK
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from default_set import LEAST_AUC, cross_validated, is_matrix
from families import LEAST_SIMILARITY
from figures import draw_confusion, draw_held_out
from regions import NEW_FACTORS, TASKS
from scipy.stats import wilcoxon
from sets import EXPERIMENTS, REGIONS
from tables import read_table

from varbind.evaluate.evaluation_data import Metric
from varbind.evaluate.report import Result, compare
from varbind.io.banks import read_bank

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from varbind.bank.model_card import ModelCard

WELL_TRAINED = 200
"""Bound training regions."""

TEXT = Path(__file__).with_name("model-card.md")
SOURCES = {words: source for source, words in EXPERIMENTS.items()}
GROUPS = {"ChIP-seq": "ChIP-seq", "ChIP-seq, bound through other proteins": "indirect", "HT-SELEX": "HT-SELEX"}


def main() -> None:
    """Write README.md and the figures that it shows."""
    state, folder = map(Path, sys.argv[1:])
    bank = read_bank(folder)
    models, counts = bank.models, bank.cards[0].background["counts"]
    trained = [model for model in models if not is_matrix(model)]
    matrices = [model for model in models if is_matrix(model)]
    default = [model for model in models if model.default]
    groups = Counter(GROUPS[model.assay] for model in trained if not model.model_id.endswith(REGIONS))
    named = confusion(state / "broken-sites-jaspar.tsv")
    words = {
        "proteins": len({model.protein for model in models}),
        "trained": len({model.protein for model in trained}),
        "chip": groups["ChIP-seq"],
        "selex": groups["HT-SELEX"],
        "indirect": groups["indirect"],
        "second": sum(model.model_id.endswith(REGIONS) for model in trained),
        "default": len(default),
        "default_matrices": sum(is_matrix(model) for model in default),
        "families": len({model.family for model in default}),
        "matrices": len(matrices),
        "least_auc": LEAST_AUC,
        "similarity": LEAST_SIMILARITY,
        "snvs": f"{counts['snv']:,}",
        "others": f"{counts['ins_1']:,}",
        "calibration": calibration_text(trained[0]),
        "held_out": summary_table(state / "held-out-regions" / "summary.md", TASKS),
        "held_out_200": well_trained_table(state / "held-out-regions" / "results.tsv", trained),
        "held_out_encode": summary_table(
            state / "held-out-regions" / "summary.md", [f"ENCODE {task}" for task in TASKS]
        ),
        "paired": paired_table(state / "paired.tsv"),
        "new": new_table(state / "held-out-regions" / "results.tsv", trained),
        "own_sites": summary_table(state / "held-out-own-sites" / "summary.md", TASKS),
        "selex_table": selex_table(state / "selex-choice.tsv"),
        "named": named_table(named),
        "motifs": motif_table(state / "motif-matches.tsv"),
        "allelic": (state / "allelic.md").read_text(encoding="utf-8").strip(),
        "peaks": summary_table(state / "peaks-all" / "summary.md"),
        "peaks_500": summary_table(state / "peaks-500" / "summary.md"),
        "arrays_me": summary_table(state / "arrays-on-ME" / "summary.md"),
        "arrays_hk": summary_table(state / "arrays-on-HK" / "summary.md"),
        "models": models_table(trained),
        "left_out": left_out_table(trained),
        "studies": ", ".join(f"{study} {count}" for study, count in studies(matrices)),
    }
    text = TEXT.read_text(encoding="utf-8")
    for name, word in words.items():
        text = text.replace(f"@{name}@", str(word))
    (folder / "README.md").write_text(text, encoding="utf-8")
    (folder / "held-out.svg").write_bytes(draw_held_out(*held_out_areas(trained, state)))
    (folder / "broken-sites.svg").write_bytes(draw_confusion(named))


def held_out_areas(models: Sequence[ModelCard], state: Path) -> tuple[dict[str, dict[str, float]], str]:
    """The AUC of the figure by group and protein, and what it is of."""
    areas: dict[str, dict[str, float]] = defaultdict(dict)
    for model in models:
        held_out = model.training["held_out"] or {}
        for task, words in (("gc-matched", "peaks with sites"), ("ENCODE gc-matched", "ENCODE peaks")):
            if task in held_out:
                areas[words][model.protein] = max(held_out[task], areas[words].get(model.protein, 0.0))
    areas["HT-SELEX reads"] = {
        row["protein"]: float(row["network_reported"]) for row in read_table(state / "selex-choice.tsv")
    }
    return dict(areas), "AUC on chromosomes 16 and 20 against regions of the same GC content, and on test reads"


def confusion(path: Path) -> dict[str, dict[str, int]]:
    """How often each kind of broken site is named as which kind."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in read_table(path):
        found[row["planted"]][row["named"]] = int(row["cases"])
    return dict(found)


def named_table(named: Mapping[str, Mapping[str, int]]) -> str:
    """A row for each kind: the share that is named rightly, and what else is named."""
    lines = ["| broken site | own kind first | else |", "|---|---:|---|"]
    for kind, counts in named.items():
        total = sum(counts.values())
        others = [(name, count) for name, count in counts.items() if name != kind and count >= 0.02 * total]
        words = ", ".join(f"{name.replace('_', ' ')} {count / total:.0%}" for name, count in others)
        lines.append(f"| {kind} | {counts.get(kind, 0) / total:.1%} | {words} |")
    mean = np.mean([counts.get(kind, 0) / sum(counts.values()) for kind, counts in named.items()])
    return "\n".join([*lines, f"| mean | {mean:.1%} | |"])


def motif_table(path: Path) -> str:
    """The share of default networks whose best detector matches their family, and the controls."""
    rows = read_table(path)
    shares = {name: np.mean([row[name] == "yes" for row in rows]) for name in ("matches", "scrambled", "other_protein")}
    return (
        f"Of {len(rows)} default networks with a motif, {shares['matches']:.0%} match their own family. With the "
        f"positions of the motifs in random order {shares['scrambled']:.0%} do, "
        f"and {shares['other_protein']:.0%} match the family of another protein"
    )


def paired_table(path: Path) -> str:
    """A row for each protein whose first network is not that of the earlier bank; nothing without such a bank."""
    if not path.exists():
        return ""
    cells: dict[str, list[str]] = defaultdict(list)
    for row in read_table(path):
        if row["task"] in TASKS:
            low, high = float(row["low"]), float(row["high"])
            cells[row["protein"]].append(f"{float(row['difference']):+.3f} ({low:+.3f} to {high:+.3f})")
    lines = [f"| network | {' | '.join(TASKS)} |", f"|---|{'---:|' * len(TASKS)}"]
    lines += [f"| {protein} | {' | '.join(own)} |" for protein, own in cells.items()]
    head = [
        "The AUC of the first networks that differ from those of the earlier bank, minus that of the earlier ones,",
        "with its 95 % interval on the same sequences. All others that both banks have are the same to the last byte:",
    ]
    return "\n".join([*head, "", *lines])


def new_table(path: Path, models: Sequence[ModelCard]) -> str:
    """A row for each protein with a network on ENCODE peaks alone: its AUC and that of the other methods."""
    indirect = {model.protein for model in models if GROUPS[model.assay] == "indirect"}
    areas: dict[str, dict[str, str]] = defaultdict(dict)
    for row in read_table(path):
        if row["task"] == "ENCODE gc-matched" and row["protein"] in NEW_FACTORS | indirect:
            areas[row["protein"]][row["method"]] = f"{float(row['auc']):.3f}"
    own, *others = dict.fromkeys(method for found in areas.values() for method in found)
    shown = [method for method in others if method in ("matrix", "published", "gkm-SVM")]
    lines = [f"| protein | binds | this bank | {' | '.join(shown)} |", f"|---|---|{'---:|' * (1 + len(shown))}"]
    for protein, found in sorted(areas.items()):
        cells = [protein, "through others" if protein in indirect else "itself"]
        lines.append(f"| {' | '.join([*cells, *(found.get(method, '') for method in (own, *shown))])} |")
    return "\n".join(lines)


def selex_table(path: Path) -> str:
    """Means and counts of networks and matrices on test reads and on chromosome 14, with a one-sided Wilcoxon test."""
    rows = read_table(path)
    lines = ["| tested on | proteins | network | matrix | network above | p |", "|---|---:|---:|---:|---:|---:|"]
    for words, suffix in (
        ("reads, half that decides", ""),
        ("reads, other half", "_reported"),
        ("chromosome 14", "_chip"),
    ):
        pairs = [
            (float(row[f"network{suffix}"]), float(row[f"matrix{suffix}"])) for row in rows if row[f"network{suffix}"]
        ]
        network, matrix = np.mean(pairs, axis=0)
        differences = np.subtract(*np.transpose(pairs))
        p = wilcoxon(differences, alternative="greater").pvalue
        cells = (words, len(pairs), f"{network:.3f}", f"{matrix:.3f}", f"{np.mean(differences > 0):.0%}", f"{p:.2g}")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def left_out_table(models: Sequence[ModelCard]) -> str:
    """A row for each network that is not used by default, with the reason."""
    lines = ["| network | reason |", "|---|---|"]
    lines += [f"| {model.model_id} | {model.training['not_default']} |" for model in models if not model.default]
    return "\n".join(lines)


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


def summary_table(path: Path, tasks: Sequence[str] = ()) -> str:
    """The table of an evaluation's summary; if tasks are named, their rows only."""
    head, *lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    kept = [line for line in lines if not tasks or line.startswith(("| ---", *(f"| {task} |" for task in tasks)))]
    return "\n".join([head, *kept])


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
        "| task | method | proteins | this bank | method's mean | this bank above |",
        "|---|---|---|---|---|---|",
    ]
    for one in compare(results, rows[0]["method"]):
        if one.above is not None:
            means = f"{one.mean_bank:.3f} | {one.mean_method:.3f} | {one.above:.0%}"
            lines.append(f"| {one.task} | {one.method} | {one.proteins} | {means} |")
    return "\n".join(lines)


def tested(held_out: Mapping[str, float]) -> list[str]:
    """The tasks that a row shows: peaks with sites where there are any, else ENCODE peaks."""
    return list(TASKS) if TASKS[0] in held_out else [f"ENCODE {task}" for task in TASKS]


def models_table(models: Sequence[ModelCard]) -> str:
    """A row for each trained model."""
    names = [
        "network",
        "family",
        "data",
        "bound",
        "cross-validation",
        *(f"held out, {task}" for task in TASKS),
        "default",
    ]
    rows = [names, ["---"] * len(names)]
    for model in models:
        held_out = model.training["held_out"] or {}
        areas = [f"{held_out[task]:.3f}" if task in held_out else "" for task in tested(held_out)]
        bound = f"{model.training['data']['bound']:,}"
        default = "yes" if model.default else "no"
        source = SOURCES.get(model.experiment, model.assay)
        cells = [model.model_id, model.family, source, bound, f"{cross_validated(model):.3f}", *areas, default]
        rows.append(cells)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def studies(matrices: Sequence[ModelCard]) -> list[tuple[str, int]]:
    """Where matrices come from."""
    return Counter(model.experiment.partition(",")[0] for model in matrices).most_common()


if __name__ == "__main__":
    main()
