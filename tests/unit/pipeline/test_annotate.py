"""The public call."""

from importlib.resources import as_file, files

import pytest

import varbind
from varbind.errors import OutputError, UsageError
from varbind.pipeline.annotate import annotate_vcf, check_paths, same_file
from varbind.pipeline.settings import AnnotateSettings


@pytest.fixture(scope="module")
def example():
    with as_file(files("varbind").joinpath("data/example")) as folder:
        yield folder


def test_a_call_is_enough(example, tiny_bank, tmp_path):
    seen = []
    tally = annotate_vcf(
        example / "variants.vcf",
        tmp_path / "out.vcf",
        reference=example / "reference.fa",
        bank=tiny_bank,
        genes=example / "genes.gtf",
        settings=AnnotateSettings(batch_size=8),
        progress=lambda records, share: seen.append((records, share)),
    )
    assert (tally.records_read, tally.records_written, tally.scored) == (33, 33, 33)
    assert seen[-1] == (33, 1.0)
    assert [records for records, _ in seen] == sorted(records for records, _ in seen)
    assert len(seen) > 3


def test_the_batch_changes_nothing(example, tiny_bank, tmp_path):
    for size in (1, 7, 512):
        annotate_vcf(
            example / "variants.vcf",
            tmp_path / f"{size}.vcf",
            reference=example / "reference.fa",
            bank=tiny_bank,
            settings=AnnotateSettings(everywhere=True, batch_size=size),
        )
    results = {path.read_bytes() for path in tmp_path.iterdir()}
    assert len(results) == 1


def test_neither_genes_nor_everywhere(example, tiny_bank, tmp_path):
    with pytest.raises(UsageError, match="neither --genes nor --everywhere"):
        varbind.annotate_vcf(
            example / "variants.vcf", tmp_path / "x.vcf", reference=example / "reference.fa", bank=tiny_bank
        )
    assert not list(tmp_path.iterdir())


def test_paths(tmp_path):
    file = tmp_path / "in.vcf"
    file.write_bytes(b"")
    link = tmp_path / "link"
    link.symlink_to(file)
    check_paths("-", ["-"])
    check_paths(str(tmp_path / "out.vcf"), [str(file), "-", str(tmp_path / "missing")])
    check_paths("/dev/null", ["/dev/null"])
    with pytest.raises(UsageError, match="the output is the input"):
        check_paths(str(link), [str(file)])
    for bad in (tmp_path, tmp_path / "no" / "out.vcf", file / "out.vcf", tmp_path / ("x" * 400)):
        with pytest.raises(OutputError):
            check_paths(str(bad), [str(file)])


def test_same_file(tmp_path):
    assert not same_file(str(tmp_path / "a"), str(tmp_path / "a"))
    assert not same_file("\0", "x")
