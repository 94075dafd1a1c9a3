"""Columns of many lines at once are the fields of each; what is not sound is no block."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.errors import InputError, Interrupted
from varbind.io.vcf.records import VcfRecord
from varbind.io.vcf.vcf_block import VcfBlock, in_blocks

letters = st.binary(max_size=6).map(lambda data: data.translate(None, b"\t\n"))


@st.composite
def lines(draw):
    """Lines of eight to ten columns, most of them sound."""
    columns = draw(st.integers(8, 10))
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        pos = draw(st.one_of(st.integers(0, 10**18).map(lambda n: b"%d" % n), st.just(b"007"), letters))
        width = draw(st.sampled_from([columns] * 9 + [columns - 1, columns + 1]))
        fields = [draw(letters) for _ in range(width)]
        fields[:2] = [draw(st.sampled_from([b"1", b"chr1", b"", b"HLA:x"])), pos]
        rows.append(b"\t".join(fields))
    return columns, rows


@given(lines(), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_a_block_is_its_records_or_none(found, end, closed):
    columns, rows = found
    data = end.join(rows) + (end if closed else b"")
    whole = [line + b"\n" for line in data.split(b"\n")]
    if closed:
        whole.pop()
    else:
        whole[-1] = whole[-1][:-1]
    block = VcfBlock.parse(data, 5, "x", columns) if data else None
    try:
        records = [VcfRecord(line, number, "x", columns) for number, line in enumerate(whole, 5)]
    except InputError:
        assert block is None
        return
    assert block is not None
    assert len(block) == len(records)
    assert [(r.line, r.number, r.pos, r.chrom) for r in map(block.record, range(len(block)))] == [
        (r.line, r.number, r.pos, r.chrom) for r in records
    ]
    assert block.pos.tolist() == [record.pos for record in records]
    runs = [name for name, first, last in block.runs for _ in range(first, last)]
    assert runs == [record.chrom for record in records]
    assert all(one[0] != other[0] for one, other in zip(block.runs, block.runs[1:], strict=False))
    for row, record in enumerate(records):
        ref, alts = block.alleles(row)
        assert (ref.decode("latin-1"), tuple(alts.decode("latin-1").split(","))) == (record.ref, record.alts)
    assert block.lines(0, len(block)) == data


@given(st.lists(st.booleans(), min_size=2, max_size=9))
def test_selected_lines_come_as_records_and_the_others_as_bytes(wanted):
    rows = [b"1\t%d\t.\tA\tC\t.\t.\t.\n" % row for row in range(len(wanted))]
    block = VcfBlock.parse(b"".join(rows), 1, "x", 8)
    found = list(block.select(np.array(wanted)))
    assert b"".join(lines + (record.line if record else b"") for lines, _, record in found) == block.data
    assert [record.number for _, _, record in found if record] == [
        row for row, is_wanted in enumerate(wanted, 1) if is_wanted
    ]
    assert all(lines.count(b"\n") == n_records for lines, n_records, _ in found)
    assert len(found) == sum(wanted) + (not wanted[-1])


def test_names_as_long_as_the_file_are_looked_at_one_by_one():
    row = b"%s\t5\t.\tA\tC\t.\t.\t.\n"
    assert VcfBlock.parse(row % b"1" + row % (b"c" * 255), 1, "x", 8) is not None
    assert VcfBlock.parse(row % b"1" + row % (b"c" * 256), 1, "x", 8) is None


@pytest.mark.parametrize("word", [b"KEY_", b"1", b"\n", b"absent"])
def test_lines_with_a_word(word):
    rows = [b"1\t%d\t.\tA\tC\t.\t.\t%s\n" % (row, b"KEY_a=1;KEY_b" * (row % 3 == 1)) for row in range(20)]
    block = VcfBlock.parse(b"".join(rows), 1, "x", 8)
    np.testing.assert_array_equal(block.lines_with(word), [word in row for row in rows])


@given(
    st.lists(st.tuples(st.sampled_from([b".", b"DP=5", b"", b"."]), st.booleans()), min_size=1, max_size=6),
    st.sampled_from([b"\n", b"\r\n", b"\r\r\n"]),
    st.sampled_from([b"", b"\tGT\t0/1"]),
    st.booleans(),
)
def test_texts_are_appended_as_to_records(infos, end, samples, closed):
    rows = [b"1\t%d\t.\tA\tC\t.\t.\t%s%s" % (place + 1, info, samples) for place, (info, _) in enumerate(infos)]
    data = end.join(rows) + (end if closed else b"")
    block = VcfBlock.parse(data, 1, "x", 8 + samples.count(b"\t"))
    assert block is not None
    texts = {line: "KEY=" + "v" * line for line, (_, chosen) in enumerate(infos) if chosen}
    appended = block.with_info(texts)
    records = [block.record(line) for line in range(len(block))]
    expected = [record.with_info(texts[line]) if line in texts else record.line for line, record in enumerate(records)]
    assert [appended.record(line).line for line in range(len(block))] == expected
    again = VcfBlock.parse(b"".join(expected), 1, "x", block.columns)
    assert again is not None
    for field in ("bounds", "tabs", "pos"):
        assert np.array_equal(getattr(appended, field), getattr(again, field))


@given(st.lists(st.integers(1, 200_000), max_size=8), st.booleans())
def test_lines_before_an_error_come_first(sizes, broken):
    def numbered():
        for number, size in enumerate(sizes, 7):
            yield number, b"x" * size + b"\n"
        if broken:
            raise InputError("damaged")

    pieces, damage = [], False
    try:
        pieces.extend(in_blocks(numbered()))
    except InputError:
        damage = True
    assert damage == broken
    assert b"".join(data for _, data in pieces) == b"".join(b"x" * size + b"\n" for size in sizes)
    firsts = [number for number, _ in pieces]
    assert firsts == [7 + sum(data.count(b"\n") for _, data in pieces[:place]) for place in range(len(pieces))]
    least = itertools.accumulate(itertools.repeat(1 << 15), lambda size, _: min(2 * size, 1 << 18))
    assert all(len(data) >= size for (_, data), size in zip(pieces[:-1], least, strict=False))


def test_a_signal_ends_a_block_at_once():
    def numbered():
        yield 1, b"x\n"
        raise Interrupted(2, "SIGINT")

    with pytest.raises(Interrupted):
        next(in_blocks(numbered()))
