"""Regions as bcftools reads them."""

import codecs
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.errors import UsageError
from varbind.io.regions import Regions


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("1,2", {"1": [(0, 10**18)], "2": [(0, 10**18)]}),
        ("1:5", {"1": [(4, 5)]}),
        ("1:5-", {"1": [(4, 10**18)]}),
        ("2:7-9,1:5,2:1-3", {"2": [(0, 3), (6, 9)], "1": [(4, 5)]}),
        ("1:1-5,1:6-9,1:3-4", {"1": [(0, 9)]}),
        ("HLA-A*01:01", {"HLA-A*01": [(0, 1)]}),
    ],
)
def test_text(text, spans):
    assert Regions.from_text(text).spans == spans


@given(
    st.lists(st.tuples(st.sampled_from("12"), st.integers(1, 40), st.integers(0, 9)), min_size=1, max_size=6),
    st.sampled_from("123"),
    st.integers(1, 60),
)
def test_holds_what_any_of_them_holds(regions, contig, pos):
    found = Regions.from_text(",".join(f"{name}:{start}-{start + more}" for name, start, more in regions))
    assert found.holds(contig, pos) == any(
        name == contig and start <= pos <= start + more for name, start, more in regions
    )


def test_previous_ends():
    found = list(Regions.from_text("1:5-6,1:9,2:3").with_previous_ends())
    assert found == [("1", 4, 6, -1), ("1", 8, 9, 6), ("2", 2, 3, -1)]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_files(tmp_path, pack):
    bed, text = tmp_path / "a.bed.gz", tmp_path / "a.txt"
    bed.write_bytes(pack(b"track x\n1\t4\t9\n\n#x\n"))
    text.write_bytes(pack(b"1\t5\t9\n2\t3\n3\n"))
    assert Regions.from_file(bed).spans == {"1": [(4, 9)]}
    assert Regions.from_file(text).spans == {"1": [(4, 9)], "2": [(2, 3)], "3": [(0, 10**18)]}


@pytest.mark.parametrize("text", ["", ",", "1:0", "1:5-4", "^1"])
def test_refused(text):
    with pytest.raises(UsageError):
        Regions.from_text(text)


def test_a_byte_order_mark_does_not_show(tmp_path):
    (tmp_path / "a.bed").write_bytes(codecs.BOM_UTF8 + b"1\t4\t9\n")
    assert Regions.from_file(tmp_path / "a.bed").spans == {"1": [(4, 9)]}
