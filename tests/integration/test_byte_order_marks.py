"""A UTF-8 byte order mark, as spreadsheets and editors of Windows write it, changes nothing in any text."""

import codecs
import shutil

import pytest
from integration.runs import EXAMPLE, FASTA, annotation, call
from planted import peak_lines, write_files, write_lines

from varbind.io.banks import read_bank

QUICK = ("--trials", "1", "--checkpoints", "20", "--ensemble-size", "1", "--background-snvs", "300")
QUICK = (*QUICK, "--min-negatives", "0")


def twice(tmp_path, texts):
    """Two folders of the same files, without and with marks."""
    for name, mark in (("plain", b""), ("marked", codecs.BOM_UTF8)):
        (tmp_path / name).mkdir()
        for file, text in texts.items():
            (tmp_path / name / file).write_bytes(mark + text)
    return tmp_path / "plain", tmp_path / "marked"


def test_annotation(tmp_path):
    texts = {
        "genes.gtf": (EXAMPLE / "genes.gtf").read_bytes(),
        "regions.bed": b"chr1\t0\t9000\n",
        "names.txt": b"ELK1\nUSF1\n",
        "map.txt": b"1\tchr1\n2\tchr2\n",
    }
    written = []
    for folder in twice(tmp_path, texts):
        source = folder / "in.vcf"
        source.write_bytes((EXAMPLE / "variants.vcf").read_bytes())
        shutil.copy(FASTA, folder / "reference.fa")
        options = ("-T", folder / "regions.bed", "--proteins", f"@{folder / 'names.txt'}", "--contig-map")
        words = annotation(source, *options, folder / "map.txt", "-o", folder / "out.vcf", genes=folder / "genes.gtf")
        done = call(*words)
        assert done.code == 0, done.err
        lines = (folder / "out.vcf").read_bytes().splitlines()
        # The digest of the gene file, and the folder of the list of names, are told.
        written.append([line for line in lines if not line.startswith(b"##varbind_")])
    assert written[0] == written[1]
    assert any(not line.startswith(b"#") for line in written[0])


def test_sequences_to_score(tmp_path):
    outputs = []
    for folder in twice(tmp_path, {"in.fa": b">a\nGGGACCGGAAGTGACC\n"}):
        done = call("score", folder / "in.fa", "-q")
        assert done.code == 0, done.err
        outputs.append(done.out)
    assert outputs[0] == outputs[1]


@pytest.mark.slow
@pytest.mark.parametrize("is_marked", [True, False])
def test_training(tmp_path, is_marked):
    """A table of sets, peaks, labels, a matrix and a map of contigs, each with a mark, give the bank without them."""
    pytest.importorskip("sklearn", reason="needs the extra `train`")
    pytest.importorskip("torch", reason="needs the extra `train`")
    write_files(tmp_path)
    rows = [
        "id\tprotein\tfile\tkind\tmatrix",
        "P\tP\tpeaks.narrowPeak\t.\t.",
        "L\tL\tlabels.tsv\tlabels\t.",
        "M\tM\tmatrix.pfm\tmatrix\tM1",
    ]
    texts = {
        "sets.tsv": rows,
        "peaks.narrowPeak": [f"x{line}" for line in peak_lines()],
        "labels.tsv": (tmp_path / "labels.tsv").read_text().splitlines(),
        "matrix.pfm": [">M1", "8 0 0 0", "0 8 0 0"],
        "map.txt": [f"xchr{number}\tchr{number}" for number in range(1, 5)],
    }
    expected = write_lines(tmp_path / "expected.narrowPeak", peak_lines())
    for name, lines in texts.items():
        write_lines(tmp_path / name, lines)
        if is_marked:
            (tmp_path / name).write_bytes(codecs.BOM_UTF8 + (tmp_path / name).read_bytes())
    words = ("train", "binding", tmp_path / "sets.tsv", "-f", tmp_path / "reference.fa", *QUICK)
    done = call(*words, "--contig-map", tmp_path / "map.txt", "-o", tmp_path / "bank")
    assert done.code == 0, done.err
    assert "peaks are not used" not in done.err
    models = {model.model_id: model for model in read_bank(tmp_path / "bank").models}
    assert set(models) == {"P", "L", "M"}
    one = ("train", "binding", expected, "--protein", "P", "-f", tmp_path / "reference.fa", *QUICK)
    done = call(*one, "-o", tmp_path / "one")
    assert done.code == 0, done.err
    (alone,) = read_bank(tmp_path / "one").models
    assert models["P"].training["data"]["examples_sha256"] == alone.training["data"]["examples_sha256"]


def test_a_contig_map_without_peaks_is_refused(tmp_path):
    pytest.importorskip("torch", reason="needs the extra `train`")
    write_files(tmp_path)
    write_lines(tmp_path / "map.txt", ["a\tb"])
    options = ("--protein", "A", "--contig-map", tmp_path / "map.txt", "-o", tmp_path / "bank")
    done = call("train", "binding", tmp_path / "labels.tsv", *options, *QUICK)
    assert done.code == 2
    assert "--contig-map is given, but there are no peaks; leave it out" in done.error
    assert not (tmp_path / "bank").exists()
