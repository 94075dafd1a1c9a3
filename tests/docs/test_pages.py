"""The commands of the pages are run, and the numbers of the pages are true."""

import gzip
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from own_data import START, write_own_data
from page_commands import PAGES, ROOT, RUN, blocks_of, page, run_commands
from quick_cases import first_quick
from sparse_genome import LENGTHS

from varbind import __version__
from varbind.annotate.info_schema import INFO_KEYS
from varbind.api.annotate_vcf import annotate_vcf
from varbind.cache.promoter_sites import promoter_spans
from varbind.cli.main import main
from varbind.core.tss import Promoter
from varbind.core.variant import Status
from varbind.io.banks import DEFAULT_BANK
from varbind.io.genes.shipped_starts import shipped_starts


@pytest.fixture
def own_data(tmp_path):
    """A folder with the files that the pages call the user's own."""
    return write_own_data(tmp_path)


@pytest.mark.parametrize("name", first_quick(["quickstart.md", "faq.md"]))
def test_every_command_runs_on_own_data(name, own_data, bcftools):
    printed = run_commands(name, own_data)
    assert f"\t{START + 550}\t" in printed  # the allele without a score, with its reason
    assert "symbolic" in printed
    with gzip.open(own_data / "out.vcf.gz", "rt") as lines:
        text = lines.read()
    assert "##varbind_genes=<ID=starts.GRCh38.bed.gz," in text
    assert text.count("VARBIND_STATUS=ok") == 11
    with gzip.open(own_data / "genes.vcf.gz", "rt") as lines:
        assert "VARBIND_REGION=CDS" in lines.read()


@pytest.mark.slow
def test_the_way_over_the_sites_gives_the_values_of_a_single_run(own_data, bcftools):
    cohort, direct = own_data / "cohort.vcf.gz", own_data / "direct.vcf.gz"
    subprocess.run([bcftools, "sort", own_data / "in.vcf.gz", "-Oz", "-o", cohort], check=True)
    run_commands("scale.md", own_data)
    annotate_vcf(cohort, direct, reference=own_data / "reference.fa")
    found, expected = (
        subprocess.run([bcftools, "view", "-H", path], capture_output=True, text=True, check=True).stdout
        for path in (own_data / "out.vcf.gz", direct)
    )
    assert found == expected
    assert found.count("VARBIND_STATUS=ok") == 11


@pytest.mark.parametrize("build", first_quick(["GRCh38", "GRCh37"]))
def test_the_page_on_scale_plans_with_the_bases_of_the_shipped_promoters(build):
    index = shipped_starts(build, tss="preferred").index
    spans = promoter_spans(index, Promoter(), LENGTHS[build], renamed={})
    assert f"{sum(span.end - span.start for span in spans):,}" in page("scale.md")


def is_picture(drawn, name):
    """Whether a page shows what its commands draw; if not, copy the one to the other."""
    return drawn.read_text(encoding="utf-8") == (ROOT / "docs" / "pictures" / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def example(tmp_path_factory, bcftools):
    """The INFO values of the example by ID, and the record that the page on reading prints."""
    folder = tmp_path_factory.mktemp("reading")
    printed = run_commands("reading.md", folder)
    assert is_picture(folder / "CTCF.svg", "reading-map.svg")
    with gzip.open(folder / "varbind-demo" / "annotated.vcf.gz", "rt") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]
    values = {row[2]: dict(item.split("=") for item in row[7].split(";") if "=" in item) for row in rows}
    return values, printed.splitlines()[-1]


@pytest.mark.slow
def test_every_command_of_the_installation_runs(tmp_path, bcftools):
    printed = run_commands("install.md", tmp_path)
    assert f"varbind {__version__}" in printed
    digest = re.search(r"^##varbind_bank=<.*SHA256=([0-9a-f]{64})", printed, re.MULTILINE)[1]
    assert printed.rstrip().endswith(f"SHA256={digest}")
    completed = ["bash", "-c", ". ./.bashrc; complete -p varbind"]
    environment = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(completed, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert "_varbind_completion" in done.stdout


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory, bcftools):
    """The folder of the tutorial after its commands, and what they print."""
    folder = tmp_path_factory.mktemp("tutorial")
    return folder, run_commands("tutorial.md", folder)


