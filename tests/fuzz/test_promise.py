"""The checks that every target shares see what a program could do wrong."""

from dataclasses import replace

import pytest
from fuzz.promise import annotation, check_chosen, check_kept, held
from fuzz.world import plain_vcf

DAMAGES = {
    "a lost record": lambda lines: lines.pop(),
    "a doubled record": lambda lines: lines.append(lines[-1]),
    "an invented blank line": lambda lines: lines.append(b"\n"),
    "two records swapped": lambda lines: lines.append(lines.pop(-2)),
    "a changed field": lambda lines: lines.append(lines.pop().replace(b"\tPASS\t", b"\t.\t")),
    "a changed key": lambda lines: lines.append(lines.pop().replace(b"DP=1", b"DP=2")),
    "another line end": lambda lines: lines.append(lines.pop().replace(b"\n", b"\r\n")),
    "no line end": lambda lines: lines.append(lines.pop().rstrip(b"\n")),
    "a lost header line": lambda lines: lines.pop(1),
    "a header line too many": lambda lines: lines.insert(1, b"##x=y\n"),
    "a key twice": lambda lines: lines.append(lines.pop().rstrip(b"\n") + b";VARBIND_STATUS=ok\n"),
    "a value too many": lambda lines: lines.append(lines.pop().rstrip(b"\n") + b";VARBIND_FLAG=padded,padded\n"),
    "a value that is no number": lambda lines: lines.append(lines.pop().rstrip(b"\n") + b";VARBIND_SCORE=nan\n"),
}


@pytest.fixture
def outcome(world):
    return held(world, *annotation(world, world.vcf, "--everywhere"))


def test_a_sound_result_is_taken(outcome):
    check_kept(plain_vcf(), outcome)
    check_chosen(plain_vcf(), outcome)
    assert outcome.output.count(b"VARBIND_STATUS=ok") == 10


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_result_is_seen(outcome, damage):
    lines = outcome.output.splitlines(keepends=True)
    DAMAGES[damage](lines)
    assert b"".join(lines) != outcome.output
    with pytest.raises(AssertionError):
        check_kept(plain_vcf(), replace(outcome, output=b"".join(lines)))


@pytest.mark.parametrize("where", ["case", "results", "temporary", "sound"])
def test_a_file_that_is_left_is_seen(world, where, monkeypatch):
    def littering(*words):
        (getattr(world, where) / "left").write_bytes(b"")
        return found

    found = held(world, *annotation(world, world.vcf)).run
    monkeypatch.setattr("fuzz.promise.call", littering)
    try:
        with pytest.raises(AssertionError):
            held(world, *annotation(world, world.vcf))
    finally:
        (getattr(world, where) / "left").unlink()
