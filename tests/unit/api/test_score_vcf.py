"""The table of raw scores of a VCF: each allele once, with the scores that the networks give."""

import io
import sys

import numpy as np
import pytest
import tolerances
from integration.runs import CONTIGS, FASTA, HEADER, VCF, base, bgzip, line, other, snv, to_bcf
from pyarrow import parquet

import varbind
from varbind.annotate.settings import AnnotateSettings
from varbind.api import score_vcf as module
from varbind.api.score_vcf import score_vcf
from varbind.core.sequence import encode
from varbind.errors import InputError, OutputError, ResourceError, UsageError
from varbind.io.vcf.records import VcfRecord

PLACE = ["CHROM", "POS", "ID", "REF", "ALT", "status"]
STATUSES = [
    (line("chr1", 3000, base("chr1", 3000), f"{other(base('chr1', 3000))},<DEL>,*,.,{base('chr1', 3000)}N"), 5),
    (line("chr1", 3100, other(base("chr1", 3100)), base("chr1", 3100)), 1),
    (line("chr9", 3200, "A", "C"), 1),
    (line("chr2", 10**6, "A", "C"), 1),
    (line("chr1", 3300, base("chr1", 3300), "."), 0),
    (line("chr1", 3400, base("chr1", 3400), base("chr1", 3400) + "ACGT" * 13), 1),
    (line("chr1", 3500, base("chr1", 3500, 4), base("chr1", 3500) + "GG"), 1),
]


@pytest.fixture(scope="module")
def bank(tiny_bank):
    return tiny_bank.select_proteins(["ELK1", "KLF4"])


@pytest.fixture
def odd(tmp_path):
    """Alleles of every kind."""
    path = tmp_path / "odd.vcf"
    path.write_bytes(HEADER + b"".join(record for record, _ in STATUSES))
    return path


def table(source, bank, folder, **options):
    """The rows of a wide or long table, and the counts."""
    tally = score_vcf(source, folder / "table.parquet", reference=FASTA, bank=bank, **options)
    return parquet.read_table(folder / "table.parquet").to_pylist(), tally


def alleles_of(path):
    records = [VcfRecord(row, 0, "", row.count(b"\t") + 1) for row in path.read_bytes().splitlines() if row[:1] != b"#"]
    return [(record, alt) for record in records for alt in record.alts if record.alts != (".",)]


def test_values_are_those_of_score_variants(bank, tmp_path):
    rows, tally = table(VCF, bank, tmp_path)
    alleles = alleles_of(VCF)
    assert [(row["CHROM"], row["POS"], row["REF"], row["ALT"]) for row in rows] == [
        (record.chrom, record.pos, record.ref, alt) for record, alt in alleles
    ]
    scored = [(row, allele) for row, allele in zip(rows, alleles, strict=True) if row["status"] == "ok"]
    assert len(scored) == tally.scored == tally.alleles.total() - 2 == len(rows) - 2
    with varbind.Reference(FASTA) as reference:
        variants = [varbind.normalise(r.chrom, r.pos, r.ref, alt, reference) for _, (r, alt) in scored]
        expected = varbind.score_variants(variants, reference, bank)
    for column, model_id in enumerate(bank.model_ids):
        for name, values in {"ref": expected.ref, "alt": expected.alt, "delta": expected.delta}.items():
            found = np.array([row[f"{model_id}_{name}"] for row, _ in scored], dtype=np.float32)
            assert found.tobytes() == np.ascontiguousarray(values[:, column]).tobytes()


def test_values_are_those_of_the_readable_network(bank, tmp_path):
    """SNVs, one by one: the window is cut from the text of the FASTA."""
    network = pytest.importorskip("varbind.nn.torch_networks", reason="needs the extra `train`")
    (tmp_path / "in.vcf").write_bytes(HEADER + snv("chr1", 2615) + snv("chr2", 5000) + snv("chr2", 5001))
    rows, _ = table(tmp_path / "in.vcf", bank, tmp_path)
    assert len(rows) == 3
    (stack,) = bank.select(["ELK1"]).stacks
    flank = (stack.config.window - 1) // 2
    for row in rows:
        around = CONTIGS[row["CHROM"]][row["POS"] - 1 - flank : row["POS"] + flank].upper()
        ref, alt = (
            network.score_models(stack, encode(around[:flank] + row[letter] + around[flank + 1 :])[None])[0, 0]
            for letter in ("REF", "ALT")
        )
        assert row["ELK1_ref"] == pytest.approx(ref, abs=tolerances.FUSED)
        assert row["ELK1_alt"] == pytest.approx(alt, abs=tolerances.FUSED)
        assert row["ELK1_delta"] == np.float32(row["ELK1_alt"]) - np.float32(row["ELK1_ref"])


