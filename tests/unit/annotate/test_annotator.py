"""A batch in, its lines out; what can be derived early is, and changes nothing."""

import pytest
from oracles import TextReference

from varbind.annotate.allele_status import Allele
from varbind.annotate.annotator import Annotator
from varbind.annotate.counts import Tally
from varbind.annotate.record_stream import Untouched
from varbind.annotate.tracks import Tracks
from varbind.core.variant import Status, Variant
from varbind.io.vcf.records import VcfRecord
from varbind.scoring.scorer import Scorer

GENOME = TextReference(c="ACGTTGCAAGTCCGGATA" * 20)


def entry(variant, *alleles):
    fields = ["c", str(variant.pos), ".", f"G{variant.ref}", f"G{variant.alt}", ".", ".", "DP=1"]
    record = VcfRecord("\t".join(fields).encode() + b"\n", 1, "x", 8)
    return record, [Allele(Status.OK, variant=variant), *alleles]


BATCH = [
    entry(Variant("c", 181, "A", "C")),
    Untouched(b"c\t182\t.\tC\tT\t.\t.\t.\n\n", 1),
    entry(Variant("c", 183, "G", ""), Allele(Status.STAR)),
    entry(Variant("c", 190, "", "TT")),
]


@pytest.fixture
def annotator(tiny_bank):
    with Scorer(tiny_bank, threads=1) as scorer, Tracks({}, {}) as tracks:
        yield Annotator(scorer, tiny_bank, GENOME, tracks, prefix="VARBIND", top=2)


def lines(annotator):
    windows = annotator.windows(BATCH)
    tally = Tally()
    written = list(annotator.lines(BATCH, windows, annotator.score(windows), tally))
    return written, tally


def test_windows_are_those_of_the_scorer(annotator, tiny_bank):
    variants = [found[1][0].variant for found in BATCH if not isinstance(found, Untouched)]
    with Scorer(tiny_bank, threads=1) as scorer:
        expected = [scorer.cut(variant, GENOME) for variant in variants]
    found = annotator.windows(BATCH)
    assert [(w.ref.tolist(), w.alt.tolist(), w.padded) for w in found] == [
        (w.ref.tolist(), w.alt.tolist(), w.padded) for w in expected
    ]


def test_lines_in_order_and_counted(annotator):
    written, tally = lines(annotator)
    assert written[1] == BATCH[1].data
    assert [b"VARBIND_STATUS=ok" in line for line in written] == [True, False, True, True]
    assert b"VARBIND_STATUS=ok,star\n" in written[2]
    assert (tally.records_written, tally.scored, tally.alleles[Status.STAR]) == (4, 3, 1)


def test_what_was_prepared_is_not_derived_while_lines_are_made(annotator, tiny_bank, monkeypatch):
    with Scorer(tiny_bank, threads=1) as scorer, Tracks({}, {}) as tracks:
        expected, _ = lines(Annotator(scorer, tiny_bank, GENOME, tracks, prefix="VARBIND", top=2))
    annotator.prepare(BATCH)
    monkeypatch.setattr("varbind.bank.binding_changes.SignedTails", None)
    assert lines(annotator)[0] == expected


def test_preparing_derives_the_kinds_of_the_batch_alone(annotator, monkeypatch):
    annotator.prepare(BATCH[:2])
    monkeypatch.setattr("varbind.bank.binding_changes.SignedTails", None)
    annotator.prepare(BATCH[:2])
    with pytest.raises(TypeError):
        annotator.prepare(BATCH[2:])


def test_nothing_to_score(annotator):
    assert annotator.windows(BATCH[1:2]) == []
    annotator.prepare(BATCH[1:2])
    assert annotator.score([]) is None
    assert list(annotator.lines(BATCH[1:2], [], None, Tally())) == [BATCH[1].data]
