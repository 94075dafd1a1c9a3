"""The routes of docs/pipelines.md: its commands run with the real programs, and every value is that of annotate."""

import os
import re
import shutil
import subprocess
from bisect import bisect_right
from collections import Counter

import pysam
import pytest
from allele_values import allele_values
from page_commands import ROOT, add_program, commands_of, page, run_script

from varbind.annotate.info_schema import INFO_KEYS

TEXT = page("pipelines.md")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE))
PREPARED = TEXT.partition("\n## ")[0] + SECTIONS["One record per allele"]
FILTERS, PRECOMPUTE, TRANSFER = re.findall(r"```sh\n.*?```", SECTIONS["bcftools"], re.DOTALL)
FILES = ROOT / "workflows" / "pipelines"
TOML = (FILES / "vcfanno.toml").read_text(encoding="utf-8")
TRANSFERRED = re.findall(r'"(VARBIND_\w+)"', TOML.partition("names")[0])
DEMO = "varbind-demo"
SEVERAL = {("chr2", 2105), ("chr2", 8745), ("chr2", 11326)}
"""The records of the example with two alleles."""
ROUNDED = 6e-5
"""vcfanno writes four decimals of a number."""


def program_of(name):
    """Path of the program of a route, which may be in an environment of its own."""
    program = os.environ.get(f"VARBIND_{name.upper()}") or shutil.which(name)
    if program is None:
        pytest.skip(f"needs {name}, or VARBIND_{name.upper()}=PROGRAM")
    return program


def numbers(path, key):
    """The values of a key with one number per allele, by allele, without missing ones."""
    return {allele: value for allele, (value,) in allele_values(path, key).items() if value is not None}


def refused(command, folder):
    """What a program says that ends with an error, and what it wrote."""
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stderr, done.stdout


@pytest.fixture(scope="module")
def whole(tmp_path_factory, bcftools):
    """The folder of the page's commands. In place of a table of all promoters it has one of the example's alleles."""
    whole = tmp_path_factory.mktemp("pipelines")
    (whole / "workflows").symlink_to(ROOT / "workflows")
    run_script(commands_of(PREPARED), whole)
    table = """bcftools view -G -i 'VARBIND_STATUS="ok"' single.vcf.gz -O z -o promoters.vcf.gz"""
    run_script(f"{table}; bcftools index -t promoters.vcf.gz", whole, DEMO)
    run_script(commands_of(FILTERS + TRANSFER), whole, DEMO)
    return whole


@pytest.fixture(scope="module")
def demo(whole):
    """The folder of the example."""
    return whole / DEMO


def run_section(name, whole, program):
    """Run the commands of a section with its program."""
    add_program(whole, name.split()[0], [program])
    run_script(commands_of(SECTIONS[name]), whole, DEMO)


def test_every_key_of_the_routes_exists():
    text = TEXT + "".join(path.read_text(encoding="utf-8") for path in FILES.iterdir())
    used = set(re.findall(r"\bVARBIND_([A-Z_]+)\b", text)) - {"ANNOTATE"}
    assert used <= {key.name for key in INFO_KEYS}
    assert "PHRED" in used


SEVERAL_KEYS = [f"VARBIND_{name}" for name in ("PHRED", "LOSS_PHRED", "TSSDIST", "STATUS", "BIND_LOSS", "GENE")]


def test_splitting_keeps_the_values(demo):
    single, annotated = (allele_values(demo / f"{name}.vcf.gz", *SEVERAL_KEYS) for name in ("single", "annotated"))
    assert Counter(single.values()) == Counter(annotated.values())


@pytest.mark.slow
def test_splitting_may_come_before(demo, whole):
    run_script("varbind annotate calls.vcf.gz -f reference.fa --genes genes.gtf -q -o after.vcf.gz", whole, DEMO)
    assert allele_values(demo / "after.vcf.gz", *SEVERAL_KEYS) == allele_values(demo / "single.vcf.gz", *SEVERAL_KEYS)


def test_two_conditions_may_be_met_by_two_alleles(demo, whole):
    expression = "VARBIND_PHRED>=25.6 && VARBIND_LOSS_PHRED<=21 && POS=2105"
    counts = [
        int(run_script(f"bcftools view -H -i '{expression}' {name}.vcf.gz | wc -l", whole, DEMO))
        for name in ("annotated", "single")
    ]
    assert counts == [1, 0]


