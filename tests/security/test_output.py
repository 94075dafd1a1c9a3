"""Names of others are written so that they stay names: in records, headers, tables, figures and on a screen."""

import csv
import io
import json
import os
import shutil
from html.parser import HTMLParser
from urllib.parse import quote, unquote
from xml.etree import ElementTree as ET

import pytest
from integration.runs import FASTA, GENES, VCF, annotation, call, readable, records, unpacked

CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0)))) + "\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"
STEERING = "\x1b]0;title\x07\x1b[2J\x9b31m\x00"
NAMES = {
    "separators": "A;B=C,D|E&F%G+H",
    "a key": "A;VARBIND_SCORE=1",
    "quotes": """A"B'C`D\\E""",
    "encoded already": "A%3BB%09C",
    "a formula": "=cmd|' /C calc'!A0",
    "another formula": "@SUM(1+1)*2",
    "markup": "<script>alert(1)</script>]]>&amp;",
    "letters": "µ-опиоид-受体",
    "steering": "A\x1b[31mB\x07C\x7fD\x85E\u2028F",
}


def genes_named(path, name):
    """A gene table with one gene, of that name."""
    path.write_text(f"chr1\t2000\t2100\t{name}\t0\t+\n", encoding="utf-8", newline="")
    return path


def annotated(folder, name):
    genes = genes_named(folder / "genes.bed", name)
    done = call(*annotation(VCF, "--everywhere", "-o", folder / "out.vcf", genes=genes))
    assert done.code == 0, done.err
    return folder / "out.vcf"


def genes_of(path):
    genes = [row.get("VARBIND_GENE", "").encode("latin-1").decode() for row in records(path.read_bytes())]
    return {entry.split("|")[0] for value in genes for entry in value.split("&") if "|" in entry}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_genes_name_comes_back(tmp_path, name):
    path = annotated(tmp_path, name)
    (written,) = genes_of(path)
    assert not {*';=,|&" ', *CONTROLS} & set(written)
    assert unquote(written) == name
    assert len(unpacked(path).split(b"\n")) == len(unpacked(VCF).split(b"\n")) + added_lines(path)


def added_lines(path):
    text = path.read_bytes()
    return sum(line.startswith((b"##varbind_", b"##INFO=<ID=VARBIND_")) for line in text.splitlines())


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_genes_name_in_a_table(tmp_path, name):
    """A table is data: a leading = is left alone, and what cannot stand in a line stays encoded."""
    path = annotated(tmp_path, name)
    done = call("rank", path, "-o", tmp_path / "table.tsv")
    assert done.code == 0, done.err
    text = (tmp_path / "table.tsv").read_text(encoding="utf-8")
    assert not (set(CONTROLS) - {"\t", "\n"}) & set(text)
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE))
    symbols = {row["symbol"] for row in rows} - {""}
    assert symbols == {"".join(quote(letter) if letter in CONTROLS else letter for letter in name)}
    assert len({len(line.split("\t")) for line in text.split("\n")[:-1]}) == 1


class Genes(HTMLParser):
    """The genes of the table of a page, as a browser reads them."""

    def __init__(self):
        super().__init__()
        self.found, self._inside = set(), False

    def handle_starttag(self, tag, attributes):
        self._inside = tag == "span" and ("class", "gene") in attributes

    def handle_endtag(self, tag):
        self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.found.add(data)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_genes_name_in_a_page(tmp_path, name):
    """It is shown as it is; what steers a terminal is encoded, as it is in the record."""
    path = annotated(tmp_path, name)
    done = call("report", path, "-o", tmp_path / "report.html")
    assert done.code == 0, done.err
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not (set(CONTROLS) - {"\n"}) & set(text)
    genes = Genes()
    genes.feed(text)
    assert genes.found == {"".join(quote(letter) if letter in CONTROLS else letter for letter in name)}


@pytest.mark.parametrize("option", ["-o", "--output"])
def test_what_steers_a_terminal_is_shown_as_letters(tmp_path, option):
    path = tmp_path / f"in{STEERING.replace(chr(0), '')}.vcf"
    path.write_text("no VCF\n")
    done = call(*annotation(path, option, tmp_path / "out.vcf"))
    assert done.code == 3
    assert not set(CONTROLS) & set(done.error)


