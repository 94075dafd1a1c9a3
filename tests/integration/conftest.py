"""Fixtures of the tests that run the program on real files."""

import shutil

import pytest
from integration.runs import VCF, Bench, bgzip, to_bcf


@pytest.fixture
def bench(tmp_path):
    """A folder for inputs, and one for results."""
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def packed(tmp_path_factory):
    """The example as BGZF."""
    return bgzip(VCF, tmp_path_factory.mktemp("packed") / "variants.vcf.gz")


@pytest.fixture(scope="session")
def binary(tmp_path_factory):
    """The example as BCF."""
    return to_bcf(VCF, tmp_path_factory.mktemp("binary") / "variants.bcf")


@pytest.fixture(scope="session")
def expected(tmp_path_factory):
    """The example, annotated the quick way."""
    bench = Bench(tmp_path_factory.mktemp("expected"))
    assert bench.annotate(VCF).code == 0
    return (bench.results / "out.vcf").read_bytes()


@pytest.fixture(scope="session")
def conformance(shared_data):
    """The project's own collection of odd files; not used where it is absent."""
    return shared_data / "vcf-conformance"


@pytest.fixture
def indexed(bench):
    """The example, BGZF and indexed, beside the bench's other inputs."""
    path = bgzip(VCF, bench.folder / "indexed.vcf.gz")
    shutil.copyfile(path, bench.folder / "plain.vcf.gz")
    return path
