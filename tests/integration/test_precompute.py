"""A table of every SNV of the promoters: annotate gives the same bytes with it, and a stopped run continues."""

import gzip
import json
import random
import shutil
import signal
import subprocess
import sys
import time

import pysam
import pytest
from integration.runs import FASTA, GENES, QUICK, VCF, Bench, annotation, base, call, line, snv
from oracles import TextReference
from pysam import bcftools
from quick_bank import quick_bank_path

from varbind.annotate.counts import AnnotationCounts
from varbind.cache.promoter_sites import Shard, chunks_of, site_lines
from varbind.core.variant import Variant, left_align, trim
from varbind.io.genes.gene_table import read_genes

REACH = ("--promoter", "40,20")
PROGRAM = """
import sys
from varbind.annotate.settings import AnnotateSettings
from varbind.api.precompute import precompute
from varbind.core.tss import Promoter
from varbind.io.banks import load_bank
out, fasta, genes, bank = sys.argv[1:]
settings = AnnotateSettings(promoter=Promoter(40, 20), proteins=("ELK1", "GABPA", "KLF4"), threads=1)
precompute(out, reference=fasta, genes=genes, bank=load_bank(bank), settings=settings, chunk_sites=50)
"""


def precompute(output, *options):
    words = ("-f", FASTA, "--genes", GENES, "--bank", quick_bank_path(), *QUICK, *REACH, *options)
    return call("precompute", "-o", output, *words)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The table of the example, without indels."""
    path = tmp_path_factory.mktemp("table") / "known.vcf.gz"
    done = precompute(path)
    assert done.code == 0, done.err
    assert sorted(left.name for left in path.parent.iterdir()) == ["known.vcf.gz", "known.vcf.gz.csi"]
    return path


def starts():
    return list(read_genes(GENES, tss="preferred").index)


def inside(tss):
    """A position in the promoter of a start."""
    return tss.pos - 5


def variants(bench):
    """SNVs, several alleles a record, indels that the table lacks, and records in no order."""
    rows = []
    for tss in starts():
        contig, pos = tss.contig, inside(tss)
        ref = base(contig, pos)
        others = [letter for letter in "ACGT" if letter != ref]
        rows += [
            snv(contig, pos),
            line(contig, pos, ref, ",".join([*others, "<DEL>", ref + "GATTACA"])),
            line(contig, pos + 2, base(contig, pos + 2, 2), base(contig, pos + 2)),
            line(contig, pos + 900, base(contig, pos + 900), "*"),
        ]
    return bench.vcf(*rows), bench.vcf(*random.Random(3).sample(rows, len(rows)), name="unsorted.vcf")


@pytest.mark.parametrize("kind", ["example", "example gz", "example bcf", "many", "unsorted"])
def test_the_bytes_are_those_without_the_table(table, tmp_path, packed, binary, kind):
    bench = Bench(tmp_path)
    many, unsorted = variants(bench)
    source = {"example": VCF, "example gz": packed, "example bcf": binary, "many": many, "unsorted": unsorted}[kind]
    output = "out.bcf" if kind == "example bcf" else "out.vcf.gz"
    assert bench.annotate(source, *REACH, "--stats", tmp_path / "without.json", output=output).code == 0
    without = (bench.results / output).read_bytes()
    done = bench.annotate(source, *REACH, "--cache", table, "--stats", tmp_path / "with.json", output=output)
    assert done.code == 0, done.err
    assert (bench.results / output).read_bytes() == without
    assert counts(tmp_path / "with.json") == counts(tmp_path / "without.json")
    (found,) = [said for said in done.lines if "alleles found in" in said]
    if kind in {"many", "unsorted"}:
        assert f"{4 * len(starts())} of {6 * len(starts())} alleles" in found
        assert bench.annotate(source, *REACH, "--cache", table, "--prefix", "OTHER", output=output).code == 0
        renamed = gzip.decompress((bench.results / output).read_bytes())
        assert renamed.replace(b"OTHER", b"VARBIND") == gzip.decompress(without)


def counts(path):
    """The counts of a run, without its times."""
    statistics = json.loads(path.read_text())
    return {name: statistics[name] for name in (*AnnotationCounts().as_json(), "phred_histogram")}


def test_values_replace_those_of_an_earlier_run_and_follow_other_keys(table, tmp_path):
    bench = Bench(tmp_path)
    tss = starts()[0]
    pos, ref = inside(tss), base(tss.contig, inside(tss))
    first, other = [letter for letter in "ACGT" if letter != ref][:2]
    rows = [
        line(tss.contig, pos, ref, first, info="DP=5"),
        line(tss.contig, pos, ref, first),
        line(tss.contig, pos, ref.lower(), other),
        line(tss.contig, pos, ref, other, info="VARBIND_SCORE=7;DP=3"),
    ]
    source = bench.vcf(*rows)
    assert bench.annotate(source, *REACH, "--overwrite").code == 0
    without = (bench.results / "out.vcf").read_bytes()
    done = bench.annotate(source, *REACH, "--overwrite", "--cache", table)
    assert "4 of 4 alleles found" in done.err
    assert (bench.results / "out.vcf").read_bytes() == without
    assert "VARBIND_SCORE is already present" in bench.refused(2, source, *REACH, "--cache", table)


def test_a_coarse_index_is_named(table, tmp_path):
    bench, copy = Bench(tmp_path), tmp_path / "coarse.vcf.gz"
    shutil.copyfile(table, copy)
    pysam.tabix_index(str(copy), preset="vcf")
    done = bench.annotate(VCF, *REACH, "--cache", copy)
    assert done.code == 0
    assert "coarse.vcf.gz: its index is coarse" in done.err


OTHERS = {
    "genome": (),
    "genes": (),
    "tss": ("--tss", "all"),
    "promoter": ("--promoter", "41,20"),
    "everywhere": ("--everywhere",),
    "contig_map": (),
    "proteins": ("--proteins", "ELK1"),
    "effect": ("--effect", "none"),
    "explain": ("--explain", "2"),
    "top": ("--top", "2"),
    "bank": ("--bank", "default", "--proteins", "ELK1,GABPA,KLF4"),
    "tracks": (),
}


@pytest.mark.parametrize("part", OTHERS)
def test_a_table_of_another_key_is_refused(table, tmp_path, part):
    bench, inputs, options = Bench(tmp_path), {}, (*REACH, *OTHERS[part])
    if part == "genome":
        tss, inputs["fasta"] = starts()[0], tmp_path / "other.fa"
        inputs["fasta"].write_text(with_other_base(tss.contig, inside(tss)))
    elif part == "genes":
        inputs["genes"] = bench.file("other.gtf", GENES.read_bytes() + b"# another file\n")
    elif part == "contig_map":
        options = (*options, "--contig-map", bench.file("map.tsv", b"chrA\tchr1\n"))
    elif part == "tracks":
        pybigtools = pytest.importorskip("pybigtools", reason="needs the extra `tracks`")
        pybigtools.open(str(tmp_path / "a.bw"), "w").write({"chr1": 16_000}, iter([("chr1", 0, 9_000, 1.0)]))
        options = (*options, "--conservation", f"a={tmp_path / 'a.bw'}")
    error = bench.refused(4, VCF, *options, "--cache", table, **inputs)
    assert f"known.vcf.gz: was computed with another {part}: the table has " in error
    assert ", this run has " in error


def with_other_base(contig, pos):
    """The example's genome with one base changed."""
    records = []
    for record in FASTA.read_text().split(">")[1:]:
        name, _, bases = record.partition("\n")
        bases = bases.replace("\n", "")
        if name.split()[0] == contig:
            bases = bases[: pos - 1] + ("A" if bases[pos - 1].upper() != "A" else "C") + bases[pos:]
        records.append(f">{name}\n{bases}\n")
    return "".join(records)


