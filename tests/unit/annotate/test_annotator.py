"""The lines of a batch are annotated in order; background distributions that are derived early change nothing."""

import numpy as np
import pytest
from oracles import TextReference
from second_stages import random_effect, scored_bank

from varbind.annotate.allele_status import Allele
from varbind.annotate.annotator import Annotator
from varbind.annotate.counts import AnnotationCounts
from varbind.annotate.record_stream import Piece, batches_of
from varbind.annotate.tracks import Tracks
from varbind.core.tss import GeneHit, TranscriptionStart
from varbind.core.variant import Status, Variant
from varbind.effect.second_stage import SecondStage
from varbind.io.vcf.records import VcfRecord
from varbind.scoring.scorer import Scorer

GENOME = TextReference(c="ACGTTGCAAGTCCGGATA" * 20)


def annotated(variant, *alleles):
    fields = ["c", str(variant.pos), ".", f"G{variant.ref}", f"G{variant.alt}", ".", ".", "DP=1"]
    record = VcfRecord("\t".join(fields).encode() + b"\n", 1, "x", 8)
    return Piece(record.line, 1, record, [Allele(Status.OK, variant=variant), *alleles])


UNCHANGED = b"c\t182\t.\tC\tT\t.\t.\t.\n\n"
PIECES = [
    annotated(Variant("c", 181, "A", "C")),
    Piece(UNCHANGED, 1),
    annotated(Variant("c", 183, "G", ""), Allele(Status.STAR)),
    annotated(Variant("c", 190, "", "TT")),
]


def batch_of(*pieces):
    (batch,) = batches_of(pieces, 1_000)
    return batch


BATCH = batch_of(*PIECES)


@pytest.fixture
def annotator(tiny_bank):
    with Scorer(tiny_bank, threads=1) as scorer, Tracks({}, {}) as tracks:
        yield Annotator(scorer, tiny_bank, GENOME, tracks, prefix="VARBIND", top=2)


def lines(annotator):
    windows = annotator.windows(BATCH)
    counts = AnnotationCounts()
    return annotator.lines(BATCH, windows, annotator.score(windows), counts), counts


def test_windows_are_those_of_the_scorer(annotator, tiny_bank):
    with Scorer(tiny_bank, threads=1) as scorer:
        expected = [scorer.cut(alleles[0].variant, GENOME) for alleles in BATCH.alleles]
    found = annotator.windows(BATCH)
    assert [(w.ref.tolist(), w.alt.tolist(), w.padded) for w in found] == [
        (w.ref.tolist(), w.alt.tolist(), w.padded) for w in expected
    ]


def test_lines_in_order_and_counted(annotator):
    written, counts = lines(annotator)
    rows = written.splitlines(keepends=True)
    assert b"".join(rows[1:3]) == UNCHANGED
    assert [b"VARBIND_STATUS=ok" in row for row in rows] == [True, False, False, True, True]
    assert rows[3].endswith(b"VARBIND_STATUS=ok,star\n")
    assert [row.split(b"\t")[1] for row in rows if row.strip()] == [b"181", b"182", b"183", b"190"]
    assert (counts.records_written, counts.scored, counts.alleles[Status.STAR]) == (4, 3, 1)


def test_what_was_prepared_is_not_derived_while_lines_are_made(annotator, tiny_bank, monkeypatch):
    with Scorer(tiny_bank, threads=1) as scorer, Tracks({}, {}) as tracks:
        expected, _ = lines(Annotator(scorer, tiny_bank, GENOME, tracks, prefix="VARBIND", top=2))
    annotator.prepare(BATCH)
    monkeypatch.setattr("varbind.bank.binding_changes.SignedTails", None)
    assert lines(annotator)[0] == expected


def test_preparing_derives_the_kinds_of_the_batch_alone(annotator, monkeypatch):
    annotator.prepare(batch_of(*PIECES[:2]))
    monkeypatch.setattr("varbind.bank.binding_changes.SignedTails", None)
    annotator.prepare(batch_of(*PIECES[:2]))
    with pytest.raises(TypeError):
        annotator.prepare(batch_of(*PIECES[2:]))


@pytest.mark.parametrize("heads", [{"activity", "score"}, {"activity", "deepfind"}])
def test_alleles_without_a_transcription_start_are_flagged_where_phred_compares_them(heads):
    """The condition is that of `VariantSites.tss_distance`, which the heads read."""
    bank = scored_bank()
    effect = random_effect(bank, heads=heads)
    hit = GeneHit(TranscriptionStart("c", 150, "+", "GENE"), -7)
    far = GeneHit(TranscriptionStart("c", 150, "+", "GENE"), -100_000)
    genes = [(hit,), (), (far, hit), ()]
    places = [Variant("c", 181 + 18 * place, "A", "C") for place in range(4)]
    alleles = [Allele(Status.OK, variant=variant, genes=near) for variant, near in zip(places, genes, strict=True)]
    alleles.append(Allele(Status.STAR))
    line = b"c\t181\t.\tG\tC,C,C,C,*\t.\t.\tDP=1\n"
    batch = batch_of(Piece(line, 1, VcfRecord(line, 1, "x", 8), alleles))
    with Scorer(bank, threads=1) as scorer, Tracks({}, {}) as tracks:
        second = SecondStage(effect, bank.model_ids)
        annotator = Annotator(scorer, bank, GENOME, tracks, second=second, prefix="VARBIND", top=2)
        seen = []
        predict = second.predict
        second.predict = lambda scores, sites, kinds, windows, flank: (
            seen.append(sites) or predict(scores, sites, kinds)
        )
        windows = annotator.windows(batch)
        text = annotator.lines(batch, windows, annotator.score(windows), AnnotationCounts()).decode()
    info = dict(word.split("=") for word in text.rstrip("\n").split("\t")[7].split(";"))
    assert ("VARBIND_PHRED" in info) == ("score" in heads)
    flagged = [flag == "no_tss" for flag in info.get("VARBIND_FLAG", ".,.,.,.,.").split(",")]
    assert np.isnan(seen[0].tss_distance).tolist() == [False, True, False, True]
    assert flagged == ([False, True, False, True, False] if "score" in heads else [False] * 5)


def test_nothing_to_score(annotator):
    batch = batch_of(PIECES[1])
    assert annotator.windows(batch) == []
    annotator.prepare(batch)
    assert annotator.score([]) is None
    assert annotator.lines(batch, [], None, AnnotationCounts()) == UNCHANGED
