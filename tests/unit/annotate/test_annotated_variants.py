"""The alleles that `show` reads: the most extreme ones, or those of an ID or a position."""

import gzip
import random

import pysam
import pytest

from varbind.annotate.annotated_variants import NearbyGene, top_variants
from varbind.annotate.info_reader import UNANNOTATED, ProteinChange
from varbind.annotate.variant_search import find_variants
from varbind.errors import InputError, UsageError

HEADER = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=1000>\n##contig=<ID=chr2,length=1000>\n"
    '##FILTER=<ID=LowQual,Description="x">\n{}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
)
TYPES = {"BIND_LOSS": "String", "BIND_GAIN": "String", "GENE": "String", "REGION": "String", "STATUS": "String",
         "FLAG": "String", "TSSDIST": "Integer"}  # fmt: skip
KEYS = ("PHRED", "LOSS_PHRED", "GAIN_PHRED", *TYPES)


def vcf(folder, *records, keys=KEYS, name="in.vcf"):
    declared = "".join(
        f'##INFO=<ID=VARBIND_{key},Number=A,Type={TYPES.get(key, "Float")},Description="x">\n' for key in keys
    )
    path = folder / name
    path.write_text(HEADER.format(declared) + "".join(f"{record}\n" for record in records), encoding="utf-8")
    return path


def record(place="chr1\t5", name=".", alleles="A\tC", passed=".", **values):
    info = ";".join(f"VARBIND_{key}={value}" for key, value in ({"STATUS": "ok"} | values).items())
    return f"{place}\t{name}\t{alleles}\t.\t{passed}\t{info}"


def names(variants):
    return [variant.name for variant in variants]


def test_the_largest_phred_comes_first_and_missing_ones_last(tmp_path):
    values = [random.Random(3).choice([1.0, 2.0, 3.0, None]) for _ in range(40)]
    path = vcf(tmp_path, *(record(name=f"v{at}", PHRED=value or ".") for at, value in enumerate(values)))
    order = sorted(range(40), key=lambda at: -(values[at] or 0))
    for count in (1, 7, 40, 100):
        top = top_variants(path, count)
        assert names(top.variants) == [f"v{at}" for at in order[:count]]
        assert (top.scored, top.unsortable, top.order.names) == (40, values.count(None), ("PHRED",))


def test_without_phred_the_larger_of_loss_and_gain_decides(tmp_path):
    path = vcf(
        tmp_path,
        record(name="a", LOSS_PHRED=3, GAIN_PHRED=9),
        record(name="b", LOSS_PHRED=10, GAIN_PHRED="."),
        record(name="c"),
        keys=("LOSS_PHRED", "GAIN_PHRED", "STATUS"),
    )
    top = top_variants(path, 20)
    assert names(top.variants) == ["b", "a", "c"]
    assert top.sentence() == (
        "3 of 3 scored alleles, sorted by the larger of LOSS_PHRED and GAIN_PHRED. "
        "1 without LOSS_PHRED and GAIN_PHRED come last."
    )


def test_values_of_each_allele(tmp_path):
    path = vcf(
        tmp_path,
        record(
            "chr2\t7", "rs1;rs2", "A\tC,*", "LowQual", PHRED="12.5,.", LOSS_PHRED="3,.", STATUS="ok,star",
            BIND_LOSS="A%20B_C|P%2C1|id|-1|-2&F2|P2|id2|-1|-2,.", FLAG="padded&in_training,.",
            GENE="G%201|id|T1|+|-5|x&G2|id|T2|-|6|x,G%201|id|T1|+|-5|x", REGION="upstream&CDS,upstream",
        ),
    )  # fmt: skip
    scored, star = find_variants(path, "rs2")
    assert (scored.place, scored.name, scored.ref, scored.alt, scored.filter) == (
        "chr2:7",
        "rs1;rs2",
        "A",
        "C",
        "LowQual",
    )
    assert scored.numbers == {"PHRED": 12.5, "LOSS_PHRED": 3.0}
    assert scored.losses == (ProteinChange("A B_C", "P,1", "id", -1, -2), ProteinChange("F2", "P2", "id2", -1, -2))
    assert scored.losses[0].family_name == "A B C"
    assert scored.gains == ()
    assert scored.genes == (NearbyGene("G 1", "T1", -5, "upstream"), NearbyGene("G2", "T2", 6, "CDS"))
    assert not scored.is_coding
    assert scored.flags == ("padded", "in_training")
    assert (star.alt, star.why_not, star.numbers) == ("*", "star", {})


@pytest.mark.parametrize("wanted", ["chr1:1000", "1:1000", "NC_000001.10:1000", "chr1:1,000", "the_id", "1:900:A:C"])
def test_a_record_is_found_by_its_position_or_id(tmp_path, wanted):
    path = vcf(
        tmp_path,
        record("chr1\t100", "x_the_id"),
        record("chr1\t1000", "other;the_id;1:900:A:C"),
        record("chr2\t1000", "the_id_2"),
        record("chr1\t10000", "chr1"),
    )
    (found,) = find_variants(path, wanted)
    assert found.place == "chr1:1000"


