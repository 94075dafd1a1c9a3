"""What docs/evaluation.md says of files and options is what there is."""

import re
import shlex
from pathlib import Path

from varbind.cli.evaluate import binding, quality
from varbind.evaluate.evaluation_data import OUTLIER_SDS
from varbind.evaluate.methods import CHOICE_MAX_PER_CLASS, LETTERS, SPAN
from varbind.evaluate.peak_quality import QUALITY_COLUMNS
from varbind.evaluate.report import MIN_PAIRS, RESULT_COLUMNS, SUMMARY_COLUMNS

TEXT = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)


def test_every_column_is_told_in_order():
    assert tuple(name for row in ROWS for name in re.findall(r"`(\w+)`", row)) == (
        *RESULT_COLUMNS,
        *SUMMARY_COLUMNS,
        *(name for name, _ in QUALITY_COLUMNS),
    )


def test_commands_have_the_options_that_are_shown():
    block = re.search(r"```sh\n(.*?)```", TEXT, re.DOTALL)[1]
    lines = [shlex.split(line, comments=True) for line in block.splitlines()]
    assert len(lines) == 2
    for words in lines:
        assert words[:3] == ["varbind", "evaluate", "binding"]
        assert binding.make_context("binding", words[3:]).params["output"] == "result"


def test_the_command_of_qualities_has_the_options_that_are_shown():
    block = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)[1]
    words = shlex.split(block)
    assert words[:3] == ["varbind", "evaluate", "quality"]
    assert quality.make_context("quality", words[3:]).params["output"] == "quality.tsv"


def test_numbers_are_those_of_the_code():
    assert (MIN_PAIRS, OUTLIER_SDS, LETTERS, SPAN) == (6, 4, 5, 7)
    assert "none below six sets" in TEXT
    assert "more than four standard deviations" in TEXT
    assert re.search(r"five out of\s+seven bases", TEXT)
    assert f"up to {CHOICE_MAX_PER_CLASS} bound and {CHOICE_MAX_PER_CLASS}" in " ".join(TEXT.split())
