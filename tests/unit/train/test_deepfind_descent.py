"""The steps of DeepFind are those of torch's own optimisers, and what is left out is left out as often as said."""

from dataclasses import replace

import numpy as np
import pytest
import tolerances

torch = pytest.importorskip("torch", reason="needs the extra `train`")

from varbind.errors import ResourceError  # noqa: E402
from varbind.train.deepfind import DeepFindSetting  # noqa: E402
from varbind.train.deepfind_descent import ARRAYS, Descent, placed  # noqa: E402

SETTING = DeepFindSetting(hidden=7, dropout=0.0, input_dropout=0.0, rate=1e-2, decay=1e-2, batch=20)


def descent(setting, seed=0):
    rng = np.random.default_rng(1)
    inputs, labels = rng.normal(size=(60, 5)).astype(np.float32), rng.random(60) < 0.5
    return Descent(placed(inputs, "cpu"), labels, np.arange(0, 60, 2), setting, seed), inputs, labels


@pytest.mark.parametrize("rule", ["adam", "sgd"])
def test_steps_are_those_of_torch(rule):
    setting = replace(SETTING, rule=rule)
    own, inputs, labels = descent(setting)
    start = [torch.tensor(array.astype(np.float64), requires_grad=True) for array in own.arrays().values()]
    hidden, hidden_bias, output, output_bias = start
    groups = [
        {"params": [hidden, output], "weight_decay": setting.decay},
        {"params": [hidden_bias, output_bias], "weight_decay": 0.0},
    ]
    by_torch = (
        torch.optim.Adam(groups, lr=setting.rate)
        if rule == "adam"
        else torch.optim.SGD(groups, lr=setting.rate, momentum=setting.momentum)
    )
    order = torch.Generator()
    order.set_state(own._order.get_state())
    for _ in range(3):
        for rows in torch.arange(0, 60, 2)[torch.randperm(30, generator=order)].split(setting.batch):
            units = torch.relu(torch.tensor(inputs).double()[rows] @ hidden + hidden_bias)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                units @ output + output_bias, torch.tensor(labels)[rows].double()
            )
            by_torch.zero_grad()
            loss.backward()
            by_torch.step()
        own.advance()
    for name, expected in zip(ARRAYS, start, strict=True):
        np.testing.assert_allclose(own.arrays()[name], expected.detach().numpy(), atol=tolerances.SLOPES, err_msg=name)


@pytest.mark.parametrize("dropout", [0.2, 0.5])
def test_as_much_is_left_out_as_said_and_the_mean_stays(dropout):
    own, _, _ = descent(SETTING)
    kept = own._kept((500, 401), dropout).numpy()
    assert kept.dtype == np.float32
    factor = kept.max()
    assert set(np.unique(kept)) == {0, factor}
    # Probabilities in steps of 1 / 256, and a standard error of .001.
    assert (kept == 0).mean() == pytest.approx(dropout, abs=0.007)
    assert kept.mean() == pytest.approx(1, abs=0.01)
    for axis in (0, 1):
        assert (kept == 0).mean(axis=axis).std() < 0.04


def test_rows_outside_are_not_learnt_from():
    """Of rows that are not learnt from, neither features nor labels show."""
    own, inputs, labels = descent(SETTING)
    inputs[1::2], labels[1::2] = 1e6, ~labels[1::2]
    other = Descent(placed(inputs, "cpu"), labels, np.arange(0, 60, 2), SETTING, 0)
    for each in (own, other):
        each.advance()
    assert all(own.arrays()[name].tobytes() == other.arrays()[name].tobytes() for name in ARRAYS)


def test_a_device_that_is_not_there_is_told():
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(ResourceError, match="cuda is not available"):
        placed(np.zeros((2, 2), dtype=np.float32), "cuda")
