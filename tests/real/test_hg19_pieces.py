"""Real VCFs over real pieces of hg19: every record comes out, and nothing but our keys is added.

The counts are those of the data's README: REF compared with the FASTA by its makers, record by record.
"""

import gzip
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pysam
import pytest
from quick_cases import first_quick

import varbind
from varbind.annotate.provenance import keys_of
from varbind.io.vcf.records import VcfRecord

VARBIND = [sys.executable, "-m", "varbind", "annotate"]


@dataclass(frozen=True)
class Piece:
    """A VCF, its FASTA, and what must come of its records."""

    fasta: str
    records: int
    alleles: dict[str, int]
    contigs: tuple[str, ...]
    without_alt: int = 0
    missing: dict[str, int] = field(default_factory=dict)


PIECES = {
    "giab_NA12878.chr20": Piece("chr20.hg19.fa.gz", 221, {"ok": 222}, ("chr20",)),
    "ceutrio_NA12878.20_21": Piece(
        "chr20.hg19.fa.gz",
        1_075,
        {"ok": 501, "no_contig": 583, "star": 2},
        ("20", "21"),
        without_alt=1,
        missing={"21": 583},
    ),
    "1000G_phase3.20.17sites": Piece("chr20.hg19.fa.gz", 17, {"ok": 17}, ("20",)),
    "hail_sample.20": Piece("chr20.hg19.fa.gz", 346, {"ok": 69, "ref_unknown": 276, "too_long": 1}, ("20",)),
    "snpeff_1kg_head.1": Piece("1.b37.first1Mb.fa.gz", 970, {"ok": 968, "symbolic": 1, "too_long": 1}, ("1",)),
}


@dataclass(frozen=True)
class Run:
    """A piece and what `varbind annotate --everywhere` made of it."""

    piece: Piece
    source: Path
    fasta: Path
    text: bytes
    output: Path
    annotated: bytes
    stats: dict


@pytest.fixture(scope="module", params=first_quick(PIECES))
def run(request, shared_data, tmp_path_factory):
    piece, folder = PIECES[request.param], shared_data / "hg19-pieces"
    source, fasta = folder / f"{request.param}.vcf.gz", folder / piece.fasta
    output = tmp_path_factory.mktemp("hg19") / "annotated.vcf"
    stats = output.with_suffix(".json")
    command = [*VARBIND, "--everywhere", "-f", fasta, source, "-o", output, "--stats", stats]
    subprocess.run(command, check=True, capture_output=True)
    text = gzip.decompress(source.read_bytes())
    return Run(piece, source, fasta, text, output, output.read_bytes(), json.loads(stats.read_text()))


def records_of(text):
    return [line for line in text.splitlines(keepends=True) if not line.startswith(b"#")]


def own_keys(line):
    """Our keys of one record line, by name."""
    items = line.split(b"\t")[7].rstrip(b"\r\n").split(b";")
    return dict(item.decode().split("=", 1) for item in items if item.startswith(b"VARBIND_"))


def values_of(text):
    return [own_keys(line) for line in records_of(text)]


def without_ours(text):
    """The text as it was: our header lines and keys taken away by splitting, an emptied INFO a dot again."""
    lines = []
    for line in text.splitlines(keepends=True):
        if line.startswith((b"##INFO=<ID=VARBIND_", b"##varbind_")):
            continue
        columns = line.split(b"\t")
        if not line.startswith(b"#"):
            kept = [item for item in columns[7].split(b";") if not item.startswith(b"VARBIND_")]
            columns[7] = b";".join(kept) or b"."
        lines.append(b"\t".join(columns))
    return b"".join(lines)


def query(bcftools, path, key="VARBIND_GAIN_PHRED"):
    """A key of every record as bcftools reads it."""
    command = [bcftools, "query", "-f", f"%{key}\n", path]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")[:-1]


def test_counts(run):
    stats = run.stats
    assert stats["records_read"] == stats["records_written"] == run.piece.records == len(records_of(run.text))
    assert stats["alleles"] == run.piece.alleles
    assert stats["records_without_alt"] == run.piece.without_alt
    assert stats["missing_contigs"] == run.piece.missing
    assert stats["ref_mismatched"] == 0


def test_nothing_else_changes(run):
    assert run.annotated != run.text
    assert without_ours(run.annotated) == run.text


def test_records_give_their_bytes_back(run):
    lines = zip(records_of(run.text), records_of(run.annotated), strict=True)
    for number, (before, after) in enumerate(lines, 1):
        record = VcfRecord(after, number, "annotated", after.count(b"\t") + 1)
        assert record.without_keys(keys_of("VARBIND")) == before


