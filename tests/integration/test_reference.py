"""Rows 19, 20, 34 to 36 and 54 to 58: the reference, and whether it is the right one."""

import codecs
import gzip
import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import pysam
import pytest
from integration.runs import (
    COLUMNS,
    CONTIGS,
    FASTA,
    GENES,
    HEADER,
    VCF,
    annotation,
    base,
    bound,
    call,
    line,
    other,
    snv,
    spawn,
    statuses,
    to_bcf,
)

NO_CONTIGS = b"##fileformat=VCFv4.2\n" + COLUMNS + b"\n"


def wrong(pos, chrom="chr1"):
    """A record whose REF is not the example's."""
    letter = other(base(chrom, pos))
    return line(chrom, pos, letter, other(letter))


def mixed(good, bad):
    """Records in a promoter of the example: some agree with it."""
    return [snv("chr1", 2101 + number) for number in range(good)] + [wrong(2500 + number) for number in range(bad)]


def test_row_19_some_differ(bench):
    source = bench.vcf(*mixed(4, 2))
    done, rows = bench.kept(source)
    assert statuses(rows) == ["ok"] * 4 + ["ref_mismatch"] * 2
    assert done.warnings == ["varbind: warning: 2 of 6 compared REF differ from the reference"]
    assert "not scored: ref_mismatch 2" in done.err


def test_row_19_silent(bench):
    done, rows = bench.kept(bench.vcf(*mixed(4, 2)), "--check-ref", "x")
    assert statuses(rows) == ["ok"] * 4 + ["ref_mismatch"] * 2
    assert done.warnings == []


def test_row_19_stops(bench):
    source = bench.vcf(*mixed(4, 2))
    error = bench.refused(3, source, "--check-ref", "e")
    assert f"{source}:11: REF is '{other(base('chr1', 2500))}', the reference has '{base('chr1', 2500)}'" in error


def test_row_19_outside_promoters_ref_is_not_compared(bench):
    _, rows = bench.kept(bench.vcf(*(wrong(7_000 + number) for number in range(30))), "--check-ref", "e")
    assert statuses(rows) == [None] * 30


@pytest.mark.parametrize(("good", "bad", "code"), [(0, 9, 0), (0, 10, 4), (89, 10, 4), (90, 10, 0), (20, 9, 0)])
def test_row_20_wrong_build(bench, good, bad, code):
    source = bench.vcf(*mixed(good, bad))
    if code == 0:
        bench.kept(source)
        return
    error = bench.refused(4, source)
    assert f"wrong genome build? {bad} of {good + bad} REF differ from the reference" in error
    assert "--allow-ref-mismatch" in error
    _, rows = bench.kept(source, "--allow-ref-mismatch")
    assert statuses(rows).count("ref_mismatch") == bad


def test_a_swapped_export_is_told(bench):
    """As plink writes them: ALT is the reference's base, REF the other one."""
    swapped = [line("chr1", pos, other(base("chr1", pos)), base("chr1", pos)) for pos in range(2900, 2940)]
    source = bench.vcf(*swapped, snv("chr1", 2950))
    error = bench.refused(4, source)
    assert "wrong genome build? 40 of 41 REF differ from the reference, and in 40 of these ALT is what" in error
    assert "swap them back with bcftools norm --check-ref s -f REF.fa" in error
    done, _ = bench.kept(source, "--allow-ref-mismatch")
    assert any(text.endswith("REF differ from the reference: REF and ALT look swapped") for text in done.warnings)


def test_row_20_only_the_first_thousand_count(bench):
    good = [snv("chr1", 2101 + number % 300) for number in range(1_000)]
    _, rows = bench.kept(bench.vcf(*good, *mixed(0, 200)))
    assert statuses(rows).count("ref_mismatch") == 200


@pytest.mark.parametrize("kind", ["file", "stdin"])
def test_row_20_within_seconds_and_before_any_output(bench, kind):
    many = b"".join(wrong(2101 + number) for number in range(900)) * 300
    source = bench.vcf(many)
    start = time.monotonic()
    with source.open("rb") as stream:
        done = spawn(*annotation("-" if kind == "stdin" else source), stdin=stream)
    assert done.code == 4
    assert done.out == b""
    assert "wrong genome build? 1,000 of 1,000" in done.error
    assert time.monotonic() - start < 10


