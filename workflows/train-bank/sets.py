"""From the data folder and the choice among candidates to set tables: what is trained, read as a matrix, held out.

    python workflows/train-bank/sets.py DATA STATE

STATE has the tables of `choose.py` and `choose_selex.py`, and receives the files of the sets and the tables that
`varbind train binding` and `varbind evaluate binding` read:

    shipped.tsv    what may be passed on: regions with labels, peaks, reads and matrices under permissive licences
    matrices.tsv   every matrix of every protein of the regions, as a baseline
    training.tsv   the trained sets alone, from which baselines are chosen
    tests.tsv      held-out chromosomes, bound against shuffled, open-unbound and GC-matched regions
    peaks.tsv      peaks of experiments with test peaks, whatever their licence; and peaks-tests.tsv
    arrays-HK.tsv  arrays of proteins that also have one of the other design; and arrays-ME.tsv
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from families import read_families
from motif_collections import JASPAR, jaspar_proteins
from regions import BOTH, ENCODE, HELD_OUT, REMAP, Regions
from site_kinds import SITE_KINDS
from tables import read_table, write_table

from varbind.datasets.pwm import read_matrices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tables import Row

LEAST = 75
"""Bound training regions; fewer train no network."""

LEAST_HELD_OUT = 10
WIDEST = 24

SECOND, REGIONS = ".second", ".regions"
"""In training, the end of the id of the second network; in the finished bank, that of the first one instead.

The seed of a training follows from its id, so that a second network does not change the first.
"""

FIRST_FILE, SECOND_FILE = ".regions.tsv.gz", ".site.tsv.gz"

EXPERIMENTS = {
    REMAP: "open chromatin of any cell type, ReMap 2018 peaks with UniBind sites, hg38",
    ENCODE: "open chromatin of any cell type, ENCODE peaks, hg38",
    BOTH: "open chromatin of any cell type, ReMap 2018 peaks with UniBind sites or ENCODE peaks, hg38",
}

PERMISSIVE = {"lab-rasool_TFBS": "MIT"}
"""Origins of peaks whose licence allows to pass networks on; the others state none."""


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("state", type=Path)
    options = parser.parse_args()
    families = read_families(options.data / "pwm", published_families(options.data / "deepbind-published"))
    regions = Regions.read(options.data)
    training = list(region_sets(regions, options.state, families))
    tests = list(region_tests(regions, options.state / "tests", HELD_OUT, {REMAP: "", ENCODE: "ENCODE "}))
    peaks, peak_tests = peak_sets(options.data / "chipseq-deepbind", families)
    arrays = array_sets(options.data / "pbm-dream5", families)
    covered = {row["protein"] for row in training}
    shared = [
        {**row, "id": row["protein"], "default": "no"}
        for row in peaks
        if row["licence"] != "none stated" and row["protein"] not in covered
    ]
    reads = selex_sets(options.state, {row["protein"] for row in training}, families)
    trained = [*training, *shared, *reads]
    known = matrix_sets(options.data / "pwm", families)
    # Matrices of proteins with a network are candidates for the default set; JASPAR's only where there are no others.
    with_matrix = {row["protein"] for row in known}
    rare = {name for kind in SITE_KINDS.values() if not kind.binders & with_matrix for name in kind.planted}
    others = {row["protein"] for row in trained} - rare | with_matrix
    known += jaspar_sets(options.data / "pwm", others, families)
    tables = {
        "shipped": [*trained, *known],
        "training": [row for row in [*training, *shared] if not row["file"].endswith(SECOND_FILE)],
        "tests": [*tests, *(row for row in peak_tests if row["protein"] in {own["protein"] for own in shared})],
        "matrices": baseline_sets(options.data / "pwm", {row["protein"] for row in tests}),
        "peaks": peaks,
        "peaks-tests": peak_tests,
        **{f"arrays-{design}": rows for design, rows in arrays.items()},
    }
    for name, rows in tables.items():
        write_table(options.state / f"{name}.tsv", rows)


def region_sets(regions: Regions, state: Path, families: Mapping[str, str]) -> Iterator[Row]:
    """Write the sets of the proteins that were chosen, one or two networks each."""
    (state / "training").mkdir(parents=True, exist_ok=True)
    first, second = (read_table(state / f"choice-{name}.tsv") for name in ("regions", "site"))
    for row in [*first, *without_choice(regions, {row["protein"] for row in first}), *second]:
        protein, source, partners = row["protein"], row["source"], row["negatives"] == "site"
        path = state / "training" / f"{protein}{SECOND_FILE if row in second else FIRST_FILE}"
        regions.write(path, source, protein, regions.training(source, protein, partners=partners))
        specific = regions.is_specific(protein)
        yield {
            "id": f"{protein}{SECOND}" if row in second else protein,
            "protein": protein,
            "kind": "labels",
            "file": str(path.resolve()),
            "family": families.get(protein, protein),
            "species": "Homo sapiens",
            "assay": "ChIP-seq" if specific else "ChIP-seq, bound through other proteins",
            "experiment": EXPERIMENTS[source],
            "licence": "MIT" if source == REMAP else "MIT; ENCODE",
            "default": "yes" if specific else "no",
            "negatives": "file" if partners else "file,shuffles",
        }


def final_ids(ids: Iterable[str]) -> dict[str, str]:
    """The id in the finished bank of every id in training: the second network of a protein goes by its name."""
    known = set(ids)
    found = {own: own.removesuffix(SECOND) for own in known}
    return found | {own: f"{own}{REGIONS}" for own in known if f"{own}{SECOND}" in known}


def without_choice(regions: Regions, chosen: set[str]) -> Iterator[Row]:
    """The proteins that have enough peaks with sites only together with the chromosome on which candidates compare."""
    for protein in regions.labels[REMAP]:
        if protein not in chosen and regions.count(REMAP, protein, HELD_OUT, outside=True) >= LEAST:
            yield {"protein": protein, "source": REMAP, "negatives": "regions"}


def region_tests(
    regions: Regions,
    folder: Path,
    chromosomes: Sequence[str],
    prefixes: Mapping[str, str],
    *,
    partners: bool = False,
) -> Iterator[Row]:
    """Write the regions of some chromosomes that test every protein, one set at a time.

    Args:
        regions: the regions.
        folder: where the sets are written.
        chromosomes: the chromosomes.
        prefixes: the sources of labels, each with the start of the names of its tasks.
        partners: as for `Regions.tests`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for source, prefix in prefixes.items():
        for protein in regions.labels[source]:
            if regions.count(source, protein, chromosomes) < LEAST_HELD_OUT:
                continue
            for task, rows in regions.tests(source, protein, chromosomes, partners=partners).items():
                path = folder / f"{protein}.{source}.{task}.tsv.gz"
                regions.write(path, source, protein, rows)
                yield {
                    "id": f"{protein}:{source}:{task}",
                    "protein": protein,
                    "kind": "labels",
                    "file": str(path.resolve()),
                    "negatives": "shuffles" if task == "shuffled" else "file",
                    "task": f"{prefix}{task}",
                }


