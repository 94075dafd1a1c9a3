"""The training of one network of any architecture in torch, with one setting of the hyper-parameters.

As in `varbind.train.trial`, a trial draws all its random numbers itself, so that equal seeds give equal networks on one
kind of device whatever else is trained at the same time.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.bank.model_card import STACK_TYPES
from varbind.core.sequence import one_hot_rows, reverse_complement
from varbind.datasets.labelled_sequences import UNKNOWN_LABEL
from varbind.gate import optional_import
from varbind.nn.architecture import ARCHITECTURES
from varbind.nn.dropout import Dropout
from varbind.train.descent import InitialWeights, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch
    from numpy.typing import NDArray

    from varbind.core.network_stack import NetworkConfig, NetworkStack
    from varbind.core.sequence import Codes
    from varbind.datasets.labelled_sequences import LabelledSequences
    from varbind.train.descent import Descent
else:
    torch = optional_import("torch", needed_for="training")

__all__ = ["NetworkTrial", "masked_loss"]


class _Purpose(IntEnum):
    """What random numbers are drawn for."""

    WEIGHTS = 0
    ORDER = 1
    STRANDS = 2
    DROPOUT = 3


class NetworkTrial:
    """A network in training.

    Args:
        config: the configuration of the network.
        descent: how the weights are changed.
        examples: the sequences; those of networks with a fixed input have its length.
        rows: the rows of the examples that are used for training.
        seed: the seed of the initial weights, the order of the rows and the dropout.
        device: the torch device.

    Attributes:
        steps: the number of mini-batches that were used.
    """

    def __init__(
        self,
        config: NetworkConfig,
        descent: Descent,
        examples: LabelledSequences,
        rows: NDArray[np.intp],
        seed: int | Sequence[int],
        *,
        device: str = "cpu",
    ) -> None:
        self.config = config
        self.descent = descent
        self.steps = 0
        self._examples = examples
        self._device = device
        self._seed = [seed] if isinstance(seed, int) else list(seed)
        self._rows = rows
        self._order = (-1, rows)
        self._rows_of_codes = torch.tensor(one_hot_rows(config.unknown_base), dtype=torch.float32, device=device)
        arrays = initial_arrays(config, descent, self._rng(_Purpose.WEIGHTS))
        network = ARCHITECTURES[config.architecture].build(self.stack_of(arrays, "trial"), 0)
        self._network = network.to(device, torch.float32)
        self._dropout = torch.Generator(device)
        for layer in self._network.modules():
            if isinstance(layer, Dropout):
                layer.generator = self._dropout
        if descent.dropout is not None:
            _last_dropout(self._network).share = descent.dropout
        self._optimizer = _optimizer(self._network, descent)

    def advance(self, steps: int) -> float:
        """Train on some mini-batches, and return the mean loss over them."""
        self._network.train()
        return float(np.mean([self._step() for _ in range(steps)]))

    @property
    def has_diverged(self) -> bool:
        """Whether a number of the network is not finite."""
        return not all(bool(torch.isfinite(values).all()) for values in self._network.state_dict().values())

    @torch.no_grad()
    def outputs(self, codes: Codes) -> NDArray[np.float32]:
        """The outputs before the sigmoid for sequences (B, L) as the network is now, float32 (B, T)."""
        self._network.eval()
        pieces = [self._outputs(codes[at : at + 500]) for at in range(0, len(codes), 500)]
        return np.concatenate([piece.cpu().numpy() for piece in pieces])

    def stack(self, model_id: str) -> NetworkStack[Any]:
        """Return a copy of the network as it is now."""
        arrays = {name: values.cpu().numpy() for name, values in self._network.state_dict().items()}
        return self.stack_of({name: arrays[name][None].copy() for name in self.config.array_shapes(1)}, model_id)

    def stack_of(self, arrays: Mapping[str, NDArray[np.float32]], model_id: str) -> NetworkStack[Any]:
        """Return a network of the configuration with other arrays."""
        return STACK_TYPES[self.config.architecture](self.config, (model_id,), arrays)

    def state(self) -> dict[str, NDArray[np.float32]]:
        """Return the arrays that a training needs to go on: those of the network and of the optimizer."""
        arrays = {f"network/{name}": values.cpu().numpy() for name, values in self._network.state_dict().items()}
        for number, values in self._optimizer.state_dict()["state"].items():
            arrays |= {f"{number}/{name}": np.asarray(value.cpu()) for name, value in values.items()}
        return arrays

    def restore(self, steps: int, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        """Go on from the arrays of `state` after some number of mini-batches.

        Raises:
            KeyError, ValueError, RuntimeError: the arrays belong to another network.
        """
        of_network: dict[str, torch.Tensor] = {}
        of_optimizer: dict[int, dict[str, torch.Tensor]] = {}
        for name, array in arrays.items():
            part, _, own = name.partition("/")
            target = of_network if part == "network" else of_optimizer.setdefault(int(part), {})
            target[own] = torch.tensor(array)
        self._network.load_state_dict(of_network)
        self._optimizer.load_state_dict({**self._optimizer.state_dict(), "state": of_optimizer})
        self.steps = steps

    def _step(self) -> float:
        """Use the next mini-batch, and return the mean loss over its updates."""
        rows = self._next_rows()
        codes = self._examples.codes[rows]
        if self.config.double_stranded:
            turned = self._rng(_Purpose.STRANDS, self.steps).integers(0, 2, len(codes)) == 1
            codes[turned] = reverse_complement(codes[turned])
        labels = torch.as_tensor(self._examples.labels[rows], dtype=torch.float32, device=self._device)
        self._dropout.manual_seed(int(self._rng(_Purpose.DROPOUT, self.steps).integers(1 << 62)))
        parts = np.array_split(np.arange(len(rows)), self.descent.parts)
        losses = [self._update(codes[part], labels[part]) for _ in range(self.descent.rounds) for part in parts]
        self.steps += 1
        return float(np.mean(losses))

    def _next_rows(self) -> NDArray[np.intp]:
        """The rows of the next mini-batch. When all were used they are shuffled again, and a short rest is left out."""
        each = max(len(self._rows) // self.descent.batch, 1)
        round_, place = divmod(self.steps, each)
        if self._order[0] != round_:
            self._order = (round_, self._rng(_Purpose.ORDER, round_).permutation(self._rows))
        return self._order[1][place * self.descent.batch : (place + 1) * self.descent.batch]

    def _rng(self, purpose: _Purpose, number: int = 0) -> np.random.Generator:
        """Random numbers for one purpose and step, so that a training goes on from any step without their history."""
        return np.random.default_rng([*self._seed, purpose, number])

    def _update(self, codes: Codes, labels: torch.Tensor) -> float:
        self._optimizer.zero_grad()
        outputs = self._outputs(codes)
        loss = masked_loss(outputs, labels)
        if self.descent.output_decay:
            loss = loss + self.descent.output_decay * outputs.abs().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return loss.item()

    def _outputs(self, codes: Codes) -> torch.Tensor:
        # Rows that are looked up have the channels last in memory, as the networks want them.
        bases = self._rows_of_codes[torch.as_tensor(codes, device=self._device).long()].transpose(1, 2)
        outputs: torch.Tensor = self._network(bases)
        return outputs


def _last_dropout(network: torch.nn.Module) -> Dropout:
    return [layer for layer in network.modules() if isinstance(layer, Dropout)][-1]


def masked_loss(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The mean binary cross-entropy of outputs before the sigmoid (B, T), without labels that are not known."""
    known = labels != UNKNOWN_LABEL
    losses = torch.nn.functional.binary_cross_entropy_with_logits(outputs, labels, reduction="none")
    return (losses * known).sum() / known.sum().clamp(min=1)


