"""Rows 59 to 61, proteins, tracks and devices."""

import hashlib
import json
import pickle
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pybigtools
import pytest
from integration.runs import (
    FASTA,
    GENES,
    PROGRAM,
    QUICK,
    VCF,
    annotation,
    call,
    records,
    restored,
    snv,
    spawn,
    statuses,
)
from quick_bank import QUICK_BANK, quick_bank, quick_bank_path
from security.bombs import Bomb

from varbind.io.banks import DEFAULT_BANK, find_bank, write_bank


@pytest.fixture
def bank(bench, tiny_bank_path):
    """A copy of the tiny bank, to be broken."""
    return shutil.copytree(tiny_bank_path, bench.folder / "bank")


def state_digest(bank, name):
    """Make the card agree with a file that was exchanged."""
    card = json.loads((bank / "card.json").read_text())
    card["digests"][name] = hashlib.sha256((bank / name).read_bytes()).hexdigest()
    (bank / "card.json").write_text(json.dumps(card))


def test_a_copy_of_the_shipped_bank_serves(bench):
    """And without `--bank` it is the shipped one that does."""
    copy = shutil.copytree(find_bank(), bench.folder / "bank")
    words = ["annotate", VCF, "-f", FASTA, "--genes", GENES, *QUICK]
    shipped, copied = call(*words), call(*words, "--bank", copy)
    assert (shipped.code, copied.code) == (0, 0), shipped.err + copied.err
    assert shipped.out == copied.out
    assert f"##varbind_bank=<ID={DEFAULT_BANK},Version=".encode() in shipped.out
    assert b";VARBIND_SCORE=" in shipped.out