def test_row_20_in_a_bcf(bench):
    """A run that stops early leaves a reader in the middle of the file; that is nobody's business."""
    source = to_bcf(bench.vcf(*[wrong(2101 + number % 800) for number in range(20_000)]), bench.folder / "in.bcf")
    error = bench.refused(4, source, run=spawn)
    assert "wrong genome build? 1,000 of 1,000" in error


def test_row_34_some_contigs_are_not_there(bench):
    stats = bench.folder / "stats.json"
    source = bench.vcf(
        snv("chr1", 2451), line("chrUn", 5, "A", "C"), line("HLA*01", 5, "A", "C"), line("chrUn", 6, "A", "C")
    )
    done, rows = bench.kept(source, "--stats", stats, genes=None)
    assert statuses(rows) == ["ok"] + ["no_contig"] * 3
    assert done.warnings == ["varbind: warning: not in the reference: chrUn, HLA*01 (3 records)"]
    assert json.loads(stats.read_text())["missing_contigs"] == {"HLA*01": 1, "chrUn": 2}


def test_row_34_without_a_start_a_contig_is_not_looked_at(bench):
    done, rows = bench.kept(bench.vcf(snv("chr1", 2451), line("chrUn", 5, "A", "C")))
    assert statuses(rows) == ["ok", None]
    assert done.warnings == []


def renamed(bench, data, name):
    return bench.file(name, data.replace(b"chr1", b"1").replace(b"chr2", b"2"))


@pytest.mark.parametrize("what", ["vcf", "fasta", "genes"])
def test_row_35_chr_prefix(bench, what):
    paths = {"vcf": VCF, "fasta": FASTA, "genes": GENES}
    paths[what] = renamed(bench, paths[what].read_bytes(), "renamed.txt")
    done, rows = bench.kept(paths["vcf"], fasta=paths["fasta"], genes=paths["genes"])
    assert sum("ok" in (status or "") for status in statuses(rows)) == 31
    assert "33 alleles scored" in done.err
    assert done.err.count("contig names matched to the reference: ") == (what != "genes")


def test_row_35_mitochondria(bench):
    fasta = bench.file("m.fa", b">chrM\n" + CONTIGS["chr1"].encode() + b"\n")
    source = bench.vcf(*(line(name, 2451, base("chr1", 2451), "A") for name in ("MT", "M", "chrM")), header=NO_CONTIGS)
    done, rows = bench.kept(source, fasta=fasta, genes=None)
    assert statuses(rows) == ["ok"] * 3
    assert done.err.count("contig names matched to the reference: MT = chrM, M = chrM") == 1


def test_row_35_other_style_with_another_length_never_matches(bench):
    header = HEADER.replace(b"<ID=chr2,length=14000>", b"<ID=2,length=13999>")
    source = bench.vcf(snv("chr1", 2451), snv("chr2", 2105).replace(b"chr2", b"2"), header=header)
    done, rows = bench.kept(source)
    assert statuses(rows) == ["ok", "no_contig"]
    assert "not in the reference: 2 (1 records)" in done.err


def accession(data, first=b"NC_000001.11", second=b"NC_000002.12"):
    """The example with other contig names."""
    for old, new in ((b"chr1", first), (b"chr2", second)):
        data = data.replace(old + b"\t", new + b"\t").replace(old + b",", new + b",").replace(old + b"\n", new + b"\n")
    return data


def strange(data):
    return accession(data, b"first", b"second")


FILES = {"vcf": VCF, "fasta": FASTA, "genes": GENES}


def rewritten(bench, rewrite, what):
    """The example, in which the files named have other contig names."""
    return {name: bench.file(f"new.{name}", rewrite(path.read_bytes())) if name in what else path
            for name, path in FILES.items()}  # fmt: skip


def everything_is_scored(bench, paths, *options):
    done, rows = bench.kept(paths["vcf"], *options, fasta=paths["fasta"], genes=paths["genes"])
    assert sum("ok" in (status or "") for status in statuses(rows)) == 31
    assert "33 alleles scored" in done.err
    return done


SOME = [("vcf",), ("fasta",), ("genes",), ("vcf", "genes"), ("vcf", "fasta"), ("fasta", "genes")]


