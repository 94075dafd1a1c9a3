"""Rows 47 to 50, 52 and 62: where the result goes, and what happens when it cannot."""

import json
import os
import shlex
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pysam
import pytest
from integration.runs import (
    COLUMNS,
    CONTIGS,
    FASTA,
    GENES,
    HEADER,
    PROGRAM,
    QUICK,
    VCF,
    annotation,
    bgzip,
    bound,
    call,
    line,
    other,
    snv,
    spawn,
    statuses,
    unpacked,
    with_small_files,
    without_times,
)
from quick_cases import first_quick

from varbind.io.banks import DEFAULT_BANK, shipped_banks
from varbind.io.vcf import bcf
from varbind.io.vcf.bgzf import EOF_MARKER


@pytest.fixture
def files(bench):
    """Copies of the inputs, to be in danger."""
    names = {"vcf": "in.vcf", "fasta": "ref.fa", "genes": "genes.gtf"}
    return {
        kind: bench.file(names[kind], path.read_bytes())
        for kind, path in {"vcf": VCF, "fasta": FASTA, "genes": GENES}.items()
    }


@pytest.mark.parametrize("victim", ["vcf", "fasta", "genes"])
@pytest.mark.parametrize("way", ["itself", "symlink", "hard link", "dots"])
def test_row_47_the_output_is_an_input(bench, files, victim, way):
    path = files[victim]
    before = path.read_bytes()
    out = bench.folder / "out.vcf"
    if way == "symlink":
        out.symlink_to(path)
    elif way == "hard link":
        out.hardlink_to(path)
    else:
        out = path if way == "itself" else bench.folder / "results" / ".." / path.name
    done = call(*annotation(files["vcf"], "-o", out, fasta=files["fasta"], genes=files["genes"]))
    assert done.code == 2
    assert f"{out}: the output is the input; name another output" in done.error
    assert path.read_bytes() == before
    assert not list(bench.folder.glob(".*"))


def test_row_47_a_track_is_an_input(bench, files):
    done = call(*annotation(VCF, "--conservation", f"x={files['vcf']}", "-o", files["vcf"]))
    assert done.code == 2
    assert "the output is the input" in done.error


@pytest.mark.parametrize("target", ["vcf", "fasta", "output"])
def test_row_47_the_counts_are_no_input_and_not_the_output(bench, files, target):
    out = bench.results / "out.vcf"
    stats = out if target == "output" else files[target]
    done = call(*annotation(files["vcf"], "-o", out, "--stats", stats, fasta=files["fasta"]))
    assert done.code == 2
    assert "the output" in done.error
    assert not list(bench.results.iterdir())


ROW_47_READ = {
    "regions.bed": (b"chr1\t2000\t3000\n", lambda path: ["-R", path]),
    "targets.tsv": (b"chr1\t2000\t3000\n", lambda path: ["-T", path]),
    "names.tsv": (b"chr1\tchr1\n", lambda path: ["--contig-map", path]),
    "proteins.txt": (b"ELK1\n", lambda path: ["--proteins", f"@{path}"]),
}


@pytest.fixture
def packed(bench):
    """The example, indexed, and a copy of the reference with its index."""
    bgzip(VCF, bench.folder / "in.vcf.gz")
    pysam.tabix_index(str(bench.folder / "in.vcf.gz"), preset="vcf")
    bench.file("ref.fa", FASTA.read_bytes())
    pysam.faidx(str(bench.folder / "ref.fa"))
    return bench.folder


@pytest.mark.parametrize("way", ["-o", "--stats"])
@pytest.mark.parametrize("victim", [*ROW_47_READ, "in.vcf.gz.tbi", "ref.fa.fai"])
def test_row_47_whatever_is_read_is_an_input(bench, packed, victim, way):
    options = ["-r", "chr1"]
    if victim in ROW_47_READ:
        data, words = ROW_47_READ[victim]
        options = words(bench.file(victim, data))
    path = packed / victim
    before = path.read_bytes()
    outputs = {"-o": bench.results / "out.vcf"} | {way: path}
    words = [word for pair in outputs.items() for word in pair]
    done = call(*annotation(packed / "in.vcf.gz", *options, *words, fasta=packed / "ref.fa"))
    assert done.code == 2
    assert done.error == f"varbind: error: {path}: the output is the input; name another output"
    assert path.read_bytes() == before
    assert not list(bench.results.iterdir())


