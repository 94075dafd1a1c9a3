"""One network of each paper on real peaks of REST: training, annotation of a real VCF, export and import, motifs."""

import gzip
import subprocess
import sys

import pytest

from varbind.datasets.pwm import read_matrices

pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("memelite", reason="needs the extra `motifs`")

from varbind.interpret.motif_comparison import match_motifs

PEAKS = "chipseq-deepbind/REST_GM12878_NRSF_HudsonAlpha_AC.seq.gz"
KNOWN = "pwm/jaspar2016-vertebrates.meme.gz"
REST = "MA0138.2"
OPTIONS = {
    "deepbind": ("--trials", "2", "--checkpoints", "500", "--ensemble-size", "1"),
    "zeng-1layer": ("--trials", "1", "--epochs", "30"),
    "koo-cnn-25": ("--epochs", "15"),
    "deepgmap-danq": ("--epochs", "3"),
}


def varbind(*words):
    command = [sys.executable, "-m", "varbind", *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.slow
@pytest.mark.parametrize("architecture", OPTIONS)
def test_a_network_of_each_paper_goes_all_the_way(shared_data, tmp_path, architecture):
    bank, again, piece = tmp_path / "bank", tmp_path / "again", shared_data / "hg19-pieces"
    words = ("--protein", "REST", "--top", "2000", "--min-negatives", "0", "--background-snvs", "300")
    if architecture != "deepbind":
        words += ("--architecture", architecture)
    varbind("train", "binding", shared_data / PEAKS, "-o", bank, *words, *OPTIONS[architecture])
    assert ": ok" in varbind("selftest", "--bank", bank)
    form = ("--format", "deepbind") if architecture == "deepbind" else ("--format", "bank")
    varbind("models", "export", "--bank", bank, "-o", tmp_path / "exported", *form)
    varbind("models", "import", form[1], tmp_path / "exported", "-o", again, "--background-snvs", "300")
    annotated = []
    for one in (bank, again):
        source = piece / "giab_NA12878.chr20.vcf.gz"
        options = (
            "--everywhere",
            "-f",
            piece / "chr20.hg19.fa.gz",
            "--bank",
            one,
            "--proteins",
            "REST",
            "--no-version",
        )
        varbind("annotate", source, *options, "-o", tmp_path / "out.vcf")
        text = (tmp_path / "out.vcf").read_text()
        annotated.append([line for line in text.splitlines() if not line.startswith("#")])
    assert annotated[0] == annotated[1]
    scored = [line for line in annotated[0] if "VARBIND_STATUS=ok" in line]
    assert (len(annotated[0]), len(scored)) == (221, 221)
    assert all("REST|REST|" in line for line in scored)
    varbind(
        "models", "motifs", "--bank", bank, "-o", tmp_path / "motifs.meme", "--sequences", bound(shared_data, tmp_path)
    )
    motifs, known = read_matrices(str(tmp_path / "motifs.meme")), read_matrices(str(shared_data / KNOWN))
    matches = match_motifs(list(motifs.values()), known)
    assert REST in {match.name for match in matches}


def bound(shared_data, tmp_path):
    """The strongest peaks as FASTA, in whose windows kernels are looked for."""
    lines = gzip.decompress((shared_data / PEAKS).read_bytes()).decode().splitlines()[1:1001]
    sequences = [line.split()[2] for line in lines]
    assert len({len(sequence) for sequence in sequences}) == 1
    (tmp_path / "bound.fa").write_text("".join(f">{row}\n{text}\n" for row, text in enumerate(sequences)))
    return tmp_path / "bound.fa"
