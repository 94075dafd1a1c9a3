"""No command uses the network, and a path is a file of this machine whatever it looks like."""

import json
import shutil
import socket
import subprocess
import threading
from contextlib import suppress

import pysam
import pytest
from bam_files import random_reads, write_bam
from integration.runs import FASTA, GENES, VCF, bgzip, call, spawn, to_bcf
from measured_loci import loci_rows, write_rows
from motif_banks import motif_model, write_motif_bank
from planted import write_files, write_lines
from quick_bank import quick_bank_path
from quick_cases import first_quick
from second_stages import scored_bank
from security.programs import AUDITED

from varbind.io.banks import write_bank

LIMIT = 300
QUICK = (
    "--trials",
    "1",
    "--checkpoints",
    "2",
    "--ensemble-size",
    "1",
    "--background-snvs",
    "300",
    "--min-negatives",
    "0",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory, tiny_bank_path):
    """What every command needs."""
    for package in ("torch", "sklearn", "scipy", "matplotlib", "pyarrow", "pybigtools", "jinja2"):
        pytest.importorskip(package, reason="needs all extras")
    import pybigtools

    folder = tmp_path_factory.mktemp("world")
    write_files(folder)
    bgzip(VCF, folder / "in.vcf.gz")
    pysam.tabix_index(str(folder / "in.vcf.gz"), preset="vcf")
    values = [("chr1", place, place + 1, place % 7.0) for place in range(9_000)]
    pybigtools.open(str(folder / "track.bw"), "w").write({"chr1": 16_000}, iter(values))
    write_rows(folder / "activity.tsv", loci_rows(("L1", "L2", "L3", "L4")))
    write_bank(folder / "motifs", scored_bank())
    shutil.copytree(tiny_bank_path, folder / "tiny")
    write_motif_bank(folder / "rna", motif_model("rna", "PTBP1", "TTTCTT", double_stranded=False))
    header = "chrom\tstrand\tstart\tend\tleft_exon_end\tright_exon_start\tgroup"
    exons = [f"chr1\t+\t{start}\t{start + 50}\t{start - 300}\t{start + 350}" for start in range(1000, 9000, 500)]
    rows = [f"{exon}\t{('up', 'control')[number % 2]}" for number, exon in enumerate(exons)]
    write_lines(folder / "exons.tsv", [header, *rows])
    contigs = {"chr1": 16_000, "chr2": 16_000}
    write_bam(folder / "reads.bam", random_reads(1, contigs=contigs), contigs)
    return folder


def every_command(world, out):
    """Words of each command, with all options that name a file."""
    genes = ("-f", FASTA, "--genes", GENES)
    tests = ("--bank", world / "motifs", "--activity", world / "activity.tsv", "--threads", "1")
    (out / "map.tsv").write_text("chr1\tchr1\n")
    (out / "regions.bed").write_text("chr1\t0\t16000\n")
    (out / "proteins.txt").write_text("KLF4\nELK1\n")
    options = ("--conservation", f"a={world / 'track.bw'}", "--contig-map", out / "map.tsv", "--explain", "-W")
    options = (*options, "-R", out / "regions.bed", "-T", out / "regions.bed", "--stats", out / "stats.json")
    return [
        ("annotate", world / "in.vcf.gz", *genes, "-o", out / "out.vcf.gz", *options),
        ("annotate", VCF, *genes, "-o", out / "out.bcf", "--proteins", f"@{out / 'proteins.txt'}", "--threads", "2"),
        ("annotate", VCF, *genes, "-o", out / "tiny.vcf", "--bank", world / "tiny", "--effect", "none"),
        ("precompute", *genes, "-o", out / "known.vcf.gz", "--bank", world / "tiny", "--promoter", "10,10"),
        ("annotate", VCF, *genes, "-o", out / "known.vcf", "--bank", world / "tiny", "--promoter", "10,10",
         "--cache", out / "known.vcf.gz"),
        ("check", VCF, *genes),
        ("score", world / "bound.fa", "--models", "KLF4"),
        ("score", world / "bound.fa", "--models", "KLF4", "--mode", "scan", "--long"),
        ("rank", out / "out.vcf.gz", "-o", out / "table.parquet"),
        ("rank", out / "out.bcf", "-o", out / "table.tsv.gz"),
        ("report", out / "out.vcf.gz", "-f", FASTA, "-o", out / "report.html"),
        ("report", out / "tiny.vcf", "-f", FASTA, "--bank", world / "tiny", "-o", out / "tiny.html"),
        ("map", "chr2:8500-8600", "-f", FASTA, "--protein", "KLF4", "-o", out / "map.png"),
        ("map", out / "out.vcf.gz", "-f", FASTA, "--top", "1", "-o", out / "maps.tsv"),
        ("splice", world / "exons.tsv", "-f", FASTA, "--bank", world / "rna", "-o", out / "spliced"),
        ("show", out / "out.vcf.gz"),
        ("show", out / "out.bcf", "chr2:8573"),
        ("models", "list"),
        ("models", "list", "--bank", world / "tiny"),
        ("models", "show"),
        ("models", "verify", world / "tiny"),
        ("models", "attribute", world / "bound.fa", "--model", "KLF4", "-o", out / "bases.tsv"),
        ("models", "export", "--bank", world / "tiny", "--models", "KLF4", "-o", out / "exported"),
        ("models", "import", "deepbind", out / "exported", "-o", out / "imported", "--background-snvs", "300"),
        ("selftest", "--bank", world / "tiny"),
        ("demo", out / "demo"),
        ("train", "binding", world / "sets.tsv", "-o", out / "trained", *QUICK),
        ("evaluate", "binding", world / "labels.tsv", "--protein", "KLF4", "-o", out / "judged",
         "--bank", world / "tiny", "--against", f"other={world / 'motifs'}"),
        ("train", "effect", *tests, "-o", out / "effect", "--background-snvs", "1000"),
        ("evaluate", "effect", *tests, "-o", out / "effects"),
        ("evaluate", "quality", world / "reads.bam", world / "peaks.bed", "--blacklist", out / "regions.bed"),
    ]  # fmt: skip


