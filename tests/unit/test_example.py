"""The embedded example is what its script makes, agrees with its reference and holds every kind of record."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import varbind

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "workflows" / "example" / "make_example.py"
EXAMPLE = ROOT / "varbind" / "data" / "example"
FAMILIES = {
    "AP1": ("Jun-related", "Fos-related"),
    "CTCF": ("CTCF-like",),
    "ETS": ("Ets-related",),
    "GATA": ("GATA",),
    "REST": ("REST",),
    "SP1": ("Sp1-like", "Kruppel-like"),
    "SRF": ("Responders_to_external_signals",),
    "USF": ("bHLH-ZIP",),
    "YY1": ("YY1-like",),
}
"""How the families of the planted sites are named; further families of a name add a protein."""

FILES = ("genes.gtf", "reference.fa", "reference.fa.fai", "variants.vcf")


def make(folder, *, seed=1):
    subprocess.run([sys.executable, "-B", SCRIPT, folder, "--seed", str(seed)], check=True)
    return folder


@pytest.fixture(scope="module")
def contigs():
    blocks = (EXAMPLE / "reference.fa").read_text().split(">")[1:]
    return {block.split("\n", 1)[0]: block.split("\n", 1)[1].replace("\n", "") for block in blocks}


@pytest.fixture(scope="module")
def records():
    lines = (EXAMPLE / "variants.vcf").read_text().splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def test_made_again_it_is_the_same(tmp_path):
    folder = make(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == list(FILES)
    for name in FILES:
        assert (folder / name).read_bytes() == (EXAMPLE / name).read_bytes(), name


def test_another_seed_is_another_reference(tmp_path):
    assert (make(tmp_path, seed=2) / FILES[1]).read_bytes() != (EXAMPLE / FILES[1]).read_bytes()


def test_it_is_small():
    assert sum((EXAMPLE / name).stat().st_size for name in FILES) < 60_000


def test_every_ref_is_the_reference(contigs, records):
    for contig, pos, name, ref, *_ in records:
        start = int(pos) - 1
        assert contigs[contig][start : start + len(ref)] == ref, name


def test_no_alt_is_its_ref(records):
    assert all(ref not in alt.split(",") for _, _, _, ref, alt, *_ in records)


def test_records_are_sorted_and_named_once(records):
    places = [(contig, int(pos)) for contig, pos, *_ in records]
    assert places == sorted(places)
    assert len({record[2] for record in records}) == len(records)


def test_every_kind_of_record_is_there(records):
    alts = [(len(ref), alt.split(",")) for _, _, _, ref, alt, *_ in records]
    assert any("*" in alt for _, alt in alts)
    assert any("<DEL>" in alt for _, alt in alts)
    assert any(len(alt) == 2 and "*" not in alt for _, alt in alts)
    assert any(length == 1 and len(alt[0]) > 1 and alt[0].isalpha() for length, alt in alts)
    assert any(length > len(alt[0]) and alt[0].isalpha() for length, alt in alts)
    assert any(length == len(alt[0]) > 1 for length, alt in alts)


def test_one_record_lies_outside_every_promoter(records):
    genes = [line.split("\t") for line in (EXAMPLE / "genes.gtf").read_text().splitlines()]
    starts = [(g[0], int(g[3] if g[6] == "+" else g[4])) for g in genes if g[2] == "transcript"]
    outside = [
        record[2]
        for record in records
        if not any(record[0] == contig and abs(int(record[1]) - tss) <= 1000 for contig, tss in starts)
    ]
    assert outside == ["outside_promoters"]


def test_bcftools_agrees_and_moves_only_what_is_not_normal(records):
    bcftools = shutil.which("bcftools")
    if bcftools is None:
        pytest.skip("bcftools is not installed")
    command = [bcftools, "norm", "-c", "e", "-f", EXAMPLE / "reference.fa", EXAMPLE / "variants.vcf"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    normal = [line.split("\t") for line in done.stdout.splitlines() if not line.startswith("#")]
    moved = {record[2] for record in records} - {
        after[2] for after in normal if after[:5] in [record[:5] for record in records]
    }
    assert moved == {"shortens_CA_repeat", "breaks_ETS_5_padded"}


def test_the_shipped_bank_names_the_family_whose_site_is_changed(shipped_bank, tmp_path):
    paths = {"reference": EXAMPLE / "reference.fa", "genes": EXAMPLE / "genes.gtf"}
    varbind.annotate_vcf(EXAMPLE / "variants.vcf", tmp_path / "out.vcf", bank=shipped_bank, **paths)
    named = {}
    for line in (tmp_path / "out.vcf").read_text().splitlines():
        columns = line.split("\t")
        if line[0] == "#" or not columns[2].startswith(("breaks", "makes")):
            continue
        what = columns[2].partition("_")[0]
        values = dict(item.split("=", 1) for item in columns[7].split(";"))
        changes = values["VARBIND_BIND_LOSS" if what == "breaks" else "VARBIND_BIND_GAIN"].split(",")
        # Nothing is said of an upstream deletion.
        named[columns[2]] = [change.split("|")[0] for change in changes if change != "."]
    wrong = {
        name
        for name, families in named.items()
        if not all(family.startswith(FAMILIES.get(name.split("_")[1], ())) for family in families)
    }
    assert len(named) == 26
    # A TATA box is short and common, and taken for the site of a HOX protein.
    assert wrong == {"breaks_TBP_1", "makes_TBP_2"}