def initial_arrays(config: NetworkConfig, descent: Descent, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    """The initial arrays of one network, of which weights have two axes or more; variances and scales are 1."""
    arrays = {}
    for name, shape in config.array_shapes(1).items():
        if name.endswith("running_var") or (len(shape) == 2 and name.endswith(".weight")):
            arrays[name] = np.ones(shape, dtype=np.float32)
        elif len(shape) == 2:
            arrays[name] = np.zeros(shape, dtype=np.float32)
        else:
            arrays[name] = _weights(shape, descent, rng)
    return arrays


def _weights(shape: tuple[int, ...], descent: Descent, rng: np.random.Generator) -> NDArray[np.float32]:
    inputs = int(np.prod(shape[2:]))
    if descent.initial is InitialWeights.XAVIER:
        bound = np.sqrt(3 / inputs)
        return rng.uniform(-bound, bound, shape).astype(np.float32)
    if descent.initial is InitialWeights.HE:
        return rng.normal(0, np.sqrt(2 / inputs), shape).astype(np.float32)
    drawn = rng.normal(0, 1, shape)
    while (beyond := np.abs(drawn) > 2).any():
        drawn[beyond] = rng.normal(0, 1, int(beyond.sum()))
    return (descent.scale * drawn).astype(np.float32)


def _optimizer(network: torch.nn.Module, descent: Descent) -> torch.optim.Optimizer:
    """The optimizer of a network."""
    parameters = list(network.parameters())
    decayed = [values for values in parameters if descent.decays_all or values.ndim > 1]
    others = [values for values in parameters if not descent.decays_all and values.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": descent.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if descent.rule is Rule.ADADELTA:
        return torch.optim.Adadelta(groups, lr=descent.rate, rho=descent.momentum, eps=descent.epsilon)
    if descent.rule is Rule.RMSPROP:
        return torch.optim.RMSprop(groups, lr=descent.rate, alpha=descent.momentum, eps=descent.epsilon)
    return torch.optim.Adam(groups, lr=descent.rate, eps=descent.epsilon)