@pytest.mark.parametrize("what", SOME, ids="-".join)
def test_row_35_names_of_ncbi(bench, what):
    done = everything_is_scored(bench, rewritten(bench, accession, what))
    assert done.err.count("contig names matched to the reference: ") == (("vcf" in what) != ("fasta" in what))


@pytest.mark.parametrize("genes", [GENES, None], ids=["genes", "everywhere"])
def test_row_35_no_contig_shared(bench, genes):
    source = bench.file("in.vcf", strange(VCF.read_bytes()))
    error = bench.refused(4, source, genes=genes)
    assert "no contig of the VCF is in the reference: the VCF says 'first', the reference 'chr1'" in error
    assert "--contig-map FILE" in error


@pytest.mark.parametrize("genes", [GENES, None], ids=["genes", "everywhere"])
def test_lengths_up_to_the_last_variant_are_told(bench, genes):
    """As plink writes them: 1 and chr1 are one contig, and the header's length says otherwise."""
    data = VCF.read_bytes().replace(b"<ID=chr1,length=16000>", b"<ID=1,length=2974>").replace(b"\nchr1\t", b"\n1\t")
    data = b"".join(line for line in data.splitlines(keepends=True) if b"chr2" not in line)
    source = bench.file("in.vcf", data)
    error = bench.refused(4, source, genes=genes)
    assert "contig 1 has 2,974 bases in the header, chr1 has 16,000 in the reference" in error
    assert "--allow-length-mismatch" in error
    done, _ = bench.kept(source, "--allow-length-mismatch", genes=genes)
    assert "contig names matched to the reference: 1 = chr1" in done.err


@pytest.mark.parametrize("genes", ["chr", "plain", None])
def test_row_35_contig_map(bench, genes):
    source = bench.file("in.vcf", strange(VCF.read_bytes()))
    table = bench.file("map.txt", b"# VCF reference\nfirst\tchr1\n\nsecond chr2\n")
    path = {"chr": GENES, "plain": renamed(bench, GENES.read_bytes(), "plain.gtf"), None: None}[genes]
    _, rows = bench.kept(source, "--contig-map", table, genes=path)
    assert sum("ok" in (status or "") for status in statuses(rows)) == (31 if path else 32)


@pytest.mark.parametrize("pairs", [b"first chr1\nsecond chr2\n", b"chr1 first\nchr2 second\n"], ids=["new", "old"])
@pytest.mark.parametrize("what", SOME, ids="-".join)
def test_row_35_a_contig_map_serves_every_file(bench, what, pairs):
    everything_is_scored(bench, rewritten(bench, strange, what), "--contig-map", bench.file("map.txt", pairs))


def test_row_35_a_contig_map_of_three_names(bench):
    paths = rewritten(bench, strange, ("vcf",)) | {
        "genes": bench.file("g.gtf", GENES.read_bytes().replace(b"chr", b"c"))
    }
    table = bench.file("map.txt", b"chr1 first\nchr2 second\nchr1 c1\nc2 chr2\n")
    everything_is_scored(bench, paths, "--contig-map", table)


def test_row_35_a_contig_map_that_says_two_things(bench):
    table = bench.file("map.txt", b"a b\nb c\nc a\na c\n")
    assert f"{table}:4: 'a' and 'c' are in other pairs already" in bench.refused(4, VCF, "--contig-map", table)


def test_row_35_a_broken_contig_map(bench):
    table = bench.file("map.txt", b"NC_000001.11\tchr1\textra\n")
    assert f"{table}:1: expected two columns" in bench.refused(4, VCF, "--contig-map", table)
    assert "No such file" in bench.refused(4, VCF, "--contig-map", bench.folder / "no.txt")


def test_row_35_genes_of_another_build(bench):
    genes = bench.file("genes.gtf", GENES.read_bytes().replace(b"chr1\t", b"X1\t").replace(b"chr2\t", b"X2\t"))
    error = bench.refused(4, VCF, genes=genes)
    what = "no contig of the genes is in the reference: the genes have 'X1', ..., the reference has 'chr1', ..."
    assert what in error


def gtf(*starts):
    rows = [f'{contig}\tx\ttranscript\t{pos}\t{pos + 50}\t.\t+\t.\tgene_id "{name}";' for contig, pos, name in starts]
    return "\n".join(rows).encode()


