"""Portions come in order, are halved where memory is short, and a size that failed is not tried again."""

import logging

import pytest

from varbind.errors import ResourceError
from varbind.kernels.memory_limit import MemoryLimit, is_out_of_memory


def worker(most, error=MemoryError):
    """Work that fails above a size; the sizes that were tried."""
    sizes = []

    def work(portion):
        sizes.append(portion.stop - portion.start)
        if sizes[-1] > most:
            raise error
        return list(range(portion.start, portion.stop))

    return work, sizes


def results(portions):
    found = list(portions)
    assert all(result == list(range(portion.start, portion.stop)) for portion, result in found)
    return [item for _, result in found for item in result]


def test_portions_come_in_order_and_are_halved_for_good():
    work, sizes = worker(3)
    limit = MemoryLimit.of_host()
    assert results(limit.portions(work, 13)) == list(range(13))
    assert sizes == [13, 6, 3, 3, 3, 3, 1]
    assert results(limit.portions(work, 4)) == list(range(4))
    assert sizes[7:] == [3, 1]


def test_a_planned_size_is_not_exceeded():
    work, sizes = worker(10)
    assert results(MemoryLimit.of_host().portions(work, 13, at_once=5)) == list(range(13))
    assert sizes == [5, 5, 3]


def test_no_items_are_no_portion():
    assert list(MemoryLimit.of_host().portions(lambda _: 1 / 0, 0)) == []


def test_a_portion_that_fails_for_another_reason_is_not_tried_again():
    with pytest.raises(ZeroDivisionError):
        list(MemoryLimit.of_host().portions(lambda _: 1 / 0, 2))


def test_one_item_without_memory_is_refused():
    work, sizes = worker(0)
    with pytest.raises(ResourceError, match="out of memory: there is not enough for a single item; provide more"):
        list(MemoryLimit.of_host().portions(work, 3))
    assert sizes == [3, 1]


def test_memory_is_released_and_the_size_is_logged(caplog):
    released = []
    limit = MemoryLimit(
        "the device is full",
        "networks",
        ResourceError("no room"),
        release=lambda: released.append(1),
    )
    work, sizes = worker(2, RuntimeError("Triton Error: out of memory"))
    with caplog.at_level(logging.INFO):
        assert results(limit.portions(work, 8)) == list(range(8))
    assert sizes == [8, 4, 2, 2, 2, 2]
    assert len(released) == 2
    assert [record.getMessage() for record in caplog.records] == [
        "the device is full: 4 networks at a time from here on",
        "the device is full: 2 networks at a time from here on",
    ]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:128] DefaultCPUAllocator: can't allocate memory: 4 bytes"), True),
        (RuntimeError("an illegal memory access was encountered"), False),
        (ValueError("out of memory"), False),
        (ResourceError("out of memory"), False),
    ],
)
def test_errors_of_a_full_memory(error, expected):
    assert is_out_of_memory(error) is expected


def test_torch_reports_a_full_memory():
    torch = pytest.importorskip("torch", reason="needs the extra `train`")
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**46)
    assert is_out_of_memory(raised.value)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
