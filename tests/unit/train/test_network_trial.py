"""Networks of all papers learn 64 sequences by heart, whatever their labels."""

from dataclasses import replace

import numpy as np
import pytest
from published_networks import NAMES, few_kernels, random_codes
from quick_cases import first_quick

pytest.importorskip("torch", reason="needs the extra `train`")
from sklearn.metrics import roc_auc_score

from varbind.train.network_trial import Descent, InitialWeights, LabelledSequences, NetworkTrial, Rule

SEQUENCES = 64
QUICK = [("koo", "cnn-25"), ("zeng", "1layer"), ("deepgmap", "conv4-frss"), ("deepgmap", "danq-frss")]
RULES = {
    "koo": Descent(rate=3e-3, batch=32),
    "zeng": Descent(Rule.ADADELTA, rate=1.0, epsilon=1e-6, batch=32, initial=InitialWeights.XAVIER),
    "deepgmap": Descent(rate=3e-3, batch=32),
}


def labelled(config, *, planted=""):
    """Random sequences with random labels, or with a motif in those that are labelled 1."""
    rng = np.random.default_rng(5)
    codes = random_codes(rng, SEQUENCES, config.input_length, bases=4)
    labels = rng.permuted(np.repeat([[0], [1]], SEQUENCES // 2, axis=0).repeat(config.outputs, axis=1), axis=0)
    for row in np.flatnonzero(labels[:, 0]) if planted else []:
        at = rng.integers(config.input_length - len(planted))
        codes[row, at : at + len(planted)] = ["ACGT".index(base) for base in planted]
    return LabelledSequences(codes, labels.astype(np.int8))


@pytest.mark.parametrize(("family", "name"), first_quick([*QUICK, *(p for p in NAMES if p not in QUICK)], len(QUICK)))
def test_every_network_learns_64_sequences_by_heart(family, name):
    """The network with one kernel has one number for each sequence, so it learns a motif.

    That with kernels of three bases and maxima over 50 positions, in which most words of three occur, needs them all.
    """
    kernels = {"1motif": 1, "cnn3-50": 64}.get(name, 12)
    config = few_kernels(family, name, kernels=kernels, hidden=32, recurrent=12)
    examples = labelled(config, planted="GATTACAGAT" if name == "1motif" else "")
    trial = NetworkTrial(config, replace(RULES[family], dropout=0.0), examples, np.arange(SEQUENCES), seed=0)
    first = trial.advance(1)
    for _ in range(60):
        trial.advance(10)
        outputs = trial.outputs(examples.codes)
        losses = np.logaddexp(0, np.where(examples.labels == 1, -outputs, outputs))
        if losses.mean() < 0.1:
            break
    assert first > 0.5
    assert losses.mean() < 0.1
    for labels, scores in zip(examples.labels.T, outputs.T, strict=True):
        assert roc_auc_score(labels, scores) == 1
    assert not trial.has_diverged