@pytest.mark.parametrize(("option", "missing"), [("-i", False), ("-e", True)])
def test_a_missing_value_is_not_0(option, missing, demo, whole):
    kept = int(run_script(f"bcftools view -H {option} 'VARBIND_PHRED<10' single.vcf.gz | wc -l", whole, DEMO))
    phreds = [phred for (phred,) in allele_values(demo / "single.vcf.gz", "VARBIND_PHRED").values()]
    assert phreds.count(None) == 3
    below = sum(phred is not None and phred < 10 for phred in phreds)
    assert kept == (len(phreds) - below if missing else below)


def test_bcftools_filters(demo):
    wanted = {allele for allele, phred in numbers(demo / "single.vcf.gz", "VARBIND_PHRED").items() if phred >= 20}
    assert set(allele_values(demo / "short.vcf.gz")) == wanted
    assert 10 < len(wanted) < 30
    rows = [line.split("\t") for line in (demo / "short.tsv").read_text(encoding="utf-8").splitlines()]
    phreds = {(chrom, int(pos), ref, alt): float(phred) for chrom, pos, ref, alt, phred, _ in rows}
    written = numbers(demo / "single.vcf.gz", "VARBIND_PHRED")
    assert phreds == pytest.approx({allele: written[allele] for allele in wanted}, rel=1e-5)


def test_bcftools_transfers(demo):
    keys = ("VARBIND_PHRED", "VARBIND_ACTIVITY")
    assert allele_values(demo / "by_bcftools.vcf.gz", *keys) == allele_values(demo / "single.vcf.gz", *keys)


def test_bcftools_gives_a_value_to_the_first_allele_alone(demo, whole):
    commands = "bcftools view variants.vcf -O z -o unsplit.vcf.gz && bcftools index -t unsplit.vcf.gz && bcftools "
    commands += "annotate -a promoters.vcf.gz -c INFO/VARBIND_PHRED unsplit.vcf.gz -O z -o first.vcf.gz"
    run_script(commands, whole, DEMO)
    found, expected = (numbers(demo / f"{name}.vcf.gz", "VARBIND_PHRED") for name in ("first", "annotated"))
    missed = {allele[:2] for allele in expected.keys() - found.keys()}
    assert missed >= {("chr2", 2105), ("chr2", 11326)}
    assert all(found[allele] == expected[allele] for allele in found)


def agree(found, expected):
    """Whether two values are equal, but for what vcfanno rounds."""
    return found == expected or (isinstance(found, float) and found == pytest.approx(expected, abs=ROUNDED))


def test_vcfanno_transfers(demo, whole):
    assert f"```toml\n{TOML}```" in TEXT
    run_section("vcfanno", whole, program_of("vcfanno"))
    found = allele_values(demo / "by_vcfanno.vcf", *TRANSFERRED)
    expected = allele_values(demo / "promoters.vcf.gz", *TRANSFERRED)
    assert len(expected) == 33
    assert expected.keys() < found.keys()
    for allele, own in found.items():
        assert all(map(agree, own, expected.get(allele, (None,) * len(own)))), allele


@pytest.mark.parametrize("operation", ["self", "first", "max", "concat", "uniq"])
def test_only_self_keeps_one_value_per_allele(operation, demo, whole):
    vcfanno = program_of("vcfanno")
    keys = ("VARBIND_PHRED", "VARBIND_TSSDIST")
    toml = (
        f'[[annotation]]\nfile = "promoters.vcf.gz"\nfields = {[*keys]}\nnames = {[*keys]}\nops = {[operation] * 2}\n'
    )
    (demo / "other.toml").write_text(toml.replace("'", '"'))
    run_script(
        f"bcftools view -i 'N_ALT>1' variants.vcf > several.vcf; {vcfanno} other.toml several.vcf > other.vcf",
        whole,
        DEMO,
    )
    with pysam.VariantFile(str(demo / "other.vcf")) as records:
        header = [(records.header.info[key].number, records.header.info[key].type) for key in keys]
        found = {(record.chrom, record.pos): record.info["VARBIND_PHRED"] for record in records}
    assert found.keys() == SEVERAL
    counts = [len(value) if isinstance(value, tuple) else 1 for value in found.values()]
    if operation == "self":
        assert header == [("A", "Float"), ("A", "Integer")]
        expected = numbers(demo / "annotated.vcf.gz", "VARBIND_PHRED")
        own = numbers(demo / "other.vcf", "VARBIND_PHRED")
        assert own == pytest.approx({allele: expected[allele] for allele in own}, abs=ROUNDED)
        assert counts == [2, 2, 2]
        assert found["chr2", 8745][1] is None
    elif operation in ("first", "max"):
        assert counts == [1, 1, 1]
    else:
        assert [kind for _, kind in header] == ["String", "String"]
        assert counts == [2, 1, 2]


