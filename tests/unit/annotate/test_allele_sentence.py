"""The sentence about an allele, phrase by phrase."""

from math import nan

import pytest

from varbind.annotate.allele_sentence import StrongestChange, allele_sentence

LOSS = StrongestChange("Ets-related", "ELK4", "ELK4.1", -1.25, -6.28)
GAIN = StrongestChange("ZNF24", "ZNF24", "ZNF24", 0.5, 3.14)
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
def test_the_place(gene, distance, words):
    assert allele_sentence(gene=gene, distance=distance) == words + NO_CHANGE


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
            "The strongest loss of binding is that of ELK4 (family Ets-related, z = -6.3); no protein gains binding.",
        ),
        (None, GAIN, "The strongest gain of binding is that of ZNF24 (z = 3.1); no protein loses binding."),
        (None, None, NO_CHANGE),
    ],
)
def test_losses_and_gains(loss, gain, words):
    assert allele_sentence(loss=loss, gain=gain) == words


def test_families_are_written_with_blanks():
    assert StrongestChange("HD_CUT_like", "A_B", "m", 1, 2).words() == "A_B (family HD CUT like, z = 2.0)"


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
def test_the_activity(activity, error, words):
    assert allele_sentence(activity=activity, standard_error=error) == f"{NO_CHANGE} {words}".rstrip()


def test_an_allele_without_a_score_says_why():
    found = allele_sentence(gene="MYC", distance=-7, why_not="ref_mismatch")
    assert found == (
        "The allele lies 7 bases upstream of the transcription start of MYC. It has no score: ref mismatch."
    )