@pytest.mark.parametrize("way", ["-o", "--stats"])
@pytest.mark.parametrize("option", ["--bank", "--effect"])
def test_row_47_models_are_inputs(bench, option, way):
    models = bench.folder / "models"
    models.mkdir()
    card = bench.file("models/card.json", b"{}")
    outputs = {"-o": bench.results / "out.vcf"} | {way: card}
    done = call(*annotation(VCF, option, models, *(word for pair in outputs.items() for word in pair)))
    assert done.code == 2
    assert f"{card}: the output is the input" in done.error
    assert card.read_bytes() == b"{}"


def test_row_47_the_shipped_models_are_inputs(bench):
    card = shipped_banks()[DEFAULT_BANK] / "card.json"
    before = card.read_bytes()
    # Were it not refused, the run would still end before it writes: the folder of the counts is not there.
    done = call(*annotation(VCF, "--bank", DEFAULT_BANK, "-o", card, "--stats", bench.folder / "no" / "stats.json"))
    assert done.code == 2
    assert f"{card}: the output is the input" in done.error
    assert card.read_bytes() == before


def test_row_47_the_counts_are_not_the_output_by_another_name(bench):
    (bench.folder / "link").symlink_to(bench.results)
    for output, counts in {"x.vcf": "x.vcf", "w.vcf.gz": "w.vcf.gz.tbi"}.items():
        options = ["-W=tbi"] if output.endswith("gz") else []
        stats = bench.folder / "link" / counts
        done = bench.annotate(VCF, *options, "--stats", stats, output=output)
        assert done.code == 2
        assert done.error == f"varbind: error: {stats}: --stats is the output; name another file"
    assert not list(bench.results.iterdir())


def test_row_47_an_index_takes_no_place_of_an_input(bench):
    genes = bench.file("z.vcf.gz.tbi", GENES.read_bytes())
    done = call(*annotation(VCF, "-o", bench.folder / "z.vcf.gz", "-W=tbi", genes=genes))
    assert done.code == 2
    assert f"{genes}: the output is the input" in done.error
    assert genes.read_bytes() == GENES.read_bytes()


def test_row_47_what_standard_streams_lead_to(bench, files):
    before = files["vcf"].read_bytes()
    with files["vcf"].open("rb") as stream:
        done = spawn(*annotation("-", "-o", files["vcf"]), stdin=stream)
    assert done.code == 2
    assert "the output is the input" in done.error
    assert files["vcf"].read_bytes() == before
    result = bench.results / "out.vcf"
    with result.open("wb") as stream:
        done = spawn(*annotation(VCF, "--stats", result), stdout=stream)
    assert done.code == 2
    assert "--stats is the output" in done.error


def test_row_48_a_loop_of_links(bench):
    """Neither name of it can be written; both links stay."""
    loop = bench.folder / "loop"
    loop.symlink_to("pool")
    (bench.folder / "pool").symlink_to("loop")
    said = f"varbind: error: {loop}: cannot be written: Too many levels of symbolic links"
    runs = [annotation(VCF, "-o", loop), annotation(VCF, "-o", bench.results / "x.vcf", "--stats", loop)]
    for words in [*runs, ["rank", VCF, "-o", loop]]:
        done = call(*words)
        assert (done.code, done.error) == (5, said)
        assert loop.is_symlink()
    assert not list(bench.results.iterdir())


def test_row_48_folder_missing(bench):
    out = bench.folder / "no" / "out.vcf"
    done = call(*annotation(VCF, "-o", out, "--bank", "no such bank"))
    assert done.code == 5
    assert f"{out}: the folder does not exist; mkdir -p {out.parent}" in done.error


def test_row_48_output_is_a_directory(bench):
    done = call(*annotation(VCF, "-o", bench.results, "--bank", "no such bank"))
    assert done.code == 5
    assert f"{bench.results}: is a directory; name a file" in done.error


def test_row_48_a_file_as_folder_and_a_long_name(bench):
    assert call(*annotation(VCF, "-o", bench.file("file", b"") / "out.vcf")).code == 5
    done = call(*annotation(VCF, "-o", bench.results / ("x" * 300)))
    assert done.code == 5
    assert "File name too long" in done.error
    assert not list(bench.results.iterdir())


