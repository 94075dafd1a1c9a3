"""What is overlapped comes in order, with its errors in their places, and leaves no thread behind."""

import threading
from contextlib import closing

import pytest

from varbind.errors import InputError, Interrupted
from varbind.scoring.threaded_scoring import overlapped

DEPTHS = [0, 1, 2, 5]


def running():
    return [thread for thread in threading.enumerate() if thread.name.startswith("varbind-overlapped")]


def hand_out(results, to):
    for item, _ in results:
        to.append(item)


def ended_by(error, count):
    yield from range(count)
    raise error


@pytest.mark.parametrize("ahead", DEPTHS)
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_results_in_order(ahead, count):
    assert list(overlapped(range(count), str, ahead=ahead)) == [(n, str(n)) for n in range(count)]
    assert not running()


def test_the_work_goes_on_while_the_caller_reads_and_writes():
    """Item 1 is finished before the caller has given item 0 back: each side waits for the other."""
    finished = threading.Event()
    names = set()

    def work(item):
        names.add(threading.current_thread().name)
        if item == 1:
            finished.set()
        return item

    with closing(overlapped(range(4), work, ahead=1)) as results:
        assert next(results) == (0, 0)
        assert finished.wait(timeout=30)
        assert [item for item, _ in results] == [1, 2, 3]
    assert len(names) == 1
    assert threading.current_thread().name not in names


@pytest.mark.parametrize("ahead", DEPTHS)
def test_no_more_is_read_than_said(ahead):
    read = []

    def items():
        for item in range(9):
            read.append(item)
            yield item

    for item, _ in overlapped(items(), str, ahead=ahead):
        assert len(read) <= item + 1 + ahead


@pytest.mark.parametrize("ahead", DEPTHS)
def test_an_error_of_reading_comes_after_what_was_read(ahead):
    error = InputError("broken", path="x", line=9)
    handed_out = []
    with pytest.raises(InputError) as raised:
        hand_out(overlapped(ended_by(error, 3), str, ahead=ahead), to=handed_out)
    assert raised.value is error
    assert handed_out == [0, 1, 2]
    assert not running()


@pytest.mark.parametrize("ahead", DEPTHS)
def test_an_error_of_the_work_comes_before_a_later_one_of_reading(ahead):
    def work(item):
        if item == 1:
            raise ValueError(item)
        return item

    handed_out = []
    with pytest.raises(ValueError, match="1"):
        hand_out(overlapped(ended_by(InputError("later"), 2), work, ahead=ahead), to=handed_out)
    assert handed_out == [0]
    assert not running()


@pytest.mark.parametrize("ahead", DEPTHS)
@pytest.mark.parametrize("signal", [Interrupted(2, "SIGINT"), KeyboardInterrupt()])
def test_a_signal_comes_at_once(ahead, signal):
    handed_out = []
    with pytest.raises(type(signal)):
        hand_out(overlapped(ended_by(signal, 2), str, ahead=ahead), to=handed_out)
    assert handed_out == list(range(max(2 - ahead, 0)))
    assert not running()


@pytest.mark.parametrize("ahead", DEPTHS)
def test_closing_ends_the_thread_and_drops_what_waits(ahead):
    worked = []
    with closing(overlapped(range(1_000), worked.append, ahead=ahead)) as results:
        next(results)
    assert not running()
    assert len(worked) <= 2 + ahead
