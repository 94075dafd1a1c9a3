"""Tables of labels of many proteins."""

import numpy as np
import pytest

from varbind.datasets.labelled_sequences import LabelledSequences, read_label_matrix
from varbind.errors import InputError


def written(tmp_path, *lines):
    (tmp_path / "labels.tsv").write_text("\n".join(lines) + "\n")
    return str(tmp_path / "labels.tsv")


def test_columns_are_proteins_and_groups(tmp_path):
    path = written(tmp_path, "# a comment", "A\tchrom\tB", "1\tchr2\t0", "", "-1\tchr1\t1", "0\tchr2\t-1")
    tasks, labels, groups = read_label_matrix(path)
    assert tasks == ("A", "B")
    assert labels.dtype == np.int8
    assert labels.tolist() == [[1, 0], [-1, 1], [0, -1]]
    assert groups.tolist() == [1, 0, 1]


def test_groups_need_not_be_stated(tmp_path):
    assert read_label_matrix(written(tmp_path, "A", "1", "0"))[2] is None


@pytest.mark.parametrize(
    ("lines", "line", "match"),
    [
        (["A\tB", "1\t2"], 2, "the label of B is '2', expected 1, 0 or -1"),
        (["A\tB", "1\t"], 2, "the label of B is '', expected"),
        (["A\tB", "1"], 2, "found 1 columns, expected 2"),
        (["chrom", "chr1"], 1, "found 0 columns of proteins and 1 of groups"),
        (["A\tgroup\tchrom", "1\t1\t1"], 1, "found 1 columns of proteins and 2 of groups"),
        (["A\tA", "1\t0"], 1, "the column 'A' is given twice"),
        (["A B\tC", "1\t0"], 1, "the column 'A B' is given twice, or cannot name a model"),
        (["A\tB", "1\t0", "0\t-1"], None, "B has 0 labels 1 and 1 labels 0, expected some of both"),
    ],
)
def test_what_is_not_such_a_table_is_refused(tmp_path, lines, line, match):
    path = written(tmp_path, *lines)
    with pytest.raises(InputError, match=match) as caught:
        read_label_matrix(path)
    assert (caught.value.path, caught.value.line) == (path, line)
    assert caught.value.remedy


def test_rows_are_taken_from_all_arrays():
    examples = LabelledSequences(("A",), np.eye(4, dtype=np.uint8), np.int8([[1], [0], [-1], [1]]), np.arange(4) * 10)
    part = examples.take(np.array([3, 0]))
    assert part.tasks == ("A",)
    assert (part.codes.tolist(), part.labels.tolist()) == ([[0, 0, 0, 1], [1, 0, 0, 0]], [[1], [1]])
    assert part.groups.tolist() == [30, 0]
