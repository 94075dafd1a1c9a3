"""The protocol of 2015 on the authors' own scores, of the five proteins at hand: gene-matched variants, random folds.

python workflows/train-effect/authors.py DATA/deepfind [EPOCHS]
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from varbind.effect.deepfind import DeepFindHead, deepfind_logits, standardised
from varbind.train.deepfind import DeepFindSetting, fit_network
from varbind.train.metrics import auc

FOLDS = 5
FEATURES = ["tss_distance_feature", "is_transversion"]


def main() -> None:
    """Print the AUC of each fold."""
    folder = Path(sys.argv[1])
    variants = pd.read_csv(folder / "variants.tsv.gz", sep="\t", dtype={"chrom": str})
    with np.load(folder / "published_scores.npz", allow_pickle=False) as scores:
        models = [str(name) for name in scores["model_ids"]]
        wild, mutant = (np.stack([scores[name][:, place] for name in models], axis=1) for place in (0, 1))
    chosen = (variants.matched == 1).to_numpy()
    binding = np.hstack([wild, mutant - wild])[chosen]
    sites = variants.loc[chosen, FEATURES].to_numpy(dtype=np.float32)
    labels = (variants.set == "simulated").to_numpy()[chosen]
    setting = DeepFindSetting.as_published()
    if len(sys.argv) > 2:
        setting = replace(setting, epochs=int(sys.argv[2]), patience=int(sys.argv[2]))
    print(f"{len(labels):,} variants, {', '.join(models)}, {setting.epochs} epochs")
    for name, features in (
        ("sites", sites),
        ("scores", binding),
        ("scores, sites", np.hstack([binding, sites])),
    ):
        areas = [judge(features, labels, fold, setting) for fold in range(FOLDS)]
        print(f"{name}: {np.mean(areas):.3f} ({', '.join(f'{area:.3f}' for area in areas)})", flush=True)


def judge(features: np.ndarray, labels: np.ndarray, fold: int, setting: DeepFindSetting) -> float:
    """AUC of a random fifth by a network whose epoch another twentieth chose."""
    part = np.random.default_rng(1).integers(FOLDS * 20, size=len(labels))
    test, validation = part // 20 == fold, (part // 20 != fold) & (part % 20 == 0)
    center, spread = features[~test].mean(axis=0), features[~test].std(axis=0)
    inputs = standardised(features, center, spread, setting.limit)
    network = fit_network(inputs[~test], labels[~test], validation[~test], setting, seed=fold)
    arrays = {key: array[None] for key, array in network.arrays.items()}
    names = tuple(map(str, range(features.shape[1])))
    head = DeepFindHead(names, center, spread, setting.limit, **arrays)
    return auc(labels[test], deepfind_logits(head, features[test])) or 0.0


if __name__ == "__main__":
    main()
