"""Networks of other assays on ChIP-seq: a small folder of data that looks like the real one, from file to table."""

import gzip
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("matplotlib", reason="needs the extra `plots`")
pytest.importorskip("sklearn", reason="needs the extra `train`")

import pbm_on_chip
import selex_on_chip
from chip_regions import ChipRegions
from motif_banks import CRE, E_BOX, motif_model
from planted import sequence, write_lines

from varbind.core.deepbind import DeepBindStack
from varbind.core.sequence import decode
from varbind.io.deepbind_text import write_deepbind_folder

CHROMOSOMES = ("14", "16", "20")
REGIONS = 120


def write_regions(data):
    """A third of the regions holds CRE and is bound by CREB1, a third is open, and a third is unresolved."""
    rng = np.random.default_rng(0)
    folder = data / "chipseq-hg38"
    folder.mkdir()
    (data / "chipseq-encode2").mkdir()
    labels = np.tile(np.array([1, 0, -1], dtype=np.int8), REGIONS)
    for number, name in enumerate(CHROMOSOMES):
        lines = []
        for row in range(REGIONS):
            text, start = sequence(rng, 200), int(rng.integers(190))
            if labels[number * REGIONS + row] == 1:
                text = text[:start] + CRE + text[start + len(CRE) :]
            lines.append(f">{row}::chr{name}:1-201\n{text[:200]}\n")
        (folder / f"sequences.200bp.chr{name}.fa.gz").write_bytes(gzip.compress("".join(lines).encode()))
    table = {
        "labels": np.stack([labels, np.zeros_like(labels)]),
        "tfs": np.array(["CREB1", "MAX"]),
        "region_id": np.arange(len(labels)),
        "chrom": np.repeat(CHROMOSOMES, REGIONS),
    }
    for source in ("chipseq-hg38", "chipseq-encode2"):
        np.savez(data / source / "labels.npz", **table)


def write_models(data, assay, models):
    """Published networks, each of a motif of Creb1."""
    cards, stacks = zip(*(motif_model(name, "Creb1", motif) for name, motif in models.items()), strict=True)
    cards = [replace(card, assay=assay) for card in cards]
    write_deepbind_folder(data / "deepbind-published", cards, DeepBindStack.by_config(stacks))


def write_matrices(data):
    """Matrices of HT-SELEX of half of CRE, and one of another study, which is better and not used."""
    (data / "pwm").mkdir()
    parts = {"half": CRE[:5], "other": CRE}
    lines = []
    for name, motif in parts.items():
        counts = [" ".join("97" if base == letter else "1" for base in motif) for letter in "ACGT"]
        lines += [f">{name}", *(f"{letter} [ {row} ]" for letter, row in zip("ACGT", counts, strict=True))]
    (data / "pwm/SELEX_3933.jaspar.gz").write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
    rows = ["ID\tsymbol\tstudy\texperiment", "half\tCREB1\tJolma2013\tHT-SELEX", "other\tCREB1\tYin2017\tHT-SELEX"]
    (data / "pwm/SELEX_3933.metadata.tsv.gz").write_bytes(gzip.compress("\n".join([*rows, ""]).encode()))


def run(monkeypatch, module, *words):
    monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, words)])
    module.main()


def test_regions_are_those_of_their_chromosomes(tmp_path):
    write_regions(tmp_path)
    regions = ChipRegions.read(tmp_path, "remap", ("20",))
    assert len(regions.sequences) == REGIONS
    assert (regions.bound_count("CREB1"), regions.bound_count("MAX"), regions.bound_count("JUN")) == (40, 0, 0)
    tests = regions.tests("CREB1", 30, 1)
    for kind in ("shuffled", "unbound"):
        assert (len(tests[kind].sequences), tests[kind].bound.sum()) == (60, 30)
        assert all(CRE in decode(codes) or decode(codes)[-4:] in CRE for codes in list(tests[kind].sequences)[:30])
    again = regions.tests("CREB1", 30, 1)["unbound"]
    assert again.sequences.codes.tobytes() == tests["unbound"].sequences.codes.tobytes()


def test_labels_of_other_regions_are_refused(tmp_path):
    write_regions(tmp_path)
    path = tmp_path / "chipseq-encode2/labels.npz"
    table = dict(np.load(path))
    np.savez(path, **{**table, "region_id": table["region_id"] + 1})
    with pytest.raises(SystemExit, match="labels of other regions"):
        ChipRegions.read(tmp_path, "encode", ("20",))