def test_what_is_no_table_is_refused(table, tmp_path):
    bench = Bench(tmp_path)
    assert "is no table of varbind precompute" in bench.refused(4, VCF, *REACH, "--cache", GENES)
    assert "does not exist" in bench.refused(4, VCF, *REACH, "--cache", tmp_path / "nothing.vcf.gz")
    shutil.copyfile(table, tmp_path / "bare.vcf.gz")
    assert "has no index" in bench.refused(4, VCF, *REACH, "--cache", tmp_path / "bare.vcf.gz")


def test_the_shards_are_the_whole(table, tmp_path):
    """Joined as they are; the blocks of the compression may lie elsewhere."""
    for number in (1, 2, 3):
        done = precompute(tmp_path / f"{number}.vcf.gz", "--shard", f"{number}/3")
        assert done.code == 0, done.err
    joined = tmp_path / "joined.vcf.gz"
    shards = [str(tmp_path / f"{number}.vcf.gz") for number in (1, 2, 3)]
    bcftools.concat("--naive", "-o", str(joined), *shards, catch_stdout=False)
    assert gzip.decompress(joined.read_bytes()) == gzip.decompress(table.read_bytes())
    assert "there is no shard 4 of 3" in precompute(tmp_path / "4.vcf.gz", "--shard", "4/3").error


def killed_with(count, path, parts):
    """Kill a run a moment after so many parts lie in the folder; 0 = it was faster."""
    words = [sys.executable, "-c", PROGRAM, path, FASTA, GENES, quick_bank_path()]
    process = subprocess.Popen([*map(str, words)])
    while process.poll() is None and len(list(parts.glob("*.gz"))) < count:
        time.sleep(0.0005)
    time.sleep(0.02 * random.Random(count).random())
    process.send_signal(signal.SIGKILL)
    return process.wait()


@pytest.mark.slow
def test_a_run_that_is_killed_continues_to_the_same_bytes(table, tmp_path):
    path, parts = tmp_path / "killed.vcf.gz", tmp_path / "killed.vcf.gz.parts"
    killed_with(0, path, parts)  # before or while the first part is made
    kept, count = [], 1
    while killed_with(count, path, parts):
        kept.append(len(list(parts.glob("*.gz"))))
        count = kept[-1] + 1
        assert len(kept) < 60
        assert not path.exists() or path.read_bytes() == table.read_bytes()
    assert any(kept)
    assert kept == sorted(kept)
    assert path.read_bytes() == table.read_bytes()
    assert not parts.exists()