def selex_sets(state: Path, trained: set[str], families: Mapping[str, str]) -> list[Row]:
    """The reads of the proteins whose network is better than their matrix, and that no regions train well."""
    second = with_second(state) - {row["protein"] for row in read_table(state / "choice-site.tsv")}
    wanted = passed_on_reads(state) - trained | second
    return [
        {
            **row,
            "id": f"{row['protein']}{SECOND}" if row["protein"] in second else row["protein"],
            "family": families.get(row["protein"], row["protein"]),
            "species": "Homo sapiens",
            "assay": "HT-SELEX",
            "experiment": "selected reads of Yin et al. (2017), against background reads of other proteins",
            "licence": "reads: European Nucleotide Archive",
        }
        for row in read_table(state / "selex-shuffles.tsv")
        if row["protein"] in wanted
    ]


def passed_on_reads(state: Path) -> set[str]:
    """The proteins whose network of reads is better than their matrix."""
    return {row["protein"] for row in read_table(state / "selex-choice.tsv") if row["passed"] == "yes"}


def silent(state: Path) -> set[str]:
    """The proteins whose first network does not read their own site."""
    return {row["protein"] for row in read_table(state / "choice-regions.tsv") if row["reads"] == "no"}


def with_second(state: Path) -> set[str]:
    """The proteins that get a second network, of regions with the same sites of partners or of reads."""
    return {row["protein"] for row in read_table(state / "choice-site.tsv")} | silent(state) & passed_on_reads(state)


def peak_sets(folder: Path, families: Mapping[str, str]) -> tuple[list[Row], list[Row]]:
    """Training peaks (AC files) and test peaks with their shuffles (B files), of experiments that have both."""
    rows = read_table(folder / "datasets.tsv")
    tested = {row["file"].removesuffix("_B.seq.gz") for row in rows if row["file"].endswith("_B.seq.gz")}
    training, tests = [], []
    for row in rows:
        experiment, fold = row["file"].removesuffix(".seq.gz").rsplit("_", 1)
        if experiment not in tested:
            continue
        protein, cell, rest = (*experiment.split("_", 2), "")[:3]
        own = {
            "id": re.sub(r"[^A-Za-z0-9.-]+", "_", experiment).strip("_"),
            "protein": protein,
            "file": str((folder / row["file"]).resolve()),
            "family": families.get(protein, protein),
            "species": "Homo sapiens",
            "assay": "ChIP-seq",
            "experiment": f"{cell} {rest}".replace("_", " ").strip(),
            "licence": PERMISSIVE.get(row["origin"].partition("/")[0], "none stated"),
        }
        if fold == "AC":
            training.append({**own, "kind": "bound"})
        else:
            tests.append({**own, "kind": "labels", "task": "test peaks"})
    return training, tests


