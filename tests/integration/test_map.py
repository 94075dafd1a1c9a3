"""`varbind map`, `varbind models logo` and `varbind models motifs` on real files."""

import hashlib
import os
import re
import subprocess

import pysam
import pytest
from drawn import parsed, words_of
from integration.runs import CONTIGS, FASTA, HEADER, PROGRAM, VCF, call
from quick_bank import quick_bank_path

import varbind

REGION = "chr1:2600-2640"
MAP = (REGION, "-f", FASTA, "--protein", "ELK1")


def mapped(*words):
    """Run `varbind map` with a bank of seven models."""
    return call("map", *words, "--bank", quick_bank_path())


def with_models(*words):
    """Run `varbind models` with the same bank."""
    return call("models", *words, "--bank", quick_bank_path())


def table_of(done):
    assert done.code == 0, done.err
    header, *rows = done.out.decode().splitlines()
    return [dict(zip(header.split("\t"), row.split("\t"), strict=True)) for row in rows]


def test_the_table_of_a_region_holds_the_scores_of_a_vcf(bench):
    """The map of a region is what `score` finds for all its SNVs."""
    rows = table_of(mapped(*MAP))
    lines = "".join(f"chr1\t{row['pos']}\t.\t{row['from']}\t{row['to']}\t.\t.\t.\n" for row in rows)
    vcf = bench.file("snvs.vcf", HEADER + lines.encode())
    scored = table_of(call("score", vcf, "-f", FASTA, "--models", "ELK1", "--long"))
    assert len(rows) == len(scored) == 3 * 41
    for name in ("ref_score", "alt_score", "delta"):
        assert [row[name] for row in rows] == [row[name] for row in scored]


@pytest.mark.parametrize("suffix", ["svg", "png", "tsv", "csv", "parquet"])
def test_output_is_whole_and_the_same_again(bench, suffix):
    if suffix == "png":
        pytest.importorskip("resvg_py", reason="needs the extra `plots`")
    digests = set()
    for number in range(2):
        path = bench.results / f"{number}.{suffix}"
        done = mapped(*MAP, "-o", path, "--deletions", "3")
        assert (done.code, done.out) == (0, b""), done.err
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1
    assert len(list(bench.results.iterdir())) == 2


def test_the_reference_of_the_environment(monkeypatch):
    monkeypatch.setenv("VARBIND_FASTA", str(FASTA))
    assert mapped(REGION, "--protein", "ELK1").out == mapped(*MAP).out


def test_a_sequence_is_read_whole():
    sequence = CONTIGS["chr1"][2599:2640]
    rows = table_of(mapped(sequence.lower(), "--model", "ELK1"))
    expected = varbind.mutation_map(sequence, varbind.load_bank(), model_id="ELK1")
    for row in rows:
        value = expected["ACGT".index(row["to"]), int(row["pos"]) - 1]
        assert row["delta"] == f"{value:.6g}"
    assert {row["chrom"] for row in rows} == {""}


def test_alleles_of_a_vcf_are_mapped_side_by_side(bench):
    path = bench.results / "maps.svg"
    done = mapped(VCF, "-f", FASTA, "--top", "1", "-t", "chr1:2600-2680", "-o", path)
    assert done.code == 0, done.err
    words = words_of(parsed(path.read_text()))
    marked = [word for word in words if word.startswith("marked: ")]
    assert marked == ["marked: C>T at 2615", "marked: C>G at 2674"]
    assert sum(word.startswith("wild type") for word in words) == 2


def test_weighted_maps_differ(bench):
    for mode in ("delta", "weighted"):
        assert mapped(*MAP, "--mode", mode, "-o", bench.results / f"{mode}.svg").code == 0
    texts = [(bench.results / f"{mode}.svg").read_text() for mode in ("delta", "weighted")]
    assert texts[0] != texts[1]
    assert "x the score" in texts[1]


def test_an_indexed_file_is_read_by_region(bench, indexed):
    pysam.tabix_index(str(indexed), preset="vcf", force=True)
    done = mapped(indexed, "-f", FASTA, "--protein", "ELK1", "-r", "chr1:2615")
    assert {row["variant"] for row in table_of(done)} == {"chr1:2615 C>T"}


