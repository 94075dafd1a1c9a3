"""The statistics of a run: its inputs with their digests, its times and the histogram of PHRED."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from integration.runs import FASTA, GENES, VCF, annotation, call, spawn
from quick_bank import quick_bank_path

import varbind
from varbind.io.banks import read_card


@pytest.mark.parametrize("kind", ["vcf", "gz", "vcf.gz", "bcf"])
def test_statistics_name_the_inputs_with_their_digests(bench, kind):
    source = bench.folder / f"in.{kind}"
    if kind == "gz":
        source.write_bytes(gzip.compress(VCF.read_bytes()))
    else:
        assert call(*annotation(VCF, "-o", source)).code == 0
    stats = bench.folder / "stats.json"
    assert bench.annotate(source, "--overwrite", "--stats", stats).code == 0
    inputs = json.loads(stats.read_text())["inputs"]
    assert inputs["variants"] == {"file": source.name, "sha256": sha256(source.read_bytes()).hexdigest()}
    assert [table["sha256"] for table in inputs["genes"]] == [sha256(GENES.read_bytes()).hexdigest()]
    columns = [row.split("\t")[:2] for row in Path(f"{FASTA}.fai").read_text().splitlines()]
    lengths = "".join(f"{name}\t{length}\n" for name, length in columns)
    assert inputs["reference"]["sha256_of_names_and_lengths"] == sha256(lengths.encode()).hexdigest()
    card = read_card(quick_bank_path())
    assert inputs["banks"] == [
        {"name": card.name, "version": card.version, "sha256": card.digests["weights.safetensors"]}
    ]


def test_statistics_of_standard_input_have_no_digest(bench):
    stats = bench.folder / "stats.json"
    words = annotation("-", "-o", bench.results / "out.vcf", "--stats", stats)
    assert spawn(*words, input=VCF.read_bytes()).code == 0
    assert json.loads(stats.read_text())["inputs"]["variants"] == {"file": "standard input", "sha256": None}


def test_statistics_count_the_alleles_by_phred(bench):
    stats = bench.folder / "stats.json"
    done, rows = bench.kept(VCF, "--stats", stats)
    assert done.code == 0
    values = [word for row in rows for word in row.get("VARBIND_PHRED", ".").split(",") if word != "."]
    histogram = json.loads(stats.read_text())["phred_histogram"]
    expected = Counter(int(float(word) // 5) for word in values)
    assert len(values) > 20
    assert histogram["bin_width"] == 5
    assert dict(enumerate(histogram["alleles"])) == {place: expected[place] for place in range(max(expected) + 1)}
    assert bench.annotate(VCF, "--effect", "none", "--stats", stats).code == 0
    assert json.loads(stats.read_text())["phred_histogram"] is None


def test_statistics_state_version_and_times(bench):
    stats = bench.folder / "stats.json"
    before = datetime.now(UTC).replace(microsecond=0)
    assert bench.annotate(VCF, "--stats", stats).code == 0
    found = json.loads(stats.read_text())
    assert found["version"] == varbind.__version__
    assert before <= datetime.fromisoformat(found["started"]) <= datetime.now(UTC)
    assert 0 < found["wall_seconds"] < 600
    assert found["cpu_seconds"] > 0
    rate = found["alleles_scored"] / found["wall_seconds"]
    assert found["alleles_per_second"] == pytest.approx(rate, rel=0.1, abs=0.1)
