"""Sequences with and without targets are read, and what is wrong is told with its line."""

import codecs
import gzip

import pytest
from planted import write_lines

from varbind.core.sequence import decode
from varbind.datasets.sequence_table import read_bound_sequences, read_sequence_table
from varbind.errors import InputError


def bound(tmp_path, *lines):
    return read_bound_sequences(str(write_lines(tmp_path / "in", lines)))


def table(tmp_path, *lines):
    return read_sequence_table(str(write_lines(tmp_path / "in", lines)))


@pytest.mark.parametrize(
    "lines",
    [[">a", "ACG", "u", ">b text", "nnGT"], ["ACGT", "", "# text", "NNGT"], ["  acgu", "NNGT\r"]],
    ids=["FASTA", "list", "blanks"],
)
def test_bound_sequences(tmp_path, lines):
    assert [decode(codes) for codes in bound(tmp_path, *lines)] == ["ACGT", "NNGT"]


@pytest.mark.parametrize("lines", [[">a", "ACG", "u", ">b", "T"], ["ACGT", "T"]], ids=["FASTA", "list"])
def test_sequences_of_any_lengths(tmp_path, lines):
    found = bound(tmp_path, *lines)
    assert found.lengths.tolist() == [4, 1]
    assert [decode(codes) for codes in found] == ["ACGT", "T"]
    rows = table(tmp_path, "ACG\t1", "ACGTACGT\t0")
    assert [decode(codes) for codes in rows.sequences] == ["ACG", "ACGTACGT"]


@pytest.mark.parametrize(
    "lines",
    [
        ["@a", "ACGT", "+", "III"],
        ["@a", "ACGT", "+", "IIII", "@b", "AC", "+"],
        ["@a", "ACGT", "+", "IIII", "b", "AC", "+", "II"],
        ["@a", "ACGT", "+", "IIII", "@b", "AC", "-", "II"],
    ],
)
def test_a_malformed_read_is_told(tmp_path, lines):
    with pytest.raises(InputError, match=rf"in:{len(lines) // 5 * 4 + 1}: expected a read in four lines"):
        bound(tmp_path, *lines)


def test_reads(tmp_path):
    """Qualities may look like names and comments."""
    reads = bound(tmp_path, "@a b", "ACGT", "+", "#III", "@c", "NA", "+c", "@@")
    assert [decode(codes) for codes in reads] == ["ACGT", "NA"]
    with pytest.raises(InputError, match="in:6: the sequence holds 'X' at base 2"):
        bound(tmp_path, "@a", "ACGT", "+", "#III", "@c", "NX", "+", "@@")


def test_a_deepbind_table_gives_its_bound_sequences(tmp_path):
    path = tmp_path / "in.seq.gz"
    path.write_bytes(gzip.compress(b"FoldID\tEventID\tseq\tBound\nA\te\tACGT\t1\nA\te\tTTTT\t0\n"))
    assert [decode(codes) for codes in read_bound_sequences(str(path))] == ["ACGT"]


@pytest.mark.parametrize(
    "lines",
    [["ACGT\t1\tx", "AAAA\t0.5\t"], ["ACGT 1", "AAAA 0.5"], ["id\tValue\tSeq", "x\t1\tACGT", "y\t0.5\taaaa"]],
    ids=["tabs", "blanks", "header"],
)
def test_tables(tmp_path, lines):
    found = table(tmp_path, *lines)
    assert [decode(codes) for codes in found.sequences] == ["ACGT", "AAAA"]
    assert found.targets.tolist() == [1, 0.5]
    assert not found.is_labelled


