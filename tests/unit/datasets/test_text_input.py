"""Lines keep their numbers, however the file is packed."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.datasets.text_input import checked_sequence, numbered_lines, read_table
from varbind.errors import InputError

TEXT = b"# text\r\nACGT\r\n\n  \n\tx y\nlast"


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_lines_keep_their_numbers(tmp_path, packed):
    path = tmp_path / "in"
    path.write_bytes(packed(TEXT))
    assert list(numbered_lines(str(path))) == [(2, "ACGT"), (5, "\tx y"), (6, "last")]


def test_what_cannot_be_read_is_told(tmp_path):
    cut = tmp_path / "cut"
    cut.write_bytes(gzip.compress(TEXT * 99)[:-9])
    with pytest.raises(InputError, match="cut: truncated or corrupt"):
        list(numbered_lines(str(cut)))
    with pytest.raises(InputError, match="cannot be read"):
        list(numbered_lines(str(tmp_path)))


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=9))
def test_a_sequence_is_letters_of_dna_and_rna(text):
    good = text.strip() and set(text.strip().upper()) <= set("ACGTUN")
    if good:
        assert checked_sequence(text, "in", 1) == text.strip()
    else:
        with pytest.raises(InputError, match="in:1: the sequence holds"):
            checked_sequence(text, "in", 1)


TABLE = b'\xef\xbb\xbf# text\r\nname\tvalue\r\n\n# more\n"a" #1\t007\r\n \tNA\n'


def accept(names, line):
    assert (names, line) == (["name", "value"], 2)


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_a_table_is_text_with_the_numbers_of_its_lines(tmp_path, packed):
    path = tmp_path / "in"
    path.write_bytes(packed(TABLE))
    table = read_table(str(path), accept)
    assert table.index.tolist() == [5, 6]
    assert table.to_dict("list") == {"name": ['"a" #1', " "], "value": ["007", "NA"]}


@pytest.mark.parametrize("row", [b"a", b"a\t1\t2"])
def test_a_row_with_other_columns_than_the_header_is_an_error(tmp_path, row):
    path = tmp_path / "in"
    path.write_bytes(TABLE + row)
    with pytest.raises(InputError, match=rf"in:7: found {row.count(9) + 1} columns, expected 2 as in the header; corr"):
        read_table(str(path), accept)


def test_the_header_is_checked_before_the_rows(tmp_path):
    def refuse(names, line):
        raise InputError("unknown column", line=line)

    path = tmp_path / "in"
    path.write_bytes(TABLE + b"a")
    with pytest.raises(InputError, match="2: unknown column"):
        read_table(str(path), refuse)
