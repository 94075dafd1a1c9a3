"""The cards of models and banks: what is known about them, stored as JSON beside the weights.

`varbind.io.cards` compares a card that is read with the types that these dataclasses declare, and then calls `check`.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 (the reader of cards evaluates the annotations)
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import TYPE_CHECKING, Any

from varbind.core.deepbind import DeepBindStack
from varbind.core.deepgmap import DeepGmapStack
from varbind.core.koo import KooStack
from varbind.core.zeng import ZengStack

if TYPE_CHECKING:
    from varbind.core.network_stack import NetworkConfig, NetworkStack
else:
    # The reader converts the configuration first, because its type depends on the architecture.
    NetworkConfig = Any

__all__ = [
    "CARD_FORMAT",
    "ID_CHARACTERS_MAX",
    "STACK_TYPES",
    "BankCard",
    "GoldenScores",
    "ModelCard",
    "is_model_id",
    "require_printable",
]

CARD_FORMAT = 4
STACK_TYPES: dict[str, type[NetworkStack[Any]]] = {
    "deepbind": DeepBindStack,
    "deepgmap": DeepGmapStack,
    "koo": KooStack,
    "zeng": ZengStack,
}
"""The stack that a bank stores, by architecture. `varbind.nn.architecture` states how its scores are computed."""

ID_CHARACTERS_MAX = 100


def is_model_id(text: str) -> bool:
    """Whether a text can be the id of a model; files and columns of tables are named after it."""
    return 0 < len(text) <= ID_CHARACTERS_MAX and text.isprintable() and not {" ", "/"} & set(text)


def require_printable(card: object) -> None:
    """Check the text fields of a card, because they are shown on screens, in headers and in tables.

    Raises:
        ValueError: a field contains an unprintable character, such as a line end or a terminal escape.
    """
    card_type: type = type(card)
    for name in _names_of_fields(card_type):
        value = getattr(card, name)
        if isinstance(value, str) and not value.isprintable():
            raise ValueError(f"the {name} is {value!r}, which has a character that cannot be printed")


@cache
def _names_of_fields(card_type: type) -> tuple[str, ...]:
    """The names of the fields of a card; a bank has a thousand cards of one type."""
    return tuple(f.name for f in fields(card_type))


@dataclass(frozen=True, slots=True, repr=False)
class ModelCard:
    """The description of one model.

    Attributes:
        model_id: an id that is unique within the bank.
        protein: the name of the protein, as its source writes it.
        family: the family whose models are counted as one; the name of the protein where none is known.
        species: the species of the protein.
        assay: how binding was measured, such as ChIP-seq or SELEX.
        experiment: the cell line, the array, or another detail of the experiment.
        config: the configuration of the network, with its architecture and its window.
        default: whether annotation uses the model by default. These are the models of human proteins that bind DNA
            sequence-specifically, measured by an assay.
        delta_sd: the standard deviation of alternate minus reference score over the background SNVs of the bank.
        quantiles: the quantiles over the background: `score`, and `loss` and `gain` of an SNV, each a list of values
            at the `quantile_levels` of the bank.
        training: the settings, the data and the held-out result, in the terms of the source.
        network: the id of the network, where several models are outputs of one network; empty if it is the model id.
        output: the index of the output of the network that is the score.
    """

    model_id: str
    protein: str
    family: str
    species: str
    assay: str
    experiment: str
    config: NetworkConfig
    default: bool
    delta_sd: float = 0.0
    quantiles: Mapping[str, list[float]] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    network: str = ""
    output: int = 0

    def __repr__(self) -> str:
        return f"<ModelCard {self.model_id}: {self.protein}, {self.family}, {self.species}, {self.assay}>"

    @property
    def network_id(self) -> str:
        """The id of the network in its stack."""
        return self.network or self.model_id

    def check(self) -> None:
        """Check a card that was read, beyond the types of its values.

        Raises:
            ValueError: the id is not a valid model id, a text is unprintable, or the network has no such output.
        """
        if not is_model_id(self.model_id):
            what = f"up to {ID_CHARACTERS_MAX} printable characters without blanks and slashes"
            raise ValueError(f"the id {self.model_id!r} cannot name a model, expected {what}")
        if not 0 <= self.output < self.config.outputs:
            raise ValueError(f"{self.model_id} is output {self.output} of a network of {self.config.outputs} outputs")
        require_printable(self)


@dataclass(frozen=True, slots=True)
class GoldenScores:
    """Scores of the reference network in double precision, by which the self-test recognises wrong results.

    Attributes:
        sequences: DNA sequences.
        scores: for each sequence, the score of each model in the order of the bank.
    """

    sequences: list[str]
    scores: list[list[float]]


@dataclass(frozen=True, slots=True, repr=False)
class BankCard:
    """The description of one bank.

    Attributes:
        name: the name of the bank.
        version: the version of its content.
        description: one sentence about it.
        source: where the weights come from.
        licence: the licence of the weights.
        models: the cards of the models, in the order of the bank.
        background: the recipe of the background variants; banks with equal recipes have the same variants, row by row.
        quantile_levels: the levels of the `quantiles` of the models and of the families.
        families: for each family of the default models, the quantiles of `loss` and `gain` of its mean bound change
            over the background SNVs, each a list of values at `quantile_levels`.
        golden: scores for the self-test; None if there are none.
        digests: the SHA-256 of each file of the bank.
    """

    name: str
    version: str
    description: str
    source: str
    licence: str
    models: tuple[ModelCard, ...]
    background: Mapping[str, Any] = field(default_factory=dict)
    quantile_levels: list[float] = field(default_factory=list)
    families: Mapping[str, Mapping[str, list[float]]] = field(default_factory=dict)
    golden: GoldenScores | None = None
    digests: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<BankCard {self.name} {self.version}: {len(self.models):,} models>"

    def as_json(self) -> dict[str, Any]:
        """The card as JSON values."""
        models = [{"architecture": model.config.architecture, **asdict(model)} for model in self.models]
        return {"format": CARD_FORMAT, **asdict(self), "models": models}

    def check(self) -> None:
        """Check a card that was read, beyond the types of its values.

        Raises:
            ValueError: a model is malformed, two models are the same, or the golden scores do not fit the models.
        """
        require_printable(self)
        for model in self.models:
            model.check()
        ids = [model.model_id for model in self.models]
        if not ids or len(set(ids)) < len(ids):
            raise ValueError("there is no model, or two models have the same id")
        if len({(model.network_id, model.output) for model in self.models}) < len(ids):
            raise ValueError("two models are the same output of one network")
        if len({(model.network_id, model.config) for model in self.models}) > len({m.network_id for m in self.models}):
            raise ValueError("two models of one network state different configurations")
        if self.golden is not None:
            rows = self.golden.scores
            if len(rows) != len(self.golden.sequences) or any(len(row) != len(ids) for row in rows):
                raise ValueError("there is not one golden score for each sequence and model")
