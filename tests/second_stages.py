"""Second stages of random weights over a bank of motifs, with every head there is."""

import numpy as np
from motif_banks import CRE, E_BOX, TATA, motif_bank, motif_model

from varbind.bank.background import VariantKind
from varbind.bank.binding_scale import BindingScale
from varbind.bank.null_distribution import ShareCurve
from varbind.effect.activity import ActivityHead
from varbind.effect.conservation import ConservationHead
from varbind.effect.deepfind import DeepFindHead
from varbind.effect.effect_model import EffectCard, EffectModel
from varbind.effect.features import TRANSVERSION, TSS_DISTANCE, binding_features
from varbind.effect.score import ScoreHead
from varbind.scoring.background import BackgroundRecipe, add_background

RECIPE = BackgroundRecipe(snvs=300, others=100, seed=5)
TRACKS = ("phyloP_a", "share_b")
MOTIFS = {"M1": E_BOX, "M2": CRE, "M3": TATA}


def scored_bank(name="motifs"):
    """Three models that count the bases of a motif, with a background."""
    models = [motif_model(model_id, f"P{model_id}", motif) for model_id, motif in MOTIFS.items()]
    return add_background(motif_bank(*models, name=name), recipe=RECIPE)


def random_scale(rng, models):
    """A scale of no bank."""
    return BindingScale(rng.uniform(0.1, 2, models), rng.normal(size=models), rng.uniform(0.1, 2, models))


def random_activity(rng, scale, loci=9):
    """Weights of as many models as the scale has."""
    models = len(scale.spread)
    refits = rng.normal(size=(loci, 2, models)).astype(np.float32)
    return ActivityHead(scale, rng.normal(size=(2, models)), refits)


def random_score(rng):
    """It rises with both sizes."""
    return ScoreHead(rng.uniform(0.01, 0.1, 2), rng.uniform(0.2, 1, 2), float(rng.normal()))


def random_deepfind(rng, features, networks=2, units=3):
    """Networks of a few units."""
    shapes = DeepFindHead.expected_shapes(len(features), networks, units)
    arrays = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    arrays["spread"] = np.abs(arrays["spread"]) + np.float32(0.1)
    return DeepFindHead(features=tuple(features), limit=6.0, **arrays)


def random_conservation(rng, tracks=TRACKS):
    """Two Gaussians that a track or two tell apart, more conserved = more odds."""
    count = len(tracks)
    return ConservationHead(
        tuple(tracks),
        is_share=np.arange(count) == 1,
        clips=np.array([[-9.0] * count, [9.0] * count]),
        means=np.array([[0.0] * count, [1.0] * count]),
        covariances=np.array([np.eye(count)] * 2),
        slopes=rng.uniform(0.5, 1, 2**count),
        bounds=np.array([-3.0, 3.0]),
    )


def random_effect(bank, *, seed=0, heads=("activity", "score", "deepfind", "conservation"), curves=("snv", "ins_1")):
    """A second stage over all models of a bank, with those heads and kinds of curve that are asked for."""
    rng, ids = np.random.default_rng(seed), list(bank.model_ids)
    scale = BindingScale.of_cards(bank.models, bank.cards[0].quantile_levels)
    names = (*binding_features(ids), TSS_DISTANCE, TRANSVERSION, TRACKS[0], f"{TRACKS[0]}:51", "of_another")
    made = {
        "activity": random_activity(rng, scale),
        "score": random_score(rng),
        "deepfind": random_deepfind(rng, names),
        "conservation": random_conservation(rng),
    }
    sample = {VariantKind(kind): ShareCurve.of(rng.normal(size=500)) for kind in curves}
    card = EffectCard(
        name="random",
        version="1",
        description="of random weights",
        licence="none",
        bank={"name": bank.cards[0].name, "sha256": "none"},
        model_ids=ids,
        default_ids=list(bank.select_default().model_ids),
        cutoffs=[{"score": 0.5, "precision": 0.75, "recall": 0.25, "background": 0.01}],
    )
    keys = np.unique(rng.integers(1 << 32, size=20, dtype=np.uint32))
    return EffectModel(
        card,
        {name: made[name] for name in heads},
        curves={"score": sample, "loss": sample, "gain": sample} if curves else {},
        trained_on=keys,
    )
