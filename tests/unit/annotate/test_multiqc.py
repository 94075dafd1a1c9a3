"""A file of statistics is a section of MultiQC reports, also after a run without any record."""

import html
import json
import os
import shutil
import subprocess

import pytest
from integration.runs import HEADER, VCF, annotation, call

from varbind.annotate.multiqc import multiqc_section

MULTIQC = os.environ.get("VARBIND_MULTIQC") or shutil.which("multiqc")

# MultiQC has packages of its own.
CLEAN = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

STATISTICS = {
    "records_read": 9,
    "alleles": {"ok": 6, "too_long": 2, "symbolic": 1},
    "alleles_scored": 6,
    "ref_mismatched": 0,
    "phred_histogram": {"bin_width": 5, "alleles": [1, 1, 2, 0, 1, 0, 1]},
}


def test_a_row_has_the_counts():
    section = multiqc_section(STATISTICS, "S1")
    assert section["data"] == {
        "S1": {
            "records_read": 9,
            "alleles_scored": 6,
            "alleles_not_scored": 3,
            "phred_10": 4,
            "phred_20": 2,
            "ref_mismatched": 0,
        }
    }
    assert list(section["headers"]) == list(section["data"]["S1"])


def test_a_run_without_phred_has_no_columns_of_it():
    row = multiqc_section(STATISTICS | {"phred_histogram": None}, "S1")["data"]["S1"]
    assert list(row) == ["records_read", "alleles_scored", "alleles_not_scored", "ref_mismatched"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two runs: the usual one, and one without a record."""
    folder = tmp_path_factory.mktemp("multiqc")
    (folder / "empty.vcf").write_bytes(HEADER)
    for sample, source in (("full", VCF), ("none", folder / "empty.vcf")):
        words = [*annotation(source), "-o", folder / f"{sample}.vcf", "--stats", folder / f"{sample}_mqc.json"]
        done = call(*words)
        assert done.code == 0, done.err
    return folder


def test_the_file_has_the_statistics_and_the_section(folder):
    found = json.loads((folder / "full_mqc.json").read_bytes())
    row = found["data"]["full"]
    assert found["inputs"]["variants"]["file"] == VCF.name
    assert row["records_read"] == found["records_read"] > 0
    assert row["alleles_scored"] + row["alleles_not_scored"] == sum(found["alleles"].values())
    assert row["phred_10"] == sum(found["phred_histogram"]["alleles"][2:])
    assert set(json.loads((folder / "none_mqc.json").read_bytes())["data"]["none"].values()) == {0}


@pytest.mark.slow
@pytest.mark.skipif(not MULTIQC, reason="needs MultiQC: pip install multiqc, or VARBIND_MULTIQC=PROGRAM")
def test_multiqc_shows_both_runs(folder, tmp_path):
    words = [MULTIQC, "--no-version-check", "--outdir", str(tmp_path), str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=CLEAN)
    assert done.returncode == 0, done.stderr
    report = html.unescape((tmp_path / "multiqc_report.html").read_text(encoding="utf-8"))
    assert "Promoter variants that break or create the binding of proteins." in report
    assert "PHRED \u2265 20" in report or "PHRED >= 20" in report or "PHRED &ge; 20" in report
    data = json.loads((tmp_path / "multiqc_data" / "multiqc_data.json").read_text(encoding="utf-8"))
    written = {name: json.loads((folder / f"{name}_mqc.json").read_bytes())["data"][name] for name in ("full", "none")}
    assert data["report_saved_raw_data"]["multiqc_varbind_table"] == written
