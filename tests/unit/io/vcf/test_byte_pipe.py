"""Bytes reach the reader of a pipe, and so does their error."""

import os

from varbind.errors import InputError
from varbind.io.vcf.byte_pipe import BytePipe


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
