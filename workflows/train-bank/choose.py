"""From candidates to what is trained: the labels of every protein, and whether it gets a second network.

    python workflows/train-bank/choose.py DATA STATE

Reads the banks of candidates and their evaluation on chromosome 14, and writes STATE/choice.tsv with one row for each
network to train: protein, labels (source), variant (regions or site), AUC on chromosome 14, the responses to broken
sites of HOCOMOCO with seed 1, and whether the own site comes first.

A protein is trained on the labels whose network tells best bound from unbound regions, by the mean over the labels of
both sources and three kinds of negatives, of those that are not worse on the peaks with sites than the network of these
peaks. If this network does not read the protein's own site, a second one is trained against unbound regions with the
same sites of partners, where a candidate for it reads the own site.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from motif_collections import read_collection
from regions import ENCODE, REMAP, SOURCES
from site_responses import PlantedSites, site_responses
from tables import read_table

from varbind import load_bank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from site_responses import SiteResponse

MOST_LOST = 0.005
"""Of the AUC on peaks with sites, against the network of these peaks."""

LEAST_INDIRECT = 0.75
"""AUC against open regions of the same GC content, of a protein that does not bind by itself."""

TASKS = ("shuffled", "unbound", "gc-matched")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate.

    Attributes:
        source: the source of its labels.
        areas: the AUC on chromosome 14 by task, such as `remap gc-matched`.
        response: its responses to broken sites.
    """

    source: str
    areas: Mapping[str, float]
    response: SiteResponse

    def mean(self, *sources: str) -> float:
        """The mean AUC over the labels of some sources and three kinds of negatives."""
        return fmean(self.areas[f"{source} {task}"] for source in sources for task in TASKS)

    def partner_matched(self) -> float:
        """The mean AUC against regions with the same sites of partners."""
        return fmean(area for task, area in self.areas.items() if task.endswith("partner-matched"))

    def has(self, source: str) -> bool:
        """Whether it was tested on the labels of a source."""
        return f"{source} gc-matched" in self.areas


Candidates = dict[str, list[Candidate]]


def main() -> None:
    """Choose, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    options = parser.parse_args()
    sites = PlantedSites(read_collection(options.data / "pwm", "hocomoco"), seed=1)
    regions = read_candidates(options.state, "", sites)
    own_sites = read_candidates(options.state, "-site", sites)
    lines = ["protein\tsource\tvariant\tauc\town\tpartner\tforeign\treads"]
    for protein in sorted(regions.keys() | own_sites.keys()):
        for variant, one in chosen(regions.get(protein, []), own_sites.get(protein, [])):
            response = one.response
            numbers = f"{response.own:.3f}\t{response.partner}\t{response.foreign:.3f}\t{_word(response)}"
            lines.append(f"{protein}\t{one.source}\t{variant}\t{one.partner_matched():.4f}\t{numbers}")
    (options.state / "choice.tsv").write_text("\n".join([*lines, ""]))


def read_candidates(state: Path, variant: str, sites: PlantedSites) -> Candidates:
    """The candidates of one variant, by protein."""
    found: Candidates = defaultdict(list)
    for source in SOURCES:
        name = f"candidates-{source}{variant}"
        areas = read_areas(state / f"results-of-{name}" / "results.tsv", name)
        for protein, response in site_responses(load_bank(state / name), sites).items():
            if protein in areas:
                found[protein].append(Candidate(source, areas[protein], response))
    return found


def read_areas(path: Path, method: str) -> dict[str, dict[str, float]]:
    """The AUC of a method by protein and task."""
    areas: dict[str, dict[str, float]] = defaultdict(dict)
    for row in read_table(path):
        if row["method"] == method:
            areas[row["protein"]][row["task"]] = float(row["auc"])
    return areas


def _word(response: SiteResponse) -> str:
    return "yes" if response.reads_own_site else "no"


def chosen(regions: list[Candidate], own_sites: list[Candidate]) -> Iterator[tuple[str, Candidate]]:
    """The candidates whose recipes are trained, with their variant."""
    first = best_on_regions(regions)
    if first:
        yield "regions", first
    if first is None or not first.response.reads_own_site:
        readers = [one for one in own_sites if one.response.reads_own_site]
        if readers:
            yield "site", max(readers, key=Candidate.partner_matched)


def best_on_regions(candidates: list[Candidate]) -> Candidate | None:
    """The best candidate, of those that lose nothing on peaks with sites; None if there are none."""
    if not candidates:
        return None
    sources = [source for source in (REMAP, ENCODE) if candidates[0].has(source)]
    old = next((one.mean(REMAP) for one in candidates if one.source == REMAP and one.has(REMAP)), 0.0)
    kept = [one for one in candidates if not one.has(REMAP) or one.mean(REMAP) >= old - MOST_LOST]
    return max(kept, key=lambda one: one.mean(*sources))


if __name__ == "__main__":
    main()
