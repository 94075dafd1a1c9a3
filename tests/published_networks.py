"""The deep networks of three papers with few kernels, and their outputs by loops over positions."""

from dataclasses import replace

import numpy as np
from oracles import bank_card, model_card, reverse_strand

from varbind.bank.bank import Bank
from varbind.bank.model_card import STACK_TYPES
from varbind.core.deepgmap import deepgmap_networks
from varbind.core.koo import koo_networks
from varbind.core.zeng import zeng_networks

CONSTANT = 1e-5
"""What torch adds to the variance of a batch normalisation."""

FAMILIES = {
    "koo": koo_networks(input_length=100, outputs=2),
    "zeng": zeng_networks(input_length=41),
    "deepgmap": deepgmap_networks(input_length=150, outputs=2),
}
"""The configurations of all networks by paper and name, with the shortest inputs that have all layers."""

NAMES = [(family, name) for family, networks in FAMILIES.items() for name in networks]


def few_kernels(family, name, *, kernels=2, hidden=5, recurrent=3, **changes):
    """The configuration of a network with its own widths and pools, but few kernels and hidden units."""
    config = FAMILIES[family][name]
    layers = tuple(replace(layer, kernels=kernels + number) for number, layer in enumerate(config.convolutions))
    if family == "deepgmap":
        changes = {"recurrent": recurrent * (config.recurrent > 0), **changes}
        return replace(config, convolutions=layers, hidden=(hidden,) * len(config.hidden), **changes)
    return replace(config, convolutions=layers, hidden=hidden, **changes)


def trained_numbers(config):
    """The number of trained numbers: running means and variances are not trained."""
    shapes = config.array_shapes(1)
    return sum(int(np.prod(shape)) for name, shape in shapes.items() if ".running_" not in name)


def drawn_stack(rng, config, *ids):
    """Random networks whose outputs are about as large as 1; variances and scales are positive."""
    arrays = {}
    for name, shape in config.array_shapes(len(ids)).items():
        spread = 1 if len(shape) == 2 else (np.prod(shape[2:]) / 2) ** -0.5
        values = rng.normal(0, spread, shape).astype(np.float32)
        arrays[name] = np.abs(values) + 0.5 if "norm" in name and not name.endswith(("bias", "mean")) else values
    return STACK_TYPES[config.architecture](config, ids, arrays)


def bank_of(stack):
    """A bank in which each output of a stack is a model."""
    models = tuple(
        model_card(f"{own}.{output}", config=stack.config, network=own, output=output) for own, output in stack.outputs
    )
    return Bank((bank_card(models),), models, (stack,), background=None)


def random_codes(rng, count, length, *, bases=5):
    """Base codes, with N where there are five."""
    return rng.integers(0, bases, (count, length)).astype(np.uint8)


def slow_outputs(stack, row, codes):
    """The outputs of one network for one sequence, the mean of both strands where it reads both."""
    arrays = {name: array[row].astype(np.float64) for name, array in stack.arrays.items()}
    strands = [codes, reverse_strand(codes)] if stack.config.double_stranded else [codes]
    slow = {"koo": _koo, "zeng": _zeng, "deepgmap": _deepgmap}[stack.config.architecture]
    return np.mean([slow(stack.config, arrays, np.eye(5)[:4, strand]) for strand in strands], axis=0)


