"""Peak tables are read whole or refused with their line; shuffles keep what they must."""

import gzip

import numpy as np
import pytest

from varbind.core.sequence import decode, encode
from varbind.errors import InputError, UsageError
from varbind.train.datasets import read_peak_sequences, shuffled_negatives, split_rows

HEADER = "FoldID\tEventID\tseq\tBound\n"
ROWS = ["A\tpeak1\tACGTNACG\t1\n", "A\tpeak2\tacgttttt\t1\n", "B\tshuffle1\tGGGGCCCC\t0\n"]


def written(folder, text):
    path = folder / "peaks.seq.gz"
    path.write_bytes(gzip.compress(text.encode("ascii")))
    return path


def test_rows_become_codes_and_labels(tmp_path):
    peaks = read_peak_sequences(written(tmp_path, HEADER + "".join(ROWS)))
    assert peaks.codes.dtype == np.uint8
    assert [decode(row) for row in peaks.positives] == ["ACGTNACG", "ACGTTTTT"]
    assert [decode(row) for row in peaks.negatives] == ["GGGGCCCC"]
    assert peaks.bound.tolist() == [True, True, False]


def test_windows_line_ends_are_read(tmp_path):
    peaks = read_peak_sequences(written(tmp_path, (HEADER + "".join(ROWS)).replace("\n", "\r\n")))
    assert peaks.codes.shape == (3, 8)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("A\tpeak3\tACGRACGT\t1\n", "['R']"),
        ("A\tpeak3\tACGTACG\t1\n", "7 bases, expected 8"),
        ("A\tpeak3\tACGTACGT\n", "3 columns, expected 4"),
        ("A\tpeak3\tACGTACGT\t1\textra\n", "5 columns, expected 4"),
        ("A\tpeak3\t\t1\n", "the sequence holds"),
        ("A\tpeak3\tACGTACGT\t0.5\n", "Bound is '0.5'"),
        ("\n", "1 columns"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path, row, found):
    path = written(tmp_path, HEADER + "".join(ROWS) + row)
    with pytest.raises(InputError) as caught:
        read_peak_sequences(path)
    assert caught.value.line == 5
    assert caught.value.path == str(path)
    assert found in caught.value.what


def test_a_foreign_header_is_refused(tmp_path):
    with pytest.raises(InputError) as caught:
        read_peak_sequences(written(tmp_path, ">peak\nACGT\n"))
    assert caught.value.line == 1


@pytest.mark.parametrize("text", [HEADER, HEADER + ROWS[2]])
def test_a_file_without_positives_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="no bound sequence"):
        read_peak_sequences(written(tmp_path, text))


def test_a_file_that_is_absent_cut_or_not_gzip_is_refused(tmp_path):
    whole = written(tmp_path, HEADER + "".join(ROWS) * 50)
    cut = tmp_path / "cut.seq.gz"
    cut.write_bytes(whole.read_bytes()[:-20])
    plain = tmp_path / "plain.seq.gz"
    plain.write_text(HEADER + ROWS[0])
    for path in (tmp_path / "absent.seq.gz", cut, plain):
        with pytest.raises(InputError) as caught:
            read_peak_sequences(path)
        assert caught.value.path == str(path)


def dinucleotides(codes):
    return np.bincount(codes[:-1] * 5 + codes[1:], minlength=25)


def test_every_negative_is_the_shuffle_of_its_row():
    positives = np.random.default_rng(4).integers(0, 5, (30, 101)).astype(np.uint8)
    negatives = shuffled_negatives(positives, np.random.default_rng(1))
    for positive, negative in zip(positives, negatives, strict=True):
        assert (dinucleotides(positive) == dinucleotides(negative)).all()
        assert (positive != negative).any()
    assert (negatives == shuffled_negatives(positives, np.random.default_rng(1))).all()
    assert (negatives != shuffled_negatives(positives, np.random.default_rng(2))).any()


def test_no_positives_no_negatives():
    empty = encode("").reshape(0, 101)
    assert shuffled_negatives(empty, np.random.default_rng(1)).shape == (0, 101)


def test_a_split_covers_every_row_once():
    kept, held = split_rows(103, np.random.default_rng(1), fraction=0.2)
    assert len(held) == 21
    assert sorted([*kept, *held]) == list(range(103))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_split_that_leaves_a_side_empty_is_refused(count):
    with pytest.raises(UsageError):
        split_rows(count, np.random.default_rng(1), fraction=0.2)
