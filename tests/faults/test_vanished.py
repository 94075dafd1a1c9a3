"""Files that vanish or change while a run goes on: it fails loudly or is right, and never holds less in silence."""

import os
import random
import shutil
import time
from threading import Thread

import pysam
import pytest
from integration.runs import (
    FASTA,
    GENES,
    HEADER,
    LIMIT,
    annotation,
    bgzip,
    bound,
    call,
    restored,
    snv,
    to_bcf,
    unpacked,
)
from quick_cases import first_quick

from varbind.annotate.annotator import Annotator
from varbind.api import annotate_vcf as annotating
from varbind.io.vcf.input_stream import _BUFFER

# More than are compared with the reference before anything is scored.
SCORED, PASSED = 1_600, 36_000
RECORDS = SCORED + PASSED


@pytest.fixture(scope="module")
def text():
    """A VCF that is larger, however it is packed, than what is read of it at once."""
    scored = [snv("chr1", 2101 + number // 2) for number in range(SCORED)]
    draw = random.Random(1)
    # Names that do not compress.
    passed = [b"chr1\t%d\t%s\tA\t.\t.\tPASS\tDP=1\n" % (12_000 + n // 100, draw.randbytes(48).hex().encode())
              for n in range(PASSED)]  # fmt: skip
    return HEADER + b"".join(scored + passed)


@pytest.fixture
def after_a_batch(monkeypatch):
    """Do something after the first batch has been scored, while later ones are read; it must come to that."""
    acts = []

    def then(act):
        real = Annotator.score

        def score(self, windows):
            found = real(self, windows)
            if acts:
                acts.pop()()
            return found

        acts.append(act)
        monkeypatch.setattr(Annotator, "score", score)

    yield then
    assert acts == [], "the run never came to what should have been done"


@pytest.fixture
def before_naming(monkeypatch):
    """Do something when all is written and before it gets its name; it must come to that."""
    acts = []

    def then(act):
        commit = annotating.Destination.commit

        def late(self):
            acts.pop()()
            commit(self)

        acts.append(act)
        monkeypatch.setattr(annotating.Destination, "commit", late)

    yield then
    assert acts == [], "the run never came to what should have been done"


def loud_or_right(done, results, whole, codes):
    """The contract: an error and nothing new, or all of it."""
    if done.code == 0:
        assert [path.name for path in results.iterdir()] == ["out.vcf"]
        written = restored(unpacked(results / "out.vcf"))
        assert written[written.index(b"#CHROM") :] == whole[whole.index(b"#CHROM") :]
    else:
        assert done.code in codes, done.err
        assert len(done.error) > 20
        assert not results.exists() or not list(results.iterdir())


PACKINGS = ["plain", "bgzf", "bcf"]
READINGS = [("plain", ()), ("bgzf", ()), ("bgzf", ("-r", "chr1")), ("bcf", ()), ("bcf", ("-r", "chr1"))]
READING_IDS = [" ".join((packing, *options)) for packing, options in READINGS]


def packed(bench, text, packing, name="in.vcf"):
    """The text as a file of this packing."""
    path = bench.file(name, text)
    if packing == "bgzf":
        return bgzip(path, bench.folder / f"{name}.gz")
    return to_bcf(path, bench.folder / f"{name}.bcf") if packing == "bcf" else path


def indexed(source, options):
    """The file, with its index where only regions of it are read."""
    if options:
        pysam.tabix_index(str(source), preset="vcf", csi=True)
    return source


@pytest.mark.parametrize(("packing", "options"), READINGS, ids=READING_IDS)
@pytest.mark.parametrize("share", first_quick([0.3, 0.95]))
def test_the_input_is_cut_while_it_is_read(bench, text, after_a_batch, packing, options, share):
    """On a boundary of lines, so that what is left looks whole."""
    source = indexed(packed(bench, text, packing), options)
    size = source.stat().st_size
    assert size > _BUFFER
    cut = text.rindex(b"\n", 0, int(len(text) * share)) + 1 if packing == "plain" else int(size * share)
    after_a_batch(lambda: os.truncate(source, cut))
    assert_changed(bench.annotate(source, *options), source, bench.results)


@pytest.mark.parametrize(("packing", "options"), first_quick(READINGS, 3), ids=READING_IDS)
def test_the_input_grows_while_it_is_read(bench, text, after_a_batch, packing, options):
    """As where it is still being written."""
    source = indexed(packed(bench, text, packing), options)
    more = packed(bench, HEADER + snv("chr1", 2950), packing, "more.vcf").read_bytes()

    def grow():
        with source.open("ab") as stream:
            stream.write(snv("chr1", 2950) * 40 if packing == "plain" else more)

    after_a_batch(grow)
    assert_changed(bench.annotate(source, *options), source, bench.results)


def assert_changed(done, source, results):
    """Refused as a bad input, with nothing left."""
    assert done.code == 3, done.err
    assert str(source) in done.error
    assert not list(results.iterdir())


@pytest.mark.parametrize("packing", first_quick(PACKINGS))
def test_the_input_is_replaced_while_it_is_read(bench, text, after_a_batch, packing):
    """As a careful program replaces it: who has opened the old one reads it to its end."""
    source = packed(bench, text, packing)
    other = packed(bench, HEADER + snv("chr1", 2950), packing, "other.vcf")
    after_a_batch(lambda: other.replace(source))
    done = bench.annotate(source)
    assert done.code == 0, done.err
    assert f"{RECORDS:,} records read, {RECORDS:,} written" in done.err


@pytest.mark.parametrize("packing", first_quick(PACKINGS))
def test_the_input_is_removed_while_it_is_read(bench, text, after_a_batch, packing):
    source = packed(bench, text, packing)
    after_a_batch(source.unlink)
    loud_or_right(bench.annotate(source), bench.results, text, {3})


@pytest.mark.parametrize("moment", ["while scoring", "at the end"])
def test_the_folder_of_results_is_removed(bench, text, after_a_batch, before_naming, moment):
    source = bench.file("in.vcf", text)
    (after_a_batch if moment == "while scoring" else before_naming)(lambda: shutil.rmtree(bench.results))
    done = bench.annotate(source)
    assert done.code == 5
    assert "No such file or directory" in done.error
    assert not bench.results.exists()


@pytest.mark.parametrize("output", first_quick(["out.vcf.gz", "out.vcf", "out.bcf"]))
def test_the_output_becomes_a_folder(bench, text, after_a_batch, output):
    source = bench.file("in.vcf", text)
    after_a_batch((bench.results / output).mkdir)
    done = bench.annotate(source, output=output)
    assert done.code == 5
    assert "Is a directory" in done.error
    assert [path.name for path in bench.results.iterdir()] == [output]
    assert not list((bench.results / output).iterdir())


@pytest.mark.slow
def test_the_folder_of_results_becomes_read_only(bench, text):
    """Neither the new name can be given then, nor the temporary one be taken away."""
    fifo, found = bench.folder / "fifo", []
    os.mkfifo(fifo)
    (bench.results / "out.vcf").write_bytes(b"old\n")
    run = Thread(target=lambda: found.append(bound(*annotation(fifo, "-o", bench.results / "out.vcf"))))
    run.start()
    with fifo.open("wb") as stream:
        stream.write(text)
        stream.flush()
        limit = time.monotonic() + LIMIT
        while len(list(bench.results.iterdir())) < 2:
            assert time.monotonic() < limit
            time.sleep(0.02)
        bench.results.chmod(0o555)
    run.join()
    bench.results.chmod(0o755)
    assert found[0].code == 5
    assert "Permission denied" in found[0].error
    assert (bench.results / "out.vcf").read_bytes() == b"old\n"
    assert all(".varbind-" in path.name for path in bench.results.iterdir() if path.name != "out.vcf")


@pytest.mark.parametrize("share", first_quick([0.6, 0.0]))
def test_the_reference_is_cut_while_it_is_read(bench, text, after_a_batch, share):
    """What was read of it stays right; a block that is gone is told."""
    fasta = bench.file("ref.fa", FASTA.read_bytes())
    far = b"".join(snv("chr2", 8_000 + number) for number in range(900))
    source = bench.file("in.vcf", text + far)
    expected = bench.folder / "expected.vcf"
    assert call(*annotation(source, "-o", expected, "--no-version", fasta=fasta)).code == 0
    after_a_batch(lambda: os.truncate(fasta, int(fasta.stat().st_size * share)))
    done = bench.annotate(source, "--no-version", fasta=fasta)
    if done.code == 0:
        assert (bench.results / "out.vcf").read_bytes() == expected.read_bytes()
    else:
        assert done.code == 4
        assert str(fasta) in done.error
        assert not list(bench.results.iterdir())


@pytest.mark.parametrize("victim", first_quick(["reference", "index", "genes"]))
def test_a_file_beside_is_removed_while_it_is_used(bench, text, after_a_batch, victim):
    fasta, genes = bench.file("ref.fa", FASTA.read_bytes()), bench.file("genes.gtf", GENES.read_bytes())
    index = bench.file("ref.fa.fai", FASTA.with_name(f"{FASTA.name}.fai").read_bytes())
    after_a_batch({"reference": fasta, "index": index, "genes": genes}[victim].unlink)
    done = bench.annotate(bench.file("in.vcf", text), fasta=fasta, genes=genes)
    loud_or_right(done, bench.results, text, {4})
