"""Genotypes of chosen samples: carriers, heterozygous and homozygous ones."""

import pytest

from varbind.errors import InputError, UsageError
from varbind.io.vcf.genotypes import CARRIER_COLUMNS, SampleGenotypes
from varbind.io.vcf.records import COLUMNS, VcfHeader, VcfRecord


def samples(*names, chosen=()):
    line = b"\t".join([COLUMNS, b"FORMAT", *(name.encode() for name in names)]) if names else COLUMNS
    return SampleGenotypes(VcfHeader((), line + b"\n"), chosen, "in.vcf")


def cells(genotypes, *, alt="C", form="GT", names=None, chosen=()):
    """The cells of each alternate allele for samples a, b, c ..."""
    names = names or "abcdefgh"[: len(genotypes)]
    line = "\t".join(["1", "5", ".", "A", alt, ".", ".", ".", form, *genotypes]) + "\r\n"
    record = VcfRecord(line.encode(), 7, "in.vcf", 9 + len(genotypes))
    reader = samples(*names, chosen=chosen)
    return reader.carriers(record)


@pytest.mark.parametrize(
    ("genotype", "counts"),
    [
        ("0/0", (0, 0)),
        ("0/1", (1, 0)),
        ("1|0", (1, 0)),
        ("1/1", (0, 1)),
        ("1|1", (0, 1)),
        ("1", (0, 1)),
        ("0", (0, 0)),
        (".", (0, 0)),
        ("./.", (0, 0)),
        ("./1", (1, 0)),
        ("1|.", (1, 0)),
        ("0/.", (0, 0)),
        ("0/1/1", (1, 0)),
        ("1/1/1", (0, 1)),
        ("/0|1", (1, 0)),
        ("|1", (0, 1)),
        ("", (0, 0)),
    ],
)
def test_ploidy_phase_and_missing_alleles(genotype, counts):
    ((carriers, n_het, n_hom, listed),) = cells([genotype])
    assert (int(n_het), int(n_hom)) == counts
    assert (carriers, listed) == (("a", f"a={genotype}") if sum(counts) else (None, None))


def test_alleles_of_a_record_are_counted_one_by_one():
    assert cells(["0/1", "1|2", "2/2", "./.", "0/0"], alt="C,G,T") == [
        ("a;b", "2", "0", "a=0/1;b=1|2"),
        ("b;c", "1", "1", "b=1|2;c=2/2"),
        (None, "0", "0", None),
    ]


def test_allele_10_is_not_allele_1():
    found = cells(["0/10"], alt=",".join("CGT" * 4))
    assert [carriers for carriers, *_ in found] == [None] * 9 + ["a"] + [None] * 2


def test_named_samples_are_listed_whether_they_carry_or_not():
    assert cells(["0/1", "0/0", "1/1", "./."], chosen=("d", "b", "a")) == [("a", "1", "0", "d=./.;b=0/0;a=0/1")]


def test_the_genotype_is_found_by_its_key():
    assert cells(["9:0/1:x", "3"], form="DP:GT:Z") == [("a", "1", "0", "a=0/1")]


def test_without_genotypes_cells_are_missing_and_records_are_counted():
    reader = samples("a")
    for form in (b"DP", b"."):
        record = VcfRecord(b"1\t5\t.\tA\tC,G\t.\t.\t.\t%s\t3\n" % form, 7, "in.vcf", 10)
        assert reader.carriers(record) == [(None,) * len(CARRIER_COLUMNS)] * 2
    assert reader.without_genotypes == 2


def test_names_are_encoded():
    ((carriers, _, _, genotypes),) = cells(["0/1", "1/1"], names=("a;b=c%", "d e"))
    assert carriers == "a%3Bb%3Dc%25;d e"
    assert genotypes == "a%3Bb%3Dc%25=0/1;d e=1/1"
    assert cells(["0/1", "1/1"], names=("a;b", "c"), chosen=("a;b",))[0][0] == "a%3Bb"


@pytest.mark.parametrize("genotype", ["0/2", "x", "0/x", "0//1", "0-1", "1/", "\xe9", "-1"])
def test_genotypes_that_cannot_be_read_are_named(genotype):
    with pytest.raises(
        InputError, match=r"sample a has the genotype .*, expected numbers of alleles from 0 to 1"
    ) as error:
        cells([genotype])
    assert str(error.value).startswith("in.vcf:7: ")


def test_samples_that_are_not_in_the_file():
    with pytest.raises(UsageError, match=r"in\.vcf: the file has no samples; leave out --samples"):
        samples()
    with pytest.raises(UsageError, match=r"the file has no sample 'x'; choose among a, b$"):
        samples("a", "b", chosen=("a", "x"))
    with pytest.raises(UsageError, match=r"choose among s0, .*s9 \.\.\.$"):
        samples(*(f"s{number}" for number in range(11)), chosen=("x",))
