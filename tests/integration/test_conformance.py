"""Real conformance files of hts-specs, htslib and others: kept byte for byte, or refused in one line."""

import gzip

from integration.runs import FASTA, annotation, call, restored

from varbind.io.bgzf import is_bgzf

FORGIVING = ("--allow-ref-mismatch", "--allow-length-mismatch", "--max-indel", "1")
KINDS = ("*.vcf", "*.vcf.gz", "*.bcf")


def contigs_of(data):
    """A FASTA that has every contig of a text VCF, so that each record is looked at."""
    names = {row.split(b"\t", 1)[0] for row in data.splitlines() if row[:1] != b"#" and b"\t" in row}
    bases = b"".join(FASTA.read_bytes().split(b"\n")[1:40])
    return b"".join(b">" + name + b"\n" + bases + b"\n" for name in sorted(names) if name.split() == [name])


def plain(data):
    """Text of a VCF; None for BCF and for what cannot be unpacked."""
    try:
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError):
        return None
    return None if text[:3] == b"BCF" else text


def test_every_file_is_kept_or_refused(shared_data, bench, tiny_bank_path):
    folder = shared_data / "vcf-conformance"
    files = sorted(path for kind in KINDS for path in folder.rglob(kind))
    assert len(files) > 300
    rows = (folder / "manifest.tsv").read_text().splitlines()
    valid = {row.split("\t")[1] for row in rows if row.split("\t")[2] == "valid"}
    fine, flaws = 0, []
    for path in files:
        data = path.read_bytes()
        text = plain(data)
        fasta = bench.file("ref.fa", contigs_of(text or b"") or FASTA.read_bytes())
        options = ("-o", bench.results / "out.vcf", "--bank", tiny_bank_path, *FORGIVING, "--overwrite")
        done = call(*annotation(path, *options, fasta=fasta, genes=None))
        if done.code == 0:
            fine += 1
            result = restored((bench.results / "out.vcf").read_bytes())
            if text is not None and result != text:
                flaws.append((path.name, "altered"))
        elif path.name in valid or done.code not in (3, 4) or done.err.count("varbind: error: ") != 1:
            flaws.append((path.name, done.err))
        assert not list(bench.results.glob(".*"))
        assert is_bgzf(data[:18]) or data == path.read_bytes()
    assert flaws == []
    assert fine > len(files) // 2
