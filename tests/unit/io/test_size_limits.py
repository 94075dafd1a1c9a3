"""Lines are read within bounds, and the mark of an encoding is no part of them."""

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.errors import InputError, ResourceError
from varbind.io.size_limits import bounded_lines, without_mark


def lines(data, **options):
    return list(bounded_lines(io.BytesIO(data), "in", InputError, **options))


@given(st.lists(st.binary(max_size=9).filter(lambda line: b"\n" not in line and line[:1] < b"\xef"), max_size=5))
def test_a_byte_order_mark_does_not_show(texts):
    plain = b"".join(line + b"\n" for line in texts)
    assert lines(codecs.BOM_UTF8 + plain) == lines(plain) or not plain
    assert without_mark(codecs.BOM_UTF8 + plain) == without_mark(plain) == plain


def test_joined_files_have_no_mark_inside():
    one = codecs.BOM_UTF8 + b"chr1\t1\n"
    assert lines(one + one) == [(1, b"chr1\t1\n"), (2, b"chr1\t1\n")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_told(encoding):
    with pytest.raises(ResourceError, match="in:1: is UTF-16 text, expected UTF-8; save it as plain UTF-8"):
        list(bounded_lines(io.BytesIO("\ufeffchr1".encode(encoding)), "in", ResourceError))


def test_an_endless_line_is_told():
    assert lines(b"12345\n123456", longest=6) == [(1, b"12345\n"), (2, b"123456")]
    with pytest.raises(InputError, match="in:2: the line is longer than 6 bytes"):
        lines(b"12345\n1234567", longest=6)
