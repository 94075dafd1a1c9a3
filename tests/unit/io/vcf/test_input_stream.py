"""An input's bytes, told by content."""

import gzip
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.errors import InputError
from varbind.io.vcf.bgzf import BgzfWriter
from varbind.io.vcf.input_stream import Container, Source

TEXT = b"##fileformat=VCFv4.2\n" * 10


def bgzf(path):
    with path.open("wb") as sink:
        writer = BgzfWriter(sink)
        writer.write(TEXT)
        writer.finish()


@pytest.mark.parametrize("container", list(Container))
def test_the_container_is_told(tmp_path, container):
    path = tmp_path / "x"
    if container is Container.BGZF:
        bgzf(path)
    else:
        path.write_bytes(TEXT if container is Container.PLAIN else gzip.compress(TEXT))
    with Source(path) as source:
        assert source.container is container
        assert b"".join(source.blocks()) == TEXT
        assert source.size == path.stat().st_size == source.position


def test_a_fifo_is_rewound(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    pid = os.fork()
    if pid == 0:
        path.write_bytes(TEXT)
        os._exit(0)
    with Source(path) as source:
        assert source.stream.read() == TEXT
        assert source.size is None
        assert source.position == 0
    os.waitpid(pid, 0)


def collect(pieces, seen):
    for piece in pieces:
        seen.append(piece)


def numbered_lines(pieces):
    """Every line with its number, from pieces of whole lines."""
    for number, piece in pieces:
        assert piece
        yield from enumerate(io.BytesIO(piece), number)


@given(
    st.lists(st.binary(max_size=9), max_size=40), st.sampled_from([1, 7, 30]), st.sampled_from([bytes, gzip.compress])
)
def test_whole_lines_are_the_lines(tmp_path_factory, words, at_once, pack):
    data = b"first\n" + b"\n".join(words)
    path = tmp_path_factory.mktemp("lines") / "x"
    path.write_bytes(pack(data))
    with pytest.MonkeyPatch.context() as patch, Source(path) as source:
        patch.setattr("varbind.io.vcf.input_stream._FIRST_PIECE", at_once)
        patch.setattr("varbind.io.vcf.input_stream._LARGEST_PIECE", 2 * at_once)
        assert source.stream.readline() == b"first\n"
        pieces = list(source.whole_lines(2))
    assert list(numbered_lines(pieces)) == list(enumerate(io.BytesIO(data), 1))[1:]
    assert all(piece.endswith(b"\n") for _, piece in pieces[:-1])


def test_lines_before_the_damage_come_first(tmp_path):
    """Three blocks of lines, the last of them damaged in its middle."""
    path = tmp_path / "x"
    with path.open("wb") as sink:
        for _ in range(3):
            writer = BgzfWriter(sink)
            writer.write(b"x" * 40 + b"\n" + b"half a line")
            writer._compress(len(writer._pending))
    data = bytearray(path.read_bytes())
    data[-12] ^= 255
    path.write_bytes(data)
    seen = []
    with Source(path) as source, pytest.raises(InputError, match="corrupt at byte"):
        collect(source.whole_lines(1), seen)
    line = b"x" * 40 + b"\n"
    assert seen == [(1, line + b"half a line" + line)]


@pytest.mark.parametrize("data", [b"", None])
def test_empty_or_missing(tmp_path, data):
    path = tmp_path / "x"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError, match=r"empty|No such file"):
        Source(path)


def test_the_end_marker_can_be_asked_for_alone(tmp_path):
    path = tmp_path / "x"
    bgzf(path)
    with Source(path) as source:
        source.check_end_marker()
    path.write_bytes(path.read_bytes()[:-28])
    with Source(path) as source, pytest.raises(InputError, match="end marker"):
        source.check_end_marker()
    with Source(path, allow_truncated=True) as source:
        source.check_end_marker()


@pytest.mark.parametrize("container", list(Container))
def test_an_endless_line_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch, container):
    monkeypatch.setattr("varbind.io.vcf.input_stream.LINE_BYTES_MAX", 1 << 20)
    text = b"chr1\n" + b"A" * (3 << 20)
    path = tmp_path / "x"
    pack = {Container.PLAIN: bytes, Container.GZIP: gzip.compress, Container.BGZF: packed}[container]
    path.write_bytes(pack(text))
    seen = []
    with Source(path) as source, pytest.raises(InputError, match="x:8: the line is longer than 1,048,576 bytes"):
        collect(source.whole_lines(7), seen)
    seen.clear()
    with Source(path) as source, pytest.raises(InputError, match="x:2: the line is longer than"):
        collect(source.header_lines(), seen)
    assert seen == [(1, b"chr1\n")]


def packed(data):
    sink = io.BytesIO()
    with BgzfWriter(sink) as writer:
        writer.write(data)
        writer.finish()
    return sink.getvalue()


@pytest.mark.parametrize("way", ["whole_lines", "blocks"])
@pytest.mark.parametrize("change", [40, -40])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, way, change):
    path = tmp_path / "x"
    text = TEXT * 20_000
    path.write_bytes(text)
    with Source(path) as source:
        pieces = source.blocks() if way == "blocks" else (piece for _, piece in source.whole_lines(1))
        next(pieces)
        os.truncate(path, len(text) + change)
        with pytest.raises(InputError, match=f"changed while it was read: {len(text):,} bytes at first.*; wait until"):
            collect(pieces, [])
