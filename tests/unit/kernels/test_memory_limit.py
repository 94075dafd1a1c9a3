"""Portions come in order, are halved where memory is short, and nothing as large is tried again."""

import logging

import pytest

from varbind.errors import ResourceError
from varbind.kernels.memory_limit import MemoryLimit


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
    with pytest.raises(ResourceError, match="out of memory: it does not hold one item; give it more"):
        list(MemoryLimit.of_host().portions(work, 3))
    assert sizes == [3, 1]


def test_what_counts_as_full_is_released_and_logged(caplog):
    released = []
    limit = MemoryLimit(
        "the device is full",
        "networks",
        ResourceError("no room"),
        is_full=lambda error: isinstance(error, OverflowError),
        release=lambda: released.append(1),
    )
    work, sizes = worker(2, OverflowError)
    with caplog.at_level(logging.INFO):
        assert results(limit.portions(work, 8)) == list(range(8))
    assert sizes == [8, 4, 2, 2, 2, 2]
    assert len(released) == 2
    assert [record.getMessage() for record in caplog.records] == [
        "the device is full: 4 networks at a time from here on",
        "the device is full: 2 networks at a time from here on",
    ]
    with pytest.raises(MemoryError):
        list(limit.portions(worker(1)[0], 2))
