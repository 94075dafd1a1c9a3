"""Sequences to score: FASTA or one a line."""

import codecs

import pytest

from varbind.errors import InputError
from varbind.io.sequences import read_sequences


def found(tmp_path, text):
    path = tmp_path / "in.txt"
    path.write_text(text)
    return list(read_sequences(path))


def test_one_a_line(tmp_path):
    assert found(tmp_path, "# comment\nACGT\n\nacgun # more\n") == [("1", "ACGT"), ("2", "acgun")]


def test_fasta(tmp_path):
    assert found(tmp_path, ">a first\nAC\nGT\n>b\nT\n") == [("a", "ACGT"), ("b", "T")]


@pytest.mark.parametrize("text", ["", "# nothing\n", ">\nACGT\n", "AC-GT\n", "AC GT\n"])
def test_refused(tmp_path, text):
    with pytest.raises(InputError):
        found(tmp_path, text)


@pytest.mark.parametrize("text", [">a x\nAC\nGT\n", "ACGT\n"])
def test_a_byte_order_mark_does_not_show(tmp_path, text):
    expected = found(tmp_path, text)
    (tmp_path / "marked.txt").write_bytes(codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode())
    assert list(read_sequences(tmp_path / "marked.txt")) == expected


def test_utf_16_is_told(tmp_path):
    (tmp_path / "in.txt").write_bytes("ACGT\n".encode("utf-16"))
    with pytest.raises(InputError, match=r"in\.txt:1: is UTF-16 text, expected UTF-8"):
        list(read_sequences(tmp_path / "in.txt"))
