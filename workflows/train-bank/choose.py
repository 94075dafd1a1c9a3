"""From candidates to what is trained: the labels of every protein, and whether it gets a second network.

    python workflows/train-bank/choose.py DATA STATE regions|site

Reads the banks of candidates and their evaluation on chromosome 14, and writes STATE/choice-regions.tsv or
choice-site.tsv with one row for each network to train: protein, labels (source), negatives (regions: unbound ones of
the same GC content; site: unbound ones with the same sites of partners), the mean AUC on chromosome 14, the responses
to broken sites of HOCOMOCO with seed 1, and whether the own site comes first.

A protein is trained on the labels whose network tells best bound from unbound regions, by the mean over the labels of
both sources and three kinds of negatives, of those that are not worse on the peaks with sites, with any kind of
negatives, than the network of these peaks. If this network does not read the protein's own site, a second one is
trained, of the candidates that read it, on the labels and negatives of the one that is best against unbound regions
with the same sites of partners.
Proteins that bind through others need an AUC of 0.75 against regions of the same GC content.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from motif_collections import read_collection
from regions import ENCODE, REMAP, SOURCES, TASKS
from sets import silent
from site_responses import PlantedSites, site_responses
from tables import read_table

from varbind import load_bank

if TYPE_CHECKING:
    from collections.abc import Mapping

    from site_responses import SiteResponse

REGIONS, SITE = "regions", "site"

MOST_LOST = 0.005
"""The largest loss of AUC on peaks with sites, compared with the network that was trained on these peaks."""

LEAST_INDIRECT = 0.75
"""The least AUC against open regions of the same GC content for a protein that binds through others."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate.

    Attributes:
        source: the source of its labels.
        negatives: the kind of its negatives, regions or site.
        is_specific: whether the protein binds sequence specifically, and not through others.
        areas: the AUC on chromosome 14 by task, such as `remap gc-matched`.
        response: its responses to broken sites.
    """

    source: str
    negatives: str
    is_specific: bool
    areas: Mapping[str, float]
    response: SiteResponse

    def mean(self, *sources: str) -> float:
        """The mean AUC over the labels of some sources and three kinds of negatives."""
        return fmean(self.areas[f"{source} {task}"] for source in sources for task in TASKS)

    def partner_matched(self) -> float:
        """The mean AUC against regions with the same sites of partners."""
        return fmean(area for task, area in self.areas.items() if task.endswith("partner-matched"))

    @property
    def sources(self) -> list[str]:
        """The sources with whose labels it was tested."""
        return [source for source in (REMAP, ENCODE) if f"{source} gc-matched" in self.areas]


Candidates = dict[str, list[Candidate]]


def main() -> None:
    """Choose, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("variant", choices=[REGIONS, SITE])
    options = parser.parse_args()
    sites = PlantedSites(read_collection(options.data / "pwm", "hocomoco"), seed=1)
    candidates = read_candidates(options.state, REGIONS, sites)
    best = best_on_regions
    if options.variant == SITE:
        best = best_reader
        for protein, found in read_candidates(options.state, SITE, sites).items():
            candidates[protein] += found
        candidates = {protein: candidates[protein] for protein in silent(options.state)}
        candidates = {protein: own for protein, own in candidates.items() if own[0].is_specific}
    lines = ["protein\tsource\tnegatives\tauc\town\tpartner\tforeign\treads"]
    for protein, own in sorted(candidates.items()):
        one = best(own)
        if one is not None:
            response = one.response
            cells = [
                protein,
                one.source,
                one.negatives,
                f"{one.mean(*one.sources):.4f}",
                f"{response.own:.3f}",
                response.partner,
            ]
            lines.append("\t".join([*cells, f"{response.foreign:.3f}", "yes" if response.reads_own_site else "no"]))
    (options.state / f"choice-{options.variant}.tsv").write_text("\n".join([*lines, ""]))


def read_candidates(state: Path, negatives: str, sites: PlantedSites) -> Candidates:
    """The candidates with one kind of negatives, by protein."""
    found: Candidates = defaultdict(list)
    for source in SOURCES:
        name = f"candidates-{source}{'' if negatives == REGIONS else '-site'}"
        areas = read_areas(state / f"results-of-{name}" / "results.tsv", name)
        bank = load_bank(state / name)
        responses = site_responses(bank, sites)
        for model in bank.models:
            if model.protein in areas:
                response = responses[model.model_id]
                found[model.protein].append(Candidate(source, negatives, model.default, areas[model.protein], response))
    return found


def read_areas(path: Path, method: str) -> dict[str, dict[str, float]]:
    """The AUC of a method by protein and task."""
    areas: dict[str, dict[str, float]] = defaultdict(dict)
    for row in read_table(path):
        if row["method"] == method:
            areas[row["protein"]][row["task"]] = float(row["auc"])
    return areas


def best_on_regions(candidates: list[Candidate]) -> Candidate | None:
    """The best candidate of those that lose nothing on peaks with sites; None if it binds too badly through others."""
    old = next((one for one in candidates if one.source == REMAP and REMAP in one.sources), None)
    kept = [one for one in candidates if old is None or loses_nothing(one, old)]
    best = max(kept, key=lambda one: one.mean(*one.sources))
    if not best.is_specific and best.areas[f"{ENCODE} gc-matched"] < LEAST_INDIRECT:
        return None
    return best


def loses_nothing(one: Candidate, old: Candidate) -> bool:
    """Whether a candidate is not worse than another one on peaks with sites, with any kind of negatives."""
    tasks = [f"{REMAP} {task}" for task in TASKS]
    return all(one.areas[task] >= old.areas[task] - MOST_LOST for task in tasks)


def best_reader(candidates: list[Candidate]) -> Candidate | None:
    """The candidate that is best against regions with the same sites of partners, of those that read the own site."""
    readers = [one for one in candidates if one.response.reads_own_site]
    return max(readers, key=Candidate.partner_matched, default=None)


if __name__ == "__main__":
    main()