@pytest.mark.parametrize("existing", [False, True])
def test_row_48_folder_not_writable(bench, existing):
    out = bench.results / "out.vcf"
    if existing:
        out.write_bytes(b"old\n")
    bench.results.chmod(0o555)
    try:
        done = bound(*annotation(VCF, "-o", out, "--bank", "no such bank"))
    finally:
        bench.results.chmod(0o755)
    assert done.code == 5
    assert f"{out}: the folder is not writable" in done.error


@pytest.mark.parametrize("way", ["stdout", "file"])
@pytest.mark.parametrize("kind", first_quick(["v", "b", "z", "u"], 2))
def test_row_49_full_device(way, kind):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        if way == "stdout":
            done = spawn(*annotation(VCF, "-O", kind), stdout=full)
        else:
            done = spawn(*annotation(VCF, "-O", kind, "-o", "/dev/full"))
    assert done.code == 5
    place = "standard output" if way == "stdout" else "/dev/full"
    assert done.error == f"varbind: error: {place}: cannot be written: No space left on device"


def test_row_49_full_device_and_little_to_write(bench):
    source = bench.vcf(snv("chr1", 2451))
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = spawn(*annotation(source), stdout=full)
    assert done.code == 5
    assert "No space left on device" in done.error


@pytest.mark.parametrize("output", ["out.vcf", "out.vcf.gz", "out.bcf"])
def test_row_49_ulimit(bench, output):
    limit = 2_000 if output == "out.vcf.gz" else 3_000
    error = bench.refused(5, VCF, output=output, run=with_small_files(limit))
    assert f"{bench.results / output}: cannot be written" in error
    assert "File too large" in error


def test_row_49_ulimit_while_the_bcf_is_made(bench):
    """The text fits, the uncompressed BCF of many short genotypes does not."""
    names = "\t".join(f"S{number}" for number in range(3_000))
    genotypes = "\tGT\t" + "\t".join("." * 3_000)
    header = HEADER.replace(COLUMNS, COLUMNS + f"\tFORMAT\t{names}".encode()).replace(
        b"#CHROM", b'##FORMAT=<ID=GT,Number=1,Type=String,Description="g">\n#CHROM'
    )
    source = bench.vcf(
        *(line("chr1", 7_000, "A", ".", rest=genotypes.replace(".", "0|1|1|1|1", 1)) for _ in range(9)), header=header
    )
    for kind in "vu":
        assert call(*annotation(source, "-O", kind, "-o", bench.folder / kind)).code == 0
    size, larger = ((bench.folder / kind).stat().st_size for kind in "vu")
    assert larger > size + 1_000
    done = bench.annotate(source, "-Ou", output="out.bcf", run=with_small_files(size + 500))
    assert done.code == 5
    assert "cannot be written" in done.error
    assert not list(bench.results.iterdir())


@pytest.mark.parametrize(("old", "rights"), [(None, 0o640), (0o600, 0o600), (0o664, 0o664)])
@pytest.mark.parametrize("output", ["out.vcf", "out.vcf.gz", "out.bcf"])
def test_row_50_rights_are_those_of_the_old_output(bench, old, rights, output):
    out = bench.results / output
    if old is not None:
        out.write_bytes(b"old\n")
        out.chmod(old)
    before = os.umask(0o027)
    try:
        assert bench.annotate(VCF, *([] if output == "out.vcf" else ["-W"]), output=output).code == 0
    finally:
        os.umask(before)
    assert out.read_bytes() != b"old\n"
    assert {stat.S_IMODE(path.stat().st_mode) for path in bench.results.iterdir()} == {rights}


def test_row_50_nobody_else_sees_what_is_not_finished(bench):
    """Neither the text of a BCF nor anything else, in the output's folder or in TMPDIR."""
    many = bench.vcf(*(snv("chr1", 2101 + number % 800) for number in range(30_000)))
    for place, output in ((bench.results, ["-o", bench.results / "out.bcf"]), (bench.folder / "tmp", ["-O", "b"])):
        place.mkdir(exist_ok=True)
        process = subprocess.Popen([*PROGRAM, *map(str, annotation(many, *output))], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(place)})  # fmt: skip
        while not (found := list(place.glob(".*.varbind-*"))):
            assert process.poll() is None
        modes = [stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()]
        process.terminate()
        process.wait()
        assert modes == [0o700] * len(found)
        assert not list(place.iterdir())