def chained(world, out):
    words = every_command(world, out)
    return [word for own in words for word in (*own, "then")][:-1]


def test_every_command_is_there():
    """A new command has to join the list above."""
    from varbind.cli.main import COMMANDS

    known = {"annotate", "check", "demo", "show", "report", "rank", "score", "map", "splice", "train", "evaluate"}
    assert set(COMMANDS) == known | {"models", "selftest", "precompute"}


@pytest.mark.parametrize("act", ["socket.socket()", "socket.getaddrinfo('localhost', 1)", "os.system('true')"])
def test_the_guard_sees(act, tmp_path):
    """So a command that did it would end with 99."""
    program = [*AUDITED[:2], AUDITED[2].replace("while words:", f"import os, socket\n{act}\nwhile words:")]
    assert spawn("models", "list", program=program).code == 99


def usable(*program):
    """A program that runs another one; skips where it may not."""
    if shutil.which(program[0]) is None or subprocess.run([*program, "true"], check=False).returncode:
        pytest.skip(f"needs {program[0]}, and the right to use it")
    return program


@pytest.mark.slow
def test_no_command_asks_the_interpreter_for_the_network(world, tmp_path):
    done = spawn(*chained(world, tmp_path), program=AUDITED, timeout=LIMIT)
    assert done.code == 0, done.err
    assert "forbidden" not in done.err


@pytest.mark.slow
def test_every_command_works_without_a_network(world, tmp_path):
    done = spawn(*chained(world, tmp_path), program=[*usable("unshare", "-n"), *AUDITED], timeout=LIMIT)
    assert done.code == 0, done.err


@pytest.mark.slow
def test_no_command_asks_the_system_for_the_network(world, tmp_path):
    """Libraries of other languages too."""
    log = tmp_path / "calls"
    strace = usable("strace", "-f", "-qq", "-e", "trace=%network", "-o", log)
    done = spawn(*chained(world, tmp_path), program=[*strace, *AUDITED], timeout=LIMIT)
    assert done.code == 0, done.err
    assert not [line for line in log.read_text().splitlines() if "AF_INET" in line or "AF_NETLINK" in line]


@pytest.fixture
def listener():
    """A place on this machine, as the start of a URL, and who called there."""
    callers = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def listen():
            with suppress(OSError):
                while True:
                    caller, address = server.accept()
                    callers.append(address)
                    caller.close()

        threading.Thread(target=listen, daemon=True).start()
        yield f"127.0.0.1:{port}", callers
        server.shutdown(socket.SHUT_RDWR)


