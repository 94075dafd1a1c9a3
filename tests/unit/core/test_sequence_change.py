import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.core.sequence import decode, encode
from varbind.core.sequence_change import SequenceChange, deletions, substitutions
from varbind.kernels.work_plan import Plan

SEQUENCES = st.text("ACGTN", min_size=1, max_size=20)


@given(SEQUENCES)
def test_substitutions_are_every_other_base(sequence):
    found = [decode(change.applied(encode(sequence))) for change in substitutions(encode(sequence))]
    expected = [
        sequence[:place] + base + sequence[place + 1 :]
        for place, own in enumerate(sequence)
        for base in "ACGT"
        if base != own
    ]
    assert found == expected


@given(SEQUENCES, st.integers(0, 25))
def test_deletions_leave_a_base(sequence, longest):
    found = [decode(change.applied(encode(sequence))) for change in deletions(len(sequence), longest)]
    expected = [
        sequence[:start] + sequence[start + size :]
        for size in range(1, longest + 1)
        for start in range(len(sequence))
        if start + size <= len(sequence) and size < len(sequence)
    ]
    assert found == expected


def test_insertions_are_before_their_start():
    assert decode(SequenceChange(1, 0, b"\x03\x03").applied(encode("AC"))) == "ATTC"
    assert decode(SequenceChange(2, 0, b"\x02").applied(encode("AC"))) == "ACG"


@pytest.mark.parametrize(("start", "removed"), [(-1, 1), (0, -1)])
def test_bad_places_are_refused(start, removed):
    with pytest.raises(ValueError, match="cannot start at"):
        SequenceChange(start, removed, b"")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (SequenceChange(2, 2, b""), "ends at 4 in a sequence of 3 bases"),
        (SequenceChange(0, 3, b""), "an empty sequence"),
        (SequenceChange(0, 1, b"\x05"), "base codes run from 0 to 4"),
        (SequenceChange(0, 1, b"\x05\x01"), "base codes run from 0 to 4"),
    ],
)
def test_a_plan_refuses_what_cannot_be_scored(change, message):
    with pytest.raises(ValueError, match=message):
        Plan.of_changes(np.array([0, 1, 2], dtype=np.uint8), [change])


def test_a_plan_shares_the_sequence_and_the_items():
    codes = encode("ACGTA")
    changes = [*substitutions(codes), SequenceChange(1, 1, b"\x01"), SequenceChange(0, 1, b"")]
    plan, unchanged, changed = Plan.of_changes(codes, changes)
    assert (unchanged, changed) == (0, [*range(1, 16), 0, 16])
    assert [decode(own) for own in plan.allele_codes()] == [
        "ACGTA",
        *(decode(change.applied(codes)) for change in substitutions(codes)),
        "CGTA",
    ]
    work = plan.work(detector_len=3)
    assert len(work.codes) == 2
    # The whole sequence, one item for each of five positions, and the middle of the deletion.
    assert work.bounds.tolist() == [[0, 0, 7, 7], *([0, i, i + 3, 7] for i in range(5)), [0, 0, 2, 2]]