def test_the_network_of_the_motif_is_chosen_and_better(tmp_path, monkeypatch):
    write_regions(tmp_path)
    write_models(tmp_path, "SELEX", {"D00001.001": E_BOX, "D00002.001": CRE})
    write_matrices(tmp_path)
    run(monkeypatch, selex_on_chip, tmp_path, tmp_path / "out", "--most", 60)
    table = pd.read_csv(tmp_path / "out/selex_on_chip.encode.tsv", sep="\t")
    (row,) = table.to_dict("records")
    assert (row["protein"], row["bound"], row["networks"], row["matrices"]) == ("CREB1", 60, 2, 1)
    assert row["chosen_network"] == "D00002.001"
    assert row["whole_shuffled"] > 0.8
    assert row["whole_shuffled"] > row["matrix_shuffled"] == row["best_matrix_shuffled"]
    summary = pd.read_csv(tmp_path / "out/selex_on_chip.encode.summary.tsv", sep="\t", comment="#")
    assert summary["mean_network"].iloc[0] == pytest.approx(row["whole_shuffled"], rel=1e-3)
    assert summary["paper_network"].dropna().tolist() == [0.85, 0.85]
    assert (tmp_path / "out/selex_on_chip.encode.svg").stat().st_size
    (tmp_path / "chipseq-deepbind").mkdir()
    rows = [f"A\t{row}\t{sequence(np.random.default_rng(row), 93)}{CRE}\t1" for row in range(80)]
    text = "\n".join(["FoldID\tEventID\tseq\tBound", *rows, ""])
    (tmp_path / "chipseq-deepbind/CREB1_A_AC.seq.gz").write_bytes(gzip.compress(text.encode()))
    run(monkeypatch, selex_on_chip, tmp_path, tmp_path / "out", "--labels", "peaks", "--most", 60)
    (row,) = pd.read_csv(tmp_path / "out/selex_on_chip.peaks.tsv", sep="\t").to_dict("records")
    assert (row["bound"], row["chosen_network"]) == (60, "D00002.001")
    assert row["whole_shuffled"] > 0.8
    with pytest.raises(SystemExit, match="no protein has networks"):
        run(monkeypatch, selex_on_chip, tmp_path, tmp_path / "out", "--only", "MAX")


def write_array(path, seed):
    """Probes of 35 bases, with a larger signal where CRE is."""
    rng = np.random.default_rng(seed)
    lines = []
    for row in range(400):
        text, start = sequence(rng, 35), int(rng.integers(27))
        text = text[:start] + CRE + text[start + len(CRE) :] if row % 2 else text
        lines.append(f"{text}\t{np.exp(2 * (row % 2) + rng.normal(0, 0.3)):.3f}\t1.0\n")
    path.write_bytes(gzip.compress("".join(lines).encode()))


@pytest.mark.slow
def test_a_network_of_an_array_finds_what_is_bound(tmp_path, monkeypatch):
    write_regions(tmp_path)
    write_models(tmp_path, "PBM", {"D00001.001": E_BOX})
    folder = tmp_path / "pbm-dream5"
    folder.mkdir()
    for design, seed in (("HK", 1), ("ME", 2)):
        write_array(folder / f"Creb1_{design}.txt.gz", seed)
    header = "file\ttf\tarray\tprobes\tdeepbind_model"
    rows = [f"{tf}_{design}.txt.gz\t{tf}\t{design}\t400\tD00001.001" for tf, design in (("Creb1", "HK"), ("Max", "HK"))]
    write_lines(folder / "datasets.tsv", [header, *rows])
    run(monkeypatch, pbm_on_chip, tmp_path, tmp_path / "out", "--trials", 3, "--checkpoints", "100,200")
    (row,) = pd.read_csv(tmp_path / "out/pbm_on_chip.remap.tsv", sep="\t").to_dict("records")
    assert (row["protein"], row["bound"]) == ("Creb1", 80)
    for way in ("whole", "scan"):
        assert row[f"trained_{way}_shuffled"] > 0.75 > row[f"published_{way}_shuffled"]
    assert row["trained_pearson_ME"] > 0.7
    assert "1 of 2 arrays" in (tmp_path / "out/pbm_on_chip.remap.summary.tsv").read_text()