INSIDE = [("chr1", 2_000 + 20 * number, f"IN{number}") for number in range(200)]
FAR = [("chr1", 16_001 + number, f"FAR{number}") for number in range(3)]
ELSEWHERE = [("chr7", 99_000_000, "ON7")] * 9


@pytest.mark.parametrize("length", [b",length=16000", b""], ids=["declared", "not declared"])
@pytest.mark.parametrize("command", ["annotate", "check"])
def test_row_36_genes_beyond_the_ends_of_contigs(bench, command, length):
    """More than 1 % of the starts on contigs that are shared: those on other ones do not count."""
    source = bench.vcf(snv("chr1", 2451), header=HEADER.replace(b",length=16000", length))
    genes = bench.file("far.gtf", gtf(*INSIDE, *FAR, *ELSEWHERE))
    if command == "check":
        error = call("check", source, "-f", FASTA, "--genes", genes, "--proteins", "ELK1")
        assert error.code == 4
        error = error.error
    else:
        error = bench.refused(4, source, genes=genes)
    assert "far.gtf: genes of another build? 3 of 203 transcription starts lie beyond the end of their contig" in error
    header = "16,000 bases in the VCF's header and " if length else ""
    assert f"such as FAR0 at 16,001 of chr1, which has {header}16,000 bases in the reference" in error
    assert "--allow-length-mismatch" in error


@pytest.mark.parametrize("options", [(), ("--everywhere",)])
def test_row_36_few_genes_beyond_the_ends_are_a_warning(bench, options):
    genes = bench.file("far.gtf", gtf(*INSIDE, *FAR[:2], *ELSEWHERE))
    done, _ = bench.kept(bench.vcf(snv("chr1", 2451)), *options, genes=genes)
    assert len(done.warnings) == 1
    assert "far.gtf: 2 of 202 transcription starts lie beyond the end of their contig, such as FAR0" in done.err


def test_row_36_the_longer_of_two_lengths_counts(bench):
    """A reference that is cut short, with and without a header that says how long the contigs are."""
    genes = bench.file("far.gtf", gtf(*INSIDE[:50], *FAR))
    declared = HEADER.replace(b"length=16000", b"length=17000")
    done, rows = bench.kept(bench.vcf(snv("chr1", 2451), header=declared), "--allow-length-mismatch", genes=genes)
    assert statuses(rows) == ["ok"]
    assert len(done.warnings) == 1
    assert "3 of 53 transcription starts lie beyond the end of the reference, which is cut short" in done.err
    (bench.results / "out.vcf").unlink()
    done, rows = bench.kept(bench.vcf(snv("chr1", 2451)), "--allow-length-mismatch", genes=genes)
    assert statuses(rows) == ["ok"]
    assert len(done.warnings) == 1
    assert "3 of 53 transcription starts lie beyond the end of their contig" in done.err


def test_several_gene_files(bench):
    """Each is named with its digest, and a start that two of them have counts once."""
    lines = GENES.read_bytes().splitlines(keepends=True)
    first = bench.file("first.gtf", b"".join(line for line in lines if line.startswith(b"chr1")))
    rest = b"".join(line for line in lines if line.startswith(b"chr2"))
    second = bench.file("second.gtf", (rest + lines[0] + lines[1]).replace(b"chr", b""))
    alone = bench.annotate(VCF, "--no-version")
    assert alone.code == 0
    expected = (bench.results / "out.vcf").read_bytes()
    done = bench.annotate(VCF, "--no-version", "--genes", second, genes=first)
    assert done.code == 0, done.err
    assert (bench.results / "out.vcf").read_bytes() == expected
    assert bench.annotate(VCF, "--genes", second, genes=first).code == 0
    header = (bench.results / "out.vcf").read_text()
    for path in (first, second):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert f"##varbind_genes=<ID={path.name},SHA256={digest},Prefix=VARBIND>" in header
    assert "--genes first.gtf --genes second.gtf" in header
    checked = call("check", VCF, "-f", FASTA, "--genes", first, "--genes", second, "--proteins", "ELK1")
    assert "alleles to score\t33" in checked.out.decode()


def test_one_of_several_gene_files_is_of_another_build(bench):
    genes = bench.file("far.gtf", gtf(*FAR))
    assert "far.gtf: genes of another build? 3 of 3" in bench.refused(4, VCF, "--genes", genes)