def test_the_listener_hears(listener):
    """The library behind would call there."""
    place, callers = listener
    with suppress(OSError, ValueError):
        pysam.VariantFile(f"http://{place}/in.vcf.gz").close()
    if not callers:
        pytest.skip("this htslib knows no URLs")
    assert callers


SCHEMES = ("http", "ftp", "s3", "gs", "https")


@pytest.mark.parametrize("scheme", first_quick(SCHEMES, 2))
def test_a_url_is_the_name_of_a_file(world, tmp_path, monkeypatch, listener, scheme):
    """Of files that lie where the name leads, if it is read as a path."""
    place, callers = listener
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / f"{scheme}:" / place
    folder.mkdir(parents=True)
    for path in (FASTA, GENES, world / "in.vcf.gz", world / "in.vcf.gz.tbi", world / "track.bw"):
        shutil.copyfile(path, folder / path.name)
    to_bcf(VCF, folder / "in.bcf")
    pysam.tabix_index(str(folder / "in.bcf"), preset="bcf", csi=True)
    bgzip(FASTA, folder / "packed.fa.gz")
    (folder / "map.tsv").write_text("chr1\tchr1\n")
    (folder / "regions.bed").write_text("chr1\t0\t16000\n")
    (folder / "proteins.txt").write_text("KLF4\n")
    url = f"{scheme}://{place}"
    common = ("--genes", f"{url}/{GENES.name}", "--proteins", f"@{url}/proteins.txt", "--contig-map", f"{url}/map.tsv")
    common = (*common, "--conservation", f"a={url}/track.bw")
    for source in ("in.vcf.gz", "in.bcf"):
        for fasta in (FASTA.name, "packed.fa.gz"):
            words = ("annotate", f"{url}/{source}", "-f", f"{url}/{fasta}", *common, "-R", f"{url}/regions.bed")
            words = (*words, "--bank", quick_bank_path(), "-o", f"{url}/out-{source}")
            done = call(*words)
            assert done.code == 0, done.err
    done = call("rank", f"{url}/out-in.vcf.gz", "-o", f"{url}/table.tsv")
    assert done.code == 0, done.err
    assert not callers
    assert (folder / "out-in.vcf.gz").is_file()


OPTIONS = ("IN", "-f", "--genes", "--conservation", "-o", "--stats", "--bank", "--effect", "-R", "-T", "--contig-map")


@pytest.mark.parametrize("option", OPTIONS)
def test_a_url_of_no_file_is_refused(tmp_path, monkeypatch, listener, option):
    place, callers = listener
    monkeypatch.chdir(tmp_path)
    url = f"http://{place}/x"
    words = {"IN": VCF, "-f": FASTA, "--genes": GENES, option: f"a={url}" if option == "--conservation" else url}
    source = words.pop("IN")
    done = call("annotate", source, *[word for pair in words.items() for word in pair])
    assert done.code in {2, 3, 4, 5}, done.err
    assert done.error
    assert not callers


@pytest.mark.parametrize("name", ["in.vcf.gz", "in.bcf"])
def test_a_name_that_names_an_index_elsewhere_is_a_name(world, tmp_path, monkeypatch, listener, name):
    """Some libraries look for an index behind ##idx##."""
    place, callers = listener
    monkeypatch.chdir(tmp_path)
    source = f"{name}##idx##http://{place}/in.csi"
    path = tmp_path / f"{name}##idx##http:" / place / "in.csi"
    path.parent.mkdir(parents=True)
    if name == "in.bcf":
        to_bcf(VCF, world / name)
    shutil.copyfile(world / name, path)
    done = call("annotate", source, "-f", FASTA, "--genes", GENES, "-r", "chr1", "-o", tmp_path / "out.vcf")
    assert done.code == 2, done.err
    assert "-r needs an index" in done.error
    assert call("annotate", source, "-f", FASTA, "--genes", GENES, "-o", tmp_path / "out.vcf").code == 0
    assert not callers


@pytest.mark.slow
def test_a_reference_that_names_an_index_elsewhere_is_a_name(tmp_path, monkeypatch, listener):
    place, callers = listener
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "ref.fa##idx##http:" / place / "x.fai"
    path.parent.mkdir(parents=True)
    shutil.copyfile(FASTA, path)
    source = f"ref.fa##idx##http://{place}/x.fai"
    done = call("annotate", VCF, "-f", source, "--genes", GENES, "--stats", tmp_path / "stats.json")
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "stats.json").read_text())["records_read"] == 33
    assert not callers
