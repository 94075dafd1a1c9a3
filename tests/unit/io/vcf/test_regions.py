"""Regions as bcftools reads them."""

import codecs
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.errors import UsageError
from varbind.io.vcf.regions import Regions, Selection


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("1,2", {"1": [(0, 10**18)], "2": [(0, 10**18)]}),
        ("1:5", {"1": [(4, 5)]}),
        ("1:5-", {"1": [(4, 10**18)]}),
        ("2:7-9,1:5,2:1-3", {"2": [(0, 3), (6, 9)], "1": [(4, 5)]}),
        ("1:1-5,1:6-9,1:3-4", {"1": [(0, 9)]}),
        ("HLA-A*01:01", {"HLA-A*01": [(0, 1)]}),
        ("1:5+,2", {"1": [(4, 10**18)], "2": [(0, 10**18)]}),
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


@pytest.mark.parametrize("word", ["1:1-9k", "chr1:1e3-3e3", "1:7:G:C", "1:7..9"])
def test_what_follows_a_known_contig_is_a_position(word):
    """Else a region that is mistyped would be a contig that there is not, and only a warning."""
    with pytest.raises(UsageError, match="cannot read the positions of the region"):
        Selection(Regions.from_text(f"1:3,{word}"), {"1": None}, "x")


def test_tables_of_sites_are_read(tmp_path):
    """`bcftools query -f '%CHROM\\t%POS\\t%REF,%ALT\\n'` writes the targets of bcftools."""
    sites = tmp_path / "sites.tsv"
    sites.write_bytes(b"1\t5\tG,C\n1\t7\tGA\tT\n2\t3\t.\n")
    assert Regions.from_file(sites).spans == {"1": [(4, 5), (6, 7)], "2": [(2, 3)]}


def test_a_file_without_a_region_is_named(tmp_path):
    (tmp_path / "a.bed").write_bytes(b"# nothing\n")
    with pytest.raises(UsageError, match="no region is named") as caught:
        Regions.from_file(tmp_path / "a.bed")
    assert caught.value.path == str(tmp_path / "a.bed")


@given(
    st.lists(st.tuples(st.sampled_from(["1", "chr2", "c:3"]), st.integers(1, 10**9), st.integers(0, 10**9)), min_size=1)
)
def test_digits_may_be_grouped(places):
    """Whatever regions stand beside each other, the commas in their numbers change nothing."""
    plain = ",".join(f"{contig}:{start}-{start + more}" for contig, start, more in places)
    grouped = ",".join(f"{contig}:{start:,}-{start + more:,}" for contig, start, more in places)
    known = {"1": None, "chr2": None, "c:3": None}
    found = [list(Selection(Regions.from_text(text), known, "x").with_previous_ends()) for text in (plain, grouped)]
    assert found[0] == found[1]


@given(
    st.lists(st.sampled_from(["a:1", "a", "a:1:1", "b"]), min_size=1, max_size=4),
    st.sampled_from(["a:1", "a", "a:1:1", "b"]),
)
def test_a_known_contig_is_read_as_a_whole(names, contig):
    selection = Selection(Regions.from_text(",".join(names)), dict.fromkeys(["a:1", "a", "a:1:1", "b"]), "x")
    assert selection.holds(contig, 77) == (contig in names)


def test_contigs_that_only_records_have():
    regions = Regions.from_text("1:5-9,{b:1}:3,c:4")
    selection = Selection(regions, {}, "x", renamed={"first": "c"})
    assert selection.holds("chr1", 5)
    assert not selection.holds("chr1", 4)
    assert selection.holds("b:1", 3)
    assert selection.holds("first", 4)
    selection.finish()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.bed", b"1\t5\tx\n"),
        ("a.txt", b"1 x\n"),
        ("a.list", b"1:9-5\n"),
        ("a.list", b"1\t2\0\t5\n"),
        ("a.csv", b"1,4,9\n"),
    ],
)
def test_a_bad_line_is_named(tmp_path, name, line):
    path = tmp_path / name
    path.write_bytes(b"1\t4\t9\n" + line)
    with pytest.raises(UsageError) as caught:
        Regions.from_file(path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert caught.value.remedy


@pytest.mark.parametrize("text", ["", ",", "1:0", "1:5-4", "^1", "1:5-1,000,000,000,000,000,000,000"])
def test_refused(text):
    with pytest.raises(UsageError):
        Regions.from_text(text)


def test_a_byte_order_mark_does_not_show(tmp_path):
    (tmp_path / "a.bed").write_bytes(codecs.BOM_UTF8 + b"1\t4\t9\n")
    assert Regions.from_file(tmp_path / "a.bed").spans == {"1": [(4, 9)]}