@pytest.mark.slow
def test_the_tutorial_prints_what_it_shows(tutorial):
    folder, printed = tutorial
    shown = re.findall(r"^\| (\w.*) \|$", page("tutorial.md"), re.MULTILINE)
    assert len(shown) == 11
    assert [row for row in shown if row.replace(" | ", "\t") not in printed.splitlines()] == []
    assert "chr2:8573 G>C  breaks_AP1_1" in printed
    assert "about 76 % of that of REF" in printed
    gains = (folder / "varbind-demo" / "gains.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row.split("\t")[2] for row in gains] == ["makes_REST_2", "makes_USF_2", "makes_ETS_2"]
    assert (folder / "varbind-demo" / "report.html").stat().st_size > 10_000
    assert is_picture(folder / "varbind-demo" / "JUN.svg", "tutorial-map.svg")


@pytest.mark.slow
def test_the_cut_offs_are_those_of_the_readme_and_their_commands_run(tutorial, tmp_path):
    rows = re.findall(r"^\| `VARBIND_PHRED` \d+ .*$", page("cutoffs.md"), re.MULTILINE)
    assert len(rows) == 3
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [row for row in rows if row not in readme] == []
    shutil.copy(tutorial[0] / "varbind-demo" / "mine.vcf.gz", tmp_path / "out.vcf.gz")
    with gzip.open(tmp_path / "out.vcf.gz", "rt") as lines:
        phreds = [re.search(r"VARBIND_PHRED=([^;\t]+)", line) for line in lines if line[0] != "#"]
    values = [[float(value) for value in found[1].split(",") if value != "."] for found in phreds if found]
    kept = int(run_commands("cutoffs.md", tmp_path))
    assert kept == sum(any(value >= 10 for value in own) for own in values)
    assert 0 < kept < len(values)


@pytest.mark.slow
def test_a_bank_of_other_models_is_made_as_described(tmp_path):
    printed = run_commands("contribute.md", tmp_path)
    assert all(name in printed for name in ("CTCF", "ELK1", "GATA1"))


@pytest.mark.slow
def test_the_notebook_runs(tmp_path):
    command = [sys.executable, ROOT / "docs" / "notebook.py"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "breaks_AP1_1 EXAMPLE5           -73 38.7756" in done.stdout
    assert re.search(r"Jun-related +JUN +JUN", done.stdout)
    assert "JUN at chr2:8573" in (tmp_path / "varbind-notebook" / "map.svg").read_text(encoding="utf-8")


def test_the_record_is_that_of_the_example(example):
    record = example[1].replace("\t", " ")
    pieces = [piece.replace("\\|", "|") for piece in re.findall(r"^\| `([^`]+)` \| ", page("reading.md"), re.MULTILINE)]
    record_pieces = pieces[: pieces.index("GT:DP:GQ 1/1:26:66 0/1:37:48") + 1]
    assert len(record_pieces) == 18
    assert [piece for piece in record_pieces if piece.removesuffix("...") not in record] == []


def test_the_words_follow_from_the_record(example):
    values = {key.removeprefix("VARBIND_"): value for key, value in example[0]["breaks_CTCF_1"].items()}
    text = page("reading.md")
    assert f"10^({float(values['PHRED']):.1f} / 10) = {10 ** (round(float(values['PHRED']), 1) / 10):.0f}," in text
    assert f"one background SNV in {10 ** (float(values['LOSS_PHRED']) / 10):,.0f}"[:-2] + "00" in text
    assert f"2^{float(values['ACTIVITY']):.2f} = {2 ** float(values['ACTIVITY']):.0%}".replace("%", " %") in text
    assert f"{-float(values['ACTIVITY']) / float(values['ACTIVITY_SE']):.1f} standard errors" in text
    assert f"{float(values['SCORE']):.0%} of".replace("%", " %") in text


def test_the_table_of_disagreements_is_that_of_the_example(example):
    rows = re.findall(r"^\| `(\w+)` \|((?: -?[\d.]+ \|){5})", page("reading.md"), re.MULTILINE)
    assert len(rows) == 8
    decimals = {"PHRED": 1, "LOSS_PHRED": 1, "GAIN_PHRED": 1, "ACTIVITY": 2, "ACTIVITY_SE": 2}
    for name, cells in rows:
        values = example[0][name]
        expected = [f"{float(values[f'VARBIND_{key}']):.{digits}f}" for key, digits in decimals.items()]
        assert cells.replace("|", "").split() == expected, name


def test_kinds_of_variants_are_compared_with_their_own(example):
    text = page("reading.md")
    for name, article in (("breaks_USF_1", "a PHRED of "), ("breaks_ETS_6_by_deletion", "")):
        score, phred = (float(example[0][name][f"VARBIND_{key}"]) for key in ("SCORE", "PHRED"))
        assert re.search(rf"`{name}`[^.]*\s{score:.3f} and\s{article}{phred:.1f}", text), name


def test_the_numbers_of_the_faq_are_those_of_the_second_stage():
    card = (ROOT / "models" / DEFAULT_BANK / "effect" / "README.md").read_text(encoding="utf-8")
    assert "| 20 | high precision | 0.26 (0.05 to 0.52) | 0.12 |" in card
    assert "where 8 % of all SNVs do" in card
    assert re.search(r"\| PHRED: probability of a loss \|.*\| 63 % \| 29 % \|", card)
    known = re.findall(r"^\| (\w+) \| chr[^|]*\| ([^|]*) \| (\d+) \| [\d.]+ \| ([-+])", card, re.MULTILINE)
    assert [effect for _, effect, phred, _ in known if "C228T" in effect and phred == "5"]
    assert len(known) == 10
    assert {gene for gene, *_ in known} == {"TERT", "HBB", "HBG1", "LDLR"}
    losses = [int(phred) for _, effect, phred, _ in known if "(loss" in effect]
    assert (len(losses), max(losses), sum(phred >= 20 for phred in losses)) == (5, 22, 2)
    assert all(("(loss" in effect) == (sign == "-") for _, effect, _, sign in known)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    quoted = re.search(r"The PHREDs of ten known variants: (.*?)\.\n", readme, re.DOTALL).group(1)
    assert sorted(re.findall(r"\s(\d+)(?=[,;]|\sand|$)", quoted)) == sorted(phred for _, _, phred, _ in known)
    text = page("faq.md")
    for words in ("26 % of the variants with a PHRED of 20", "uncertain (5 to 52 %)", "losses two reach a PHRED of 20"):
        assert words in text
    assert "the highest has 22" in text


@pytest.mark.parametrize("build", ["GRCh37", "GRCh38"])
def test_the_numbers_of_genes_are_those_of_the_shipped_starts(build):
    starts = list(shipped_starts(build, tss="all").index)
    select = sum("RefSeq_Select" in start.tags for start in starts)
    assert re.search(rf"{select:,}\s+of\s+{len(starts):,}", page("faq.md"))
    assert f"{len(starts):,}" in page("quickstart.md")


def test_every_block_of_commands_is_run():
    counted = {path.name: len(blocks_of(path.read_text(encoding="utf-8"))) for path in PAGES}
    found = {name: count for name, count in counted.items() if count}
    assert found == {name: count for name, (_, count) in RUN.items()}, "run the new block in a test, then count it"
    bare = r"^```\n(?:varbind|bcftools) "
    assert [path.name for path in PAGES if re.search(bare, path.read_text(encoding="utf-8"), re.MULTILINE)] == []
    modules = {name: Path(__file__).with_name(module).read_text(encoding="utf-8") for name, (module, _) in RUN.items()}
    assert [name for name, text in modules.items() if f'"{name}"' not in text] == []


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.stem)
def test_every_command_and_option_of_a_page_exists(path):
    """Also on pages whose commands need data that the tests do not have."""
    blocks = re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line.partition(" | ")[0] for line in "".join(blocks).replace("\\\n", " ").splitlines()]
    for words in (shlex.split(line, comments=True) for line in lines if line.startswith("varbind ")):
        command, context = main, click.Context(main)
        rest = words[1:]
        while isinstance(command, click.Group) and rest[0][0] != "-":
            command = command.get_command(context, rest.pop(0))
            assert command is not None, words
        known = {
            name for parameter in command.get_params(context) for name in (*parameter.opts, *parameter.secondary_opts)
        }
        options = {word.partition("=")[0] for word in rest if re.match(r"-(-|[a-zA-Z])", word)}
        assert options <= known | {"-W"}, words  # -W, as in bcftools, is read before click sees it


def test_the_glossary_has_every_key_status_and_flag():
    text = page("glossary.md")
    terms = {key.name for key in INFO_KEYS} | {"padded", "in_training", "size_extrapolated", "no_tss"}
    terms |= {status.value for status in Status} - {"outside"}
    assert sorted(term for term in terms if not re.search(rf"\b{re.escape(term)}\b|VARBIND_{term}", text)) == []


def test_every_anchor_leads_to_a_heading():
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    broken = []
    for source in pages:
        for target, anchor in re.findall(r"\]\(([^)\s#]*)#([^)\s]+)\)", source.read_text(encoding="utf-8")):
            if target.startswith("http"):
                continue
            path = source.parent / target if target else source
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            broken += [(source.name, target, anchor)] * (anchor not in slugs)
    assert broken == []
