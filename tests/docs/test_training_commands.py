"""The commands of the pages that train, and of the page on splicing, on small data in which something is planted."""

import csv
import gzip

import pytest
from integration.runs import records, unpacked
from motif_banks import E_BOX, motif_bank, motif_model
from page_commands import commands_of, page, run_commands, run_script
from planted import (
    CHROMOSOMES,
    MOTIF,
    PEAKS_A_CHROMOSOME,
    SPACING,
    peak_lines,
    peak_starts,
    write_lines,
    write_reference,
)
from planted_effects import World, unique
from spliced_exons import MOTIF as PTB_SITE
from spliced_exons import write_exons

from varbind.io.banks import read_bank
from varbind.io.deepbind_text import write_deepbind_folder

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("scipy", reason="needs the extra `train`")

pytestmark = pytest.mark.slow

SHORTER = "--trials 4 --checkpoints 20,60 --ensemble-size 2 --background-snvs 300 --min-negatives 0"
"""As it stands, the command of the page trains for hours, whatever the data."""


def transcripts(starts):
    """Lines of a GTF with a transcript of 300 bases from each (contig, position) on."""
    attributes = 'gene_id "{0}.{1}"; transcript_id "{0}.{1}.1";'
    return [
        f"{contig}\ttests\ttranscript\t{pos}\t{pos + 299}\t.\t+\t.\t{attributes.format(contig, pos)}"
        for contig, pos in starts
    ]


def test_the_commands_of_training_run(tmp_path):
    write_reference(tmp_path)
    write_lines(tmp_path / "peaks.narrowPeak", peak_lines())
    start = peak_starts()[9]
    genes = "".join(f"{line}\n" for line in transcripts([("chr1", start + 150)]))
    (tmp_path / "genes.gtf.gz").write_bytes(gzip.compress(genes.encode()))
    lines = ["##fileformat=VCFv4.3"]
    lines += [f"##contig=<ID={name},length={SPACING * (PEAKS_A_CHROMOSOME + 1)}>" for name in CHROMOSOMES]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    # The third base of the motif of each peak near the gene; the gene ends 300 bases after its start.
    broken = [begin + 96 + 3 for begin in peak_starts()[8:11]]
    lines += [f"chr1\t{pos}\t.\t{MOTIF[2]}\tT\t.\t.\t." for pos in broken]
    (tmp_path / "in.vcf.gz").write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    commands = commands_of(page("training.md"))
    assert commands.count(" -o bank\n") == 1
    run_script(commands.replace(" -o bank\n", f" -o bank {SHORTER}\n"), tmp_path)
    (model,) = read_bank(tmp_path / "bank").models
    assert (model.model_id, model.protein, model.family) == ("CTCF", "CTCF", "CTCF-like")
    assert model.training["members"][0]["cross_validation"]["mean"] > 0.9
    assert (tmp_path / "bank" / "ratings.tsv").read_text(encoding="utf-8").startswith("id\tmeasure\t")
    rows = records(unpacked(tmp_path / "out.vcf.gz"))
    assert len(rows) == 3
    assert all(row["VARBIND_BIND_LOSS"].startswith("CTCF-like|CTCF|CTCF|") for row in rows)


def test_the_commands_of_the_second_stage_run(tmp_path):
    pytest.importorskip("pybigtools", reason="needs the extra `conservation`")
    folder = tmp_path
    world = World(folder)
    for own, name in {
        "bank": "BANK",
        "genome.fa": "ref.fa",
        "a.bw": "phylop.bw",
        "activity.tsv": "measured.tsv",
    }.items():
        (folder / own).rename(folder / name)
    write_lines(folder / "genes.gtf", transcripts((name, tss) for name in world.contigs for tss in (801, 2001)))
    header, *pairs = (folder / "pairs.tsv").read_text(encoding="utf-8").splitlines()
    write_lines(folder / "hepg2.tsv", [header, *pairs[::2]])
    write_lines(folder / "k562.tsv", [header, *pairs[1::2]])
    unseen = unique(world.in_motifs("chr7", E_BOX, 30) + world.anywhere("chr7", 30))
    world.write_vcf(folder / "in.vcf", [*world.activity[:20], *unseen])
    run_commands("effects.md", folder)
    assert {"card.json", "weights.safetensors"} <= {path.name for path in (folder / "effect").iterdir()}
    text = unpacked(folder / "out.vcf")
    rows = [row for row in records(text) if row.get("VARBIND_STATUS") == "ok"]
    assert len(rows) > 40
    for key in ("ACTIVITY", "ACTIVITY_SE", "SCORE", "PHRED", "SCORE_CONS", "CONS_PHRED", "DEEPFIND"):
        assert all(row.get(f"VARBIND_{key}", ".") != "." for row in rows), key
    assert any("in_training" in row.get("VARBIND_FLAG", "") for row in rows)


def test_the_commands_of_splicing_run(tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra `plots`")
    write_exons(tmp_path / "exons.tsv", tmp_path / "reference.fa")
    bank = motif_bank(
        motif_model("D00001.001", "PTBP1", PTB_SITE, double_stranded=False),
        motif_model("D00002.001", "NOVA1", "TCATTCAT", double_stranded=False),
        motif_model("D00003.001", "SP1", "GGGGCGGG"),
    )
    write_deepbind_folder(tmp_path / "FOLDER", bank.models, bank.stacks)
    run_commands("splicing.md", tmp_path)
    assert sorted(read_bank(tmp_path / "deepbind").model_ids) == ["D00001.001", "D00002.001", "D00003.001"]
    with (tmp_path / "result" / "splicing.tsv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    assert {row["protein"] for row in rows} == {"PTBP1", "NOVA1"}
    marked = [(row["protein"], row["region"], row["group"]) for row in rows if row["band"]]
    assert marked == [("PTBP1", "3SS", "down")]
    assert (tmp_path / "result" / "figure.svg").stat().st_size > 1000
