"""A file appears whole or not at all."""

import gzip
import subprocess
import sys

import pytest

from varbind.errors import OutputError, UsageError
from varbind.io.output.output_file import Destination, OutputFormat

TEXT = b"##fileformat=VCFv4.2\n##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t5\t.\tA\tC\t.\t.\t.\n"


@pytest.mark.parametrize(
    ("text", "path", "kind", "level"),
    [
        (None, "x.vcf", "v", None),
        (None, "x.vcf.gz", "z", None),
        (None, "x.vcf.bgz", "z", None),
        (None, "x.vcf.bgzf", "z", None),
        (None, "x.VCF.GZ", "z", None),
        (None, "x.Vcf.Bgz", "z", None),
        (None, "x.VCF.BGZF", "z", None),
        (None, "x.BCF", "b", None),
        (None, "x.VCF", "v", None),
        (None, "x.gz.vcf", "v", None),
        (None, "x.bcf", "b", None),
        (None, "-", "v", None),
        ("z9", "x.vcf", "z", 9),
        ("b0", "x.vcf", "b", 0),
        ("u", "x.vcf", "u", None),
    ],
)
def test_formats(text, path, kind, level):
    assert OutputFormat.parse(text, path) == OutputFormat(kind, level)


@pytest.mark.parametrize("text", ["", "x", "v1", "u0", "z10", "zz"])
def test_unknown_formats(text):
    with pytest.raises(UsageError, match="unknown output type"):
        OutputFormat.parse(text, "x")


@pytest.mark.parametrize("kind", ["v", "z", "b", "u"])
def test_nothing_is_seen_before_the_end(tmp_path, kind):
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with Destination(str(path), OutputFormat(kind)) as out:
        out.write(TEXT)
        assert path.read_bytes() == b"old"
        assert len(list(tmp_path.iterdir())) == 2
        assert out.prepare() == []
        assert path.read_bytes() == b"old"
        out.commit()
    assert list(tmp_path.iterdir()) == [path]
    if kind in "vz":
        data = path.read_bytes()
        assert (gzip.decompress(data) if kind == "z" else data) == TEXT


@pytest.mark.parametrize("kind", ["v", "z", "b", "u"])
def test_a_signal_before_the_caller_holds_the_output_leaves_nothing(tmp_path, kind):
    """The exception of a signal is raised where the constructor returns: no `with` block has begun."""
    program = (
        "import sys; from varbind.io.output.output_file import Destination, OutputFormat\n"
        "from pathlib import Path\n"
        "out = Destination(sys.argv[1], OutputFormat(sys.argv[2]))\n"
        "assert len(list(Path(sys.argv[1]).parent.iterdir())) == 1\n"
        "raise SystemExit(143)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "out"), kind], check=False)
    assert done.returncode == 143
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["v", "z", "b"])
@pytest.mark.parametrize("index", [None, "csi"])
def test_an_error_leaves_the_old_file(tmp_path, kind, index):
    path = tmp_path / "out"
    path.write_bytes(b"old")
    if kind == "v":
        index = None

    def fail():
        with Destination(str(path), OutputFormat(kind), index=index) as out:
            out.write(TEXT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("out", b"old")]


def test_an_index_of_what_is_not_sorted(tmp_path):
    with Destination(str(tmp_path / "out"), OutputFormat("z"), index="csi") as out:
        out.write(TEXT)
        remarks = out.prepare(sorted_input=False)
        out.commit()
    assert len(remarks) == 1
    assert "not sorted" in remarks[0]


def test_the_folder_is_gone(tmp_path):
    with pytest.raises(OutputError, match="No such file"):
        Destination(str(tmp_path / "no" / "out"), OutputFormat("v"))


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "real.vcf", tmp_path / "out.vcf"
    target.write_bytes(b"old")
    link.symlink_to(target)
    with Destination(str(link), OutputFormat("v")) as out:
        out.write(b"new")
        out.prepare()
        out.commit()
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["elsewhere", "out.vcf", "real.vcf"]
