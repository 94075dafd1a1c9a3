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


@pytest.mark.parametrize(
    ("known", "declared", "found"),
    [
        ({"chr1": 100}, {"1": 99}, (99, "chr1", 100)),
        ({"chr1": 100}, {"1": 100}, None),
        ({"chr1": 100, "1": 7}, {"1": 99}, None),  # `conflict` tells
        ({"chr1": None}, {"1": 99}, None),
        ({"chr2": 100}, {"1": 99}, None),
    ],
)
def test_a_length_that_keeps_two_styles_apart_is_told(known, declared, found):
    assert ContigNames(known, declared=declared).length_conflict("1") == found


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


@pytest.mark.parametrize("pairs", [{"a": "x"}, {"x": "a"}])
@pytest.mark.parametrize(("known", "name"), [("a", "x"), ("x", "a"), ("chra", "x"), ("x", "chra")])
def test_a_map_serves_both_directions(pairs, known, name):
    assert ContigNames({known: 5}, declared={name: 5}, renamed=pairs).resolve(name) == known


def test_a_map_of_more_than_two_names():
    pairs = {"chr1": "a", "b": "chr1"}
    for known in ("a", "b", "chr1", "1", "NC_000001.11"):
        for name in ("a", "b", "chr1", "1", "NC_000001.11"):
            assert ContigNames({known: None}, renamed=pairs).resolve(name) == known


def test_a_map_that_numbers_contigs_anew_is_read_in_one_direction():
    names = ContigNames({"1": 5, "2": 5}, renamed={"1": "2", "2": "3", "3": "1"})
    assert [names.resolve(name) for name in "123"] == ["2", None, "1"]
    swapped = ContigNames({"1": 5, "2": 5}, renamed={"1": "2", "2": "1"})
    assert [swapped.resolve(name) for name in "12"] == ["2", "1"]


def test_a_pair_for_another_file_hides_no_difference_in_length():
    names = ContigNames({"chr1": 100}, declared={"chr1": 99}, renamed={"chr1": "other"})
    assert names.resolve("chr1") == "chr1"
    assert names.conflict("chr1") == (99, 100)


GRCH37, GRCH38 = 249_250_621, 248_956_422


@pytest.mark.parametrize(
    ("known", "name", "declared", "found"),
    [
        ({"chr1": None}, "NC_000001.10", {}, "chr1"),
        ({"1": None}, "NC_000001.11", {}, "1"),
        ({"NC_000001.11": None}, "1", {}, "NC_000001.11"),
        ({"NC_000001.10": None}, "chr1", {}, "NC_000001.10"),
        ({"NC_000023.11": 9}, "chrX", {"chrX": 9}, "NC_000023.11"),
        ({"NC_000024.9": 9}, "Y", {"Y": 8}, None),
        ({"MT": 16_569}, "NC_012920.1", {}, "MT"),
        ({"NC_012920.1": 16_569}, "chrM", {}, "NC_012920.1"),
        # The length of a shortened sequence shows no build.
        ({"chr1": 16_000}, "NC_000001.11", {}, "chr1"),
        ({"chr1": GRCH37}, "NC_000001.10", {}, "chr1"),
        ({"chr1": GRCH37}, "NC_000001.11", {}, None),
        ({"chr1": GRCH38}, "NC_000001.10", {}, None),
        ({"NC_000001.10": None}, "1", {"1": GRCH38}, None),
        ({"NC_000001.11": None}, "1", {"1": GRCH38}, "NC_000001.11"),
        ({"NC_000001.10": None}, "NC_000001.11", {}, None),
        # UCSC's chrM of hg19.
        ({"chrM": 16_571}, "NC_012920.1", {}, None),
        # Other contigs of a file tell its build.
        ({"chr1": None, "chr2": 242_193_529}, "NC_000001.10", {}, None),
        ({"NC_000001.11": None}, "1", {"1": None, "2": 243_199_373}, None),
        # Both builds are known, and neither is the one meant.
        ({"NC_000001.10": None, "NC_000001.11": None}, "1", {"1": GRCH38}, "NC_000001.11"),
        ({"NC_000001.9": None}, "1", {}, None),
    ],
)
def test_names_of_ncbi(known, name, declared, found):
    assert ContigNames(known, declared=declared).resolve(name) == found


def test_names_of_another_build_can_be_allowed():
    assert ContigNames({"chr1": GRCH38}, check_lengths=False).resolve("NC_000001.10") == "chr1"


def test_a_name_that_is_only_looked_for_was_not_met():
    names = ContigNames({"1": 100})
    assert names.find("chr1") == "1"
    assert names.seen == ()


def test_what_was_looked_up_is_remembered():
    names = ContigNames({"1": 100, "chr2": 50})
    for name in ("chr1", "chr2", "chr3", "chr1"):
        names.resolve(name)
    assert names.seen == ("chr1", "chr2", "chr3")
    assert names.restyled() == {"chr1": "1"}
    assert names.shares_any(["nothing", "2"])
    assert not names.shares_any(["nothing", "chr9"])