def test_row_36_another_length_under_the_same_name(bench):
    source = bench.vcf(snv("chr2", 2105), header=HEADER.replace(b"length=14000", b"length=13999"))
    error = bench.refused(4, source)
    assert f"{source}:7: contig chr2 has 13,999 bases in the header, 14,000 in the reference" in error
    assert "--allow-length-mismatch" in error
    _, rows = bench.kept(source, "--allow-length-mismatch")
    assert statuses(rows) == ["ok"]


def test_row_36_on_a_contig_without_a_start(bench):
    fasta = bench.file("m.fa", FASTA.read_bytes() + b">chrM\nACGTACGTAC\n")
    header = HEADER.replace(b"##contig=<ID=chr1", b"##contig=<ID=chrM,length=11>\n##contig=<ID=chr1")
    source = bench.vcf(snv("chr1", 2451), line("chrM", 3, "A", "C"), header=header)
    done, rows = bench.kept(source, fasta=fasta)
    assert statuses(rows) == ["ok", None]
    assert len(done.warnings) == 1
    assert "contig chrM has another length in the reference, but no gene" in done.err
    (bench.results / "out.vcf").unlink()
    assert "chrM has 11 bases" in bench.refused(4, source, fasta=fasta, genes=None)


def test_row_54_no_index(bench, expected):
    folder = bench.folder / "genome"
    folder.mkdir()
    shutil.copyfile(FASTA, folder / FASTA.name)
    done = bench.annotate(VCF, fasta=folder / FASTA.name)
    assert done.code == 0
    assert "for this run only (samtools faidx keeps one)" in done.err
    assert (bench.results / "out.vcf").read_bytes() == expected
    assert [path.name for path in folder.iterdir()] == [FASTA.name]


def test_row_54_no_index_and_a_read_only_folder(bench, expected):
    folder = bench.folder / "genome"
    folder.mkdir()
    shutil.copyfile(FASTA, folder / FASTA.name)
    folder.chmod(0o555)
    try:
        done = bench.annotate(VCF, fasta=folder / FASTA.name, run=bound)
        assert done.code == 0, done.err
        assert [path.name for path in folder.iterdir()] == [FASTA.name]
    finally:
        folder.chmod(0o755)
    assert (bench.results / "out.vcf").read_bytes() == expected


@pytest.fixture
def genome(bench):
    """A copy of the reference with its index."""
    for suffix in ("", ".fai"):
        shutil.copyfile(f"{FASTA}{suffix}", bench.folder / f"ref.fa{suffix}")
    return bench.folder / "ref.fa"


ROW = "chr2\t14000\t16279\t60\t61"


@pytest.mark.parametrize(
    "index",
    [
        ROW.replace("chr2", "chr3"),
        ROW.replace("14000", "13999"),
        ROW.replace("14000", "13940"),
        ROW.replace("14000", "14001"),
        ROW.replace("16279", "16278"),
        ROW.replace("16279", "16280"),
        ROW.replace("61", "62"),
        ROW.replace("60\t61", "61\t62"),
        ROW.replace("16279", "99999999"),
        "chr2\t14000",
        "",
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "bgzf"])
def test_row_55_stale_index(bench, genome, index, packed):
    if packed:
        pysam.tabix_compress(str(genome), f"{genome}.gz")
        genome = genome.with_suffix(".fa.gz")
        pysam.FastaFile(str(genome)).close()
    path = Path(f"{genome}.fai")
    path.write_text("chr1\t16000\t6\t60\t61\n" + (index + "\n" if index else ""))
    error = bench.refused(4, VCF, fasta=genome)
    assert f"{path}: stale index: " in error
    assert "samtools faidx" in error


def test_row_55_the_fasta_has_changed(bench, genome):
    genome.write_bytes(genome.read_bytes().replace(b">chr2\n", b">chr2 with a description\n"))
    assert "stale index: chr2 is not at the offset that it states" in bench.refused(4, VCF, fasta=genome)


def test_row_55_an_index_that_is_only_older(bench, genome, expected):
    os.utime(f"{genome}.fai", (1, 1))
    done = bench.annotate(VCF, fasta=genome)
    assert done.code == 0
    assert done.warnings == [f"varbind: warning: {genome}.fai: the index is older than the reference"]
    assert (bench.results / "out.vcf").read_bytes().split(b"#CHROM")[1] == expected.split(b"#CHROM")[1]