@pytest.mark.parametrize("name", ["weights.safetensors", "background.safetensors", "card.json"])
@pytest.mark.parametrize("what", ["missing", "empty", "garbage", "cut", "directory"])
def test_row_59_a_file_is_damaged(bench, bank, name, what):
    path = bank / name
    data = path.read_bytes()
    path.unlink()
    if what == "directory":
        path.mkdir()
    elif what != "missing":
        path.write_bytes({"empty": b"", "garbage": b"garbage" * 9, "cut": data[: len(data) // 2]}[what])
    error = bench.refused(4, VCF, "--bank", bank)
    assert str(bank) in error
    assert any(text in error for text in ("not a varbind model", "sha256 differs", "the bank is incomplete"))


def test_row_59_one_wrong_bit(bench, bank):
    path = bank / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    assert f"{path}: sha256 differs: found " in bench.refused(4, VCF, "--bank", bank)


@pytest.mark.parametrize("name", ["weights.safetensors", "background.safetensors"])
@pytest.mark.parametrize("data", [b"", b"garbage" * 99, b"\xff" * 8 + b"{}", (2).to_bytes(8, "little") + b"{}"])
def test_row_59_garbage_that_the_card_vouches_for(bench, bank, name, data):
    (bank / name).write_bytes(data)
    state_digest(bank, name)
    assert "not a varbind model" in bench.refused(4, VCF, "--bank", bank)


@pytest.mark.parametrize("name", ["weights.safetensors", "background.safetensors", "card.json"])
@pytest.mark.parametrize("stated", [False, True])
def test_row_59_no_code_is_run(bench, bank, name, stated):
    trace = bench.folder / "trace"
    (bank / name).write_bytes(pickle.dumps(Bomb(trace)))
    if stated and name != "card.json":
        state_digest(bank, name)
    bench.refused(4, VCF, "--bank", bank)
    assert not trace.exists()


@pytest.mark.parametrize("change", ["window", "detector_len", "missing model", "no models", "no digests", "a list"])
def test_row_59_a_card_that_does_not_fit(bench, bank, change):
    path = bank / "card.json"
    card = json.loads(path.read_text())
    if change == "missing model":
        card["models"] = card["models"][1:]
    elif change == "no models":
        card["models"] = []
    elif change == "no digests":
        del card["digests"]
    elif change == "a list":
        card = [card]
    else:
        text = path.read_text()
        assert f'"{change}": ' in text
        card = json.loads(text, object_hook=lambda item: item | ({change: "wide"} if change in item else {}))
    path.write_text(json.dumps(card))
    error = bench.refused(4, VCF, "--bank", bank)
    assert str(bank) in error


@pytest.mark.parametrize("name", ["no-such-bank", "/no/such/folder"])
def test_row_59_missing(bench, name):
    error = bench.refused(4, VCF, "--bank", name)
    assert f"{name}: no such model bank; shipped: {DEFAULT_BANK}" in error


def test_row_59_a_folder_that_is_no_bank(bench):
    assert "not a varbind model bank: card.json" in bench.refused(4, VCF, "--bank", bench.folder)


PREDICTED = [f"VARBIND_{key}" for key in ("SCORE", "PHRED", "ACTIVITY", "ACTIVITY_SE", "DEEPFIND")]


def listed(row):
    """(protein, model id) of every family that a record lists."""
    words = [word for key in ("LOSS", "GAIN") for word in row.get(f"VARBIND_BIND_{key}", ".").split("&")]
    return [tuple(word.split("|")[1:3]) for word in words if word != "."]


def test_two_banks_with_equal_ids(bench, bank, expected):
    """Ids that both have are qualified, and the second stage of the first still reads its own models."""
    for output, first, second in (("1.vcf", quick_bank_path(), bank), ("2.vcf", bank, quick_bank_path())):
        done = bench.annotate(VCF, "--bank", first, "--bank", second, "--proteins", "ELK1,GABPA,KLF4", output=output)
        assert done.code == 0, done.err
        rows = records((bench.results / output).read_bytes())
        predicted = [[row.get(key) for key in PREDICTED] for row in rows]
        assert predicted == [[row.get(key) for key in PREDICTED] for row in records(expected)]
        found = {pair for row in rows for pair in listed(row)}
        assert found
        assert found <= {(p, f"{name}:{p}") for p in ("ELK1", "GABPA", "KLF4") for name in (QUICK_BANK, "tiny")}
        header = (bench.results / output).read_text()
        assert f"##varbind_bank=<ID={QUICK_BANK},Version=1,Models=3," in header
        assert "##varbind_bank=<ID=tiny,Version=1,Models=3," in header


def test_a_copy_of_a_bank_goes_by_its_folder(bench, tiny_bank_path):
    copy = shutil.copytree(tiny_bank_path, bench.folder / "mine")
    both = ("--bank", tiny_bank_path, "--bank", copy)
    ids = [row.partition("\t")[0] for row in call("models", "list", *both).out.decode().splitlines()[1:]]
    own = [model_id.partition(":")[2] for model_id in ids[:7]]
    assert ids == [f"{name}:{model_id}" for name in ("tiny", "mine") for model_id in own]
    text = bench.file("one.txt", b"GGGACCGGAAGTGACC\n")
    table = call("score", text, *both, "--models", "elk1").out.decode().split()
    assert table[:4] == ["id", "tiny:ELK1", "mine:ELK1", "1"]
    assert table[4] == table[5]
    table = call("score", text, *both, "--models", "mine:ELK1").out.decode().split()
    assert table == ["id", "mine:ELK1", "1", table[-1]]
    for again in (copy, f"{copy}/../mine"):
        assert "is named twice; name each bank once" in call("models", "list", "--bank", copy, "--bank", again).error
        assert "is named twice" in bench.refused(2, VCF, "--bank", copy, "--bank", again)


@pytest.fixture
def halves(bench):
    """The quick bank in two."""
    ids = quick_bank().model_ids
    for name, part in (("one", ids[::2]), ("two", ids[1::2])):
        chosen = quick_bank().select(part)
        card = replace(chosen.cards[0], name=name, models=chosen.models, golden=None)
        write_bank(bench.folder / name, replace(chosen, cards=(card,)))
    return bench.folder / "one", bench.folder / "two"


def test_two_banks_are_one(bench, halves, expected):
    one, two = halves
    assert bench.annotate(VCF, "--bank", one, "--bank", two).code == 0
    result = (bench.results / "out.vcf").read_bytes()
    assert result.count(b"##varbind_bank=<ID=") == 2
    # Copies of a bank's models bring no second stage.
    second = {f"VARBIND_{key}" for key in ("SCORE", "PHRED", "ACTIVITY", "ACTIVITY_SE", "DEEPFIND")}
    without = [{key: value for key, value in row.items() if key not in second} for row in records(expected)]
    assert any(second & set(row) for row in records(expected))
    assert records(result) == without


@pytest.mark.parametrize("text", ["ELK1,NoSuchProtein", "NoSuchProtein", "elk1,GABPA.matrix"])
def test_an_unknown_protein(bench, text):
    unknown = text.split(",")[-1]
    assert unknown in bench.refused(2, VCF, "--proteins", text)


@pytest.mark.parametrize("text", ["", ",", "@", "@/no/such/file"])
def test_no_protein_at_all(bench, text):
    bench.refused(2, VCF, "--proteins", text)


def test_proteins_by_name_id_and_file(bench):
    names = bench.file("names.txt", b"elk1 # first\n\nKLF5.matrix\nGABPA\n")
    bodies = []
    for text in ("ELK1,GABPA,KLF5", "elk1,gabpa,klf5", f"@{names}"):
        done = bench.annotate(VCF, "--no-version", "--proteins", text)
        assert done.code == 0, done.err
        bodies.append((bench.results / "out.vcf").read_bytes())
    assert bodies[0] == bodies[1] == bodies[2]
    assert b"|KLF5|KLF5.matrix|" in bodies[2]
    assert restored(bodies[2]) == VCF.read_bytes()


def test_top(bench):
    counts = {}
    for top in ("1", "2", "9"):
        assert bench.annotate(VCF, "--top", top).code == 0
        rows = records((bench.results / "out.vcf").read_bytes())
        counts[top] = max(row.get("VARBIND_BIND_LOSS", "").split(",")[0].count("&") + 1 for row in rows)
    # Three proteins of two families.
    assert counts == {"1": 1, "2": 2, "9": 2}
    assert bench.annotate(VCF, "--top", "0").code == 2


def test_neither_genes_nor_everywhere(bench):
    done = call("annotate", VCF, "-f", FASTA, "-o", bench.results / "out.vcf")
    assert done.code == 2
    assert "neither --genes nor --everywhere, and the contig lengths are not those of GRCh37 or GRCh38" in done.error
    assert not list(bench.results.iterdir())


def test_genes_and_everywhere_name_the_nearest(bench):
    _, rows = bench.kept(bench.vcf(snv("chr1", 7501), snv("chr1", 15_900)), "--everywhere")
    assert statuses(rows) == ["ok", "ok"]
    assert [row["VARBIND_GENE"].split("|")[0] for row in rows] == ["EXAMPLE3", "EXAMPLE3"]
    assert [row["VARBIND_TSSDIST"] for row in rows] == ["2899", "-4900"]


@pytest.mark.parametrize("promoter", ["", "x", "1,2,3", "-5", "1.5", "5,"])
def test_a_promoter_that_cannot_be_read(bench, promoter):
    assert "cannot read --promoter" in bench.refused(2, VCF, "--promoter", promoter)


def test_promoter_reach(bench):
    """TSS 3001 on +: 10 upstream, 3 downstream, both ends included; nothing of the gene on the other strand."""
    places = [2990, 2991, 3001, 3004, 3005]
    _, rows = bench.kept(bench.vcf(*(snv("chr1", pos) for pos in places)), "--promoter", "10,3")
    assert statuses(rows) == [None, "ok", "ok", "ok", None]
    assert [row.get("VARBIND_TSSDIST") for row in rows] == [None, "-10", "0", "3", None]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"garbage\n", ""),
        (re.sub(rb"\t[+-]\t", rb"\t.\t", GENES.read_bytes()), "strand"),
        (GENES.read_bytes()[:1000].rsplit(b"\n", 1)[0] + b"\nchr1\tx\n", ""),
    ],
)
def test_broken_genes(bench, data, what):
    path = bench.file("genes.gtf", data)
    error = bench.refused(4, VCF, genes=path)
    assert str(path) in error
    assert what in error


