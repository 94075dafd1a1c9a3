"""What was annotated, read back."""

import math

import pytest

from varbind.annotate.info_reader import NUMBER_KEYS, TEXT_KEYS, DeclaredKeys, alleles_of, explained_models
from varbind.effect.second_stage import EFFECT_KEYS
from varbind.errors import InputError
from varbind.io.vcf.records import COLUMNS, VcfHeader, VcfRecord

KEY = b'##INFO=<ID=%s,Number=A,Type=Float,Description="x, ID=VARBIND_SCORE">\n'


def test_the_keys_that_are_read_follow_from_the_schema():
    assert (*EFFECT_KEYS, "LOSS_PHRED", "GAIN_PHRED") == NUMBER_KEYS
    assert TEXT_KEYS == ("BIND_LOSS", "BIND_GAIN", "STATUS", "FLAG")


def declared(*names):
    lines = tuple(KEY % name for name in names)
    return DeclaredKeys.of(VcfHeader(lines, COLUMNS + b"\n"), "VARBIND", "in.vcf")


def alleles(info, keys, alt=b"C"):
    line = b"1\t5\t.\tA\t" + alt + b"\t.\t.\t" + info + b"\n"
    return alleles_of(VcfRecord(line, 9, "in.vcf", 8), keys, "in.vcf")


def test_only_our_keys_count_and_each_once():
    keys = declared(b"VARBIND_CONS_x", b"VARBIND_PHRED", b"DP", b"VARBIND_OTHER", b"VARBIND_PHRED", b"AVARBIND_SCORE")
    assert keys.names == ("CONS_x", "PHRED")
    assert (keys.scores, keys.tracks, keys.numbers) == (("PHRED",), ("CONS_x",), ("PHRED", "CONS_x"))
    assert declared(b"VARBIND_CONS_PHRED", b"VARBIND_CONS_x").numbers == ("CONS_PHRED", "CONS_x")
    with pytest.raises(InputError, match=r"in\.vcf: the header declares no VARBIND_ key; run varbind annotate first"):
        declared(b"DP", b"VARBIND_OTHER")


def test_a_key_of_the_second_stage_is_no_track(monkeypatch):
    keys = declared(b"VARBIND_CONS_PHRED", b"VARBIND_CONS_phred", b"VARBIND_CONS_phyloP", b"VARBIND_PHRED")
    monkeypatch.setattr("varbind.annotate.info_reader.NUMBER_KEYS", ("CONS_PHRED", "PHRED"))
    assert (keys.scores, keys.tracks) == (("CONS_PHRED", "PHRED"), ("CONS_phyloP",))


def test_a_key_that_is_quoted_is_not_declared():
    lines = (
        b'##INFO=<Description="compare,ID=VARBIND_SCORE,of varbind",ID=DP,Number=1,Type=Integer>\n',
        KEY % b"VARBIND_PHRED",
    )
    assert DeclaredKeys.of(VcfHeader(lines, COLUMNS + b"\n"), "VARBIND", "in.vcf").names == ("PHRED",)


def test_one_value_an_alt():
    keys = declared(b"VARBIND_PHRED", b"VARBIND_STATUS")
    first, second = alleles(b"VARBIND_PHRED=1.5,.;VARBIND_STATUS=ok,star;VARBIND_PHRED=7,7", keys, b"C,*")
    assert (first.numbers, first.texts, first.genes, first.why_not) == ((1.5,), ("", "", "ok", ""), (), "")
    assert math.isnan(second.numbers[0])
    assert second.why_not == "star"
    assert alleles(b"DP=3;XVARBIND_PHRED=1", keys) is None
    assert [one.why_not for one in alleles(b"VARBIND_PHRED=1", keys)] == ["no status"]
    # A lone missing value stands for all, and a key without a value is missing.
    assert len(alleles(b"VARBIND_PHRED=.;VARBIND_STATUS", keys, b"C,G,T")) == 3


def test_without_numbers_there_are_alleles_too():
    found = alleles(b"VARBIND_STATUS=ok,ok", declared(b"VARBIND_STATUS"), b"C,G")
    assert [(one.numbers, one.why_not) for one in found] == [((), ""), ((), "")]


def test_damage_is_told_with_its_line():
    with pytest.raises(InputError, match=r"in\.vcf:9: VARBIND_PHRED has 2 values, expected 1, one an ALT; annotate"):
        alleles(b"VARBIND_PHRED=1,2", declared(b"VARBIND_PHRED"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("SP4|-0.25&KLF5.matrix|1e-05", (("SP4", -0.25), ("KLF5.matrix", 1e-05))),
        ("a%7Cb|1", (("a|b", 1.0),)),
        ("not an entry&SP4|x&SP4|2", (("SP4", 2.0),)),
    ],
)
def test_contributions_of_models(text, expected):
    assert explained_models(text) == expected