def test_every_allele_has_its_own_values(run):
    for line in records_of(run.annotated):
        alts, values = line.split(b"\t")[4].decode().split(","), own_keys(line)
        if alts == ["."]:
            assert not values
            continue
        assert {len(value.split(",")) for value in values.values()} == {len(alts)}
        scored = [status == "ok" for status in values["VARBIND_STATUS"].split(",")]
        for key in ("VARBIND_LOSS_PHRED", "VARBIND_GAIN_PHRED"):
            found = values.get(key, ",".join("." * len(alts))).split(",")
            assert [value != "." for value in found] == scored
            assert all(0 <= float(value) < 400 for value in found if value != ".")


def test_status_follows_the_reference(run):
    """A second reading of the FASTA: N under REF is unknown, a contig that is not there has no bases."""
    with pysam.FastaFile(str(run.fasta)) as fasta:
        names = {name.removeprefix("chr"): name for name in fasta.references}
        for line in records_of(run.annotated):
            chrom, pos, _, ref = line.decode("latin-1").split("\t", 4)[:4]
            contig = names.get(chrom.removeprefix("chr"))
            statuses = set(own_keys(line).get("VARBIND_STATUS", "star").split(",")) - {"star", "symbolic", "too_long"}
            if contig is None:
                assert statuses <= {"no_contig"}
            else:
                bases = fasta.fetch(contig, int(pos) - 1, int(pos) - 1 + len(ref)).upper()
                assert statuses <= ({"ref_unknown"} if "N" in bases else {"ok"})


def test_bcftools_reads_it(run, bcftools):
    view = subprocess.run([bcftools, "view", "-H", run.output], check=True, capture_output=True).stdout
    assert len(view.splitlines()) == run.piece.records
    for key in ("VARBIND_GAIN_PHRED", "VARBIND_BIND_LOSS", "VARBIND_STATUS"):
        found = [values.get(key, ".") for values in values_of(run.annotated)]
        assert query(bcftools, run.output, key) == found


@pytest.mark.parametrize("kind", ["plain", "gzip"])
def test_container_does_not_matter(run, kind, shipped_bank, tmp_path):
    # The suffix says nothing: the content is looked at.
    source, output = tmp_path / "variants", tmp_path / "annotated.vcf"
    source.write_bytes(run.text if kind == "plain" else gzip.compress(run.text, 1))
    settings = varbind.AnnotateSettings(everywhere=True)
    varbind.annotate_vcf(source, output, reference=run.fasta, bank=shipped_bank, settings=settings)
    assert output.read_bytes() == run.annotated


def test_standard_input_and_output(run):
    command = [*VARBIND, "--everywhere", "-f", run.fasta, "-"]
    result = subprocess.run(command, input=run.text, check=True, capture_output=True)
    assert result.stdout == run.annotated


def test_bcf_in_and_out(run, bcftools, shipped_bank, tmp_path):
    declared = run.text
    for contig in run.piece.contigs:
        if b"##contig=<ID=%s," % contig.encode() not in declared:
            declared = declared.replace(b"#CHROM", b"##contig=<ID=%s>\n#CHROM" % contig.encode(), 1)
    source, text, binary = tmp_path / "variants.bcf", tmp_path / "out.vcf", tmp_path / "out.bcf"
    subprocess.run([bcftools, "view", "-Ob", "-o", source, "-"], input=declared, check=True, capture_output=True)
    settings = varbind.AnnotateSettings(everywhere=True)
    for output in (text, binary):
        varbind.annotate_vcf(source, output, reference=run.fasta, bank=shipped_bank, settings=settings)
    assert values_of(text.read_bytes()) == values_of(run.annotated)
    assert query(bcftools, binary) == query(bcftools, run.output)
    assert query(bcftools, binary, "VARBIND_BIND_GAIN") == query(bcftools, run.output, "VARBIND_BIND_GAIN")


@pytest.fixture(scope="session")
def published_bank():
    folder = os.environ.get("VARBIND_PUBLISHED_BANK")
    if not folder:
        pytest.skip("needs the published models: VARBIND_PUBLISHED_BANK=FOLDER of an imported bank")
    return varbind.load_bank(folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", PIECES)
def test_published_bank(name, published_bank, shared_data, bcftools, tmp_path):
    piece, folder = PIECES[name], shared_data / "hg19-pieces"
    source, output = folder / f"{name}.vcf.gz", tmp_path / "annotated.vcf"
    settings = varbind.AnnotateSettings(everywhere=True, proteins=("dna",))
    started = time.perf_counter()
    counts = varbind.annotate_vcf(
        source, output, reference=folder / piece.fasta, bank=published_bank, settings=settings
    )
    elapsed = time.perf_counter() - started
    print(f"{name}: {elapsed:.1f} s, {counts.sentence()}")  # noqa: T201 (the times are what one runs it for)
    annotated = output.read_bytes()
    assert b",Models=683," in annotated
    assert {status.value: count for status, count in counts.alleles.items()} == piece.alleles
    assert counts.records_written == piece.records
    assert without_ours(annotated) == gzip.decompress(source.read_bytes())
    found = [values.get("VARBIND_GAIN_PHRED", ".") for values in values_of(annotated)]
    assert query(bcftools, output) == found
