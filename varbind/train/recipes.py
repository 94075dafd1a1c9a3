"""How the networks of each paper were trained, by the name of the network.

Where a paper is silent, the choice is ours and said so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.core.deepgmap import deepgmap_networks
from varbind.core.koo import koo_networks
from varbind.core.zeng import zeng_networks
from varbind.errors import UsageError
from varbind.nn.architecture import ARCHITECTURES, Choice
from varbind.train.descent import Descent, InitialWeights, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from varbind.core.network_stack import NetworkConfig

__all__ = [
    "BASSET",
    "DANQ",
    "DEEPGMAP",
    "DEEPSEA",
    "KOO",
    "PAPERS",
    "SPECIAL_RECIPES",
    "ZENG",
    "Measure",
    "Recipe",
    "network_named",
    "network_names",
    "require_network",
    "settings_of",
]


class Measure(StrEnum):
    """What chooses among the states of a network, on the validation sequences; larger is better.

    `LOG_LIKELIHOOD` is minus the mean cross-entropy; `ACCURACY` the share of labels on the right side of an output of
    zero; `PRECISION` the mean over the tasks of the area under the precision-recall curve.
    """

    LOG_LIKELIHOOD = "log likelihood"
    ACCURACY = "accuracy"
    PRECISION = "average precision"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the networks of a paper are trained.

    Attributes:
        paper: the paper.
        optimizer: the search space of the architecture that is searched.
        descent: how the weights are changed, apart from what is searched.
        batches: the number of mini-batches; 0 = `epochs` decides.
        epochs: how often all sequences are used.
        looks: how often a network is looked at in the course of its training.
        measure: what chooses among the states that are looked at.
        kept_negatives: the share of training sequences without any bound protein that is used.
    """

    paper: str
    optimizer: str
    descent: Descent
    batches: int
    epochs: int
    looks: int
    measure: Measure
    kept_negatives: float = 1.0

    def checkpoints(self, sequences: int) -> list[int]:
        """The numbers of mini-batches after which a network that is trained on some sequences is looked at."""
        whole = self.batches or self.epochs * max(sequences // self.descent.batch, 1)
        looks = min(self.looks, whole)
        return [round(whole * number / looks) for number in range(1, looks + 1)]


KOO = Recipe(
    "Koo and Eddy (2019)",
    "adam",
    Descent(Rule.ADAM, rate=3e-4, weight_decay=1e-6, initial=InitialWeights.HE, batch=100),
    batches=0,
    epochs=100,
    looks=100,
    measure=Measure.LOG_LIKELIHOOD,
)
"""Methods, "CNN models". The decay is added to the gradients, and only weights decay, which is our reading."""

ZENG = Recipe(
    "Zeng et al. (2016)",
    "adadelta",
    Descent(Rule.ADADELTA, rate=1.0, weight_decay=5e-4, initial=InitialWeights.XAVIER, batch=100),
    batches=5_000,
    epochs=0,
    looks=50,
    measure=Measure.ACCURACY,
)
"""Section 4.2 and Table 3. A network is looked at every 100 mini-batches as in their search, and the state that is best
there is the model. The 5,000 mini-batches are those of their Table 2; how long they trained is not stated."""

DEEPGMAP = Recipe(
    "Onimaru et al. (2018)",
    "adam",
    Descent(
        Rule.ADAM,
        rate=1e-4,
        weight_decay=1e-6,
        output_decay=1e-8,
        decays_all=True,
        initial=InitialWeights.TRUNCATED,
        scale=0.005,
        batch=100,
        parts=2,
        rounds=2,
    ),
    batches=0,
    epochs=1,
    looks=10,
    measure=Measure.PRECISION,
    kept_negatives=0.25,
)
"""Methods, "Training and testing models": two halves of each mini-batch are used in turn, twice, in one epoch. The
paper looks at a network when its F1 score on mini-batches is above .75; ten looks in equal distances are our choice."""

DEEPSEA = replace(DEEPGMAP, descent=replace(DEEPGMAP.descent, scale=0.001))
BASSET = replace(DEEPSEA, descent=replace(DEEPSEA.descent, weight_decay=0.0, output_decay=0.0))
DANQ = replace(BASSET, optimizer="rmsprop", descent=replace(BASSET.descent, rule=Rule.RMSPROP))
"""The networks of others as Onimaru et al. (2018) trained them: all but DeepSEA without decay, and DanQ by RMSprop."""


PAPERS: dict[str, tuple[Callable[[], Mapping[str, Any]], Recipe]] = {
    "zeng": (zeng_networks, ZENG),
    "koo": (koo_networks, KOO),
    "deepgmap": (deepgmap_networks, DEEPGMAP),
}
"""The networks of each paper by name and its recipe, by what the names of its architectures start with."""

SPECIAL_RECIPES = {"deepsea": DEEPSEA, "basset": BASSET, "danq": DANQ}
"""The recipes of single networks."""


def network_names() -> list[str]:
    """The names of all published networks but DeepBind."""
    return [f"{paper}-{name}" for paper, (networks, _) in PAPERS.items() for name in networks()]


def require_network(name: str) -> None:
    """Refuse a name that no published network has.

    Raises:
        UsageError: there is no such network.
    """
    if name not in network_names():
        known = ", ".join(["deepbind", *network_names()])
        raise UsageError(f"no architecture {name!r}", remedy=f"choose one of {known}")


def network_named(
    name: str, *, input_length: int, outputs: int, double_stranded: bool = False
) -> tuple[NetworkConfig, Recipe]:
    """The configuration and the recipe of a published network.

    Args:
        name: the paper and the network, such as koo-cnn-25.
        input_length: the number of bases that it reads.
        outputs: the number of tasks.
        double_stranded: whether the score is the mean over both strands; the papers read one.

    Raises:
        UsageError: there is no such network, or it cannot read such sequences or learn so many tasks.
    """
    require_network(name)
    paper, _, own_name = name.partition("-")
    networks, recipe = PAPERS[paper]
    if paper == "zeng" and outputs > 1:
        raise UsageError("the networks of Zeng et al. (2016) have one task", remedy="choose another architecture")
    try:
        sizes = {} if paper == "zeng" else {"outputs": outputs}
        config = replace(networks()[own_name], input_length=input_length, double_stranded=double_stranded, **sizes)
    except ValueError as error:
        what = f"{name} cannot read sequences of {input_length} bases: {error}"
        raise UsageError(what, remedy="give longer sequences, or choose another architecture") from error
    return config, SPECIAL_RECIPES.get(own_name, recipe)


def settings_of(config: NetworkConfig, recipe: Recipe, trials: int, rng: np.random.Generator) -> list[Descent]:
    """The settings of the hyper-parameters that are tried.

    Args:
        config: the configuration of the network.
        recipe: the recipe; its architecture states the search space.
        trials: the largest number of settings. A grid with no more points is tried as a whole, where the paper of Zeng
            et al. (2016) draws 30 of its 27 points; of a larger grid, different points are drawn.
        rng: the random numbers.
    """
    space = ARCHITECTURES[config.architecture].search_spaces[recipe.optimizer]
    grid = list(product(*(choice.values for choice in space.values() if isinstance(choice, Choice))))
    rows = range(len(grid)) if len(grid) <= trials else np.sort(rng.choice(len(grid), trials, replace=False)).tolist()
    drawn: list[dict[str, Any]] = [dict(zip(space, grid[row], strict=True)) for row in rows]
    return [replace(recipe.descent, **values) for values in drawn]
