"""`varbind report`: what it reads and writes, its exit codes, and what it says where something is missing."""

import gzip
import json
import re
import shutil
import subprocess
import sys
import zlib
from base64 import b64decode

import pytest
from integration.runs import COLUMNS, FASTA, GENES, LIMIT, PROGRAM, VCF, bgzip, call, to_bcf
from quick_bank import quick_bank, quick_bank_path

import varbind
from varbind import gate


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    path = tmp_path_factory.mktemp("annotated") / "annotated.vcf"
    varbind.annotate_vcf(VCF, path, reference=FASTA, genes=GENES, bank=quick_bank())
    return path


def report(*words):
    return call("report", *words, "--bank", quick_bank_path())


def details_of(page):
    """The details of every allele, unpacked as a browser does."""
    packed = json.loads(re.search(r'id="details">(.*?)</script>', page)[1])["packed"]
    return [one for group in packed for one in zlib.decompress(b64decode(group), -zlib.MAX_WBITS).decode().split("\f")]


def test_the_page_has_a_row_and_details_for_each_allele(annotated, tmp_path):
    done = report(annotated, "-f", FASTA, "-o", tmp_path / "report.html")
    assert done.code == 0, done.err
    assert "33 of 33 scored alleles" in done.err
    page = (tmp_path / "report.html").read_text()
    assert len(re.findall(r'<tr id="v[0-9]+"', page)) == 33
    details = details_of(page)
    assert len(details) == 33
    assert all("What " in one and "reads</title>" in one and "adds to the predicted" in one for one in details)
    assert not re.search(r'(?:src|href)="(?!#)', page), "nothing is linked"
    # Of 33 alleles, by the numbers of the file.
    phreds = [float(value) for text in re.findall(r"VARBIND_PHRED=([^;\t]+)", annotated.read_text())
              for value in text.split(",") if value != "."]  # fmt: skip
    rows = re.findall(r'<th scope="row">([0-9]+)</th><td>[a-z ]+</td><td class="number"><strong>([0-9]+)<', page)
    assert [(int(cutoff), int(count)) for cutoff, count in rows] == [
        (cutoff, sum(phred >= cutoff for phred in phreds)) for cutoff in (10, 15, 20)
    ]


def test_every_kind_of_input_gives_the_same_page(annotated, tmp_path):
    kinds = [annotated, bgzip(annotated, tmp_path / "annotated.vcf.gz"), to_bcf(annotated, tmp_path / "annotated.bcf")]
    (tmp_path / "gz").mkdir()
    (tmp_path / "gz" / "annotated.vcf").write_bytes(gzip.compress(annotated.read_bytes()))
    kinds.append(tmp_path / "gz" / "annotated.vcf")
    pages = []
    for source in kinds:
        done = report(source, "-f", FASTA, "--top", "5")
        assert done.code == 0, done.err
        pages.append(done.out)
    assert pages[0] == report(annotated, "-f", FASTA, "--top", "5").out, "equal inputs give equal bytes"
    assert pages[0] == pages[3], "the same name, and the same content in gzip"
    tables = [re.search(rb'<section id="alleles".*</section>', page, re.DOTALL)[0] for page in pages]
    details = [details_of(page.decode()) for page in pages]
    assert all(one == tables[0] for one in tables)
    assert all(one == details[0] for one in details)
    command = [*PROGRAM, "report", "-", "-f", FASTA, "--bank", quick_bank_path(), "-o", tmp_path / "out.html"]
    with annotated.open("rb") as stream:
        subprocess.run(list(map(str, command)), stdin=stream, check=True, timeout=LIMIT, capture_output=True)
    assert len(details_of((tmp_path / "out.html").read_text())) == 33


def test_without_a_reference_the_page_says_so(annotated, tmp_path):
    done = report(annotated, "-o", tmp_path / "report.html")
    assert done.code == 0
    assert "There is no reference genome" in done.err
    page = (tmp_path / "report.html").read_text()
    assert "Pictures are missing." in page
    assert all("The site is not drawn." in one and "Where it lies" in one for one in details_of(page))