def test_several_records_may_have_the_position(tmp_path):
    path = vcf(
        tmp_path, record("chr1\t9", "a", "A\tC,G", STATUS="ok,ok"), record("chr1\t9", "b"), "chr1\t9\tc\tA\tT\t.\t.\t."
    )
    found = find_variants(path, "1:9")
    assert names(found) == ["a", "a", "b", "c"]
    assert [variant.why_not for variant in found] == ["", "", "", UNANNOTATED]


@pytest.mark.parametrize("wanted", ["chr1:6", "chr3:5", "rs", "chr1:", ":5", "chr1:x", "chr1:²", "", "."])
def test_no_match_is_one_clear_line(tmp_path, wanted):
    path = vcf(tmp_path, record("chr1\t5", "rs1"), record("chr1\t7", "rs2"), record("chr2\t7", "."))
    with pytest.raises(UsageError) as caught:
        find_variants(path, wanted)
    assert str(caught.value) == (
        f"{path}: no record has the ID or the position {wanted!r}; give an ID or CHROM:POS of a record; varbind show "
        f"{path} lists some"
    )


def test_a_file_that_was_not_annotated(tmp_path):
    path = vcf(tmp_path, "chr1\t5\t.\tA\tC\t.\t.\t.", keys=())
    for read in (lambda: top_variants(path, 5), lambda: find_variants(path, "chr1:5")):
        with pytest.raises(InputError, match="the header declares no VARBIND_ key; run varbind annotate first"):
            read()


def test_no_scored_allele(tmp_path):
    path = vcf(tmp_path, record(STATUS="star,outside", alleles="A\t*,C"), "chr1\t9\t.\tA\tC\t.\t.\t.")
    with pytest.raises(InputError) as caught:
        top_variants(path, 5)
    assert str(caught.value) == (
        f"{path}: no allele has a score (outside 1, star 1, records without annotation 1); find the cause with varbind "
        "check, and annotate again"
    )
    with pytest.raises(InputError, match="the file has no records"):
        top_variants(vcf(tmp_path), 5)


def test_coding_alleles_are_left_out_and_counted(tmp_path):
    gene = {"GENE": "G|id|T|+|5|x&H|id|T|+|9|x"}
    path = vcf(
        tmp_path,
        record(name="both", REGION="CDS&splice", PHRED=9, **gene),
        record(name="one", REGION="CDS&UTR5", PHRED=5, **gene),
        "chr1\t9\t.\tA\tC\t.\t.\t.",
    )
    top = top_variants(path, 5)
    assert names(top.variants) == ["one"]
    assert top.sentence() == (
        "1 of 2 scored alleles, sorted by PHRED. 1 in coding sequences and splice sites left out (--coding shows them)."
        " Not scored: records without annotation 1."
    )
    assert names(top_variants(path, 5, coding=True).variants) == ["both", "one"]
    only = vcf(tmp_path, record(REGION="CDS&splice", **gene))
    with pytest.raises(
        UsageError, match="all 1 scored alleles lie in coding sequences or splice sites; show them with"
    ):
        top_variants(only, 5)


@pytest.mark.parametrize("kind", ["gzip", "bgzf", "bcf"])
def test_other_kinds_of_file(tmp_path, kind):
    text = vcf(tmp_path, record("chr1\t5", "a", PHRED=1), record("chr1\t6", "b", PHRED=2))
    path = tmp_path / f"in.{kind}"
    if kind == "gzip":
        path.write_bytes(gzip.compress(text.read_bytes()))
    elif kind == "bgzf":
        pysam.tabix_compress(str(text), str(path))
    else:
        with pysam.VariantFile(str(text)) as source, pysam.VariantFile(str(path), "wb", header=source.header) as out:
            for one in source:
                out.write(one)
    assert names(top_variants(path, 5).variants) == ["b", "a"]
    assert names(find_variants(path, "1:5")) == ["a"]


def test_text_that_controls_a_terminal_is_escaped(tmp_path):
    path = vcf(tmp_path, record(name="a\x1b[31m\u202e", BIND_LOSS="F|P%1B\u202e|id|1|1"))
    (found,) = top_variants(path, 5).variants
    assert found.name == "a\\x1b[31m\\u202e"
    assert found.losses[0].protein == "P%1B\\u202e"


def test_names_that_are_not_ascii(tmp_path):
    path = vcf(tmp_path, record("染色\t5", "変異", BIND_LOSS="家族|蛋白|id|-1|-2"), record("chr1\t5", "other"))
    for wanted in ("染色:5", "変異"):
        (found,) = find_variants(path, wanted)
        assert (found.place, found.name, found.losses[0]) == (
            "染色:5",
            "変異",
            ProteinChange("家族", "蛋白", "id", -1, -2),
        )


def test_another_prefix(tmp_path):
    path = vcf(tmp_path, record(PHRED=1))
    path.write_text(path.read_text().replace("VARBIND_", "MINE_"))
    assert len(top_variants(path, 5, prefix="MINE").variants) == 1
    with pytest.raises(InputError, match="declares no VARBIND_ key"):
        top_variants(path, 5)