def test_vcfanno_ends_with_an_error_at_a_symbolic_allele(demo):
    said, _ = refused([program_of("vcfanno"), FILES / "vcfanno.toml", "calls.vcf.gz"], demo)
    assert "panic" in said


def rank_scores(path):
    with pysam.VariantFile(str(path)) as records:
        return {
            (record.chrom, record.pos, record.ref, record.alts[0]): float(record.info["RankScore"][0].partition(":")[2])
            for record in records
        }


def test_genmod_gives_the_points_of_the_page(demo, whole):
    run_section("genmod and scout", whole, program_of("genmod"))
    head, points = re.findall(r"^\| `VARBIND_PHRED` \|(.*)\|$\n.*\n\| points \|(.*)\|$", TEXT, re.MULTILINE)[0]
    steps = [int(re.match(r"\D*(\d+)", cell)[1]) for cell in head.split("|")[1:]]
    phreds = allele_values(demo / "single.vcf.gz", "VARBIND_PHRED")
    expected = {allele: int(points.split("|")[bisect_right(steps, phred or 0)]) for allele, (phred,) in phreds.items()}
    assert rank_scores(demo / "ranked.vcf") == expected
    assert set(expected.values()) == {0, 1, 2, 3}


def test_genmod_takes_0_for_a_missing_value_and_stops_without_the_key(demo):
    genmod = program_of("genmod")
    model = (FILES / "genmod.ini").read_text(encoding="utf-8")
    (demo / "minus.ini").write_text(re.sub(r"(not_reported\]\]\s+score = )0", r"\g<1>-5", model))
    subprocess.run(
        [genmod, "score", "-c", "minus.ini", "-o", "minus.vcf", "single.vcf.gz"],
        cwd=demo,
        check=True,
        capture_output=True,
    )
    without = {allele for allele, score in rank_scores(demo / "minus.vcf").items() if score == -5}
    phreds = allele_values(demo / "single.vcf.gz", "VARBIND_PHRED")
    assert without == {allele for allele, (phred,) in phreds.items() if not phred}
    assert any(phreds[allele] == (0,) for allele in without)
    said, _ = refused([genmod, "score", "-c", FILES / "genmod.ini", "calls.vcf.gz"], demo)
    assert "has to be defined in vcf header" in said


def test_vembrane_filters_split_records_and_refuses_others(demo, whole):
    vembrane = program_of("vembrane")
    run_section("vembrane", whole, vembrane)
    own = allele_values(demo / "single.vcf.gz", "VARBIND_PHRED", "VARBIND_ACTIVITY")
    wanted = {allele for allele, (phred, change) in own.items() if phred is not None and phred >= 20 and change < 0}
    assert set(allele_values(demo / "by_vembrane.vcf")) == wanted
    assert wanted
    said, _ = refused([vembrane, "filter", 'INFO["VARBIND_PHRED"] >= 20', "annotated.vcf.gz"], demo)
    assert "more than one" in said.lower() or "multi" in said.lower()


@pytest.mark.slow
def test_a_table_of_all_promoters_has_the_values_of_annotate(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "whole", symlinks=True, ignore=shutil.ignore_patterns("promoters.*"))
    run_script(commands_of(PRECOMPUTE + TRANSFER), tmp_path / "whole", DEMO)
    demo = tmp_path / "whole" / DEMO
    keys = ("VARBIND_PHRED", "VARBIND_ACTIVITY")
    found, expected = (allele_values(demo / f"{name}.vcf.gz", *keys) for name in ("by_bcftools", "single"))
    table = allele_values(demo / "promoters.vcf.gz", *TRANSFERRED)
    assert {allele for allele, own in found.items() if own[0] is not None} == table.keys() & expected.keys()
    assert all(own == expected[allele] for allele, own in found.items() if allele in table)
    assert f"Of the {len(numbers(demo / 'single.vcf.gz', keys[0]))} scored alleles" in " ".join(TEXT.split())
    assert f"this table has {len(table.keys() & expected.keys())}" in " ".join(TEXT.split())
    add_program(tmp_path / "whole", "vcfanno", [program_of("vcfanno")])
    run_script(commands_of(SECTIONS["vcfanno"]), tmp_path / "whole", DEMO)
    for allele, own in allele_values(demo / "by_vcfanno.vcf", *TRANSFERRED).items():
        assert all(map(agree, own, table.get(allele, (None,) * len(own)))), allele
