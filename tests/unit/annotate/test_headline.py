"""The sentence of one allele: what it breaks or makes, where, what is expected, and how rare that is."""

import pytest

from varbind.annotate.annotated_variants import AnnotatedVariant, NearbyGene
from varbind.annotate.headline import direction_of, headline, strongest_change
from varbind.annotate.info_reader import ProteinChange

SP = ProteinChange("Sp1-like", "SP4", "SP4", -1.7, -8.0)
REST = ProteinChange("REST", "REST", "REST", 2.0, 9.0)
LOSS = {"PHRED": 23.0, "LOSS_PHRED": 22.0, "GAIN_PHRED": 1.0, "ACTIVITY": -0.3, "ACTIVITY_SE": 0.1}


LDLR = NearbyGene("LDLR", "", -42, "")


def variant(numbers=LOSS, *, genes=(LDLR,), losses=(SP,), gains=(REST,)):
    return AnnotatedVariant("chr1", 5, "", "A", "C", numbers=dict(numbers), genes=genes, losses=losses, gains=gains)


def test_a_loss_in_full():
    assert headline(variant()) == (
        "Breaks a probable site of Sp1-like (SP4) 42 bases upstream of the start of LDLR; expected to lower activity "
        "(\N{MINUS SIGN}0.30 \N{PLUS-MINUS SIGN} 0.10 log2); about 1 in 200 random promoter changes is as likely to "
        "lower activity."
    )


@pytest.mark.parametrize(
    ("changed", "start"),
    [
        ({"LOSS_PHRED": 15.0}, "May break a site of Sp1-like (SP4) 42 bases"),
        ({"LOSS_PHRED": 9.9}, "No unusual change of binding, 42 bases upstream"),
        ({"GAIN_PHRED": 40.0}, "Makes a probable site of REST 42 bases"),
        ({"GAIN_PHRED": 22.5, "LOSS_PHRED": 1.0}, "Makes a probable site of REST"),
    ],
)
def test_the_site(changed, start):
    assert headline(variant(LOSS | changed)).startswith(start)


@pytest.mark.parametrize(
    ("changed", "part", "direction"),
    [
        ({"ACTIVITY": 0.3}, "expected to raise activity (+0.30", "higher"),
        ({"ACTIVITY": -0.19}, "no clear change of activity expected", "unclear"),
        ({"ACTIVITY": 0.0}, "no clear change of activity expected (+0.00", "unclear"),
        ({"ACTIVITY": -0.001}, "(+0.00", "unclear"),
    ],
)
def test_the_direction(changed, part, direction):
    changed_variant = variant(LOSS | changed)
    assert part in headline(changed_variant)
    assert direction_of(changed_variant) == direction


@pytest.mark.parametrize(
    ("numbers", "end"),
    [
        ({"PHRED": 3.0, "GAIN_PHRED": 30.0}, "1 in 1,000 random promoter changes makes as strong a site."),
        ({"PHRED": 3.0, "LOSS_PHRED": 30.0}, "1 in 1,000 random promoter changes breaks as strong a site."),
        ({"PHRED": 5.0}, "not rare: about 1 in 3 random promoter changes are as likely to lower activity."),
    ],
)  # fmt: skip
def test_rarity(numbers, end):
    assert headline(variant(numbers)).endswith(end)


def test_places_and_missing_values():
    assert "at the start of G" in headline(variant(genes=(NearbyGene("G", "", 0, ""),)))
    assert "1 base downstream of the start of a gene without a symbol" in headline(
        variant(genes=(NearbyGene("", "", 1, ""),))
    )
    assert headline(variant({}, genes=(), losses=(), gains=())) == "No unusual change of binding."
    assert headline(variant({}, genes=())) == "May make a site of REST."
    assert direction_of(variant({})) == ""


def test_the_rarer_change_is_the_strongest():
    assert strongest_change(variant()) == ("loss", SP)
    assert strongest_change(variant({"LOSS_PHRED": 3.0, "GAIN_PHRED": 4.0})) == ("gain", REST)
    assert strongest_change(variant({})) == ("gain", REST), "by z, where no PHRED is known"
    assert strongest_change(variant(losses=(), gains=())) is None
