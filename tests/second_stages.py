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
from varbind.effect.local import LocalHead
from varbind.effect.score import ScoreHead
from varbind.scoring.background import BackgroundRecipe, add_background

CUTOFF = {
    "name": "recommended",
    "phred": 15.0,
    "precision": 0.75,
    "precision_low": 0.65,
    "precision_high": 0.85,
    "recall": 0.25,
    "base_rate": 0.125,
    "background": 0.03,
}
RECIPE = BackgroundRecipe(snvs=300, others=100, seed=5)
TRACKS = ("phyloP_a", "share_b")
HEADS = ("local", "activity", "score", "deepfind", "conservation")
OWN_TRACKS = dict(zip(TRACKS, TRACKS, strict=True))
"""The tracks of a run that has them under the very names that the heads know."""
MOTIFS = {"M1": E_BOX, "M2": CRE, "M3": TATA}


def scored_bank(name="motifs"):
    """Three models that count the bases of a motif, with a background."""
    models = [motif_model(model_id, f"P{model_id}", motif) for model_id, motif in MOTIFS.items()]
    return add_background(motif_bank(*models, name=name), recipe=RECIPE)


def random_scale(rng, models):
    """A scale of no bank."""
    return BindingScale(rng.uniform(0.1, 2, models), rng.normal(size=models), rng.uniform(0.1, 2, models))


def random_local(rng, units=(3, 4, 5), outputs=2):
    """A network of a few units, of another number in each layer."""
    arrays, before = {}, 4
    for name, after in zip(("first", "second", "third"), units, strict=True):
        arrays[name] = rng.normal(size=(5, before, after)).astype(np.float32)
        arrays[f"{name}_bias"] = rng.normal(size=after).astype(np.float32)
        before = after
    return LocalHead(**arrays, output=rng.normal(size=(before, outputs)).astype(np.float32))


def random_activity(rng, scale, loci=9, outputs=0):
    """Weights of as many models as the scale has, and of so many outputs of a local head."""
    models = len(scale.spread)
    refits = rng.normal(size=(loci, 2 * models + outputs)).astype(np.float32)
    return ActivityHead(scale, rng.normal(size=(2, models)), rng.normal(0, 0.1, outputs), refits)


def random_score(rng):
    """It rises with all evidence, and a change is the likelier a loss the lower the activity."""
    direction = np.array([rng.normal(), -rng.uniform(0.5, 2)])
    return ScoreHead(rng.uniform(0.01, 0.1, 2), rng.uniform(0.2, 1, 4), float(rng.normal(-3)), direction)


def random_deepfind(rng, features, networks=2, units=3):
    """Networks of a few units."""
    shapes = DeepFindHead.expected_shapes(len(features), networks, units)
    arrays = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    arrays["spread"] = np.abs(arrays["spread"]) + np.float32(0.1)
    return DeepFindHead(features=tuple(features), limit=6.0, **arrays)


def random_conservation(rng, tracks=TRACKS):
    """A network of four units that rises with every track."""
    count, units = len(tracks), 4
    common = np.sort(rng.normal(size=(2**count, 20)), axis=1)
    common[0] = 0
    return ConservationHead(
        tuple(tracks),
        is_share=np.arange(count) == 1,
        levels=np.array([np.linspace(0, 1, 50)] * count),
        value_weights=rng.uniform(0.1, 1, (count, units)),
        mask_weights=rng.normal(size=(count, units)),
        biases=rng.uniform(0, 2, units),
        output=rng.uniform(0.1, 0.5, units),
        constant=-1.0,
        slopes=rng.uniform(0.5, 1, 2**count),
        bounds=np.array([-3.0, 3.0]),
        common=common.astype(np.float32),
        weight=0.75,
    )


def random_curves(rng, kinds):
    """Curves of these kinds, and another one for alleles without a start."""
    sample, without = ({VariantKind(kind): logs_of_shares(rng) for kind in kinds} for _ in range(2))
    strengths = {VariantKind(kind): ShareCurve.of(rng.normal(size=500)) for kind in kinds}
    return {"score": sample, "score_no_tss": without, "loss": strengths, "gain": strengths}


def logs_of_shares(rng):
    """The curve of logarithms of probabilities."""
    return ShareCurve.of(3 * np.log(rng.uniform(0.001, 1, size=500)))


def random_effect(bank, *, seed=0, heads=HEADS, curves=("snv", "ins_1")):
    """A second stage over all models of a bank, with those heads and kinds of curve that are asked for."""
    rng, ids = np.random.default_rng(seed), list(bank.model_ids)
    scale = BindingScale.of_cards(bank.models, bank.cards[0].quantile_levels)
    names = (*binding_features(ids), TSS_DISTANCE, TRANSVERSION, TRACKS[0], f"{TRACKS[0]}:51", "of_another")
    made = {
        "local": random_local(rng),
        "activity": random_activity(rng, scale, outputs=2 if "local" in heads else 0),
        "score": random_score(rng),
        "deepfind": random_deepfind(rng, names),
        "conservation": random_conservation(rng),
    }
    card = EffectCard(
        name="random",
        version="1",
        description="of random weights",
        licence="none",
        bank={"name": bank.cards[0].name, "sha256": "none"},
        model_ids=ids,
        default_ids=list(bank.select_default().model_ids),
        cutoffs=[CUTOFF],
    )
    keys = np.unique(rng.integers(1 << 32, size=20, dtype=np.uint32))
    return EffectModel(
        card,
        {name: made[name] for name in heads},
        curves=random_curves(rng, curves) if curves else {},
        trained_on=keys,
    )
