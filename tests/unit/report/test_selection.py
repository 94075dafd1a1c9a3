"""The alleles of a report and the counts of the file, compared with counts by hand of the same records."""

import random
from math import isnan

import pytest
from unit.report.report_files import KEYS, record, vcf

from varbind.annotate.annotated_variants import top_variants
from varbind.errors import InputError, UsageError
from varbind.report.selection import Choice, read_selection


def read(path, **choice):
    return read_selection(path, Choice(**choice))[0]


def test_counts_are_those_of_the_records(tmp_path):
    rng = random.Random(4)
    values = [rng.choice([None, *range(0, 60, 5)]) for _ in range(200)]
    coding = [rng.random() < 0.2 for _ in values]
    missing = [rng.random() < 0.1 for _ in values]
    lines = []
    for pos, (value, is_coding, is_missing) in enumerate(zip(values, coding, missing, strict=True), 1):
        if is_missing:
            lines.append(record(pos, STATUS="star"))
        else:
            gene = {"GENE": "G|g|t|+|-5|x", "REGION": "CDS" if is_coding else "upstream"}
            lines.append(record(pos, PHRED="." if value is None else value, **gene))
    selection = read(vcf(tmp_path, *lines, "chr1\t900\t.\tA\tC\t.\t.\tDP=1"), top=10)
    kept = [value for value, is_coding, gone in zip(values, coding, missing, strict=True) if not (is_coding or gone)]
    assert selection.counts.scored == 200 - sum(missing)
    assert selection.counts.coding == sum(c and not m for c, m in zip(coding, missing, strict=True))
    assert selection.eligible == len(kept)
    assert dict(selection.counts.unscored) == {"star": sum(missing)}
    assert selection.counts.unannotated == 1
    assert list(selection.phreds) == [value for value in kept if value is not None]
    for cutoff in (0, 5, 20, 55, 56):
        assert selection.passing(cutoff) == len([value for value in kept if value is not None and value >= cutoff])
    shown = [allele.variant.numbers["PHRED"] for allele in selection.alleles]
    assert shown == sorted((value for value in kept if value is not None), reverse=True)[:10]


def test_the_alleles_are_those_of_show(tmp_path):
    rng = random.Random(5)
    path = vcf(tmp_path, *(record(pos, PHRED=rng.choice([1, 2, 3, "."])) for pos in range(1, 60)))
    for count in (1, 20, 100):
        selection = read(path, top=count)
        assert [allele.variant for allele in selection.alleles] == top_variants(path, count).variants


@pytest.mark.parametrize(
    ("declared", "info", "options", "expected"),
    [
        (["AF,Number=A,Type=Float"], "AF=0.25,0.5", {}, [0.25, 0.5]),
        (["AC,Number=A,Type=Integer", "AN,Number=1,Type=Integer"], "AC=1,3;AN=8", {}, [0.125, 0.375]),
        (["AC,Number=A,Type=Integer", "AN,Number=1,Type=Integer"], "AC=1,3;AN=0", {}, [None, None]),
        (["AC,Number=A,Type=Integer", "AN,Number=1,Type=Integer"], "AC=.,3", {}, [None, None]),
        (["AF,Number=A,Type=Float"], "AF=7,.", {}, [None, None]),
        (["AF,Number=A,Type=Float", "POP,Number=1,Type=Float"], "AF=0,0;POP=0.1", {"frequency": "POP"}, [0.1, 0.1]),
        ([], "AF=0.25,0.5", {}, [None, None]),
    ],
)
def test_frequencies(tmp_path, declared, info, options, expected):
    header = [f'##INFO=<ID={line},Description="x">' for line in declared]
    line = record(alt="C,G", info=info, STATUS="ok,ok", PHRED="2,1")
    selection = read(vcf(tmp_path, line, header=header), **options)
    found = [None if isnan(allele.frequency) else allele.frequency for allele in selection.alleles]
    assert found == expected


@pytest.mark.parametrize("key", ["NONE", "DP", "TEXT"])
def test_a_frequency_must_be_a_number_that_is_declared(tmp_path, key):
    header = [
        '##INFO=<ID=DP,Number=.,Type=Integer,Description="x">',
        '##INFO=<ID=TEXT,Number=1,Type=String,Description="x">',
    ]
    with pytest.raises(UsageError, match=key):
        read(vcf(tmp_path, record(PHRED=1), header=header), frequency=key)


def test_carriers_and_the_choice_to_leave_them_out(tmp_path):
    line = record(alt="C,G", genotypes=("0/1", "1/1", "1/2", "./."), STATUS="ok,ok", PHRED="2,1")
    path = vcf(tmp_path, line, samples=("A", "B b", "C;=%", "D"))
    first, second = read(path).alleles
    assert [tuple(carrier) for carrier in first.carriers] == [("A", "0/1"), ("B b", "1/1"), ("C;=%", "1/2")]
    assert (first.homozygous, second.homozygous) == (1, 0)
    assert [carrier.name for carrier in second.carriers] == ["C;=%"]
    assert [allele.carriers for allele in read(path, samples=False).alleles] == [None, None]


def test_errors_of_files(tmp_path):
    with pytest.raises(InputError, match="no allele has a score"):
        read(vcf(tmp_path, record(STATUS="star")))
    with pytest.raises(InputError, match="run varbind annotate first"):
        read(vcf(tmp_path, record(), keys=()))
    with pytest.raises(UsageError, match="cannot sort by 'SCORE'"):
        read(vcf(tmp_path, record(PHRED=1)), by="SCORE")
    with pytest.raises(UsageError, match="--coding"):
        read(vcf(tmp_path, record(PHRED=1, GENE="G|g|t|+|5|x", REGION="CDS"), keys=KEYS))