def test_gene_names_of_any_alphabet(bench):
    genes = bench.file("genes.gtf", GENES.read_bytes().replace(b"EXAMPLE2", "TNF-\u03b1;,|".encode()))
    bench.kept(bench.vcf(snv("chr1", 2991)), genes=genes)


@pytest.fixture
def track(bench):
    """Values on chr1 only: 0.5 up to 2451, 1.5 at 2452."""
    path = bench.folder / "track.bw"
    writer = pybigtools.open(str(path), "w")
    writer.write({"chr1": 16_000}, iter([("chr1", 2_000, 2_451, 0.5), ("chr1", 2_451, 2_452, 1.5)]))
    return path


def test_row_60_a_track(bench, track, expected):
    source = bench.vcf(snv("chr1", 2451), snv("chr1", 2452), snv("chr1", 2460), snv("chr2", 2105), snv("chr2", 2106))
    done, rows = bench.kept(source, "--conservation", f"phyloP={track}")
    assert [row.get("VARBIND_CONS_phyloP") for row in rows] == ["0.5", "1.5", None, None, None]
    assert [text for text in done.warnings if "no evidence" not in text] == [
        "varbind: warning: track phyloP has no contig chr2 (2 alleles)"
    ]
    (bench.results / "out.vcf").unlink()
    _, without = bench.kept(source)
    assert [{key: value for key, value in row.items() if "CONS" not in key} for row in rows] == without