@pytest.mark.parametrize("index", ["both", "fai", "gzi", "none"])
def test_row_56_bgzf(bench, genome, expected, index):
    packed = bench.folder / "packed.fa.gz"
    pysam.tabix_compress(str(genome), str(packed))
    pysam.FastaFile(str(packed)).close()
    kept = {"both": (".fai", ".gzi"), "none": ()}.get(index, (f".{index}",))
    for suffix in (".fai", ".gzi"):
        if suffix not in kept:
            Path(f"{packed}{suffix}").unlink()
    done = bench.annotate(VCF, fasta=packed)
    assert done.code == 0, done.err
    assert (bench.results / "out.vcf").read_bytes().split(b"#CHROM")[1] == expected.split(b"#CHROM")[1]
    assert sorted(path.suffix for path in bench.folder.glob("packed.fa.gz.*")) == sorted(kept)


@pytest.mark.parametrize("is_packed", [False, True])
def test_row_58_a_byte_order_mark(bench, tmp_path, is_packed):
    """No program that indexes a FASTA passes it, so it is refused and not passed over."""
    reference = bench.file("ref.fa", codecs.BOM_UTF8 + FASTA.read_bytes())
    if is_packed:
        pysam.tabix_compress(str(reference), str(tmp_path / "ref.fa.gz"))
        reference = tmp_path / "ref.fa.gz"
    error = bench.refused(4, VCF, fasta=reference)
    assert f"{reference}:1: the reference starts with a UTF-8 byte order mark" in error
    assert f"{reference} | tail -c +4 > {str(reference).removesuffix('.gz')}.unmarked.fa" in error


def test_row_57_gzip(bench):
    packed = bench.file("ref.fa.gz", gzip.compress(FASTA.read_bytes()))
    error = bench.refused(4, VCF, fasta=packed)
    assert f"{packed}: the reference is gzip, not BGZF; bgzip it" in error


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "the reference is empty"),
        (b"\n\n", "not a usable FASTA"),
        (b">chr1\nACGTACGT\nACG\nACGTA\n", "ref.fa:4: not a usable FASTA: lines of a sequence differ in length"),
        (b">chr1\nACGT\nACGTACGT\n", "ref.fa:3: not a usable FASTA: lines of a sequence differ in length"),
        (b">chr1\nACGT\n>chr2\nAC\n>chr1\nACGT\n", "two sequences are named chr1"),
        (bytes(range(256)) * 10, "not a FASTA"),
        (VCF.read_bytes(), "not a FASTA"),
        (b"ACGT\n", "not a FASTA"),
        (b"BAM\1", "not a FASTA"),
    ],
    ids=["empty", "blank", "ragged", "longer", "duplicates", "binary", "VCF", "no header", "BAM"],
)
def test_row_58_no_fasta(bench, data, what):
    fasta = bench.file("ref.fa", data)
    error = bench.refused(4, VCF, fasta=fasta)
    assert error.startswith(f"varbind: error: {fasta}")
    assert what in error


def test_row_58_duplicate_names_behind_an_index(bench):
    fasta = bench.file("ref.fa", FASTA.read_bytes() + b">chr1\nACGT\n")
    shutil.copyfile(f"{FASTA}.fai", f"{fasta}.fai")
    assert "stale index" in bench.refused(4, VCF, fasta=fasta)


def test_row_58_missing(bench):
    missing = bench.folder / "no.fa"
    assert f"{missing}: the reference cannot be read: No such file" in bench.refused(4, VCF, fasta=missing)
    assert "Is a directory" in bench.refused(4, VCF, fasta=bench.folder)
    assert "no reference: the ##reference of the VCF, 'reference.fa'" in call("annotate", VCF, "--genes", GENES).error


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_row_58_damaged_bgzf(bench, genome, damage):
    packed = bench.folder / "packed.fa.gz"
    pysam.tabix_compress(str(genome), str(packed))
    data = bytearray(packed.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    else:
        data[len(data) // 2] ^= 0xFF
    packed.write_bytes(bytes(data))
    error = bench.refused(4, VCF, fasta=packed)
    assert error.startswith(f"varbind: error: {packed}")
