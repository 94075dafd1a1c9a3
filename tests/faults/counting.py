"""Broken runs, counted: a table of faults and of what they met, written also where the counting is stopped."""

import signal
import sys
from collections import defaultdict
from pathlib import Path

EVERY = 10
STOPPED = 130
LEGEND = "Each cell: runs / with a flaw in what is left / with a wrong exit code."


def table(runs, *, rows, columns, remark=""):
    """A table of Markdown.

    Args:
        runs: each with its `row` and `column`, its flaws, and whether its exit code was wrong.
        rows: in order.
        columns: in order; those without a run are left out.
        remark: what else there is to say.
    """
    cells = defaultdict(list)
    for run in runs:
        for row in (run.row, "all"):
            for column in (run.column, "all"):
                cells[row, column].append(run)
    shown = [column for column in columns if ("all", column) in cells] + ["all"]
    lines = [f"| {row} | {' | '.join(_cell(cells[row, column]) for column in shown)} |" for row in [*rows, "all"]]
    head = [f"| fault | {' | '.join(shown)} |", "|---" * (len(shown) + 1) + "|"]
    return "\n".join([*head, *lines, "", f"{LEGEND} {remark}".strip(), ""])


def is_broken(run):
    """Whether something is against the promise."""
    return bool(run.flaws) or run.wrong_code


def counted(runs, *, count, output, tabulated):
    """Make broken runs, say how far it is, and write the table.

    Args:
        runs: pairs of a broken run and of what it said, made one after the other.
        count: how many there will be.
        output: of the table; `-` is standard output.
        tabulated: gives the table of the runs that were made.

    Returns:
        The exit code: 0 where all is well.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    made, stopped = [], False
    try:
        for run, done in runs:
            made.append(run)
            if is_broken(run):
                sys.stderr.write(f"{run}\n{done.err}\n")
            if len(made) % EVERY == 0 or len(made) == count:
                sys.stderr.write(f"{len(made)} of {count}\n")
    except KeyboardInterrupt:
        stopped = True
        sys.stderr.write(f"stopped after {len(made)} of {count}\n")
    if output == "-":
        sys.stdout.write(tabulated(made))
    else:
        Path(output).write_text(tabulated(made), encoding="utf-8")
    return STOPPED if stopped else int(any(map(is_broken, made)))


def _cell(runs):
    if not runs:
        return "-"
    return f"{len(runs)} / {sum(bool(run.flaws) for run in runs)} / {sum(run.wrong_code for run in runs)}"
