"""`workflows/annotate`: parts lose nothing, and joined they have the bytes of a single run."""

import json

import gather
import pytest
import scatter
from hypothesis import given
from hypothesis import strategies as st
from integration.runs import (
    CONTIGS,
    FASTA,
    HEADER,
    VCF,
    annotation,
    base,
    call,
    line,
    other,
    records,
    snv,
    unpacked,
    without_times,
)

from varbind.errors import InputError, OutputError, ResourceError, UsageError

OUTSIDE = ("chr1", 15_990)  # the genes of the example have no promoter there


def words(source, *options):
    """The words after `varbind annotate`."""
    return [str(word) for word in annotation(source, *options)[1:]]


def body(data):
    return b"".join(text for text in data.splitlines(keepends=True) if not text.startswith(b"#"))


def annotated_parts(source, folder, parts, *, index=None):
    """Cut a file and annotate every part, as the rules of the Snakefile do."""
    plan = scatter.scatter(words(source), folder, parts=parts, index=index)
    for part in range(parts):
        outputs = ["-o", scatter.part_path(folder, part, gather.ANNOTATED)]
        outputs += ["--stats", scatter.part_path(folder, part, gather.STATISTICS)]
        done = call(*annotation(scatter.part_path(folder, part), "--allow-ref-mismatch", *outputs))
        assert done.code == 0, done.err
    return plan


places = st.tuples(st.sampled_from(sorted(CONTIGS)), st.integers(1, 13_000))


@given(st.lists(st.one_of(places, st.just(OUTSIDE), st.none()), max_size=40), st.integers(1, 9), st.booleans())
def test_parts_in_order_are_the_file(tmp_path_factory, found, parts, ended):
    """In any order, with equal positions, with blank lines (None), and without a last line end."""
    folder = tmp_path_factory.mktemp("cut")
    data = b"".join(b"\n" if place is None else snv(*place) for place in found)
    (folder / "in.vcf").write_bytes(HEADER + (data if ended else data.rstrip(b"\n")))
    plan = scatter.scatter(words(folder / "in.vcf"), folder / "parts", parts=parts, index=None)
    texts = [unpacked(scatter.part_path(folder / "parts", part)) for part in range(parts)]
    assert HEADER + b"".join(map(body, texts)) == (folder / "in.vcf").read_bytes()
    assert all(text.startswith(HEADER) for text in texts)
    assert list(plan.records) == [sum(bool(row.strip()) for row in body(text).splitlines()) for text in texts]
    assert max(plan.in_promoters) - min(plan.in_promoters) <= 1
    assert scatter.Plan.read(folder / "parts").source == "in.vcf"


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """The example in three annotated parts."""
    folder = tmp_path_factory.mktemp("parts")
    return folder, annotated_parts(VCF, folder, 3, index="csi")


@pytest.fixture
def parts(cut, tmp_path):
    """A copy of the parts that a test may change."""
    for path in cut[0].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_joined_parts_have_the_bytes_of_a_single_run(cut, tmp_path):
    folder, plan = cut
    whole, joined = tmp_path / "whole.vcf.gz", tmp_path / "joined.vcf.gz"
    statistics = tmp_path / "one_mqc.json", tmp_path / "parts" / "one_mqc.json"
    assert call(*annotation(VCF, "-W", "-o", whole, "--stats", statistics[0])).code == 0
    statistics[1].parent.mkdir()
    gather.gather(folder, joined, statistics[1], index="csi")
    assert joined.read_bytes() == whole.read_bytes()
    assert (tmp_path / "joined.vcf.gz.csi").read_bytes() == (tmp_path / "whole.vcf.gz.csi").read_bytes()
    assert without_times(statistics[1].read_bytes()) == without_times(statistics[0].read_bytes())
    status = [row for row in records(unpacked(whole)) if "VARBIND_STATUS" in row]
    assert sum(plan.in_promoters) == len(status)


def refused(folder, error):
    """The one line of an error, after which nothing is left."""
    before = set(folder.iterdir())
    with pytest.raises(error) as caught:
        gather.gather(folder, folder / "out.vcf.gz", folder / "out.json", index="csi")
    assert set(folder.iterdir()) == before
    return str(caught.value)


