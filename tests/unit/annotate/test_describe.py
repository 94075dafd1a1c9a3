"""Every phrase of the description of one allele."""

import re
from math import nan

import pytest

from varbind.annotate.annotated_variants import AnnotatedVariant, NearbyGene
from varbind.annotate.describe import describe, frequency_text, shortened, summary
from varbind.annotate.info_fields import _FLAGS as FLAGS
from varbind.annotate.info_reader import UNANNOTATED, ProteinChange
from varbind.core.transcript import TranscriptRegion
from varbind.core.variant import Status

NUMBERS = {"PHRED": 30.0, "SCORE": 0.4, "ACTIVITY": -1.0, "ACTIVITY_SE": 0.2, "LOSS_PHRED": 27.0, "GAIN_PHRED": 3.0}
GENES = (NearbyGene("GENE1", "T1", -78, ""),)
ETS, SP, OWN = ProteinChange("Ets-related", "ELK4"), ProteinChange("Sp1-like", "SP1"), ProteinChange("REST", "REST")


def variant(ref="C", alt="G", *, numbers=NUMBERS, genes=GENES, **fields):
    return AnnotatedVariant("chr1", 100, "rs1", ref, alt, numbers=dict(numbers), genes=tuple(genes), **fields)


def part(label, *words, **fields):
    return dict(describe(variant(*words, **fields)))[label]


@pytest.mark.parametrize(
    ("phred", "text"),
    [
        (0, "about 100 in 100"), (3, "about 50 in 100"), (5, "about 1 in 3"), (10, "about 1 in 10"),
        (27, "about 1 in 500"), (29.9, "about 1 in 980"), (32.4, "about 1 in 1,700"), (60, "about 1 in 1,000,000"),
        (61, "fewer than 1 in 1,000,000"),
    ],
)  # fmt: skip
def test_a_phred_in_words(phred, text):
    assert frequency_text(phred) == text


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (-78, "lies 78 bases upstream of the transcription start of GENE1."),
        (-1, "lies 1 base upstream of the transcription start of GENE1."),
        (0, "lies at the transcription start of GENE1."),
        (1200, "lies 1,200 bases downstream of the transcription start of GENE1."),
    ],
)
def test_distance(distance, text):
    assert part("Gene", genes=[NearbyGene("GENE1", "", distance, "")]) == f"The change of 1 base {text}"


@pytest.mark.parametrize(
    ("ref", "alt", "text"),
    [
        ("C", "CGGA", "The insertion of 3 bases"), ("CG", "C", "The deletion of 1 base"),
        ("TGG", "GTT", "The change of 3 bases"), ("TAG", "CC", "The replacement of 3 bases by 2"),
    ],
)  # fmt: skip
def test_kind_of_change(ref, alt, text):
    assert part("Gene", ref, alt).startswith(f"{text} lies 78 bases")


@pytest.mark.parametrize("region", TranscriptRegion)
def test_every_region(region):
    text = part("Gene", genes=[NearbyGene("GENE1", "", 40, region)])
    stated = region not in {TranscriptRegion.UPSTREAM, TranscriptRegion.DOWNSTREAM}
    assert (", in " in text) == stated
    warns = region in {TranscriptRegion.CDS, TranscriptRegion.SPLICE}
    assert ("may matter more than the effect on the promoter" in text) == warns


def test_several_genes_and_none():
    genes = [NearbyGene(f"GENE{number}", "", -10 * number, "") for number in range(1, 6)]
    text = part("Gene", genes=genes)
    assert "It also lies 20 bases upstream of the transcription start of GENE2. It also lies 30 bases" in text
    assert text.endswith("The promoters of 2 more genes contain it as well.")
    assert "GENE4" not in text
    assert "was scored without a gene" in part("Gene", genes=())


def test_candidates_of_a_loss():
    text = part("Loss", losses=(ETS, SP, OWN, ETS))
    assert text == (
        "The largest predicted loss of binding is that of ELK4 (family Ets-related). A loss this large, of any family, "
        "is found in about 1 in 500 background promoter variants of the same kind and size (LOSS_PHRED 27.0). The next "
        "candidates are SP1 (family Sp1-like) and REST."
    )
    assert part("Loss", losses=(ETS, SP)).endswith("The next candidate is SP1 (family Sp1-like).")
    assert part("Loss", losses=(OWN,)).endswith(
        "No other candidate is listed; varbind annotate --top sets how many are."
    )
    assert "is that of REST." in part("Loss", losses=(OWN,))
    assert part("Loss") == "No loss of binding is listed."


def test_a_common_gain_is_called_nothing_unusual():
    text = part("Gain", gains=(SP,))
    assert text.startswith("Nothing unusual: the largest predicted gain of binding is that of SP1 (family Sp1-like).")
    assert "about 50 in 100 background promoter variants" in text
    assert "PHRED" not in part("Gain", gains=(SP, ETS), numbers={})


def test_activity_with_its_error():
    assert part("Activity") == (
        "Promoter activity is expected to fall to about 50 % of that of REF (ACTIVITY -1 log2); with its standard error"
        " of 0.2, to between 44 and 57 %."
    )
    uncertain = part("Activity", numbers={"ACTIVITY": 0.3, "ACTIVITY_SE": 0.2})
    assert "to rise to about 123 %" in uncertain
    assert uncertain.endswith("so even the direction is uncertain.")
    assert part("Activity", numbers={"ACTIVITY": 1.0}).endswith("to rise to 200 % of that of REF (ACTIVITY +1 log2).")
    assert "without a second stage" in part("Activity", numbers={})
    assert part("Activity", numbers={"ACTIVITY": 0.0, "ACTIVITY_SE": 0.0}).startswith("No change of promoter activity")