@pytest.mark.parametrize("kind", ["v", "u"])
def test_row_50_an_old_index_goes_whatever_replaces_its_file(bench, kind):
    assert bench.annotate(VCF, "-W=tbi", output="out.vcf.gz").code == 0
    assert bench.annotate(VCF, "-O", kind, output="out.vcf.gz").code == 0
    assert [path.name for path in bench.results.iterdir()] == ["out.vcf.gz"]


def test_row_50_a_file_that_is_no_index_stays(bench):
    """Someone's own file that has such a name."""
    (bench.results / "out.vcf.gz.tbi").write_bytes(b"mine\n")
    for _ in range(2):
        assert bench.annotate(VCF, "-W", output="out.vcf.gz").code == 0
        assert (bench.results / "out.vcf.gz.tbi").read_bytes() == b"mine\n"


def test_row_50_through_a_link_the_index_stands_beside_the_file(bench):
    (bench.folder / "real").mkdir()
    real, link = bench.folder / "real" / "t.vcf.gz", bench.results / "link.vcf.gz"
    assert call(*annotation(VCF, "-o", real, "-W=tbi")).code == 0
    link.symlink_to(real)
    assert bench.annotate(VCF, "-W", output="link.vcf.gz").code == 0
    assert sorted(path.name for path in real.parent.iterdir()) == ["t.vcf.gz", "t.vcf.gz.csi"]
    for path in (real, link):
        with pysam.TabixFile(str(path), index=f"{path}.csi", encoding="latin-1") as tabix:
            assert len(list(tabix.fetch("chr1"))) == 15
    assert bench.annotate(VCF, output="link.vcf.gz").code == 0
    assert [path.name for path in real.parent.iterdir()] == ["t.vcf.gz"]
    assert link.is_symlink()
    assert not (bench.results / "link.vcf.gz.csi").exists()


def test_row_50_who_reads_the_old_output_reads_on(bench):
    out = bench.results / "out.vcf"
    out.write_bytes(b"old\n")
    with out.open("rb") as reader:
        assert bench.annotate(VCF).code == 0
        assert reader.read() == b"old\n"


def test_row_50_a_killed_run_does_not_stand_in_the_way(bench):
    """SIGKILL leaves the temporary file; the next run, maybe with the same process id, works."""
    many = bench.vcf(*(snv("chr1", 2101 + number % 800) for number in range(30_000)))
    process = subprocess.Popen([*PROGRAM, *map(str, annotation(many, "-o", bench.results / "out.vcf"))],
                               stderr=subprocess.DEVNULL)  # fmt: skip
    while not list(bench.results.iterdir()):
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = list(bench.results.iterdir())
    assert len(left) == 1
    assert left[0].name.startswith(".out.vcf.varbind-")
    assert bench.annotate(VCF).code == 0


@pytest.mark.parametrize("kind", first_quick(["v", "b0", "z0", "u"], 2))
def test_row_52_closed_stdout_is_silent(bench, kind):
    many = bench.vcf(*(snv("chr1", 2101 + number % 800) for number in range(800)))
    process = subprocess.Popen([*PROGRAM, *map(str, annotation(many, "-q", "-O", kind))],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    assert process.stdout.read(10)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 141
    assert err == b""


def test_row_52_head(bench):
    command = " ".join([*map(repr, PROGRAM), *map(str, annotation(VCF, "-q"))])
    done = subprocess.run(["bash", "-c", f"{command} | head -1; echo ${{PIPESTATUS[0]}}"], capture_output=True,
                          check=True, timeout=60)  # fmt: skip
    assert done.stdout.splitlines()[0] == b"##fileformat=VCFv4.2"
    assert done.stdout.splitlines()[1] in (b"141", b"0")
    assert done.stderr == b""


def test_a_fifo_is_written_through(bench, expected):
    fifo = bench.results / "fifo"
    os.mkfifo(fifo)
    with subprocess.Popen(["cat", fifo], stdout=subprocess.PIPE) as reader:
        done = bench.annotate(VCF, output="fifo", run=spawn)
        assert reader.communicate()[0] == expected
    assert done.code == 0
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_dev_stdout_and_dev_null(expected):
    assert spawn(*annotation(VCF, "-o", "/dev/stdout")).out == expected
    assert spawn(*annotation(VCF, "-o", "/dev/null")).code == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)  # noqa: PTH116


