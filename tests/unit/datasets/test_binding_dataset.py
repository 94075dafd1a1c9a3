"""A table of sets says what is trained; what is wrong with it is told with its line."""

import pytest
from planted import write_files, write_lines

from varbind.datasets.binding_dataset import (
    BindingDataset,
    DataKind,
    NegativeSource,
    is_dataset_table,
    read_dataset_table,
)
from varbind.errors import InputError


def test_a_table_is_read(tmp_path):
    first, second, third = read_dataset_table(str(write_files(tmp_path) / "sets.tsv"), fasta="other.fa")
    assert first == BindingDataset(
        id="A.peaks",
        protein="A",
        file=str(tmp_path / "peaks.narrowPeak"),
        family="bZIP",
        fasta=str(tmp_path / "reference.fa"),
    )
    assert (second.kind, second.fasta, second.default) == (DataKind.LABELS, "other.fa", True)
    assert (third.family, third.default) == ("", False)


def test_an_absolute_path_and_a_missing_id(tmp_path):
    path = write_lines(tmp_path / "sets.tsv", ["file\tprotein", f"{tmp_path / 'x.bed'}\tCTCF"])
    assert read_dataset_table(str(path)) == [BindingDataset(id="CTCF", protein="CTCF", file=str(tmp_path / "x.bed"))]


def test_a_table_of_sets_is_told_from_data(tmp_path):
    write_files(tmp_path)
    found = [path.name for path in sorted(tmp_path.iterdir()) if is_dataset_table(str(path))]
    assert found == ["sets.tsv"]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["protein\tfile\tcolour", "A\tx\tred"], ":1: the column 'colour' is unknown"),
        (["protein\tfile\tfile", "A\tx\tx"], ":1: the column 'file' is given twice"),
        (["protein\tfile", "A"], ":2: found 1 columns, expected 2"),
        (["protein\tfile", "A\t."], ":2: no file is stated"),
        (["protein\tfile", "\tx"], ":2: no protein is stated"),
        (["protein\tfile\tkind", "A\tx\tseq"], ":2: the kind is 'seq', expected one of peaks, bound"),
        (["protein\tfile\tnegatives", "A\tx\tfile,shuffle"], ":2: the negatives is 'shuffle', expected one of file"),
        (["protein\tfile\tdefault", "A\tx\t1"], ":2: the default is '1', expected yes or no"),
        (["protein\tfile", "A\tx", "# text", "A\ty"], ":4: the id A is given twice"),
        (["protein\tfile", "A B\tx"], ":2: the id 'A B' cannot name a model"),
        (["protein\tfile", "A\tx\x00y"], ":2: the file is 'x.x00y', which has a character that cannot be printed"),
        (["protein\tfile"], ": has no data sets"),
    ],
)
def test_a_malformed_table_is_told(tmp_path, lines, text):
    with pytest.raises(InputError, match=f"sets.tsv{text}"):
        read_dataset_table(str(write_lines(tmp_path / "sets.tsv", lines)))


def test_negatives_and_matrices_of_a_table(tmp_path):
    header = "protein\tfile\tkind\tnegatives\tmatrix\ttask"
    rows = [header, "A\t/x\tlabels\tfile, shuffles\t.\tnear", "B\t/y\tmatrix\t.\tM1\t."]
    first, second = read_dataset_table(str(write_lines(tmp_path / "sets.tsv", rows)))
    assert (first.negatives, first.task) == ((NegativeSource.FILE, NegativeSource.SHUFFLES), "near")
    assert (second.kind, second.matrix, second.negatives) == (DataKind.MATRIX, "M1", ())


def test_names_beyond_ascii(tmp_path):
    path = write_lines(tmp_path / "sets.tsv", ["protein\tfile", "A\tgr\u00f6\u00dfe.tsv"])
    assert read_dataset_table(str(path))[0].file.endswith("gr\u00f6\u00dfe.tsv")