def test_rarity():
    assert part("Rarity") == (
        "So high a probability of lower activity is found in about 1 in 1,000 background promoter variants of the same "
        "kind and size (PHRED 30.0). SCORE is 0.40, the estimated probability of a change of activity by more than 0.3 "
        "log2."
    )
    assert "it is 0.70 (SCORE_CONS)" in part("Rarity", numbers=NUMBERS | {"SCORE_CONS": 0.7})
    assert part("Rarity", numbers=NUMBERS | {"SCORE_CONS": 0.7, "CONS_PHRED": 27.0}).endswith(
        "With the evidence of conservation it is 0.70 (SCORE_CONS). With this evidence about 1 in 500 background "
        "variants rank as high (CONS_PHRED 27.0)."
    )
    assert "no PHRED for this allele" in part("Rarity", numbers={})


@pytest.mark.parametrize("status", [*list(Status)[1:], UNANNOTATED, "from_the_future"])
def test_every_status_is_explained(status):
    parts = dict(describe(variant(why_not=status)))
    assert list(parts) == ["Gene", "Status"]
    assert re.match(rf"{re.escape(status)}: the allele has no score, because .*\.$", parts["Status"])
    assert ("does not say why" in parts["Status"]) == (status == "from_the_future")
    assert list(dict(describe(variant(why_not=status, genes=())))) == ["Status"]


def test_every_flag_is_explained():
    for flag in FLAGS:
        assert re.search(rf"scored\. {flag}: .{{30,}}\.$", part("Status", flags=(flag,)))
    assert "new: a caveat that this version does not know." in part("Status", flags=("new",))


def test_filter():
    assert part("Status", filter="LowQual").endswith("FILTER is LowQual.")
    assert part("Status", filter="PASS") == part("Status") == "ok: the allele was scored."


def test_a_long_allele_is_shortened():
    assert shortened("ACGT", 4) == "ACGT"
    assert shortened("ACGTA", 4) == "ACG\N{HORIZONTAL ELLIPSIS}"


LOSS = ProteinChange("Ets-related", "ELK4", "ELK4.1", -1.25, -6.28)
GAIN = ProteinChange("ZNF24", "ZNF24", "ZNF24", 0.5, 3.14)
NO_CHANGE = "No loss or gain of binding is listed."


@pytest.mark.parametrize(
    ("gene", "distance", "words"),
    [
        ("MYC", -78, "The allele lies 78 bases upstream of the transcription start of MYC. "),
        ("MYC", 1, "The allele lies 1 base downstream of the transcription start of MYC. "),
        ("MYC", -1, "The allele lies 1 base upstream of the transcription start of MYC. "),
        ("MYC", 0, "The allele lies at the transcription start of MYC. "),
        ("MYC", 12345, "The allele lies 12,345 bases downstream of the transcription start of MYC. "),
        ("", 5, "The allele lies 5 bases downstream of the transcription start of a gene without a symbol. "),
        ("", None, ""),
    ],
)
def test_the_place_in_a_summary(gene, distance, words):
    assert summary(NearbyGene(gene, "", distance, "") if distance is not None else None) == words + NO_CHANGE


@pytest.mark.parametrize(
    ("loss", "gain", "words"),
    [
        (
            LOSS,
            GAIN,
            (
                "The strongest loss of binding is that of ELK4 (family Ets-related, z = -6.3), "
                "the strongest gain that of ZNF24 (z = 3.1)."
            ),
        ),
        (
            LOSS,
            None,
            "The strongest loss of binding is that of ELK4 (family Ets-related, z = -6.3); no gain is listed.",
        ),
        (None, GAIN, "The strongest gain of binding is that of ZNF24 (z = 3.1); no loss is listed."),
        (None, None, NO_CHANGE),
    ],
)
def test_losses_and_gains_in_a_summary(loss, gain, words):
    assert summary(None, loss, gain) == words


def test_families_are_written_with_blanks():
    text = summary(None, ProteinChange("HD_CUT_like", "A_B", "m", 1, 2))
    assert "that of A_B (family HD CUT like, z = 2.0);" in text


def test_a_summary_names_the_region():
    text = summary(NearbyGene("MYC", "", 40, "UTR5"))
    assert text.startswith(
        "The allele lies 40 bases downstream of the transcription start of MYC, in its 5' untranslated"
    )


@pytest.mark.parametrize(
    ("activity", "error", "words"),
    [
        (-0.95, 0.13, "Promoter activity is predicted to fall (log2 change -0.95, standard error 0.13)."),
        (0.61, 0.23, "Promoter activity is predicted to rise (log2 change +0.61, standard error 0.23)."),
        (0.61, nan, "Promoter activity is predicted to rise (log2 change +0.61)."),
        (-0.34, 0.18, "No clear change of promoter activity is predicted (log2 change -0.34, standard error 0.18)."),
        (0.0, 0.0, "No clear change of promoter activity is predicted (log2 change +0, standard error 0)."),
        (nan, 0.1, ""),
    ],
)
def test_the_activity_in_a_summary(activity, error, words):
    assert summary(None, activity=activity, standard_error=error) == f"{NO_CHANGE} {words}".rstrip()


def test_a_summary_says_why_there_is_no_score():
    found = summary(NearbyGene("MYC", "", -7, "upstream"), LOSS, why_not="star")
    start = "The allele lies 7 bases upstream of the transcription start of MYC. It has no score, because "
    assert found == start + "* stands for a deletion that another record describes."
    assert summary(None, why_not="other") == "It has no score, because the file does not say why. Annotate it again."
