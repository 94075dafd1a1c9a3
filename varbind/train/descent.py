"""How the weights of a network start and are changed, in the words of the papers and without torch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Descent", "InitialWeights", "Rule"]


class Rule(StrEnum):
    """The rule by which an optimizer of torch changes the weights."""

    ADAM = "adam"
    ADADELTA = "adadelta"
    RMSPROP = "rmsprop"


class InitialWeights(StrEnum):
    """The distribution of the initial weights; biases are zero.

    `HE` (He et al. 2015) is normal with variance 2 / inputs; `XAVIER` is uniform with variance 1 / inputs, as in Caffe;
    `TRUNCATED` is normal with a stated standard deviation, without values beyond two of them.
    """

    HE = "he"
    XAVIER = "xavier"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Descent:
    """How the weights of a network are changed.

    Attributes:
        rule: the rule of the optimizer.
        rate: the learning rate.
        momentum: the share of the running means that a step keeps: rho of AdaDelta, alpha of RMSprop. Not used by Adam.
        epsilon: what is added to the denominator.
        weight_decay: the share of each weight that is added to its gradient; where a paper states the factor of a sum
            of squares in the loss, it is twice that.
        output_decay: the factor of the sum of absolute outputs before the sigmoid in the loss.
        decays_all: whether biases and normalisation decay as well.
        initial: the distribution of the initial weights.
        scale: the standard deviation for `InitialWeights.TRUNCATED`.
        batch: the number of sequences of a mini-batch.
        parts: the number of parts of a mini-batch, which are used in turn.
        rounds: how often each part is used.
        dropout: the dropout of the last hidden layer; None = that of the architecture.
    """

    rule: Rule = Rule.ADAM
    rate: float = 3e-4
    momentum: float = 0.9
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    output_decay: float = 0.0
    decays_all: bool = False
    initial: InitialWeights = InitialWeights.HE
    scale: float = 0.0
    batch: int = 100
    parts: int = 1
    rounds: int = 1
    dropout: float | None = None
