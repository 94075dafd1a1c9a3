"""cyvcf2 agrees with the reader of varbind on sound files, and the comparison sees where it does not."""

import sys

import pytest
from conformance import readers
from conformance.readers import OUTCOMES, compare

pytest.importorskip("cyvcf2", reason="needs the extra `test`")

HEADER = """##fileformat=VCFv4.3
##contig=<ID=1>
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
##INFO=<ID=VARBIND_PHRED,Number=A,Type=Float,Description="x">
##INFO=<ID=VARBIND_TSSDIST,Number=A,Type=Integer,Description="x">
##INFO=<ID=VARBIND_STATUS,Number=A,Type=String,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS
"""
SOUND = "1\t7\trs1\tA\tC,G\t.\tPASS\tDP=3;VARBIND_PHRED=0.1,.;VARBIND_TSSDIST=-3,4;VARBIND_STATUS=ok,a%2Cb\tGT\t0/1\n"
BARE = "1\t8\t.\tA\t.\t.\t.\t.\tGT\t0/0\n"


@pytest.fixture
def annotated(tmp_path):
    def write(*records):
        (tmp_path / "x.vcf").write_text(HEADER + "".join(records))
        return tmp_path / "x.vcf"

    return write


def test_sound_records_are_equal(annotated):
    result = compare(annotated(SOUND, BARE, SOUND.replace("1\t7", "undeclared\t9")))
    assert (result.outcome, result.detail, result.records) == ("equal", "", 3)


@pytest.mark.parametrize(
    ("record", "outcome", "detail"),
    [
        (SOUND.replace("\t7\t", "\t10009999919\t"), "unequal", "record 2: 10009999919 and 1420065327"),
        (SOUND.replace("C,G", "C,,G"), "unequal", "record 2: 'C,,G' and 'C,.,G'"),
        (SOUND.replace("0/1", "x/1"), "refused", "error parsing variant"),
        ("\n", "crashed", "signal 11"),
    ],
)
def test_other_records_are_not(annotated, record, outcome, detail):
    result = compare(annotated(SOUND, record))
    assert result.outcome == outcome
    assert detail in result.detail


def test_missing_records_are_seen(annotated, monkeypatch):
    monkeypatch.setattr(readers, "CHILD", readers.CHILD.replace("cyvcf2.VCF(path)", "list(cyvcf2.VCF(path))[:1]"))
    result = compare(annotated(SOUND, SOUND))
    assert (result.outcome, result.detail) == ("fewer records", "1 of 2")


def test_the_table_counts_every_file(annotated, monkeypatch, capsys):
    path = annotated(SOUND)
    monkeypatch.setattr(sys, "argv", ["readers.py", str(path.parent), "--annotated"])
    readers.main()
    assert capsys.readouterr().out.splitlines()[0] == f"| owner says | {' | '.join(OUTCOMES)} |"
    readers.main()
    assert capsys.readouterr().out.splitlines()[-1] == "| all | 1 | 0 | 0 | 0 | 0 |"
