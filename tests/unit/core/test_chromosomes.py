"""Names and lengths of the human chromosomes."""

import gzip
from pathlib import Path

import pytest

from varbind.core.contigs import ACCESSIONS, accessions_of, build_of_lengths, is_mitochondrial, plain_name

CHAIN = Path(__file__).resolve().parents[4] / "shared" / "data" / "liftover" / "hg38ToHg19.over.chain.gz"


def test_every_chromosome_has_a_name_in_both_builds():
    for build in ("GRCh37", "GRCh38"):
        found = [entry.name for entry in ACCESSIONS.values() if entry.build == build]
        assert found == [*map(str, range(1, 23)), "X", "Y"]
    assert len(ACCESSIONS) == 49


@pytest.mark.skipif(not CHAIN.is_file(), reason="the chain of the shared data is not here")
def test_lengths_are_those_of_a_chain_between_the_builds():
    with gzip.open(CHAIN, "rt") as stream:
        heads = [line.split() for line in stream if line.startswith("chain")]
    lengths = {("GRCh38", row[2]): int(row[3]) for row in heads} | {("GRCh37", row[7]): int(row[8]) for row in heads}
    numbered = [entry for entry in ACCESSIONS.values() if entry.build]
    assert [entry.length for entry in numbered] == [lengths[entry.build, f"chr{entry.name}"] for entry in numbered]


@pytest.mark.parametrize(
    ("contig", "name"),
    [
        ("chr1", "1"),
        ("1", "1"),
        ("NC_000001.11", "1"),
        ("chrX", "X"),
        ("M", "MT"),
        ("NC_012920.1", "MT"),
        ("HLA*1", ""),
    ],
)
def test_plain_name(contig, name):
    assert plain_name(contig) == name


def test_mitochondria():
    assert all(map(is_mitochondrial, ("chrM", "MT", "M", "chrMT", "NC_012920.1")))
    assert not any(map(is_mitochondrial, ("chr1", "1", "chrUn", "NC_000001.10")))


def test_accessions():
    assert accessions_of("chr1") == accessions_of("1") == ("NC_000001.10", "NC_000001.11")
    assert accessions_of("MT") == ("NC_012920.1",)
    assert accessions_of("NC_000001.10") == accessions_of("chrUn") == ()


@pytest.mark.parametrize(
    ("lengths", "build"),
    [
        ({"chr1": 249_250_621, "2": None}, "GRCh37"),
        ({"NC_000002.12": 242_193_529, "chr1": 5}, "GRCh38"),
        ({"chr1": 249_250_621, "2": 242_193_529}, ""),
        ({"chr1": 242_193_529, "MT": 16_569}, ""),
        ({}, ""),
    ],
)
def test_build_of_lengths(lengths, build):
    assert build_of_lengths(lengths) == build