def test_parts_of_other_settings_are_refused(tmp_path):
    path = tmp_path / "known.vcf.gz"
    (tmp_path / "known.vcf.gz.parts").mkdir()
    (tmp_path / "known.vcf.gz.parts" / "settings.txt").write_text("others\n")
    done = precompute(path)
    assert done.code == 5
    assert "has the parts of a table with other settings" in done.error
    assert not path.exists()


def test_bcftools_transfers_the_same_values(table, tmp_path):
    bench = Bench(tmp_path)
    source = bench.vcf(*[snv(tss.contig, inside(tss)) for tss in sorted(starts(), key=lambda s: (s.contig, s.pos))])
    assert bench.annotate(source, *REACH, output="out.vcf").code == 0
    pysam.tabix_compress(str(source), str(source) + ".gz")
    pysam.tabix_index(str(source) + ".gz", preset="vcf")
    text = bcftools.annotate("-a", str(table), "-c", "INFO", str(source) + ".gz")
    assert values(text) == values((bench.results / "out.vcf").read_text())


def values(text):
    """Our keys of each record, by name."""
    rows = [row.split("\t") for row in text.splitlines() if not row.startswith("#")]
    return [(row[:5], {entry for entry in row[7].split(";") if entry.startswith("VARBIND_")}) for row in rows]


def test_every_allele_is_listed_once_in_its_leftmost_form():
    """Against all single changes of a short genome, normalised one by one."""
    genome = TextReference(c="AACCGTTNGGACACAT")
    text = genome.fetch("c", 0, 16)
    lines = [row.decode().split("\t") for row in site_lines([("c", 0, 15)], genome, indels=True)]
    found = [trim(int(row[1]), row[3], row[4]) for row in lines]
    assert len(found) == len(set(found))
    assert [int(row[1]) for row in lines] == sorted(int(row[1]) for row in lines)
    expected = set()
    for place in range(15):
        if text[place] == "N":
            continue
        expected |= {(place + 1, text[place], other) for other in "ACGT" if other != text[place]}
        indels = [Variant("c", place + 2, "", other) for other in "ACGT"]
        indels += [Variant("c", place + 2, text[place + 1], "")] if text[place + 1] != "N" else []
        moved = [left_align(variant, genome) for variant in indels]
        expected |= {(one.pos, one.ref, one.alt) for one in moved if one.pos > 1 and text[one.pos - 2] != "N"}
    assert set(found) == expected


def test_shards_have_every_chunk_once():
    chunks = chunks_of([("a", 0, 25), ("b", 3, 20)], 10)
    assert [sum(end - start for _, start, end in spans) for spans in chunks] == [10, 10, 10, 10, 2]
    assert [place for number in (1, 2, 3) for place in Shard(number, 3).of(5)] == [0, 1, 2, 3, 4]


def test_indels_of_the_table_are_found(tmp_path):
    path, bench = tmp_path / "indels.vcf.gz", Bench(tmp_path)
    assert precompute(path, "--indels", "--promoter", "8,8").code == 0
    tss = starts()[0]
    contig, pos = tss.contig, inside(tss)
    rows = [
        line(contig, pos, base(contig, pos), base(contig, pos) + "G"),
        line(contig, pos, base(contig, pos, 2), base(contig, pos)),
    ]
    source = bench.vcf(*rows)
    options = ("--promoter", "8,8")
    assert bench.annotate(source, *options).code == 0
    without = (bench.results / "out.vcf").read_bytes()
    done = bench.annotate(source, *options, "--cache", path)
    assert "2 of 2 alleles found" in done.err
    assert (bench.results / "out.vcf").read_bytes() == without


def test_a_table_has_the_values_of_tracks(tmp_path):
    pybigtools = pytest.importorskip("pybigtools", reason="needs the extra `tracks`")
    path, track, bench = tmp_path / "tracks.vcf.gz", tmp_path / "a.bw", Bench(tmp_path)
    heights = [("chr1", start, start + 10, start / 1e4) for start in range(0, 16_000, 10)]
    pybigtools.open(str(track), "w").write({"chr1": 16_000, "chr2": 14_000}, iter(heights))
    options = ("--promoter", "8,8", "--conservation", f"a={track}")
    assert precompute(path, *options).code == 0
    source = bench.vcf(*[snv(tss.contig, inside(tss)) for tss in starts()])
    assert bench.annotate(source, *options).code == 0
    without = (bench.results / "out.vcf").read_bytes()
    assert b"VARBIND_CONS_a=" in without
    done = bench.annotate(source, *options, "--cache", path)
    assert f"{len(starts())} of {len(starts())} alleles found" in done.err
    assert (bench.results / "out.vcf").read_bytes() == without


def test_the_words_of_a_table_are_not_an_input_that_is_replaced(table):
    done = call(*annotation(VCF, *REACH, "--cache", table, "-o", table))
    assert done.code == 2
    assert pysam.TabixFile(str(table), index=f"{table}.csi").contigs
