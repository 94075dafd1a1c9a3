"""`varbind splice`: one command from a table of exons to a table and a figure."""

import csv
from xml.etree import ElementTree as ET

import pytest
from integration.runs import call
from motif_banks import motif_model, write_motif_bank
from spliced_exons import MOTIF, write_exons

pytest.importorskip("scipy", reason="needs the extra `train`")
pytest.importorskip("matplotlib", reason="needs the extra `plots`")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Ninety exons; those that go down have the motif 30 bases before them."""
    folder = tmp_path_factory.mktemp("splice")
    write_exons(folder / "exons.tsv", folder / "ref.fa")
    rna = motif_model("ptb", "PTBP1", MOTIF, double_stranded=False)
    write_motif_bank(folder / "rbp", rna, motif_model("sp1", "SP1", "GGGGCGGG"))
    write_motif_bank(folder / "dna", motif_model("sp1", "SP1", "GGGGCGGG"))
    return folder


def splice(folder, output, *options, bank="rbp"):
    return call(
        "splice", folder / "exons.tsv", "-f", folder / "ref.fa", "--bank", folder / bank, "-o", output, *options
    )


def test_a_planted_site_is_found_by_one_command(folder, tmp_path):
    done = splice(folder, tmp_path / "found")
    assert done.code == 0, done.err
    assert "1 models are left out, because they score both strands" in done.err
    assert "found: written; 1 of 8 comparisons have p <= 1e-4" in done.err
    with (tmp_path / "found" / "splicing.tsv").open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text, delimiter="\t"))
    marked = [(row["model_id"], row["region"], row["group"]) for row in rows if row["band"]]
    assert marked == [("ptb", "3SS", "down")]
    assert {(row["exons"], row["controls"]) for row in rows} == {("30", "30")}
    assert ET.fromstring((tmp_path / "found" / "figure.svg").read_bytes()).tag.endswith("svg")
    assert sorted(path.name for path in (tmp_path / "found").iterdir()) == ["figure.svg", "splicing.tsv"]


def test_equal_runs_give_equal_bytes(folder, tmp_path):
    for name, threads in (("one", "1"), ("two", "2")):
        assert splice(folder, tmp_path / name, "--threads", threads, "-q").code == 0
    for name in ("splicing.tsv", "figure.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize(
    ("options", "bank", "code", "text"),
    [
        ((), "dna", 2, "all models score both strands, as those of DNA do; choose models of RNA with --proteins"),
        (("--proteins", "SP1"), "rbp", 2, "all models score both strands"),
        (("--proteins", "SP9"), "rbp", 2, "no protein or model named 'SP9'"),
        (("--length", "1000"), "rbp", 3, "no group has introns of 1000 bases or more where its controls have them"),
        (("-f", "gone.fa"), "rbp", 4, "gone.fa"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_line(folder, tmp_path, options, bank, code, text):
    done = splice(folder, tmp_path / "found", *options, bank=bank)
    assert (done.code, text in done.error) == (code, True), done.err
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_kept(folder, tmp_path):
    (tmp_path / "found").mkdir()
    done = splice(folder, tmp_path / "found")
    assert done.code == 5
    assert list((tmp_path / "found").iterdir()) == []
