"""INFO fields of any source, as their header lines declare them."""

from math import isnan

import pytest

from varbind.errors import InputError, UsageError
from varbind.io.vcf.info_values import declared_fields, info_values, is_missing
from varbind.io.vcf.records import COLUMNS, VcfHeader, VcfRecord

LINES = (
    b"##fileformat=VCFv4.3\n",
    b'##INFO=<ID=AF,Number=A,Type=Float,Description="ID=XX,Number=1, of \\"AF\\"">\n',
    b'##INFO=<Number=1,Type=Integer,ID=DP,Description="depth">\n',
    b'##INFO=<ID=AD,Number=R,Type=Integer,Description="x">\n',
    b'##INFO=<ID=DB,Number=0,Type=Flag,Description="x">\n',
    b'##INFO=<ID=PL,Number=G,Type=Integer,Description="x">\n',
    b'##INFO=<ID=CSQ,Number=.,Type=String,Description="x">\n',
    b'##INFO=<ID=NAME,Number=A,Type=String,Description="x">\n',
    b'##INFO=<ID=TEXT,Number=1,Type=String,Description="x">\n',
    b'##INFO=<ID=DP,Number=.,Type=String,Description="again">\n',
)
HEADER = VcfHeader(LINES, COLUMNS + b"\n")


def fields(*keys):
    return declared_fields(HEADER, keys, "in.vcf")


def values(info, *keys, alt=b"C,G"):
    record = VcfRecord(b"1\t5\t.\tA\t%s\t.\t.\t%s\n" % (alt, info), 12, "in.vcf", 8)
    return info_values(fields(*keys), record, "in.vcf")


@pytest.mark.parametrize(
    ("key", "kind", "info", "expected"),
    [
        ("AF", float, b"AF=0.25,1e-3", [0.25, 0.001]),
        ("DP", int, b"X;DP=12;DP=13", ["12", "12"]),
        ("AD", int, b"AD=9,8,.", ["8", None]),
        ("DB", bool, b"AF=1,1;DB", [True, True]),
        ("DB", bool, b"DB2", [False, False]),
        ("PL", str, b"PL=1,2,3,4,5,6", ["1,2,3,4,5,6"] * 2),
        ("CSQ", str, b"CSQ=a|b,c%3Bd", ["a|b,c%3Bd"] * 2),
        ("NAME", str, b"NAME=.,b", [None, "b"]),
        ("TEXT", str, b"TEXT=caf\xe9=1", ["caf\\xe9=1"] * 2),
        ("AD", int, b"AD=.", [None, None]),
        ("DP", int, b".", [None, None]),
        ("DP", int, b"DP", [None, None]),
    ],
)
def test_number_and_type_of_the_header_are_kept(key, kind, info, expected):
    assert fields(key)[0].kind is kind
    assert [row[0] for row in values(info, key)] == expected


@pytest.mark.parametrize("info", [b".", b"AF=.", b"AF=.,.", b"AF", b"AF="])
def test_a_missing_number_is_missing_for_each_allele(info):
    found = [row[0] for row in values(info, "AF")]
    assert all(isnan(value) and is_missing(value) for value in found)
    assert len(found) == 2


def test_missing_values():
    assert is_missing(None)
    assert not any(map(is_missing, (False, True, 0.0, "0", "")))


def test_columns_stand_in_the_order_given_and_once():
    assert [field.key for field in fields("DP", "AF", "DP")] == ["DP", "AF"]
    assert values(b"AF=1,2;DP=3", "DP", "AF") == [("3", 1.0), ("3", 2.0)]
    assert values(b"AF=1,2") == [(), ()]


@pytest.mark.parametrize(
    ("info", "key", "what"),
    [
        (b"AF=0.1", "AF", "AF has 1 values, expected 2, as the header has Number=A"),
        (b"AF=0.1,0.2,0.3", "AF", "AF has 3 values, expected 2, as the header has Number=A"),
        (b"AD=1,2", "AD", "AD has 2 values, expected 3, as the header has Number=R"),
        (b"AF=a,1", "AF", "AF is 'a', expected a number"),
        (b"DP=1.5", "DP", "DP is '1.5', expected a whole number"),
        (b"DP=1,2", "DP", "DP is '1,2', expected a whole number"),
        (b"DP=99999999999999999999", "DP", "expected a whole number"),
    ],
)
def test_values_that_do_not_fit_are_named(info, key, what):
    with pytest.raises(InputError, match=what) as caught:
        values(info, key)
    assert str(caught.value).startswith("in.vcf:12: ")
    assert f"do not ask for {key}" in str(caught.value)


def test_a_key_that_is_not_declared():
    with pytest.raises(UsageError, match=r"in\.vcf: the header declares no INFO key 'AFF'; .* such as AF$"):
        fields("AFF")
    with pytest.raises(UsageError, match=r"no INFO key 'csq'; .* such as CSQ$"):
        fields("csq")
    with pytest.raises(UsageError, match=r"no INFO key 'XX'; .* such as AF, DP, AD"):
        fields("XX")
    with pytest.raises(UsageError, match=r"no INFO key 'AF'; leave it out$"):
        declared_fields(VcfHeader((), COLUMNS), ["AF"], "in.vcf")