@pytest.mark.parametrize(
    ("output", "option", "index"),
    [
        ("out.vcf.gz", "-W", "csi"),
        ("out.vcf.gz", "-W=csi", "csi"),
        ("out.vcf.gz", "-W=tbi", "tbi"),
        ("out.vcf.gz", "--write-index=tbi", "tbi"),
        ("out.vcf.gz", "--write-index", "csi"),
        ("out.VCF.GZ", "-W", "csi"),
        ("out.vcf.bgzf", "-W=tbi", "tbi"),
        ("out.bcf", "-W", "csi"),
    ],
)
def test_an_index_is_made_and_read(bench, bcftools, output, option, index):
    done = bench.annotate(VCF, option, output=output)
    assert done.code == 0, done.err
    assert sorted(path.name for path in bench.results.iterdir()) == [output, f"{output}.{index}"]
    counts = subprocess.run(
        [bcftools, "index", "-s", bench.results / output], capture_output=True, check=True, text=True
    )
    assert [row.split("\t")[::2] for row in counts.stdout.splitlines()] == [["chr1", "15"], ["chr2", "18"]]
    assert (bench.results / f"{output}.{index}").stat().st_mtime >= (bench.results / output).stat().st_mtime - 1
    if not output.endswith("bcf"):
        with pysam.TabixFile(
            str(bench.results / output), index=f"{bench.results / output}.{index}", encoding="latin-1"
        ) as tabix:
            assert len(list(tabix.fetch("chr2", 8_000, 9_100))) == 6


@pytest.mark.parametrize(
    ("output", "options", "code", "what"),
    [
        ("out.vcf", ["-W"], 2, "only a compressed file can be indexed"),
        ("out.bcf", ["-W=tbi"], 2, "a BCF has no tbi index"),
        ("out.bcf", ["-Ou", "-W"], 2, "only a compressed file can be indexed"),
        ("out.vcf.gz", ["-W=xyz"], 2, "write-index"),
        ("out.vcf.gz", ["--write-index", "xyz"], 2, "unexpected extra argument"),
    ],
)
def test_an_index_that_cannot_be(bench, output, options, code, what):
    assert what in bench.refused(code, VCF, *options, output=output)


def test_the_type_of_an_index_in_a_word_of_its_own(bench):
    for words, suffix in ((["--write-index", "tbi"], "tbi"), (["--write-index", "-q"], "csi")):
        assert bench.annotate(VCF, *words, output="out.vcf.gz").code == 0
        assert (bench.results / f"out.vcf.gz.{suffix}").exists()


def test_no_index_of_a_stream():
    assert call(*annotation(VCF, "-Oz", "-W")).code == 2


def test_a_position_beyond_tbi(bench):
    fasta = bench.file("ref.fa", b">chr1\n" + CONTIGS["chr1"].encode() + b"\n")
    source = bench.vcf(snv("chr1", 2451), line("chr1", 600_000_000, "A", "C"))
    done = bench.annotate(source, "-W=tbi", output="out.vcf.gz", fasta=fasta, genes=None)
    assert done.code == 0
    assert "not indexed" in done.err
    assert "use a csi index (-W=csi)" in done.err
    assert [path.name for path in bench.results.iterdir()] == ["out.vcf.gz"]
    done = bench.annotate(source, "-W", output="out.vcf.gz", fasta=fasta, genes=None)
    assert sorted(path.suffix for path in bench.results.iterdir()) == [".csi", ".gz"]


@pytest.mark.parametrize(("length", "code"), [(1 << 29, 0), ((1 << 29) + 1, 2)])
def test_a_contig_too_long_for_tbi_is_told_before_anything_is_scored(bench, length, code):
    header = HEADER.replace(b"##contig=<ID=chr1", b"##contig=<ID=3B,length=%d>\n##contig=<ID=chr1" % length)
    source = bench.vcf(snv("chr1", 2451), header=header)
    if not code:
        assert bench.annotate(source, "-W=tbi", output="out.vcf.gz").code == 0
        return
    error = bench.refused(2, source, "-W=tbi", output="out.vcf.gz")
    assert f"{source}: contig 3B has 536,870,913 bases, and a tbi index holds at most" in error
    assert error.endswith("; use a csi index (-W=csi)")
    assert bench.annotate(source, "-W", output="out.vcf.gz").code == 0