def test_with_another_bank_by_default_the_page_says_so(annotated, tmp_path):
    done = call("report", annotated, "-f", FASTA, "-o", tmp_path / "report.html")
    assert done.code == 0
    assert "was annotated with the bank quick 1" in done.err
    assert all("The site is not drawn." in one for one in details_of((tmp_path / "report.html").read_text()))


def test_the_environment_and_the_options(annotated, tmp_path, monkeypatch):
    monkeypatch.setenv("VARBIND_FASTA", str(FASTA))
    done = report(annotated, "--top", "3", "--no-samples", "--by", "GAIN_PHRED", "-o", tmp_path / "report.html")
    assert done.code == 0
    page = (tmp_path / "report.html").read_text()
    assert "Sorted by VARBIND_GAIN_PHRED (--by GAIN_PHRED)" in page
    assert "30 more scored alleles rank below these" in page
    assert len(details_of(page)) == 3
    assert "Carriers</button>" not in page
    assert "reads</title>" in details_of(page)[0]


def swapped(folder):
    """A reference with other bases."""
    path = folder / "other.fa"
    path.write_text(FASTA.read_text().translate(str.maketrans("ACGT", "CGTA")))
    return path


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (["IN", "-f", "none.fa"], 4, "none.fa"),
        (["IN", "-f", "OTHER"], 4, "wrong reference?"),
        (["IN", "-f", "FASTA", "--bank", "default"], 4, "give the bank that annotated the file"),
        (["IN", "-o", "IN"], 2, "the output is the input"),
        (["IN", "-f", "FASTA", "-o", "FASTA"], 2, "the output is the input"),
        (["IN", "-o", "none/report.html"], 5, "the folder does not exist"),
        (["IN", "--by", "NONE"], 2, "cannot sort by 'NONE'"),
        (["IN", "--frequency", "NONE"], 2, "the header declares no INFO key 'NONE'"),
        (["IN", "--top", "0"], 2, "--top"),
        (["none.vcf"], 3, "none.vcf"),
        (["VCF"], 3, "run varbind annotate first"),
        (["EMPTY"], 3, "no allele has a score"),
        (["TRUNCATED"], 3, "truncated"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_errors(annotated, tmp_path, words, code, part):
    source = tmp_path / "in.vcf"
    shutil.copyfile(annotated, source)
    (tmp_path / "empty.vcf").write_bytes(
        b"".join(line for line in source.read_bytes().splitlines(keepends=True) if line.startswith(b"#"))
    )
    packed = bgzip(annotated, tmp_path / "whole.vcf.gz")
    (tmp_path / "cut.vcf.gz").write_bytes(packed.read_bytes()[:-500])
    names = {"IN": source, "FASTA": FASTA, "OTHER": swapped(tmp_path), "VCF": VCF, "EMPTY": tmp_path / "empty.vcf",
             "TRUNCATED": tmp_path / "cut.vcf.gz"}  # fmt: skip
    bank = [] if "--bank" in words else ["--bank", quick_bank_path()]
    out = [] if "-o" in words else ["-o", tmp_path / "report.html"]
    before = sorted(tmp_path.iterdir())
    done = call("report", *[names.get(word, word) for word in words], *bank, *out)
    assert done.code == code, done.err
    assert part in done.error
    assert sorted(tmp_path.iterdir()) == before, "something was left behind"
    assert source.read_bytes() == annotated.read_bytes()


def test_an_older_page_is_kept_where_an_input_is_bad(annotated, tmp_path):
    page = tmp_path / "report.html"
    page.write_text("older")
    assert report(annotated, "-f", swapped(tmp_path), "-o", page).code == 4
    assert page.read_text() == "older"


def test_one_allele_that_does_not_fit_is_named(annotated, tmp_path):
    """A single REF that differs is not another build: the others are drawn."""
    lines = annotated.read_text().splitlines(keepends=True)
    at = next(place for place, line in enumerate(lines) if "breaks_ETS_1" in line)
    fields = lines[at].split("\t")
    fields[3] = "A" if fields[3] != "A" else "T"
    fields[4] = "C" if fields[3] != "C" else "G"
    lines[at] = "\t".join(fields)
    source = tmp_path / "in.vcf"
    source.write_text("".join(lines))
    done = report(source, "-f", FASTA, "-o", tmp_path / "report.html")
    assert done.code == 0, done.err
    without = [one for one in details_of((tmp_path / "report.html").read_text()) if "The site is not drawn." in one]
    assert len(without) == 1
    assert "The variant does not fit the reference (ref_mismatch)." in without[0]


def test_without_jinja2_the_remedy_is_named(annotated, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    done = report(annotated, "-o", tmp_path / "report.html")
    assert done.code == 2
    assert "pip install 'varbind[report]'" in done.error
    assert gate.NEEDS["jinja2"] == ("jinja2", "varbind[report]")
    assert not (tmp_path / "report.html").exists()


def test_binding_alone_has_no_phred(tmp_path):
    """A file that was annotated without the second stage and without genes."""
    source = tmp_path / "binding.vcf"
    settings = varbind.AnnotateSettings(everywhere=True, effect="none")
    varbind.annotate_vcf(VCF, source, reference=FASTA, bank=quick_bank(), settings=settings)
    done = report(source, "-f", FASTA, "-o", tmp_path / "report.html")
    assert done.code == 0, done.err
    page = (tmp_path / "report.html").read_text()
    assert "the larger of VARBIND_LOSS_PHRED and VARBIND_GAIN_PHRED" in page
    assert "The file has no VARBIND_PHRED" in page
    assert ">Gene</button>" not in page
    assert all("adds to the predicted" not in one for one in details_of(page))


@pytest.mark.slow
def test_five_hundred_alleles_take_less_than_five_megabytes(tmp_path):
    columns = COLUMNS + b"\tFORMAT\tS1\n"
    lines = [b"##fileformat=VCFv4.3\n##contig=<ID=chr1,length=16000>\n",
             b'##FORMAT=<ID=GT,Number=1,Type=String,Description="x">\n', columns]  # fmt: skip
    bases = "".join(FASTA.read_text().split(">")[1].splitlines()[1:]).upper()
    changed = {base: b"A" if base == "C" else b"C" for base in "ACGT"}
    for pos in range(2000, 4000, 2):
        base = bases[pos - 1]
        lines.append(b"chr1\t%d\t.\t%s\t%s\t.\t.\t.\tGT\t0/1\n" % (pos, base.encode(), changed[base]))
    (tmp_path / "in.vcf").write_bytes(b"".join(lines))
    source = tmp_path / "annotated.vcf.gz"
    varbind.annotate_vcf(tmp_path / "in.vcf", source, reference=FASTA, genes=GENES)
    assert call("report", source, "-f", FASTA, "-o", tmp_path / "report.html").code == 0
    page = tmp_path / "report.html"
    assert len(details_of(page.read_text())) == 500
    assert page.stat().st_size < 5e6


@pytest.mark.parametrize(
    ("by", "heading", "label"),
    [
        ("PHRED", ("descending", "PHRED"), "PHRED (losses) at least"),
        ("ACTIVITY", ("descending", "ACTIVITY"), "PHRED (losses) at least"),
        ("TSSDIST", ("ascending", "TSSDIST"), "PHRED (losses) at least"),
        ("SCORE", ("descending", "SCORE"), "SCORE at least"),
        ("binding", ("descending", "PHRED of binding"), "PHRED of binding at least"),
    ],
)
def test_orders(annotated, by, heading, label):
    done = report(annotated, "--by", by, "--top", "12")
    assert done.code == 0, done.err
    page = done.out.decode()
    (found,) = re.findall(r'aria-sort="(\w+ending)"><button[^>]*>([^<]+)', page)
    assert found == heading
    assert label in page
    keys = [float(key) for key in re.findall(r'<td class="number" data-key="([^"]*)"', page)]
    assert len(keys) == 12
    assert keys == sorted(keys, reverse=heading[0] == "descending")
