"""The measure itself: each way to fail is seen, and what is expected of an allele is what its parts say."""

import random
from dataclasses import replace

import pytest
from conformance.agreement import FLANK, AgreeingReference, Promoters
from conformance.corpus import Specimen, rows_of, sha256
from conformance.expectation import expect, shortest
from conformance.verdicts import STATS, Examination
from integration.runs import COLUMNS, VCF
from oracles import apply_change, shortest_leftmost

OUTPUT = "out.vcf"
HEADER = b"##fileformat=VCFv4.3\n##contig=<ID=1,length=40>\n" + COLUMNS + b"\n"


def drops_a_record(results, done):
    lines = (results / OUTPUT).read_bytes().splitlines(keepends=True)
    (results / OUTPUT).write_bytes(b"".join(lines[:-1]))
    return done


def alters_a_byte(results, done):
    text = (results / OUTPUT).read_bytes()
    (results / OUTPUT).write_bytes(text.replace(b"PASS\tAC=", b"PASS\tAB=", 1))
    return done


def adds_a_header_line(results, done):
    (results / OUTPUT).write_bytes((results / OUTPUT).read_bytes().replace(b"##contig", b"##x=y\n##contig", 1))
    return done


def leaves_a_temporary_file(results, done):
    (results / ".out.vcf.tmp").touch()
    return done


def breaks_down(results, done):
    (results / OUTPUT).unlink()
    return replace(done, code=1, err="Traceback (most recent call last):\n")


def fails_and_leaves_its_output(results, done):
    return replace(done, code=3, err="varbind: error: x:1: y; z\n")


def says_two_errors(results, done):
    for path in results.iterdir():
        path.unlink()
    return replace(done, code=3, err="varbind: error: x:1: y; z\nvarbind: error: x:2: y; z\n")


FAILURES = {
    drops_a_record: "dropped",
    alters_a_byte: "altered",
    adds_a_header_line: "altered",
    leaves_a_temporary_file: "partial",
    breaks_down: "traceback",
    fails_and_leaves_its_output: "partial",
    says_two_errors: "several lines",
}


@pytest.fixture
def examination(tmp_path, tiny_bank_path):
    return Examination(Specimen(VCF, "valid", sha256(VCF)), tmp_path, "--bank", tiny_bank_path)


def after(examination, monkeypatch, what):
    """The verdict where the program does something else besides."""
    run = examination.run
    monkeypatch.setattr(examination, "run", lambda *words: what(examination.bench.results, run(*words)))
    return examination.verdict()


@pytest.mark.parametrize(("what", "outcome"), FAILURES.items(), ids=lambda item: getattr(item, "__name__", item))
def test_each_failure_is_seen(examination, monkeypatch, what, outcome):
    assert after(examination, monkeypatch, what).outcome == outcome


def test_a_wrong_status_and_a_wrong_count_are_seen(examination, monkeypatch):
    def lies(results, done):
        for name, old, new in ((OUTPUT, "=symbolic", "=star"), (STATS, '"ref_checked": ', '"ref_checked": 1')):
            text = (results / name).read_text()
            assert old in text
            (results / name).write_text(text.replace(old, new))
        return done

    flaws = after(examination, monkeypatch, lies).flaws
    assert [flaw.partition(":")[0] for flaw in flaws] == ["ref_checked", "STATUS"]


def test_a_changed_input_is_seen(examination):
    examination.specimen = replace(examination.specimen, sha256="0" * 64)
    assert examination.verdict().flaws == ("the input was changed",)


def test_the_reference_agrees_with_the_first_of_two_records():
    body = b"1\t5\t.\tACG\tA\t.\t.\t.\n1\t6\t.\tT\tA\t.\t.\t.\n1\t6\t.\tc\tA\t.\t.\t.\n2\t9\t.\tR\tA\t.\t.\t.\n"
    rows = rows_of(HEADER + body)
    reference = AgreeingReference(HEADER + body, rows)
    assert reference.contigs["1"][4:7] == "AcG"
    assert (len(reference.contigs["1"]), len(reference.contigs["2"])) == (40, 10 + FLANK)
    assert reference.allowed == ()
    assert expect(rows, reference.contigs).statuses == ["ok", "ref_mismatch", "ok", "ref_mismatch"]


def test_what_cannot_be_carried_lies_off_the_contig():
    body = b"1\t5\t.\tA\tC\t.\t.\t.\n2\t900\t.\tA\tC\t.\t.\t.\n"
    rows = rows_of(HEADER + body)
    reference = AgreeingReference(HEADER + body, rows, carried=900)
    assert {name: len(bases) for name, bases in reference.contigs.items()} == {"1": 40, "spare": FLANK, "2": 560}
    assert expect(rows, reference.contigs).statuses == ["ok", "off_contig"]


def test_promoters_reach_every_other_place():
    rows = rows_of(HEADER + b"".join(b"1\t%d\t.\tA\tC\t.\t.\t.\n" % pos for pos in (100, 200, 200, 300)))
    reach = Promoters.REACH
    assert expect(rows, {"1": "A" * 400}, Promoters(rows)).statuses == ["ok", None, None, "ok"]
    assert Promoters(rows).reach("1", 100 + reach, 150)
    assert not Promoters(rows).reach("1", 101 + reach, 150)


def test_a_change_is_brought_to_its_shortest_leftmost_form():
    rng = random.Random(3)
    for _ in range(200):
        bases = "".join(rng.choices("AC", k=9))
        start, size = rng.randrange(8), rng.randint(1, 2)
        ref, alt = bases[start : start + size], "".join(rng.choices("AC", k=rng.randint(1, 3)))
        if ref != alt:
            expected = shortest_leftmost(bases, apply_change(bases, start + 1, ref, alt))
            assert shortest(start + 1, ref, alt, bases) == expected