def _koo(config, arrays, values):
    for number, layer in enumerate(config.convolutions, 1):
        values = convolve(arrays[f"conv{number}.weight"], values, zeros=layer.width // 2)
        values = np.maximum(_normalised(arrays, f"norm{number}", values), 0)
        values = _around(values, layer) if layer.stride else pooled(values, layer.pool, drops_rest=True)
    units = _normalised(arrays, "hidden_norm", _dense(arrays["hidden.weight"], values.ravel())[:, None])[:, 0]
    return _dense(arrays["output.weight"], np.maximum(units, 0)) + arrays["output.bias"]


def _zeng(config, arrays, values):
    for number, layer in enumerate(config.convolutions, 1):
        values = convolve(arrays[f"conv{number}.weight"], values, zeros=layer.width // 2)
        values = np.maximum(values + arrays[f"conv{number}.bias"][:, None], 0)
        values = pooled(values, layer.pool or values.shape[1])
    units = np.maximum(_dense(arrays["hidden.weight"], values.ravel()) + arrays["hidden.bias"], 0)
    unbound, bound = _dense(arrays["output.weight"], units) + arrays["output.bias"]
    shares = np.exp([unbound, bound]) / np.exp([unbound, bound]).sum()
    return np.log([shares[1] / shares[0]])


def _deepgmap(config, arrays, values):
    values = values[[0, 2, 1, 3]]
    layers = list(enumerate(config.convolutions, 1))
    if config.scans_both:
        first, second = (arrays[f"frss.conv{number}.weight"] for number in (1, 2))
        values = slow_scan(values, first, second, [layer.pool for _, layer in layers[:2]], drops_rest=config.drops_rest)
        layers = layers[2:]
    for number, layer in layers:
        values = np.maximum(convolve(arrays[f"conv{number}.weight"], values), 0)
        values = pooled(values, layer.pool, drops_rest=config.drops_rest)
    if config.recurrent:
        states = _recurrent(arrays, "", values.T), _recurrent(arrays, "_reverse", values.T[::-1])[::-1]
        values = np.concatenate(states, axis=1)  # a row for each position
    units = values.ravel()
    for number in range(1, len(config.hidden) + 1):
        units = np.maximum(_dense(arrays[f"hidden{number}.weight"], units) + arrays[f"hidden{number}.bias"], 0)
    return _dense(arrays["output.weight"], units) + arrays["output.bias"]


def slow_scan(values, first, second, pools, *, drops_rest=False):
    """A forward- and reverse-sequence scan, whose turned kernels are written out."""
    turned = np.array([[[row[0, ::-1]] for row in kernel[::-1]] for kernel in first])
    backwards = np.array([[[row[0, ::-1]] for row in kernel] for kernel in second])
    total = 0
    for kernels, deeper in ((first, second), (turned, backwards)):
        maxima = pooled(np.maximum(convolve(kernels, values), 0), pools[0], drops_rest=drops_rest)
        total = total + np.maximum(convolve(deeper, maxima), 0)
    return pooled(total, pools[1], drops_rest=drops_rest)


def convolve(kernels, values, *, zeros=0):
    """Sums (K, positions) of kernels (K, C, 1, width) over values (C, L) with zeros on both sides."""
    padded = np.pad(values, ((0, 0), (zeros, zeros)))
    width = kernels.shape[3]
    starts = range(padded.shape[1] - width + 1)
    return np.array([[(kernel[:, 0] * padded[:, at : at + width]).sum() for at in starts] for kernel in kernels])


def pooled(values, width, *, drops_rest=False):
    """Maxima of neighbouring positions; the last ones may be fewer."""
    ends = [at + width for at in range(0, values.shape[1], width)]
    return np.array(
        [values[:, end - width : end].max(axis=1) for end in ends if end <= values.shape[1] or not drops_rest]
    ).T


def _around(values, layer):
    """The maximum of a pool around every second position, or as far apart as the stride is."""
    before = (layer.pool - layer.stride) // 2
    starts = range(-before, values.shape[1] - before, layer.stride)
    return np.array([values[:, max(at, 0) : at + layer.pool].max(axis=1) for at in starts]).T


def _normalised(arrays, name, values):
    mean, variance, weight, bias = (
        arrays[f"{name}.{array}"][:, None] for array in ("running_mean", "running_var", "weight", "bias")
    )
    return (values - mean) / np.sqrt(variance + CONSTANT) * weight + bias


def _dense(weights, values):
    return np.array([sum(row * values) for row in weights])


def _recurrent(arrays, way, inputs):
    """The states of a long short-term memory, whose gates are in the order of torch: input, forget, cell, output."""
    of_input, of_state = (arrays[f"lstm.weight_{kind}_l0{way}"] for kind in ("ih", "hh"))
    biases = arrays[f"lstm.bias_ih_l0{way}"] + arrays[f"lstm.bias_hh_l0{way}"]
    state = cell = np.zeros(of_state.shape[1])
    states = []
    for values in inputs:
        sums = np.split(_dense(of_input, values) + _dense(of_state, state) + biases, 4)
        admit, keep, show = (1 / (1 + np.exp(-sums[gate])) for gate in (0, 1, 3))
        cell = keep * cell + admit * np.tanh(sums[2])
        state = show * np.tanh(cell)
        states.append(state)
    return np.array(states)
