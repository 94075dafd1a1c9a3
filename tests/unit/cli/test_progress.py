"""Progress is a bar on a terminal, and elsewhere one log line a minute."""

import io
import logging
import sys

import pytest

from varbind.cli.progress import ProgressLog, show_progress


class Clock:
    """A clock that shows the time it is set to."""

    time = 1_000.0

    def __call__(self):
        return self.time


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, logger="varbind")
    return caplog


def test_one_line_is_logged_a_minute(log):
    clock = Clock()
    progress = ProgressLog(clock)
    for second in range(1, 200):
        clock.time = 1_000 + second
        progress(1_000 * second, 400_000, "records")
    assert log.messages == [
        "records: 60,000 done (15%), 1,000/s, 0:05:40 left",
        "records: 120,000 done (30%), 1,000/s, 0:04:40 left",
        "records: 180,000 done (45%), 1,000/s, 0:03:40 left",
    ]


def test_a_run_under_a_minute_logs_nothing(log):
    clock = Clock()
    progress = ProgressLog(clock)
    for second in range(60):
        clock.time = 1_000 + second
        progress(second, 59, "records")
    assert not log.messages


def test_each_stage_has_its_own_rate_and_nothing_unknown_is_shown(log):
    clock = Clock()
    progress = ProgressLog(clock)
    for second, call in ((50, (500, 500, "loci")), (90, (80, None, "epochs")), (160, (0, 9)), (230, (7, 7))):
        clock.time = 1_000 + second
        progress(*call)
    assert log.messages == [
        "epochs: 80 done, 2.0/s",
        "done: 0 done (0%), 0.0/s",
        "done: 7 done (100%), 0.1/s, 0:00:00 left",
    ]


def test_a_pipe_gets_log_lines_and_quiet_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with show_progress(quiet=True) as progress:
        assert progress is None
    with show_progress(quiet=False) as progress:
        assert isinstance(progress, ProgressLog)


def test_a_terminal_gets_a_bar(monkeypatch):
    shown = io.StringIO()
    shown.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with show_progress(quiet=False) as progress:
        progress(1, 4, "loci")
        progress(4, 4, "loci")
    assert "loci" in shown.getvalue()
    assert "1 done (25%)" in shown.getvalue()
    assert "4 done (100%)" in shown.getvalue()


def test_a_bar_leaves_standard_output_alone(monkeypatch):
    shown, data = io.StringIO(), io.StringIO()
    shown.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(sys, "stdout", data)
    monkeypatch.setenv("TERM", "xterm")
    with show_progress(quiet=False) as progress:
        progress(1, 4, "sequences")
        sys.stdout.write("id\tscore\n")
    assert data.getvalue() == "id\tscore\n"
    assert "id\tscore" not in shown.getvalue()