@pytest.mark.parametrize(
    "data", [b"", b"garbage" * 50, None, b"\x26\xfc\x8f\x88"], ids=["empty", "garbage", "cut", "magic"]
)
def test_row_60_no_track(bench, track, data):
    path = bench.file("bad.bw", track.read_bytes()[:300] if data is None else data)
    error = bench.refused(4, VCF, "--conservation", f"x={path}")
    assert f"varbind: error: {path}: " in error


def test_row_60_missing_and_misnamed(bench, track):
    assert "No such file" in bench.refused(4, VCF, "--conservation", f"x={bench.folder}/no.bw")
    assert "give NAME=FILE" in bench.refused(2, VCF, "--conservation", str(track))
    assert "twice" in bench.refused(2, VCF, "--conservation", f"x={track}", "--conservation", f"x={track}")
    assert "track name" in bench.refused(2, VCF, "--conservation", f"a b={track}")


def test_row_61_no_cuda(bench):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("a CUDA device is here")
    error = bench.refused(4, VCF, "--device", "cuda")
    assert "device cuda is not available; use --device cpu or auto" in error
    bench.refused(4, VCF, "--device", "cuda:3")


def test_row_61_auto_and_cpu_are_the_same_without_a_gpu(bench, expected):
    if call(*annotation(VCF, "--device", "cuda")).code == 0:
        pytest.skip("a CUDA device is here")
    for device in ("auto", "cpu"):
        assert bench.annotate(VCF, "--device", device).code == 0
        assert (bench.results / "out.vcf").read_bytes() == expected


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "", "CPU"])
def test_an_unknown_device(bench, device):
    assert "unknown device" in bench.refused(2, VCF, "--device", device)


HEAVY = ("torch", "sklearn", "pandas", "pybigtools")


@pytest.mark.parametrize("words", [["--help"], ["annotate", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(words):
    done = subprocess.run([sys.executable, "-X", "importtime", *PROGRAM[1:], *words], capture_output=True,
                          check=True, text=True, timeout=60)  # fmt: skip
    imported = {row.rsplit("|", 1)[1].strip() for row in done.stderr.splitlines() if "|" in row}
    assert "varbind.cli.main" in imported
    assert not imported & {*HEAVY, "numpy", "pysam"}
    assert done.stdout


def test_annotating_on_the_cpu_imports_no_torch():
    words = ["-X", "importtime", *PROGRAM[1:], *map(str, annotation(VCF, "-o", "/dev/null", "--device", "cpu"))]
    done = subprocess.run([sys.executable, *words], capture_output=True, check=True, text=True, timeout=60)
    imported = {row.rsplit("|", 1)[1].strip() for row in done.stderr.splitlines() if row.startswith("import time:")}
    assert "varbind.api.annotate_vcf" in imported
    assert not imported & set(HEAVY)


WRONG = "|annotate|annotate --no-such|nonsense|annotate a b|annotate a --check-ref y|annotate a --max-indel 0"


@pytest.mark.parametrize("words", [text.split() for text in WRONG.split("|")])
def test_a_wrong_call_is_one_line(words):
    done = call(*words)
    assert done.code == 2
    assert len(done.lines) == 1
    command = "varbind annotate" if words[:1] == ["annotate"] else "varbind"
    assert done.error.endswith(f"; see {command} --help")


def test_the_installed_program_runs():
    program = shutil.which("varbind", path=str(sys.prefix) + "/bin")
    if program is None:
        pytest.skip("varbind is not installed as a program")
    done = spawn("--version", program=[program])
    assert done.code == 0
    assert done.out.startswith(b"varbind ")
