"""What docs/evaluation.md says of files is what there is, and its commands run."""

import csv
import re

import pytest
from bam_files import write_bam
from motif_banks import CRE, E_BOX, TATA, motif_model, write_intensities, write_labels, write_motif_bank, write_sets
from page_commands import page, run_commands
from planted import CHROMOSOMES, PEAKS_A_CHROMOSOME, SPACING, peak_lines, write_lines, write_reference

from varbind.evaluate.evaluation_data import OUTLIER_SDS
from varbind.evaluate.methods import CHOICE_MAX_PER_CLASS, LETTERS, SPAN
from varbind.evaluate.peak_quality import QUALITY_COLUMNS
from varbind.evaluate.report import MIN_PAIRS, RESULT_COLUMNS, SUMMARY_COLUMNS

TEXT = page("evaluation.md")
ROWS = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)


def test_every_column_is_told_in_order():
    assert tuple(name for row in ROWS for name in re.findall(r"`(\w+)`", row)) == (
        *RESULT_COLUMNS,
        *SUMMARY_COLUMNS,
        *(name for name, _ in QUALITY_COLUMNS),
    )


def rows_of(path):
    """A table as dictionaries."""
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def write_inputs(folder):
    """Write what the commands of the page read, under its names, and the page's own table of sets."""
    write_motif_bank(folder / "mine", motif_model("ctcf", "CTCF", CRE), motif_model("cebpb", "CEBPB", E_BOX))
    published = (motif_model("D1", "CTCF", TATA), motif_model("D2", "CTCF", CRE), motif_model("D3", "CEBPB", TATA))
    write_motif_bank(folder / "deepbind", *published)
    table = re.search(r"```text\n(id .*?)```", TEXT, re.DOTALL)[1].splitlines()
    write_lines(folder / "tests.tsv", [re.sub("  +", "\t", line) for line in table])
    write_labels(folder / "ctcf.held_out.tsv", CRE, seed=1)
    write_intensities(folder / "cebpb.array.tsv", E_BOX, seed=2, count=200)
    write_labels(folder / "ctcf.training.tsv", CRE, seed=3)
    write_sets(folder / "training.tsv", ("CTCF", "CTCF", "ctcf.training.tsv", "labels", ""))
    write_reference(folder)
    write_lines(folder / "peaks.narrowPeak", peak_lines())
    in_peaks, outside = ((name, start, "50M", 0) for name, start in (("chr1", 310), ("chr2", 200)))
    contigs = dict.fromkeys(CHROMOSOMES, SPACING * (PEAKS_A_CHROMOSOME + 1))
    write_bam(folder / "reads.bam", [in_peaks, in_peaks, in_peaks, outside, ("chr1", 10, "50M", 0)], contigs)
    write_lines(folder / "blacklist.bed", ["chr1\t0\t100"])


@pytest.mark.slow
def test_the_commands_run(tmp_path):
    pytest.importorskip("sklearn", reason="needs the extra `train`")
    pytest.importorskip("matplotlib", reason="needs the extra `plots`")
    write_inputs(tmp_path)
    printed = run_commands("evaluation.md", tmp_path)
    rows = rows_of(tmp_path / "result" / "results.tsv")
    assert [(row["set"], row["method"], row["model_id"]) for row in rows] == [
        ("CTCF.K562", "mine", "ctcf"),
        ("CTCF.K562", "published", "D2"),
        ("CTCF.K562", "gkm-SVM", ""),
        ("CTCF.K562", "GC", ""),
        ("CEBPB.ME", "mine", "cebpb"),
        ("CEBPB.ME", "published", "D3"),
    ]
    assert float(rows[0]["auc"]) > 0.97
    assert (tmp_path / "result" / "summary.md").read_text(encoding="utf-8") in printed
    one = {row["method"]: row for row in rows_of(tmp_path / "one-set" / "results.tsv")}
    assert float(one["mine"]["auc"]) > 0.9
    assert float(one["GC"]["auc"]) == 0.5
    (quality,) = rows_of(tmp_path / "quality.tsv")
    assert (quality["reads"], quality["reads_in_peaks"], quality["reads_blacklisted"]) == ("4", "3", "1")
    assert float(quality["frip"]) == 0.75
    assert (quality["covered_bases"], quality["genome_bases"]) == ("100", "25100")


def test_numbers_are_those_of_the_code():
    assert (MIN_PAIRS, OUTLIER_SDS, LETTERS, SPAN) == (6, 4, 5, 7)
    assert "none below six sets" in TEXT
    assert "more than four standard deviations" in TEXT
    assert re.search(r"five out of\s+seven bases", TEXT)
    assert f"up to {CHOICE_MAX_PER_CLASS} bound and {CHOICE_MAX_PER_CLASS}" in " ".join(TEXT.split())
