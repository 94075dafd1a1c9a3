"""What is known about each model and each bank: the card that travels with the weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

from varbind.core.deepbind import DeepBindStack
from varbind.errors import ResourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from varbind.core.network_stack import NetworkConfig, NetworkStack

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

CARD_FORMAT = 3
STACK_TYPES: dict[str, type[NetworkStack[Any]]] = {"deepbind": DeepBindStack}
"""By its name, what a bank stores of each architecture. How its scores are computed is in `varbind.nn.architecture`."""

ID_CHARACTERS_MAX = 100


def is_model_id(text: str) -> bool:
    """Whether a text can name a model: files are named after it, and columns of tables."""
    return 0 < len(text) <= ID_CHARACTERS_MAX and text.isprintable() and not {" ", "/"} & set(text)


def require_printable(card: object) -> None:
    """Look at the words of a card: they are shown on screens, in headers and in tables.

    Raises:
        ValueError: one holds a letter that cannot be printed, such as a line end or a terminal's escape.
    """
    for f in fields(card):  # type: ignore[arg-type]
        value = getattr(card, f.name)
        if isinstance(value, str) and not value.isprintable():
            raise ValueError(f"the {f.name} is {value!r}, which holds a letter that cannot be printed")


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model.

    Attributes:
        model_id: unique id within a bank.
        protein: name of the protein, as its source writes it.
        family: family of its DNA-binding domain; the protein's own name where none is known.
        species: of the protein measured.
        assay: how binding was measured, such as ChIP-seq or SELEX.
        experiment: cell line, array, or other detail.
        config: of the network; it states the architecture and the window.
        default: whether annotation uses it unless told otherwise: a human protein that binds a DNA
            sequence of its own, measured by an assay.
        delta_sd: standard deviation of alternate minus reference score over the bank's background SNVs.
        quantiles: of the background: `score`, and `loss` and `gain` of an SNV, each a list of
            values at the bank's `quantile_levels`.
        training: setting, data and held-out result, in the words of the source.
        network: id of the network, where several models are outputs of one network; empty = the model's own id.
        output: which output of the network is the score.
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

    @property
    def network_id(self) -> str:
        """Id of the network in its stack."""
        return self.network or self.model_id

    def check(self) -> None:
        """Look at the words of a card that others wrote.

        Raises:
            ValueError: the id can name no model, a word cannot be printed, or the network has no such output.
        """
        if not is_model_id(self.model_id):
            what = f"up to {ID_CHARACTERS_MAX} letters without blanks and slashes"
            raise ValueError(f"the id {self.model_id!r} cannot name a model, expected {what}")
        if not 0 <= self.output < self.config.outputs:
            raise ValueError(f"{self.model_id} is output {self.output} of a network of {self.config.outputs} outputs")
        require_printable(self)


@dataclass(frozen=True, slots=True)
class GoldenScores:
    """Scores of the reference network in double precision, to recognise a broken machine or bank.

    Attributes:
        sequences: DNA.
        scores: per sequence, per model in bank order.
    """

    sequences: list[str]
    scores: list[list[float]]


@dataclass(frozen=True, slots=True)
class BankCard:
    """One bank.

    Attributes:
        name: of the bank.
        version: of its content.
        description: one sentence.
        source: where the weights come from.
        licence: of the weights.
        models: cards in bank order.
        background: the recipe of the background variants; equal recipes are row-aligned across banks.
        quantile_levels: levels of the models' `quantiles`, and of the families'.
        families: by family of the default models, `loss` and `gain` of its mean z over the background SNVs, each a list
            of values at `quantile_levels`.
        golden: see `GoldenScores`.
        digests: SHA-256 per file of the bank.
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

    def as_json(self) -> dict[str, Any]:
        """The card as JSON values."""
        models = [{"architecture": model.config.architecture, **asdict(model)} for model in self.models]
        return {"format": CARD_FORMAT, **asdict(self), "models": models}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read a card.

        Raises:
            ResourceError: the format is another, a key is missing, or its value is of the wrong kind.
        """
        found = data.get("format") if isinstance(data, dict) else None
        if type(found) is not int or found not in _MODEL_READERS:
            raise _wrong_format(found)
        try:
            golden = data["golden"]
            card = cls(
                **_known(cls, data, without={"models", "golden"}),
                models=tuple(map(_MODEL_READERS[found], data["models"])),
                golden=GoldenScores(**golden) if golden else None,
            )
            card._check()
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ResourceError(f"the model card is incomplete or malformed: {error!r}") from error
        return card

    def _check(self) -> None:
        require_printable(self)
        ids = [model.model_id for model in self.models]
        if not ids or len(set(ids)) < len(ids):
            raise ValueError("there is no model, or two have the same id")
        if len({(model.network_id, model.output) for model in self.models}) < len(ids):
            raise ValueError("two models are the same output of one network")
        if len({(model.network_id, model.config) for model in self.models}) > len({m.network_id for m in self.models}):
            raise ValueError("two models of one network state different configurations")
        if self.golden is None:
            return
        rows = self.golden.scores
        if len(rows) != len(self.golden.sequences) or any(len(row) != len(ids) for row in rows):
            raise ValueError("golden scores are not one a sequence and model")
        if any(type(score) not in _KINDS["float"] for row in rows for score in row):
            raise TypeError("a golden score is not a number")


def _wrong_format(found: Any) -> ResourceError:
    if type(found) is int and 0 < found < CARD_FORMAT:
        readable = " and ".join(map(str, _MODEL_READERS))
        return ResourceError(
            f"a bank of format {found}, which an older varbind wrote; this one reads formats {readable}",
            remedy="make it again with `varbind models import` or `varbind train binding`",
        )
    return ResourceError(f"not a varbind model card of format {CARD_FORMAT}")


# JSON values that a field of this annotation may have; a bool is no int here.
_KINDS: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "bool": (bool,),
    "float": (float, int),
    "list": (list,),
    "Mapping": (dict,),
}


def _known(cls: type, data: Mapping[str, Any], *, without: set[str]) -> dict[str, Any]:
    known = {}
    for f in fields(cls):
        if f.name in without:
            continue
        value = known[f.name] = data[f.name]
        annotation = getattr(f.type, "__name__", str(f.type))
        if type(value) not in _KINDS[annotation.partition("[")[0]]:
            raise TypeError(f"{f.name} is {value!r}")
    return known


def _model_from_json(data: Mapping[str, Any]) -> ModelCard:
    stack_type = STACK_TYPES.get(data["architecture"])
    if stack_type is None:
        raise ValueError(f"this varbind knows no architecture {data['architecture']!r}")
    config_type = stack_type.config_type
    card = ModelCard(
        **_known(ModelCard, data, without={"config"}),
        config=config_type(**_known(config_type, data["config"], without=set())),
    )
    card.check()
    return card


def _deepbind_from_json(data: Mapping[str, Any]) -> ModelCard:
    """A model of a card of format 2, which knew DeepBind networks only."""
    return _model_from_json({**data, "architecture": "deepbind", "config": data["shape"], "network": "", "output": 0})


_MODEL_READERS = {2: _deepbind_from_json, 3: _model_from_json}
