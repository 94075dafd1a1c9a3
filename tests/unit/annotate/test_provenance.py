"""The header states how the values were made; the keys and lines of an earlier run are found, and no others."""

import pytest

from varbind._version import __version__
from varbind.annotate.provenance import keys_of, provenance_lines, without_earlier_lines
from varbind.annotate.settings import AnnotateSettings
from varbind.core.tss import TssIndex
from varbind.effect.second_stage import SecondStage
from varbind.io.banks import DEFAULT_BANK
from varbind.io.genes.gene_table import GeneTable
from varbind.io.vcf.records import COLUMNS, VcfHeader


def test_the_lines(shipped_bank):
    genes = GeneTable(TssIndex([]), "my\ngenes.gtf", "abc", "")
    options = AnnotateSettings(threads=3, batch_size=9, device="cpu", top=2).value_options(
        reference="/some/where/ref\n.fa", genes=[genes]
    )
    lines = provenance_lines(shipped_bank.select_proteins(("KLF4",)), [genes], options)
    digest = shipped_bank.cards[0].digests["weights.safetensors"]
    words = "-f ref .fa --genes my genes.gtf --promoter 1000,500 --tss preferred --top 2 --max-indel 50"
    assert lines == [
        f"##varbind_annotateVersion={__version__}; Prefix=VARBIND",
        f"##varbind_annotateCommand=annotate {words}; Prefix=VARBIND",
        f"##varbind_bank=<ID={DEFAULT_BANK},Version={shipped_bank.cards[0].version},Models=1,SHA256={digest},Prefix=VARBIND>",
        "##varbind_genes=<ID=my genes.gtf,SHA256=abc,Prefix=VARBIND>",
    ]


def test_every_line_says_its_prefix(shipped_bank):
    options = AnnotateSettings(everywhere=True).value_options(reference="ref.fa", genes=())
    tracks = {"phyloP_mammals": "phyloP470way", "phastCons_primates": "own"}
    second = SecondStage(shipped_bank.effect, shipped_bank.model_ids, tracks)
    lines = provenance_lines(shipped_bank, (), options, second, prefix="MY.own")
    assert len(lines) == 6
    assert lines[4:] == [
        "##varbind_conservation=<ID=phyloP470way,UsedAs=phyloP_mammals,Prefix=MY.own>",
        "##varbind_conservation=<ID=own,UsedAs=phastCons_primates,Prefix=MY.own>",
    ]
    assert all(line.endswith(("; Prefix=MY.own", ",Prefix=MY.own>")) for line in lines)


def test_without_genes(shipped_bank):
    options = AnnotateSettings(everywhere=True).value_options(reference="ref.fa", genes=())
    lines = provenance_lines(shipped_bank, (), options)
    assert "--everywhere" in lines[1]
    assert not any("genes" in line or "promoter " in line for line in lines)


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("VARBIND_STATUS", True),
        ("VARBIND_SCORE_CONS", True),
        ("VARBIND_CONS_PHRED", True),
        ("VARBIND_CONS_x.y", True),
        ("VARBIND_CONS_name", True),
        ("VARBIND_OTHER", False),
        ("VARBIND_SCORES", False),
        ("VARBIND_CONS_", False),
        ("X_VARBIND_STATUS", False),
    ],
)
def test_keys_of_the_schema_alone(key, found):
    keys = keys_of("VARBIND")
    assert (keys.first_in(f"DP=1;{key}=2".encode()) == key) == found
    assert (keys.declared_in(f"##INFO=<ID={key},Number=A>\n".encode()) == key) == found


def test_lines_of_other_programs_stay():
    lines = (b"##fileformat=VCFv4.2\n", b'##INFO=<ID=VARBIND_OTHER,Number=A,Type=String,Description="x">\n')
    ours = (b'##INFO=<Number=A,ID=VARBIND_CONS_x,Type=Float,Description="x">\n', b"##varbind_bank=<ID=x>\n")
    assert without_earlier_lines(VcfHeader((*lines, *ours), COLUMNS), "VARBIND").lines == lines


def lines_of(prefix, *, marked=True):
    end, last = (f",Prefix={prefix}>", f"; Prefix={prefix}") if marked else (">", "")
    return (
        f'##INFO=<ID={prefix}_STATUS,Number=A,Type=String,Description="x",Source="varbind",Version="1">\n'.encode(),
        f"##varbind_annotateVersion=1{last}\n".encode(),
        f"##varbind_annotateCommand=annotate -f --prefix.fa{last}\n".encode(),
        f"##varbind_bank=<ID=x,Version=1,Models=2,SHA256=none{end}\n".encode(),
    )


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lines_of_another_prefix_stay(end):
    first, second = lines_of("VARBIND"), lines_of("MY.own")
    header = VcfHeader(tuple(line.replace(b"\n", end) for line in (*first, *second)), COLUMNS + end)
    assert without_earlier_lines(header, "VARBIND").lines == header.lines[4:]
    assert without_earlier_lines(header, "MY.own").lines == header.lines[:4]
    assert without_earlier_lines(header, "MY").lines == header.lines


def test_lines_that_do_not_say_their_prefix_go_with_the_last_keys():
    old, new = lines_of("VARBIND", marked=False), lines_of("OTHER", marked=False)
    assert without_earlier_lines(VcfHeader(old, COLUMNS), "VARBIND").lines == ()
    assert without_earlier_lines(VcfHeader((*old, *new), COLUMNS), "VARBIND").lines == (*old[1:], *new)