def test_what_has_no_score_keeps_its_row(bank, odd, tmp_path):
    rows, tally = table(odd, bank, tmp_path)
    assert list(rows[0]) == [
        *PLACE,
        *(f"{model}_{what}" for model in bank.model_ids for what in ("ref", "alt", "delta")),
    ]
    assert [row["status"] for row in rows] == [
        *("ok", "symbolic", "star", "no_alt", "ambiguous_alt"),
        *("ref_mismatch", "no_contig", "off_contig", "too_long", "ok"),
    ]
    for row in rows:
        values = [value for name, value in row.items() if name not in PLACE]
        assert all((value is not None) == (row["status"] == "ok") for value in values)
    assert (tally.records_read, tally.records_without_alt, tally.scored) == (7, 1, 2)
    assert tally.table_sentence() == (
        "7 records read; 2 alleles scored; not scored: ambiguous_alt 1, no_alt 1, no_contig 1, off_contig 1, "
        "ref_mismatch 1, star 1, symbolic 1, too_long 1; 1 records without an alternate allele"
    )


def test_the_long_table_holds_the_same(bank, odd, tmp_path):
    wide, _ = table(odd, bank, tmp_path)
    long, _ = table(odd, bank, tmp_path, long=True)
    assert list(long[0]) == [*PLACE, "model_id", "protein", "ref_score", "alt_score", "delta"]
    assert long == [
        {
            **{name: row[name] for name in PLACE},
            "model_id": model.model_id,
            "protein": model.protein,
            "ref_score": row[f"{model.model_id}_ref"],
            "alt_score": row[f"{model.model_id}_alt"],
            "delta": row[f"{model.model_id}_delta"],
        }
        for row in wide
        for model in bank.models
    ]


def test_tsv_holds_six_digits(bank, odd, tmp_path):
    rows, _ = table(odd, bank, tmp_path)
    score_vcf(odd, tmp_path / "table.tsv", reference=FASTA, bank=bank)
    header, *lines = (tmp_path / "table.tsv").read_text(encoding="utf-8").split("\n")[:-1]
    assert header.split("\t") == list(rows[0])
    for text, row in zip(lines, rows, strict=True):
        expected = [f"{v:.6g}" if isinstance(v, float) else "" if v is None else str(v) for v in row.values()]
        assert text.split("\t") == expected


@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("threads", [1, 2])
def test_batches_threads_and_groups_do_not_show(bank, tmp_path, monkeypatch, batch_size, threads):
    expected, _ = table(VCF, bank, tmp_path)
    monkeypatch.setattr(module, "GROUP_VALUES", 2 * len(bank.models))
    found, _ = table(VCF, bank, tmp_path, settings=AnnotateSettings(batch_size=batch_size, threads=threads))
    assert found == expected
    assert parquet.ParquetFile(tmp_path / "table.parquet").num_row_groups > 3


def test_containers_do_not_show(bank, tmp_path):
    expected, _ = table(VCF, bank, tmp_path)
    assert table(bgzip(VCF, tmp_path / "in.vcf.gz"), bank, tmp_path)[0] == expected
    assert table(to_bcf(VCF, tmp_path / "in.bcf"), bank, tmp_path)[0] == expected


def test_contigs_of_another_style(bank, tmp_path):
    (tmp_path / "in.vcf").write_bytes(HEADER.replace(b"ID=chr", b"ID=") + snv("chr1", 2615).removeprefix(b"chr"))
    rows, _ = table(tmp_path / "in.vcf", bank, tmp_path)
    assert [(row["CHROM"], row["status"]) for row in rows] == [("1", "ok")]
    (tmp_path / "in.vcf").write_bytes(
        HEADER.replace(b"ID=chr1", b"ID=one") + snv("chr1", 2615).replace(b"chr1", b"one")
    )
    rows, _ = table(tmp_path / "in.vcf", bank, tmp_path, settings=AnnotateSettings(contig_map={"one": "chr1"}))
    assert [(row["CHROM"], row["status"]) for row in rows] == [("one", "ok")]