def test_lines_are_those_of_the_file(tmp_path):
    found = table(tmp_path, "# text", "sequence\tlabel", "", "ACGT\t1", "AAAA\t0")
    assert list(found.lines) == [4, 5]
    assert found.is_labelled


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["ACGT", "ACXT"], "in:2: the sequence holds 'X' at base 3, expected the letters"),
        ([">a", "ACGT", "AC-T"], "in:3: the sequence holds '-' at base 3"),
        (["ACGT", "A" * 2001], "in:2: the sequence has 2,001 bases, expected at most 2,000; cut it"),
        ([">a", "ACGT", ">b", *["A" * 500] * 5], "in:3: the sequence has 2,500 bases, expected at most 2,000"),
        ([">a", ">b", "AC"], "in:1: the sequence holds nothing"),
        ([">a", "ACGT", ">b"], "in:3: the sequence holds nothing"),
        (["# text"], "in: holds no sequence"),
        ([], "in: is empty"),
    ],
)
def test_a_malformed_sequence_is_told(tmp_path, lines, text):
    with pytest.raises(InputError, match=text):
        bound(tmp_path, *lines)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["ACGT\t1", "ACGT"], "in:2: found 1 columns, expected a sequence and a label or value"),
        (["ACGT\t1", "ACGT\tyes"], "in:2: the label or value is 'yes', expected a number"),
        (["ACGT\t1", "ACGT\tnan"], "in:2: the label or value is 'nan'"),
        (["ACGT\t1", "ACRT\t1"], "in:2: the sequence holds 'R' at base 3"),
        (["ACGT\t1", f"{'A' * 2001}\t1"], "in:2: the sequence has 2,001 bases, expected at most 2,000"),
        (["sequence\tweight", "ACGT\t1"], "in:1: the header is .*, expected one column named sequence"),
        (["sequence\tlabel"], "in: holds no sequence"),
        (["# text"], "in: holds no sequence"),
    ],
)
def test_a_malformed_row_is_told(tmp_path, lines, text):
    with pytest.raises(InputError, match=text):
        table(tmp_path, *lines)


def test_a_stream_is_refused():
    with pytest.raises(InputError, match="cannot be read again"):
        read_bound_sequences("-")


def test_groups_are_numbered(tmp_path):
    found = table(tmp_path, "chrom\tsequence\tlabel", "chr2\tACGT\t1", "chr10\tAAAA\t0", "chr2\tAAAC\t0")
    assert found.groups.tolist() == [1, 0, 1]
    assert table(tmp_path, "ACGT\t1").groups is None
    with pytest.raises(InputError, match="at most one named group"):
        table(tmp_path, "chrom\tgroup\tsequence\tlabel", "1\t1\tACGT\t1")


@pytest.mark.parametrize("name", ["chromosome", "chrom", "group", "chr", "CHR", "Chr", "contig", "seqnames"])
def test_names_of_groups(tmp_path, name):
    found = table(tmp_path, f"{name}\tsequence\tlabel", "2\tACGT\t1", "10\tAAAA\t0", "2\tAAAC\t0")
    assert found.groups.tolist() == [1, 0, 1]


def test_the_older_names_of_columns_come_first(tmp_path):
    found = table(tmp_path, "chr\tgroup\tsequence\tvalue\ttarget", "1\ta\tACGT\t0.5\t7", "2\ta\tAAAA\t2\t9")
    assert found.groups.tolist() == [0, 0]
    assert found.targets.tolist() == [0.5, 2]


@pytest.mark.parametrize("header", [["sequence\tlabel"], ["seq\tBound"], ["sequence\tClass"], ["sequence\ty"], []])
def test_minus_one_is_a_label(tmp_path, header):
    found = table(tmp_path, *header, "ACGT\t1", "AAAA\t-1", "CCCC\t+1", "GGGG\t-1.0")
    assert found.is_labelled
    assert found.labels.tolist() == [1, 0, 1, 0]
    assert found.targets.tolist() == [1, -1, 1, -1]


def test_what_is_named_a_value_is_no_label(tmp_path):
    assert not table(tmp_path, "sequence\tvalue", "ACGT\t1", "AAAA\t-1").is_labelled
    assert table(tmp_path, "sequence\tlabel", "ACGT\t1", "AAAA\t-1", "CCCC\t0").labels is None
    assert table(tmp_path, "sequence\tlabel", "ACGT\t1", "AAAA\t2").is_named_label
    assert not table(tmp_path, "ACGT\t1", "AAAA\t2").is_named_label


def test_a_byte_order_mark_does_not_show(tmp_path):
    for text in ("sequence\tlabel\nACGT\t1\n", "ACGT\t1\n"):
        (tmp_path / "in").write_bytes(codecs.BOM_UTF8 + text.encode())
        assert [decode(codes) for codes in read_sequence_table(str(tmp_path / "in")).sequences] == ["ACGT"]
    (tmp_path / "in").write_bytes(codecs.BOM_UTF8 + b">a\nACGT\n")
    assert [decode(codes) for codes in read_bound_sequences(str(tmp_path / "in"))] == ["ACGT"]