def test_hostile_names_stay_text(bench):
    name = "<svg&onload=alert(1)>"
    fasta = bench.file("hostile.fa", f">{name}\n{CONTIGS['chr1'][2500:2700]}\n".encode())
    path = bench.results / "map.svg"
    done = mapped(f"{name}:20-60", "-f", fasta, "--protein", "ELK1", "-o", path)
    assert done.code == 0, done.err
    root = parsed(path.read_text())
    assert f"ELK1, {name}:20-60" in words_of(root)
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert kinds <= {"svg", "title", "desc", "rect", "path", "g", "text"}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("ACGT",), 2, "no protein is named; give --protein NAME, or --top N for a VCF"),
        (("ACGT", "--protein", "nobody"), 2, "no protein or model named 'nobody'"),
        (("ACGT", "--protein", "ELK1", "-f", FASTA), 2, "-f goes with a region or a VCF"),
        (("ACGT", "--protein", "ELK1", "--top", "2"), 2, "--top goes with a VCF"),
        (("ACGT", "--protein", "ELK1", "-r", "chr1"), 2, "-r goes with a VCF"),
        (("ACGT", "--protein", "ELK1", "-o", "x.pdf"), 2, "x.pdf: an output of unknown kind; name it .svg, .png"),
        (("ACGT", "--protein", "ELK1", "-o", "none/x.svg"), 5, "none"),
        (("ACGT", "--protein", "ELK1", "--deletions", "16"), 2, "16 is not in the range"),
        ((REGION, "--protein", "ELK1"), 2, "no reference for the region chr1:2600-2640; give -f REF.fa"),
        ((REGION, "--protein", "ELK1", "-f", "none.fa"), 4, "none.fa: the reference cannot be read"),
        (("chr7:1-5", "--protein", "ELK1", "-f", FASTA), 2, "no contig 'chr7'; its first contig is 'chr1'"),
        (("none.vcf", "--protein", "ELK1", "-f", FASTA), 3, "none.vcf: cannot be read"),
        ((FASTA, "--protein", "ELK1", "-f", FASTA), 3, "not a VCF"),
        ((VCF, "--protein", "ELK1", "-f", FASTA, "-o", VCF), 2, "unknown kind"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(bench, monkeypatch, words, code, message):
    monkeypatch.chdir(bench.results)
    done = mapped(*words)
    assert done.code == code, done.err
    assert message in done.err.splitlines()[-1]
    assert "internal" not in done.err
    assert not list(bench.results.iterdir())


def test_a_picture_holds_so_many_maps(bench, monkeypatch):
    monkeypatch.setattr("varbind.cli.map.PICTURE_MAPS_MAX", 2)
    done = mapped(VCF, "--protein", "ELK1", "-f", FASTA, "-o", bench.results / "x.svg")
    assert done.code == 2
    assert "a picture holds at most 2 maps" in done.lines[-1]
    assert not list(bench.results.iterdir())


def test_an_output_never_replaces_its_input(bench):
    fasta = bench.file("genome.tsv", FASTA.read_bytes())
    done = mapped(REGION, "-f", fasta, "--protein", "ELK1", "-o", fasta)
    assert done.code == 2
    assert "the output is the input" in done.error
    assert fasta.read_bytes() == FASTA.read_bytes()


def test_a_picture_of_nothing_is_an_error(bench):
    vcf = bench.file("star.vcf", HEADER + b"chr1\t2615\t.\tC\t*\t.\t.\t.\n")
    done = mapped(vcf, "-f", FASTA, "--protein", "ELK1", "-o", bench.results / "x.svg")
    assert done.code == 3
    assert "no allele can be mapped" in done.err
    assert not list(bench.results.iterdir())


def test_standard_input():
    options = ["-f", FASTA, "--protein", "ELK1", "-t", "chr1:2615"]
    words = [*PROGRAM, "map", "-", *options, "--bank", quick_bank_path()]
    done = subprocess.run(words, input=VCF.read_bytes(), capture_output=True, check=False, env=os.environ, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == mapped(VCF, *options).out


def test_logos_of_detectors(bench):
    path = bench.results / "logos.svg"
    done = with_models("logo", "KLF5.matrix", "USF1", "--rule", "softmax", "--top", "2", "-o", path)
    assert done.code == 0, done.err
    words = [word for word in words_of(parsed(path.read_text())) if "detector" in word]
    models = [re.search(r"of (\S+),", word)[1] for word in words]
    assert sorted(set(models)) == ["KLF5.matrix", "USF1"]
    assert len(words) <= 3


@pytest.mark.parametrize("suffix", ["meme", "jaspar", "tsv"])
def test_motifs_by_suffix_and_by_format(bench, suffix):
    path = bench.results / f"motifs.{suffix}"
    words = ("motifs", "--models", "KLF5.matrix,USF1", "--rule", "softmax", "--top", "3")
    assert with_models(*words, "-o", path).code == 0
    assert with_models(*words, "--format", suffix).out == path.read_bytes()
    starts = {"meme": b"MEME version 4", "jaspar": b">", "tsv": b"model_id\tprotein"}
    assert path.read_bytes().startswith(starts[suffix])


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("logo", "ELK1", "-o", "x.tsv"), 2, "x.tsv: a picture of unknown kind; name it .svg or .png"),
        (("logo", "nobody", "-o", "x.svg"), 2, "no protein or model named 'nobody'"),
        (("logo", "ELK1", "-o", "x.svg", "--top", "300"), 2, "a picture holds at most 200"),
        (("logo", "ELK1", "-o", "x.svg", "--sequences", "none.fa"), 3, "none.fa"),
        (("logo", "KLF5.matrix", "-o", "x.svg", "--sequences", "uneven.fa"), 3, "sequences of 3 to 4 bases"),
        (("logo", "KLF5.matrix", "-o", "x.svg", "--sequences", "short.fa"), 2, "fewer than the 24 of a detector"),
        (("logo", "KLF5.matrix", "-o", "x.svg", "--sequences", "few.fa"), 3, "no detector has enough windows"),
        (("motifs", "--models", "nobody"), 2, "no protein or model named 'nobody'"),
    ],
)
def test_bad_motifs_are_one_line_and_leave_nothing(bench, monkeypatch, words, code, message):
    monkeypatch.chdir(bench.folder)
    bench.file("uneven.fa", b">a\nACG\n>b\nACGT\n")
    bench.file("short.fa", b">a\nACG\n>b\nACG\n")
    bench.file("few.fa", b">a\n" + b"ACGTA" * 8 + b"\n")
    done = with_models(*words)
    assert done.code == code, done.err
    assert message in done.err.splitlines()[-1]
    assert not (bench.folder / "x.svg").exists()
