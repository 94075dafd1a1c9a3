"""Rows 50 and 51, at random moments: the old output or the whole new one, whatever stops a run and whenever."""

import pytest
from faults.aftermath import JOBS, SIGNAL_CODES
from faults.kills import PHASES, SIGNALS, moments, strikes, table

SEED = 1
SHARE = 8
ALL = 240
SMALL = {"scored": 300, "passed": 10_000}


def assert_kept(kills):
    """No partial output, no wrong exit code."""
    broken = [str(kill) for kill in kills if kill.flaws or kill.wrong_code]
    assert broken == [], table(kills)


def test_a_share_of_the_kills(tmp_path):
    """Compressed with an index, over an old output and not, and every signal."""
    jobs = [JOBS[place] for place in (7, 10)]
    kills = [kill for kill in moments(ALL, SEED) if kill.job in jobs]
    by_signal = [[kill for kill in kills if kill.number is number] for number in SIGNALS]
    chosen = [kill for found in by_signal for kill in found[: SHARE // len(SIGNALS)]]
    said = []
    strikes(chosen, tmp_path, sizes=SMALL, tell=said.append)
    assert len(chosen) == SHARE
    assert_kept(chosen)
    assert said == []


@pytest.mark.slow
def test_all_kills(tmp_path):
    kills = moments(ALL, SEED)
    strikes(kills, tmp_path)
    assert_kept(kills)
    assert {kill.phase for kill in kills} == set(PHASES)


def test_every_job_meets_every_signal():
    kills = moments(ALL, SEED)
    assert {(kill.job, kill.number) for kill in kills} == {(job, number) for job in JOBS for number in SIGNALS}
    assert set(SIGNAL_CODES) < set(SIGNALS)
    assert [kill.share for kill in kills] == [kill.share for kill in moments(ALL, SEED)]
    assert [kill.share for kill in kills] != [kill.share for kill in moments(ALL, SEED + 1)]