def test_an_empty_vcf_is_a_table_without_rows(bank, tmp_path, caplog):
    (tmp_path / "in.vcf").write_bytes(HEADER)
    for name in ("table.tsv", "table.parquet"):
        assert score_vcf(tmp_path / "in.vcf", tmp_path / name, reference=FASTA, bank=bank).records_read == 0
    assert parquet.read_table(tmp_path / "table.parquet").num_rows == 0
    assert (tmp_path / "table.tsv").read_text().startswith("CHROM\tPOS\t")
    assert "no allele was scored: the VCF has no record" in caplog.text


def test_an_annotated_vcf_is_scored_like_any_other(bank, tmp_path):
    expected, _ = table(VCF, bank, tmp_path)
    settings = AnnotateSettings(everywhere=True)
    varbind.annotate_vcf(VCF, tmp_path / "annotated.vcf", reference=FASTA, bank=bank, settings=settings)
    assert table(tmp_path / "annotated.vcf", bank, tmp_path)[0] == expected


def test_letters_that_would_break_a_row(bank, tmp_path):
    record = snv("chr1", 2615).replace(b"\t.\t", b"\t\xffa\rb\t", 1)
    (tmp_path / "in.vcf").write_bytes(HEADER + record)
    rows, _ = table(tmp_path / "in.vcf", bank, tmp_path)
    assert [row["ID"] for row in rows] == ["\\xffa%0Db"]


@pytest.mark.parametrize(
    ("records", "error", "what"),
    [
        ([snv("chr1", 2615), b"chr1\t3000\n"], InputError, "2 columns, expected 8"),
        ([line("one", 2615, "A", "C")], ResourceError, "no contig of the VCF is in the reference"),
        (
            [line("chr1", p, other(base("chr1", p)), base("chr1", p)) for p in range(3000, 3040)],
            ResourceError,
            "wrong genome build",
        ),
    ],
)
def test_a_table_appears_whole_or_not_at_all(bank, tmp_path, records, error, what):
    header = HEADER.replace(b"ID=chr", b"ID=z") if "contig" in what else HEADER
    (tmp_path / "in.vcf").write_bytes(header + b"".join(records))
    (tmp_path / "table.parquet").write_bytes(b"old")
    with pytest.raises(error, match=what):
        table(tmp_path / "in.vcf", bank, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.vcf", "table.parquet"]
    assert (tmp_path / "table.parquet").read_bytes() == b"old"


def test_outputs_that_cannot_be_made(bank, tmp_path):
    (tmp_path / "in.tsv").write_bytes(VCF.read_bytes())
    with pytest.raises(UsageError, match="the output is the input"):
        score_vcf(tmp_path / "in.tsv", tmp_path / "in.tsv", reference=FASTA, bank=bank)
    with pytest.raises(UsageError, match=r"name it \.tsv"):
        score_vcf(VCF, tmp_path / "table.xlsx", reference=FASTA, bank=bank)
    with pytest.raises(OutputError, match="the folder does not exist"):
        score_vcf(VCF, tmp_path / "none" / "table.tsv", reference=FASTA, bank=bank)
    assert [path.name for path in tmp_path.iterdir()] == ["in.tsv"]


def test_standard_streams(bank, tmp_path, monkeypatch):
    score_vcf(VCF, tmp_path / "table.tsv", reference=FASTA, bank=bank)
    out = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stdout", out)
    with VCF.open("rb") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        score_vcf("-", reference=FASTA, bank=bank)
    assert out.buffer.getvalue() == (tmp_path / "table.tsv").read_bytes()


def test_progress(bank, tmp_path):
    calls = []
    settings = AnnotateSettings(batch_size=8)
    score_vcf(
        VCF, tmp_path / "t.tsv", reference=FASTA, bank=bank, settings=settings, progress=lambda *now: calls.append(now)
    )
    assert calls[-1] == (33, 33, "records")
    assert len(calls) > 3