def array_sets(folder: Path, families: Mapping[str, str]) -> dict[str, list[Row]]:
    """By design (HK or ME) the arrays of the proteins that have both: one trains, the other tests."""
    rows = read_table(folder / "datasets.tsv")
    counts = Counter(row["tf"] for row in rows)
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if counts[row["tf"]] == 2:
            own = {
                "id": f"{row['tf']}.{row['array']}",
                "protein": row["tf"],
                "file": str((folder / row["file"]).resolve()),
                "kind": "intensities",
                "family": families.get(row["tf"].upper(), row["tf"]),
                "species": "Mus musculus",
                "assay": "PBM",
                "experiment": f"array {row['array']}",
                "licence": "none stated",
                "default": "no",
                "task": f"array {row['array']}",
            }
            found[row["array"]].append(own)
    return found


def matrix_sets(folder: Path, families: Mapping[str, str]) -> list[Row]:
    """One HT-SELEX matrix of every human protein, not of a pair, not wider than a detector."""
    path = folder / "SELEX_3933.jaspar.gz"
    found: dict[str, Row] = {}
    kinds = {"monomeric": 0, "dimeric": 1, "NA": 2}
    table = read_table(folder / "SELEX_3933.metadata.tsv.gz")
    rows = [row for row in table if row["type"] in kinds and row["experiment"] == "HT-SELEX"]
    # Of several the first that its study calls representative; then monomers before dimers.
    for row in sorted(rows, key=lambda row: (row["representative"] != "YES", kinds[row["type"]])):
        human = row["organism"] == "Homo_sapiens" and int(row["length"]) <= WIDEST
        if human and row["symbol"] not in found:
            found[row["symbol"]] = {
                "id": f"{row['symbol']}.matrix",
                "protein": row["symbol"],
                "file": str(path.resolve()),
                "kind": "matrix",
                "family": families.get(row["symbol"], row["symbol"]),
                "species": "Homo sapiens",
                "assay": f"matrix of {row['experiment']}",
                "experiment": f"{row['study']}, {row['ID']}",
                "licence": "MIT",
                "default": "no",
                "matrix": row["ID"],
            }
    return [found[protein] for protein in sorted(found)]


def jaspar_sets(folder: Path, others: set[str], families: Mapping[str, str]) -> list[Row]:
    """One JASPAR 2026 matrix of every human protein that is not one of the others, not wider than a detector."""
    path = folder / JASPAR
    matrices = read_matrices(str(path))
    found: dict[str, Row] = {}
    for motif, protein in jaspar_proteins(path).items():
        if not protein.isupper() or protein in others | found.keys() or len(matrices[motif]) > WIDEST:
            continue
        found[protein] = {
            "id": f"{protein}.matrix",
            "protein": protein,
            "file": str(path.resolve()),
            "kind": "matrix",
            "family": families.get(protein, protein),
            "species": "Homo sapiens",
            "assay": "matrix of JASPAR",
            "experiment": f"JASPAR 2026, {motif}",
            "licence": "CC BY 4.0",
            "default": "no",
            "matrix": motif,
        }
    return [found[protein] for protein in sorted(found)]


def baseline_sets(folder: Path, proteins: set[str]) -> list[Row]:
    """Every matrix of these proteins alone, from HOCOMOCO, JASPAR and HT-SELEX."""
    return [
        {"id": f"{source}:{name}", "protein": protein, "file": str(path.resolve()), "kind": "matrix", "matrix": name}
        for source, path, names in matrix_names(folder)
        for name, protein in names
        if protein in proteins and len(read_matrices(str(path))[name]) <= WIDEST
    ]


def matrix_names(folder: Path) -> Iterator[tuple[str, Path, list[tuple[str, str]]]]:
    """Of each collection, names of matrices with the protein each belongs to."""
    path = folder / "HOCOMOCOv11_core_HUMAN.meme.gz"
    annotation = read_table(folder / "HOCOMOCOv11_core_HUMAN.annotation.tsv.gz")
    yield "hocomoco", path, [(row["Model"], row["Transcription factor"].upper()) for row in annotation]
    path = folder / "JASPAR2022_vertebrates.gimme.pfm.gz"
    yield "jaspar", path, [(name, jaspar_protein(name)) for name in read_matrices(str(path))]
    path = folder / "SELEX_3933.jaspar.gz"
    rows = read_table(folder / "SELEX_3933.metadata.tsv.gz")
    yield "selex", path, [(row["ID"], row["symbol"].upper()) for row in rows if row["type"] == "monomeric"]


def jaspar_protein(name: str) -> str:
    """The protein in a name such as MA0004.1_MA0004.1.Arnt; pairs keep their colons and so match none."""
    return re.sub(r"\(var\.\d+\)", "", re.split(r"MA\d+\.\d+\.", name)[-1]).upper()


def published_families(folder: Path) -> dict[str, str]:
    """Families in the index of the published networks."""
    return {row["Protein"].upper(): row["Family"] for row in read_table(folder / "db.tsv") if row["Family"]}


if __name__ == "__main__":
    main()
