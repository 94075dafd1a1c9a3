"""Lines are read within bounds, and the mark of an encoding is no part of them."""

import codecs
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.errors import InputError, ResourceError
from varbind.io.size_limits import bounded_lines, json_of, without_mark


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


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(json_values, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.booleans())
def test_json_is_read_as_python_reads_it(value, encoding, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only).encode(encoding, "surrogatepass")
    # A NaN is not equal to itself, and 1 is equal to 1.0 and to True.
    assert repr(json_of(text)) == repr(json.loads(text))


NUMBERS = [b"-0", b"1E+2", b"1e400", b"5e-324", b"0.1e-400", b"18446744073709551616", b"9" * 4000, b"-Infinity"]


@pytest.mark.parametrize("text", [*NUMBERS, b'{"a": 1, "a": 2}', b'"\\ud800"', b" [1] \n"])
def test_odd_json_is_read_as_python_reads_it(text):
    assert repr(json_of(text)) == repr(json.loads(text))


NO_VALUE = [b"", b"nul", b"[1,]", b"01", b"1.", b"+1", b'"\n"', b'"\xff"', b"{1: 2}", b"[] x"]
NO_JSON = [*NO_VALUE, b"[" * 100_000, b"9" * 5000]


@pytest.mark.parametrize("text", NO_JSON, ids=range(len(NO_JSON)))
def test_what_is_no_json(text):
    with pytest.raises(ValueError):  # noqa: PT011 (the message is that of Python)
        json_of(text)