def test_a_lost_record_is_reported(parts):
    path = scatter.part_path(parts, 1, gather.ANNOTATED)
    path.write_bytes(unpacked(path).rsplit(b"\n", 2)[0] + b"\n")
    assert "records were cut for this part" in refused(parts, OutputError)


def test_statistics_of_another_number_of_records_are_reported(parts):
    path = scatter.part_path(parts, 0, gather.STATISTICS)
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"records_written": 1}))
    assert "1 written" in refused(parts, OutputError)


def test_a_part_with_other_options_is_reported(parts):
    path = scatter.part_path(parts, 2, gather.ANNOTATED)
    path.write_bytes(unpacked(path).replace(b"--top 3", b"--top 4"))
    assert "the header differs" in refused(parts, InputError)


def test_a_missing_part_is_reported(parts):
    scatter.part_path(parts, 2, gather.STATISTICS).unlink()
    assert "no statistics of a part" in refused(parts, InputError)


def test_what_cannot_be_cut_is_refused_before_anything_is_written(tmp_path):
    source = tmp_path / "in.vcf"
    source.write_bytes(HEADER + snv("chr1", 5_000) + snv("chr1", 4_000))
    with pytest.raises(InputError, match="not sorted"):
        scatter.scatter(words(source), tmp_path / "parts", parts=2, index="csi")
    with pytest.raises(UsageError, match="regions and targets"):
        scatter.scatter(words(source, "-t", "chr1"), tmp_path / "parts", parts=2, index=None)
    assert not (tmp_path / "parts").exists()


def test_the_reference_is_compared_with_the_whole_file(tmp_path):
    """12 of 140 REFs differ, which is allowed, and all of them are in the last part, which alone would be refused."""
    source, folder = tmp_path / "in.vcf", tmp_path / "parts"
    right = [snv("chr1", pos) for pos in range(2_100, 2_228)]
    wrong = [line("chr1", pos, other(base("chr1", pos)), base("chr1", pos)) for pos in range(2_300, 2_312)]
    source.write_bytes(HEADER + b"".join(right + wrong))
    annotated_parts(source, folder, 5)
    assert "wrong genome build" in call(*annotation(scatter.part_path(folder, 4), "-o", tmp_path / "no.vcf")).error
    gather.gather(folder, tmp_path / "joined.vcf.gz", tmp_path / "joined.json", index=None)
    assert call(*annotation(source, "-o", tmp_path / "whole.vcf.gz")).code == 0
    assert (tmp_path / "joined.vcf.gz").read_bytes() == (tmp_path / "whole.vcf.gz").read_bytes()


def test_parts_without_a_score_are_joined(tmp_path):
    source, folder = tmp_path / "in.vcf", tmp_path / "parts"
    source.write_bytes(HEADER + snv(*OUTSIDE) + snv(*OUTSIDE))
    assert annotated_parts(source, folder, 2).in_promoters == (0, 0)
    found = gather.gather(folder, tmp_path / "joined.vcf.gz", tmp_path / "one_mqc.json", index="csi")
    assert (found["records_read"], found["phred_histogram"]["alleles"]) == (2, [])


def test_another_reference_is_refused(tmp_path):
    fasta = tmp_path / "other.fa"
    fasta.write_text(FASTA.read_text().translate(str.maketrans("ACGT", "CATG")))
    source = [str(word) for word in annotation(VCF, fasta=fasta)[1:]]
    with pytest.raises(ResourceError, match="wrong genome build"):
        scatter.scatter(source, tmp_path / "parts", parts=2, index=None)


def test_an_index_that_cannot_hold_a_contig_is_refused_before_anything_is_written(tmp_path):
    source = tmp_path / "in.vcf"
    long = HEADER.replace(b"##contig=<ID=chr1", b"##contig=<ID=3B,length=600000000>\n##contig=<ID=chr1")
    source.write_bytes(long + snv("chr1", 4_000))
    with pytest.raises(UsageError, match=r"contig 3B has 600,000,000 bases.*; use a csi index"):
        scatter.scatter(words(source), tmp_path / "parts", parts=2, index="tbi")
    assert not (tmp_path / "parts").exists()
    annotated_parts(source, tmp_path / "parts", 2, index="csi")
    gather.gather(tmp_path / "parts", tmp_path / "joined.vcf.gz", tmp_path / "joined.json", index="csi")
    assert (tmp_path / "joined.vcf.gz.csi").exists()
