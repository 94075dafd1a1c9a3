"""An input's bytes, told by content."""

import gzip
import os

import pytest

from varbind.errors import InputError
from varbind.io.bgzf import BgzfWriter
from varbind.io.source import BytePipe, Container, Source

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


def test_a_pipe_knows_its_error_before_its_end():
    def blocks():
        yield b"good"
        raise InputError("damaged")

    for _ in range(50):
        pipe = BytePipe(blocks())
        with os.fdopen(pipe.read_end, "rb") as reader:
            assert reader.read() == b"good"
        assert pipe.error is not None
        assert pipe.error.what == "damaged"


def test_a_pipe_nobody_reads_ends_quietly():
    pipe = BytePipe(b"x" * 100_000 for _ in range(10))
    os.close(pipe.read_end)
    assert pipe.error is None
