"""Two styles of one contig are one contig, unless their lengths say otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.core.contigs import ContigNames, other_styles


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("chr1", ["1"]),
        ("1", ["chr1"]),
        ("chrX", ["X"]),
        ("GL000191.1", ["chrGL000191.1"]),
        ("MT", ["chrM", "M", "chrMT"]),
        ("chrM", ["MT", "M", "chrMT"]),
    ],
)
def test_other_styles(name, others):
    assert other_styles(name) == others


@given(st.text("chrMT12X", min_size=1, max_size=6))
def test_styles_are_mutual(name):
    for other in other_styles(name):
        assert other != name
        assert name in other_styles(other)


@pytest.mark.parametrize(
    ("known", "name", "declared", "found"),
    [
        ({"1": 100}, "1", {}, "1"),
        ({"1": 100}, "chr1", {}, "1"),
        ({"chr1": 100}, "1", {}, "chr1"),
        ({"chrM": 16571}, "MT", {}, "chrM"),
        ({"MT": 16569}, "chrM", {"chrM": 16569}, "MT"),
        # hg19's chrM is another sequence than MT.
        ({"MT": 16569}, "chrM", {"chrM": 16571}, None),
        ({"1": 100}, "chr1", {"chr1": 100}, "1"),
        ({"1": 100}, "chr1", {"chr1": 99}, None),
        ({"1": None}, "chr1", {"chr1": 99}, "1"),
        ({"1": 100}, "chr1", {"chr1": None}, "1"),
        # The very name wins, whatever the lengths; `conflict` tells.
        ({"chr1": 100, "1": 99}, "chr1", {"chr1": 99}, "chr1"),
        ({"1": 100}, "2", {}, None),
        ({"1": 100}, "Chr1", {}, None),
        ({}, "1", {}, None),
    ],
)
def test_resolve(known, name, declared, found):
    assert ContigNames(known, declared=declared).resolve(name) == found


def test_lengths_can_be_left_unchecked():
    names = ContigNames({"1": 100, "chr2": 5}, declared={"chr1": 99, "chr2": 6}, check_lengths=False)
    assert names.resolve("chr1") == "1"
    assert names.conflict("chr2") is None


@pytest.mark.parametrize(
    ("known", "declared", "conflict"),
    [(100, 99, (99, 100)), (100, 100, None), (None, 99, None), (100, None, None)],
)
def test_conflict(known, declared, conflict):
    assert ContigNames({"1": known}, declared={"1": declared}).conflict("1") == conflict


def test_the_user_has_the_last_word():
    names = ContigNames(
        {"1": 100, "chrOne": 7}, declared={"1": 99, "one": 7}, renamed={"1": "chrOne", "one": "1", "x": "gone"}
    )
    assert names.resolve("1") == "chrOne"
    assert names.resolve("one") == "1"
    assert names.resolve("x") is None
    assert names.conflict("1") is None


def test_what_was_looked_up_is_remembered():
    names = ContigNames({"1": 100, "chr2": 50})
    for name in ("chr1", "chr2", "chr3", "chr1"):
        names.resolve(name)
    assert names.seen == ("chr1", "chr2", "chr3")
    assert names.restyled() == {"chr1": "1"}
    assert names.shares_any(["nothing", "2"])
    assert not names.shares_any(["nothing", "chr9"])
