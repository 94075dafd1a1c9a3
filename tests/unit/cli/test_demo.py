"""The table of `varbind demo` fits a terminal, and is plain text elsewhere."""

import re
import sys

import pytest

from varbind.cli.demo import COLUMNS, _table

ROW = (
    "a_long_name_of_a_variant",
    "chr1",
    "2452",
    "T>G",
    "-248",
    "1",
    "0.02",
    "12",
    "PAX5 Paired_dom~",
    "5",
    "RUNX1",
    "ok",
)


@pytest.fixture
def terminal(monkeypatch):
    def of(columns, **variables):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        for name, value in {"COLUMNS": str(columns), "TERM": "xterm", **variables}.items():
            monkeypatch.setenv(name, value)

    monkeypatch.delenv("NO_COLOR", raising=False)
    return of


def test_a_pipe_gets_every_cell_whole_and_no_colour():
    heading, row = _table([ROW]).splitlines()
    assert heading.split() == list(COLUMNS)
    assert row.split() == [word for cell in ROW for word in cell.split()]
    assert "\x1b" not in heading + row


@pytest.mark.parametrize("columns", [80, 100])
def test_the_names_are_cut_to_the_width_of_a_terminal(terminal, columns):
    terminal(columns, NO_COLOR="1")
    text = _table([ROW, ROW])
    lines = re.sub("\x1b\\[[01]m", "", text).splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= columns
    for cell in ("chr1", "2452", "T>G", "-248", "0.02"):
        assert f" {cell} " in lines[1]
    assert "a_long_name_of_a_variant" not in lines[1]
    assert "\x1b[1m" not in "".join(lines) or "\x1b[3" not in "".join(lines)


def test_the_heading_is_bold_on_a_terminal(terminal):
    terminal(150)
    assert "\x1b[1m" in _table([ROW]).splitlines()[0]
