"""Rows 50 and 51, in every phase: the old output or the whole new one, whatever stops a run and whenever."""

import os

import pytest
from faults.aftermath import JOBS, SIGNAL_CODES
from faults.counting import is_broken
from faults.kills import ORDER, PHASES, SIGNALS, SIZES, Kill, moments, phases_of, strikes, table

SEED = 1
ALL = 240
INDEXED, CONVERTED = JOBS[7], JOBS[10]


def assert_kept(kills):
    """No partial output, no wrong exit code."""
    assert [str(kill) for kill in kills if is_broken(kill)] == [], table(kills)


@pytest.mark.slow
def test_a_kill_in_every_phase(tmp_path):
    """Compressed with an index, over an old output with and without counts, and every signal."""
    kills = [
        Kill((INDEXED, CONVERTED)[phase in {"converting", "indexed"}], SIGNALS[place % len(SIGNALS)], phase, share=0.1)
        for place, phase in enumerate(PHASES)
    ]
    assert {kill.number for kill in kills} == set(SIGNALS)
    assert len(list(strikes(kills, tmp_path, sizes=SIZES))) == len(PHASES)
    assert_kept(kills)
    # A phase may pass between two looks, but not most of them.
    assert sum(kill.phase == kill.waits for kill in kills) > len(kills) // 2, table(kills)


@pytest.mark.skipif("VARBIND_ALL_FAULTS" not in os.environ, reason="takes ten minutes: VARBIND_ALL_FAULTS=1 runs it")
@pytest.mark.slow
def test_all_kills(tmp_path):
    kills = moments(ALL, SEED)
    assert len(list(strikes(kills, tmp_path))) == ALL
    assert_kept(kills)
    assert {kill.phase for kill in kills} >= set(PHASES), table(kills)


def test_every_job_meets_every_signal_and_waits_for_each_of_its_phases():
    kills = moments(ALL, SEED)
    assert {(kill.job, kill.number) for kill in kills} == {(job, number) for job in JOBS for number in SIGNALS}
    assert set(SIGNAL_CODES) < set(SIGNALS)
    for job in JOBS:
        assert {kill.waits for kill in kills if kill.job == job} == set(phases_of(job))
    assert moments(ALL, SEED) == kills
    assert moments(ALL, SEED + 1) != kills


def test_phases_that_a_job_cannot_have_are_not_waited_for():
    assert phases_of(CONVERTED) == ORDER
    assert "converting" not in phases_of(INDEXED)
    assert {"converting", "indexed"}.isdisjoint(phases_of(JOBS[0]))
