"""One line states the measure, its value and the data that was held out."""

from dataclasses import replace

import pytest
from oracles import bank_card, deepbind_config, model_card

from varbind.bank.bank import Bank
from varbind.effect.effect_model import EffectCard
from varbind.train.held_out_quality import binding_quality, effect_quality, held_out


def trained_bank(*ratings):
    """A bank of models with the measure and the rating of their best setting; None = a matrix."""
    models = []
    for number, rating in enumerate(ratings):
        members = [] if rating is None else [{"cross_validation": dict(zip(("measure", "mean"), rating, strict=True))}]
        card = model_card(f"m{number}", config=deepbind_config(window=9))
        models.append(replace(card, protein=f"P{number}", training={"members": [*members, *members]}))
    return Bank((bank_card(tuple(models)),), tuple(models), (), background=None)


@pytest.mark.parametrize(
    ("ratings", "text"),
    [
        ([("AUC", 0.9)], "AUC 0.900 over 1 protein"),
        ([("AUC", 0.9), None, ("AUC", 0.7), ("AUC", 0.8)], "median AUC 0.800 (0.700 to 0.900) over 3 proteins"),
        ([("AUC", 0.9), ("Pearson", 0.5)], "AUC 0.900 over 1 protein; Pearson 0.500 over 1 protein"),
        ([None], "not measured, no model was trained"),
    ],
)
def test_the_quality_of_a_bank(ratings, text):
    assert binding_quality(trained_bank(*ratings)) == f"held-out quality by cross-validation: {text}"


def test_the_quality_of_a_second_stage():
    heads = {
        "activity": {"held_out": held_out("mean Spearman correlation", [0.25, 0.35], "2 left-out loci", variants=1200)},
        "score": {"held_out": held_out("AUC", [None], "2 left-out loci", variants=1200)},
        "older": {"data": "without a measured quality"},
    }
    card = EffectCard("x", "1", "d", "l", {}, ["A"], ["A"], heads=heads)
    assert effect_quality(card) == (
        "held-out quality: activity: mean Spearman correlation 0.300 on 2 left-out loci (1,200 variants); "
        "score: AUC not defined on 2 left-out loci (1,200 variants)"
    )