def test_counts_on_standard_output(bench):
    plain, done = bench.folder / "stats.json", bench.annotate(VCF, "--stats", "-")
    assert done.code == 0
    assert bench.annotate(VCF, "--stats", plain).code == 0
    assert without_times(done.out) == without_times(plain.read_bytes())
    assert json.loads(done.out).keys() == json.loads(plain.read_bytes()).keys()
    assert not Path("-").exists()
    assert "would go to the same stream" in call(*annotation(VCF, "--stats", "-")).error
    for out, stats in (("/dev/stdout", "-"), ("-", "/dev/stdout")):
        done = spawn(*annotation(VCF, "-o", out, "--stats", stats))
        assert (done.code, done.out) == (2, b"")


def test_counts_that_nobody_can_read_leave_no_output(bench):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = bench.annotate(VCF, "--stats", "-", run=lambda *words: spawn(*words, stdout=full))
    assert done.code == 5
    assert done.error.startswith("varbind: error: standard output: cannot be written")
    assert not list(bench.results.iterdir())


def test_row_62_the_tally(bench):
    source = bench.vcf(
        snv("chr1", 2451),
        snv("chr1", 7501),
        line("chr1", 2452, "T", "."),
        line("chr1", 2452, "T", "G,*,<DEL>"),
        line("chr1", 2452, other("T"), "T"),
    )
    stats = bench.folder / "stats.json"
    done, rows = bench.kept(source, "--stats", stats)
    assert done.lines[-1] == (
        "varbind: 5 records read, 5 written, 5 found in the output; 2 alleles scored; "
        "not scored: ref_mismatch 1, star 1, symbolic 1; "
        "1 records outside promoters; 1 records without an alternate allele"
    )
    assert statuses(rows) == ["ok", None, None, "ok,star,symbolic", "ref_mismatch"]
    written = json.loads(stats.read_text())
    counts = {
        "records_read": 5,
        "records_written": 5,
        "records_reread": 5,
        "records_outside": 1,
        "records_without_alt": 1,
        "alleles": {"ok": 2, "ref_mismatch": 1, "symbolic": 1, "star": 1},
        "alleles_scored": 2,
        "alleles_padded": 0,
        "missing_contigs": {},
        "ref_checked": 3,
        "ref_mismatched": 1,
    }
    assert {name: written[name] for name in counts} == counts


@pytest.mark.parametrize("output", ["out.vcf.gz", "out.bcf"])
def test_row_62_the_end_marker_is_there(bench, output, bcftools):
    assert bench.annotate(VCF, output=output).code == 0
    assert (bench.results / output).read_bytes().endswith(EOF_MARKER)
    subprocess.run([bcftools, "view", "-o", os.devnull, bench.results / output], check=True)


@pytest.mark.parametrize("size", [0, 65_279, 65_280, 65_281, 200_000])
def test_row_62_bgzf_of_any_size_is_read_by_htslib(bench, size):
    note = b"##note=" + b"x" * size + b"\n"
    source = bench.file("in.vcf", VCF.read_bytes().replace(b"##source", note + b"##source"))
    assert bench.annotate(source, "--no-version", output="out.vcf.gz").code == 0
    bgzip(bench.file("plain.vcf", unpacked(bench.results / "out.vcf.gz")), bench.folder / "theirs.gz")
    with pysam.BGZFile(str(bench.results / "out.vcf.gz")) as stream:
        ours = stream.read(1 << 22)
    assert note in ours
    assert len(ours) == (bench.folder / "plain.vcf").stat().st_size


def test_row_62_a_bcf_that_lost_records_is_refused(bench, monkeypatch):
    """Whatever makes the BCF: the records are counted in what it made."""
    encode = bcf.encode

    def lose(text, destination, **rest):
        lines = Path(text).read_bytes().splitlines(keepends=True)
        Path(text).write_bytes(b"".join(lines[:-1]))
        encode(text, destination, **rest)

    monkeypatch.setattr(bcf, "encode", lose)
    source = bench.vcf(snv("chr1", 2451), snv("chr1", 2452))
    error = bench.refused(5, source, output="out.bcf")
    assert "2 records read but 2 written and 1 found in the output" in error


def test_stats_that_cannot_be_written(bench):
    assert "the folder does not exist" in bench.refused(5, VCF, "--stats", bench.folder / "no" / "stats.json")
    assert "is a directory" in bench.refused(5, VCF, "--stats", bench.folder)


