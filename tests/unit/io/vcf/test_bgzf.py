"""BGZF is read and written as htslib does, and every damage is placed."""

import gzip
import io
import struct
import threading
import zlib

import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.errors import InputError
from varbind.io.vcf.bgzf import EOF_MARKER, BgzfReader, BgzfWriter, is_bgzf


def packed(data, level=6):
    sink = io.BytesIO()
    writer = BgzfWriter(sink, level=level)
    writer.write(data)
    writer.finish()
    return sink.getvalue()


def read(data, **options):
    return io.BufferedReader(BgzfReader(io.BytesIO(data), "x", **options)).read()


@given(st.binary(max_size=300), st.integers(0, 1_500), st.integers(0, 9))
def test_what_was_written_is_read(piece, times, level):
    data = piece * times
    result = packed(data, level)
    assert read(result) == data == gzip.decompress(result)
    assert result.endswith(EOF_MARKER)
    assert is_bgzf(result[:18])


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_do_not_change_a_byte(threads):
    data = b"".join(b"%d\n" % (n * n) for n in range(300_000))
    sink = io.BytesIO()
    with BgzfWriter(sink, threads=threads) as writer:
        for start in range(0, len(data), 70_001):
            writer.write(data[start : start + 70_001])
        writer.finish()
    assert sink.getvalue() == packed(data)
    assert read(sink.getvalue()) == data


def test_the_sink_is_written_from_the_callers_thread_and_its_error_comes_through():
    class Full:
        def write(self, data):
            self.thread = threading.current_thread()
            raise OSError(28, "full")

    sink = Full()
    writer = BgzfWriter(sink, threads=3)
    with pytest.raises(OSError, match="full"), writer:
        writer.write(b"x" * 30_000_000)
    assert sink.thread is threading.current_thread()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("varbind-bgzf")]


def test_incompressible_bytes_fit_their_blocks(tmp_path):
    noise = bytes((n * n * 2654435761 >> 13) & 255 for n in range(200_000))
    (tmp_path / "x.gz").write_bytes(packed(noise, 9))
    with pysam.BGZFile(str(tmp_path / "x.gz")) as stream:
        assert stream.read(1 << 20) == noise


def test_htslib_blocks_are_read(tmp_path):
    (tmp_path / "x").write_bytes(b"line\n" * 50_000)
    pysam.tabix_compress(str(tmp_path / "x"), str(tmp_path / "x.gz"))
    assert read((tmp_path / "x.gz").read_bytes()) == b"line\n" * 50_000


@given(st.integers(1, 400), st.booleans())
def test_every_cut_is_found(cut, allowed):
    data = packed(b"".join(b"%d\n" % (n * n) for n in range(60)))
    cut = min(cut, len(data) - 1)
    if cut == len(EOF_MARKER) and allowed:
        assert read(data[:-cut], allow_truncated=True)
        return
    if cut == len(data):
        return
    with pytest.raises(InputError, match="truncated"):
        read(data[:-cut], allow_truncated=allowed)


def test_an_empty_block_in_between_ends_nothing():
    assert read(packed(b"a\n") + packed(b"b\n")) == b"a\nb\n"


@pytest.mark.parametrize("start", [b"", b"\x1f\x8b", gzip.compress(b"x", mtime=0)[:18], b"##fileformat=VCFv4"])
def test_other_starts_are_not_bgzf(start):
    assert not is_bgzf(start)


@pytest.mark.parametrize(("size", "fits"), [(65_536, True), (65_537, False), (50_000_000, False)])
def test_a_block_unpacks_to_64_kib_at_most(size, fits):
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflater.compress(bytes(size)) + deflater.flush()
    trailer = struct.pack("<II", zlib.crc32(bytes(size)), size)
    block = EOF_MARKER[:16] + struct.pack("<H", len(body) + 25) + body + trailer
    if fits:
        assert read(block + EOF_MARKER) == bytes(size)
    else:
        with pytest.raises(InputError, match="corrupt at byte 0: the block holds more than 64 KiB"):
            read(block + EOF_MARKER)
