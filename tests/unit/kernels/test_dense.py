"""Weighted sums in one order: the kernel, numpy and a loop over numbers agree to the last bit."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from varbind.errors import UsageError
from varbind.kernels import dense as module
from varbind.kernels.cpu.kernel_loading import has_compiled_kernel
from varbind.kernels.dense import dense

needs_kernel = pytest.mark.skipif(not has_compiled_kernel(), reason="needs numba")

# Around the rows, features and vectors that are taken together.
rows = st.sampled_from([0, 1, 2, 3, 5, 63, 64, 65, 130])
features = st.sampled_from([1, 7, 8, 9, 16, 27])
units = st.sampled_from([1, 3, 8, 15, 16, 17, 40, 200])
seeds = st.integers(0, 2**32 - 1)


def drawn(rows, features, units, seed):
    """Numbers of very different size, so that another order or a fused product would show."""
    rng = np.random.default_rng(seed)
    inputs, weights = (
        (rng.normal(size=size) * 10.0 ** rng.integers(-3, 4, size)).astype(np.float32)
        for size in ((rows, features), (features, units))
    )
    inputs[rng.random(inputs.shape) < 0.1] = 0
    return inputs, weights


def one_by_one(inputs, weights):
    """Every product and every sum rounded alone."""
    sums = np.zeros((len(inputs), weights.shape[1]), dtype=np.float32)
    for row, unit in np.ndindex(sums.shape):
        total = np.float32(0)
        for value, weight in zip(inputs[row], weights[:, unit], strict=True):
            product = np.float32(value * weight)
            total = np.float32(total + product)
        sums[row, unit] = total
    return sums


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_kernel)])
@given(st.integers(1, 5), features, st.integers(1, 18), seeds)
def test_the_order_of_sums_is_the_written_one(compiled, rows, features, units, seed):
    inputs, weights = drawn(rows, features, units, seed)
    found = dense(inputs, weights, compiled=compiled)
    assert found.dtype == np.float32
    assert found.tobytes() == one_by_one(inputs, weights).tobytes()


@needs_kernel
@given(rows, features, units, seeds)
def test_the_kernel_gives_the_bytes_of_numpy(rows, features, units, seed):
    inputs, weights = drawn(rows, features, units, seed)
    assert dense(inputs, weights, compiled=True).tobytes() == dense(inputs, weights, compiled=False).tobytes()


@needs_kernel
def test_products_are_not_fused():
    """(1 + e)^2 - 1 with e = 2^-23 is 2e where the product is rounded, and 2e + e^2 where it is not."""
    step = np.float32(2**-23)
    inputs = np.full((2, 16), 0, dtype=np.float32)
    inputs[:, 0], inputs[:, 1] = -1, 1 + step
    weights = np.zeros((16, 64), dtype=np.float32)
    weights[0], weights[1] = 1, 1 + step
    for compiled in (True, False):
        assert set(dense(inputs, weights, compiled=compiled).ravel().tolist()) == {float(2 * step)}


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_kernel)])
@given(st.integers(1, 70), features, units, seeds, st.data())
def test_a_row_is_the_same_in_any_batch(compiled, rows, features, units, seed, data):
    inputs, weights = drawn(rows, features, units, seed)
    whole = dense(inputs, weights, compiled=compiled)
    chosen = data.draw(st.lists(st.integers(0, rows - 1), min_size=1, max_size=5))
    assert dense(inputs[chosen], weights, compiled=compiled).tobytes() == whole[chosen].tobytes()


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_kernel)])
def test_any_layout_is_read(compiled):
    inputs, weights = drawn(6, 9, 10, 0)
    expected = dense(inputs, weights, compiled=compiled)
    turned = np.asfortranarray(inputs), np.asfortranarray(weights)
    assert dense(*turned, compiled=compiled).tobytes() == expected.tobytes()
    assert dense(inputs[::-2], weights, compiled=compiled).tobytes() == expected[::-2].tobytes()


@needs_kernel
def test_the_kernel_serves_when_there_is_enough_to_do(monkeypatch):
    served = []
    monkeypatch.setattr(module, "_work", module._Work())
    monkeypatch.setattr(module, "KERNEL_WORTH", 2 * 6 * 9 * 10)
    kernel = module._kernel()
    monkeypatch.setattr(module, "_kernel", lambda: lambda *arrays: served.append(kernel(*arrays)))
    inputs, weights = drawn(6, 9, 10, 0)
    found = [(dense(inputs, weights).tobytes(), len(served)) for _ in range(3)]
    assert [count for _, count in found] == [0, 0, 1]
    assert len({sums for sums, _ in found}) == 1


@pytest.mark.parametrize("variable", ["VARBIND_NO_NUMBA", "NUMBA_DISABLE_JIT"])
def test_the_kernel_can_be_switched_off(monkeypatch, variable):
    module._kernel.cache_clear()
    monkeypatch.setenv(variable, "1")
    monkeypatch.setattr(module, "KERNEL_WORTH", 0)
    inputs, weights = drawn(6, 9, 10, 0)
    assert dense(inputs, weights).tobytes() == dense(inputs, weights, compiled=False).tobytes()
    with pytest.raises(UsageError, match="no compiled kernel"):
        dense(inputs, weights, compiled=True)
    module._kernel.cache_clear()


def test_a_kernel_that_cannot_be_loaded_is_done_without(monkeypatch, caplog):
    def missing(*_, **__):
        raise UsageError("it needs the package numba, which cannot be loaded")

    module._kernel.cache_clear()
    monkeypatch.setattr(module, "has_compiled_kernel", lambda: True)
    monkeypatch.setattr(module, "optional_import", missing)
    monkeypatch.setattr(module, "KERNEL_WORTH", 0)
    inputs, weights = drawn(6, 9, 10, 0)
    for _ in range(2):
        assert dense(inputs, weights).tobytes() == dense(inputs, weights, compiled=False).tobytes()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    module._kernel.cache_clear()


def test_a_little_work_does_not_load_numba():
    program = (
        "import sys, numpy as np\n"
        "from varbind.kernels.dense import dense\n"
        "dense(np.ones((2, 3), np.float32), np.ones((3, 4), np.float32))\n"
        "print('numba' in sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