def test_stats_that_meet_a_full_disk_leave_no_output_either(bench):
    assert "/dev/full: cannot be written" in bench.refused(5, VCF, "--stats", "/dev/full")
    stats = bench.folder / "stats.json"
    stats.write_bytes(b"old\n")

    header = bench.vcf(header=b"##fileformat=VCFv4.3\n" + COLUMNS + b"\n")
    error = bench.refused(5, header, "--no-version", "--stats", stats, output="out.vcf.gz", run=with_small_files(300))
    assert "cannot be written: File too large" in error
    assert stats.read_bytes() == b"old\n"


def test_standard_output_on_a_full_device():
    for words in (["models", "list"], ["check", VCF, "-f", FASTA, "--genes", GENES, *QUICK]):
        with open("/dev/full", "wb") as full:  # noqa: PTH123
            done = spawn(*words, stdout=full)
        assert done.code == 5
        assert done.error == "varbind: error: standard output: cannot be written: No space left on device"


def test_a_message_never_steers_a_terminal(bench):
    source = bench.vcf(line("chr1", 2451, "A", "C\x1b[2J"), line("chr\x1b]0;x\x07", 2451, "A", "C", rest="\t1"))
    error = bench.refused(3, source)
    assert "\x1b" not in error
    source = bench.vcf(snv("chr1", 2451), line("chr\x1b]0;x\x07", 2451, "A", "C"))
    done = bench.annotate(source, genes=None)
    assert done.code == 0
    assert "\x1b" not in done.err
    assert r"not in the reference: chr\x1b]0;x\x07 (1 records)" in done.err


@pytest.mark.slow
def test_standard_output_that_is_a_file_is_written_on(bench, expected):
    """Neither cut nor replaced: what stands in it stays, and what follows comes behind."""
    words = " ".join(map(shlex.quote, [*PROGRAM, *map(str, annotation(VCF, "-q"))]))
    for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
        log = bench.folder / "std.out"
        script = f"(echo first; {words} -o {name}; echo last) > {shlex.quote(str(log))}"
        subprocess.run(["bash", "-c", script], check=True, timeout=60)
        assert log.read_bytes() == b"first\n" + expected + b"last\n"
    script = f"(echo first >&2; {words} -o /dev/null --stats /dev/stderr; echo last >&2) 2> {shlex.quote(str(log))}"
    subprocess.run(["bash", "-c", script], check=True, timeout=60)
    first, *counts, last = log.read_text().splitlines()
    assert (first, last) == ("first", "last")
    assert json.loads("".join(counts))["records_read"] == 33


def test_blank_lines_and_an_index(bench):
    source = bench.file("in.vcf", VCF.read_bytes() + b"\n")
    done = bench.annotate(source, "-W", output="out.vcf.gz")
    assert done.code == 0
    assert f"{bench.results / 'out.vcf.gz'}: not indexed: there are blank lines; remove them" in done.err
    assert [path.name for path in bench.results.iterdir()] == ["out.vcf.gz"]
    assert bench.annotate(source, "-W", output="out.bcf").code == 0
    assert (bench.results / "out.bcf.csi").exists()


@pytest.mark.parametrize(
    "name", ["\u6f22" * 80 + ".vcf.gz", "o##idx##p.vcf.gz", "with blank and\nline end.vcf.gz", "%41;x.vcf.gz"]
)
def test_names_of_every_kind(bench, name):
    done = bench.annotate(VCF, "-W", output=name)
    assert done.code == 0, done.err
    assert sorted(path.name for path in bench.results.iterdir()) == sorted([name, f"{name}.csi"])


def test_a_loop_of_links(bench):
    (bench.results / "loop").symlink_to(bench.results / "loop")
    done = bench.annotate(VCF, output="loop")
    assert done.code == 5
    assert "Too many levels of symbolic links" in done.error


def test_a_signal_after_the_name_is_given_comes_too_late(bench, monkeypatch):
    """A run that is all but over ends as it would have."""
    script = (
        "import os, signal, varbind.annotate.tracks as t; before = t.Tracks.report\n"
        "def report(self):\n    os.kill(os.getpid(), signal.SIGTERM); before(self)\n"
        "t.Tracks.report = report\nfrom varbind.cli.main import run; run()"
    )
    done = bench.annotate(VCF, run=lambda *words: spawn(*words, program=[sys.executable, "-c", script]))
    assert done.code == 0
    assert "33 records read, 33 written" in done.err
    assert [path.name for path in bench.results.iterdir()] == ["out.vcf"]
