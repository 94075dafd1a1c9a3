"""Names that are written against names that are read."""

import os

import pytest

from varbind.errors import OutputError, UsageError
from varbind.io.output.output_paths import check_outputs, same_file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder: two files, and `link`, which leads to the folder `real`."""
    monkeypatch.chdir(tmp_path)
    for name in ("in.vcf", "genes.bed"):
        tmp_path.joinpath(name).write_bytes(b"")
    tmp_path.joinpath("real").mkdir()
    tmp_path.joinpath("link").symlink_to("real")
    return tmp_path


def test_what_is_apart_may_be_written(folder):
    check_outputs("out.vcf", ["in.vcf", "-", "missing"], folders=["real", "missing"], stats="stats.json")
    check_outputs("link/out.vcf", ["in.vcf"], stats="out.vcf")
    check_outputs("-", ["-", "in.vcf"])
    assert sorted(path.name for path in folder.iterdir()) == ["genes.bed", "in.vcf", "link", "real"]


def test_streams_are_not_compared_and_need_no_folder_of_ours(folder, monkeypatch):
    os.mkfifo("fifo")
    monkeypatch.setattr(os, "access", lambda *_: False)
    for stream in (os.devnull, "fifo"):
        check_outputs(stream, [stream], stats=stream)


@pytest.mark.parametrize("destination", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("stats", ["-", "/dev/stdout", "/dev/fd/1"])
def test_counts_and_result_cannot_share_a_stream(folder, destination, stats):
    with pytest.raises(UsageError, match="would go to the same stream; name a file") as caught:
        check_outputs(destination, ["in.vcf"], stats=stats)
    assert caught.value.path == stats


def test_counts_may_go_to_standard_output(folder):
    for destination in ("out.vcf", "/dev/stderr", os.devnull):
        check_outputs(destination, ["in.vcf", "-"], stats="-")
    assert not folder.joinpath("-").exists()


def test_a_folder_that_is_not_writable(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="the folder is not writable"):
        check_outputs("out.vcf", ["in.vcf"])


@pytest.mark.parametrize("beside", ["", ".csi", ".tbi", ".fai", ".gzi"])
@pytest.mark.parametrize("way", ["destination", "stats"])
def test_an_input_or_an_index_of_it(folder, beside, way):
    name = f"in.vcf{beside}"
    outputs = {"destination": "out.vcf"} | {way: name}
    with pytest.raises(UsageError, match="the output is the input") as caught:
        check_outputs(inputs=["genes.bed", "in.vcf"], **outputs)
    assert caught.value.path == name


@pytest.mark.parametrize("suffix", ["csi", "tbi"])
def test_an_index_that_may_be_written_or_removed(folder, suffix):
    folder.joinpath("linked.vcf.gz").symlink_to("real/out.vcf.gz")
    for output in ("real/out.vcf.gz", "linked.vcf.gz"):
        with pytest.raises(UsageError, match="the output is the input"):
            check_outputs(output, ["in.vcf", f"link/out.vcf.gz.{suffix}"])
        with pytest.raises(UsageError, match="--stats is the output"):
            check_outputs(output, ["in.vcf"], stats=f"link/out.vcf.gz.{suffix}")
    with pytest.raises(UsageError, match="--stats is the output"):
        check_outputs("linked.vcf.gz", ["in.vcf"], stats=f"linked.vcf.gz.{suffix}")


def test_a_new_file_has_many_names(folder):
    folder.joinpath("dangling").symlink_to("real/x.vcf")
    for name in ("real/x.vcf", "link/x.vcf", "dangling", "real/../link/x.vcf", str(folder / "real" / "x.vcf")):
        with pytest.raises(UsageError, match="--stats is the output"):
            check_outputs("link/x.vcf", ["in.vcf"], stats=name)


def test_whatever_lies_in_a_folder_of_models(folder):
    folder.joinpath("real", "card.json").hardlink_to("in.vcf")
    folder.joinpath("real", "effect").mkdir()
    folder.joinpath("real", "effect", "card.json").symlink_to(folder / "genes.bed")
    # A new file beside the models is nobody's input.
    check_outputs("real/new", [], folders=["real"])
    for name in ("real/card.json", "link/card.json", "link/effect/card.json", "in.vcf", "genes.bed"):
        with pytest.raises(UsageError, match="the output is the input"):
            check_outputs(name, [], folders=["real"])
        with pytest.raises(UsageError, match="the output is the input"):
            check_outputs("out.vcf", [], folders=["link"], stats=name)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("real", "is a directory"),
        ("no/out.vcf", "the folder does not exist"),
        ("in.vcf/out.vcf", "the folder does not exist"),
        ("dangling", "the folder does not exist"),
        ("x" * 400, "cannot be written: File name too long"),
        ("loop", "cannot be written: Too many levels of symbolic links"),
    ],
)
def test_what_cannot_be_made(folder, name, what):
    folder.joinpath("dangling").symlink_to("no/out.vcf")
    folder.joinpath("loop").symlink_to("pool")
    folder.joinpath("pool").symlink_to("loop")
    for outputs in ({"destination": name}, {"destination": "out.vcf", "stats": name}):
        with pytest.raises(OutputError) as caught:
            check_outputs(inputs=["in.vcf"], **outputs)
        assert (caught.value.what, caught.value.path) == (what, name)


def test_same_file(folder):
    folder.joinpath("hard").hardlink_to("in.vcf")
    assert same_file("in.vcf", "hard")
    assert same_file("new", "./new")
    assert not same_file("in.vcf", "genes.bed")
    assert not same_file("in.vcf", "new")
    assert not same_file("real", "link")
    assert not same_file("\0", "x")
