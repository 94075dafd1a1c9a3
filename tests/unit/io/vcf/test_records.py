"""Header and records are spliced, never taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.errors import InputError
from varbind.io.vcf.records import COLUMNS, InfoKeyPattern, VcfHeader, VcfRecord

PATTERN = InfoKeyPattern("VARBIND_(?:BIND_LOSS|STATUS|CONS_[a-z]+)")
KEYS = "VARBIND_BIND_LOSS=a|b,.;VARBIND_STATUS=ok,star"
field = st.binary(max_size=12).map(lambda data: data.translate(None, b"\t\n\r\0"))


def record(*fields):
    return VcfRecord(b"\t".join(fields), 7, "in.vcf", len(fields))


@given(
    st.one_of(
        field,
        st.lists(st.sampled_from([b"", b".", b"AC=1", b"VARBIND=2", b"X_VARBIND_STATUS", b"DP="]), max_size=5).map(
            b";".join
        ),
    ),
    st.lists(field, max_size=3),
    st.sampled_from([b"", b"\n", b"\r\n"]),
)
def test_taking_the_keys_away_restores_the_bytes(info, samples, end):
    fields = [b"1", b"5", b".", b"A", b"C", b".", b".", info, *samples]
    fields[-1] += end
    original = record(*fields)
    if original.first_key(PATTERN):
        return
    again = VcfRecord(original.with_info(KEYS), 7, "in.vcf", len(fields))
    assert again.first_key(PATTERN) == "VARBIND_BIND_LOSS"
    assert again.without_keys(PATTERN) == original.line


def test_fields():
    found = record(b"chr1", b"0012", b"rs1", b"a", b"C,<DEL>", b".", b"PASS", b"DP=1\n")
    assert (found.chrom, found.pos, found.ref, found.alts) == ("chr1", 12, "a", ("C", "<DEL>"))
    assert found.info() == (b"DP=1", b"\n")


@pytest.mark.parametrize("name", ["\u00e9", "\u03b1", "\udcff"])
def test_any_letter_can_be_written(name):
    assert record(b"1", b"5", b".", b"A", b"C", b".", b".", b".").with_info(f"K={name}").split(b"=")[1]


def test_the_error_names_the_line():
    with pytest.raises(InputError, match=r"in.vcf:7: 3 columns, expected 8"):
        VcfRecord(b"1\t2\t3\n", 7, "in.vcf", 8)


HEADER = VcfHeader(
    (
        b"##fileformat=VCFv4.2\n",
        b"##contig=<ID=chr1,length=5,md5=x>\n",
        b"##contig=<length=9,ID=chr2>\n",
        b"##contig=<ID=chr3>\n",
        b"##contig=<assembly=x>\n",
        b'##INFO=<ID=VARBIND_STATUS,Number=A,Type=String,Description="x">\n',
        b'##INFO=<Number=A,ID=VARBIND_CONS_x,Type=Float,Description="x">\n',
        b'##INFO=<ID=VARBIND_OTHER,Number=A,Type=String,Description="x">\n',
        b"##varbind_bank=<ID=x>\n",
    ),
    COLUMNS + b"\n",
)


def test_contigs():
    assert HEADER.contig_lengths() == {"chr1": 5, "chr2": 9, "chr3": None}


def test_declared_keys_of_a_pattern():
    assert HEADER.declared_keys(PATTERN) == ["VARBIND_STATUS", "VARBIND_CONS_x"]
    assert HEADER.declared_keys(InfoKeyPattern("OTHER_STATUS")) == []


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (b'##INFO=<Description="x,ID=VARBIND_STATUS,y",ID=DP>\n', None),
        (b'##INFO=<Description="a \\" and ID=VARBIND_STATUS,",ID=DP>\n', None),
        (b'##INFO=<Description="a > b",ID=VARBIND_STATUS,Number=A>\n', "VARBIND_STATUS"),
        (b"##FORMAT=<ID=VARBIND_STATUS,Number=A>\n", None),
        (b"##INFO=<ID=VARBIND_STATUSES,Number=A>\n", None),
    ],
)
def test_quoted_text_declares_nothing(line, key):
    assert PATTERN.declared_in(line) == key


def test_lines_are_added_before_the_columns():
    header = VcfHeader((b"##a\r\n",), COLUMNS + b"\r\n")
    assert header.bytes_with(["##b", "##c"]) == b"##a\r\n##b\r\n##c\r\n" + COLUMNS + b"\r\n"
