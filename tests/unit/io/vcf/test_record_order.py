"""Which orders of records can be indexed."""

import numpy as np
import pytest

from varbind.io.vcf.vcf_block import RecordOrder


@pytest.mark.parametrize(
    ("runs", "is_sorted"),
    [
        ([], True),
        ([("1", [5, 5, 7]), ("1", [7]), ("2", [1])], True),
        ([("1", [5, 4])], False),
        ([("1", [5]), ("1", [4])], False),
        ([("1", [5]), ("2", [1]), ("1", [9])], False),
        ([("1", [5, 4]), ("1", [6])], False),
    ],
)
def test_order(runs, is_sorted):
    order, one_by_one = RecordOrder(), RecordOrder()
    for chrom, positions in runs:
        order.add(chrom, np.array(positions))
        for pos in positions:
            one_by_one.add_one(chrom, pos)
    assert order.is_sorted == one_by_one.is_sorted == is_sorted
