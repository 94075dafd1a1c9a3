"""Sequences to score: FASTA or one a line."""

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