def test_a_record_cannot_steer_a_terminal(tmp_path):
    """Nor can a cell that rank passes on."""
    header = b'##fileformat=VCFv4.3\n##INFO=<ID=VARBIND_STATUS,Number=A,Type=String,Description="x">\n'
    header += b'##INFO=<ID=VARBIND_LOSS_PHRED,Number=A,Type=Float,Description="x">\n'
    line = b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nc\x1b[2J\t5\tid\x07\x9b\tA\tC\t.\tf\x7f\t"
    (tmp_path / "in.vcf").write_bytes(header + line + b"VARBIND_STATUS=ok;VARBIND_LOSS_PHRED=1\n")
    done = call("rank", tmp_path / "in.vcf")
    assert done.code == 0, done.err
    assert not (set(CONTROLS) - {"\t", "\n"}) & set(done.out.decode())
    row = done.out.decode().splitlines()[1].split("\t")
    assert (row[0], row[5]) == ("c%1B[2J", "f%7F")


@pytest.mark.parametrize("name", ["a\x1b[2J", "a\x07b", "a\x7f"])
def test_a_sequences_name_cannot_steer_a_terminal(tmp_path, name):
    (tmp_path / "in.fa").write_text(f">{name}\nACGTACGTACGTACGTACGTACGTACGTACGT\n", encoding="utf-8")
    done = call("score", tmp_path / "in.fa", "--models", "KLF4")
    assert done.code == 3
    assert "cannot be printed" in done.error
    assert done.out.count(b"\n") <= 1


def test_a_sequences_name_comes_back(tmp_path):
    (tmp_path / "in.fa").write_text(">µ=1;受体\nACGTACGTACGTACGTACGTACGTACGTACGT\n", encoding="utf-8")
    done = call("score", tmp_path / "in.fa", "--models", "KLF4")
    assert done.code == 0, done.err
    assert done.out.decode().splitlines()[1].startswith("µ=1;受体\t")


FILE_NAMES = ('a"b.gtf', "a>b,c=d<e.gtf", "a\nb##INFO=<ID=X>.gtf", "a\r\nb.gtf", "a\x1bb.gtf", "µ b.gtf")


@pytest.mark.parametrize("name", FILE_NAMES, ids=ascii)
def test_a_files_name_stays_within_its_header_line(tmp_path, name, bcftools):
    genes = shutil.copyfile(GENES, tmp_path / name)
    fasta = shutil.copyfile(FASTA, tmp_path / name.replace("gtf", "fa"))
    done = call(*annotation(VCF, "-o", tmp_path / "out.vcf", genes=genes, fasta=fasta))
    assert done.code == 0, done.err
    text = (tmp_path / "out.vcf").read_text(encoding="utf-8")
    ours = [line for line in text.split("\n") if line.startswith("##varbind_")]
    stems = [line.partition("=")[0].removeprefix("##varbind_") for line in ours]
    assert stems == ["annotateVersion", "annotateCommand", "bank", "effect", "genes"]
    assert not (set(CONTROLS) - {"\n", "\t"}) & set(text)
    assert "##INFO=<ID=X>" not in text.split("\n")
    assert ours[-1].count("<") == ours[-1].count(">") == 1
    assert ours[-1].count(",") == 2
    assert readable(bcftools, tmp_path / "out.vcf") == len(records(text.encode()))


def test_a_bank_of_any_name_stays_within_its_header_line(tmp_path, tiny_bank_path):
    bank = shutil.copytree(tiny_bank_path, tmp_path / "bank")
    card = json.loads((bank / "card.json").read_text())
    card |= {"name": 'x>,"Y=<', "version": "1,SHA256=0>"}
    (bank / "card.json").write_text(json.dumps(card))
    done = call(*annotation(VCF, "--bank", bank, "-o", tmp_path / "out.vcf"))
    assert done.code == 0, done.err
    (line,) = [line for line in (tmp_path / "out.vcf").read_text().splitlines() if line.startswith("##varbind_bank")]
    assert line.startswith("##varbind_bank=<ID=x___Y__,Version=1_SHA256_0_,Models=")


def test_counts_are_json_whatever_the_names(tmp_path):
    name = os.fsdecode(b'odd"\\\x1b\xff.json')
    done = call(*annotation(VCF, "-o", tmp_path / "out.vcf", "--stats", tmp_path / name))
    assert done.code == 0, done.err
    assert json.loads((tmp_path / name).read_text())["records_read"] == 33
    assert not set(CONTROLS) & set(done.err.replace("\n", ""))


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "]]>&lt;", 'x" onload="y', "a$x^2$b", "a|b"])
def test_names_in_figures_and_summaries_are_text(tmp_path, name):
    for package in ("sklearn", "torch", "matplotlib"):
        pytest.importorskip(package, reason="needs the extras `train` and `plots`")
    from motif_banks import CRE, E_BOX, motif_model, write_labels, write_motif_bank, write_sets

    write_motif_bank(tmp_path / "one", motif_model("a", name, CRE))
    write_motif_bank(tmp_path / "two", motif_model("b", name, E_BOX))
    write_labels(tmp_path / "labels.tsv", CRE, seed=1)
    write_sets(tmp_path / "tests.tsv", ("set", name, "labels.tsv", "labels", name))
    words = ("evaluate", "binding", tmp_path / "tests.tsv", "--bank", tmp_path / "one", "-o", tmp_path / "results")
    done = call(*words, "--against", f"{name.replace('=', '-')}={tmp_path / 'two'}")
    assert done.code == 0, done.err
    figure = ET.fromstring((tmp_path / "results" / "figure.svg").read_text(encoding="utf-8"))
    tags = {element.tag.rpartition("}")[2] for element in figure.iter()}
    assert tags <= {"svg", "g", "path", "defs", "style", "use", "clipPath", "rect", "text", "metadata", "RDF", "Work",
                    "type", "date", "format", "creator", "Agent", "title"}  # fmt: skip
    assert not any(key.startswith("on") for element in figure.iter() for key in element.attrib)
    summary = (tmp_path / "results" / "summary.md").read_text(encoding="utf-8")
    assert "<script" not in summary
    for line in (tmp_path / "results" / "results.tsv").read_text(encoding="utf-8").splitlines():
        assert line.count("\t") == 13 or line.startswith("set\t") or name in line
