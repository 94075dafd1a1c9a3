"""Settings that a program makes are held to what the command line takes."""

import pytest

from varbind.annotate.settings import AnnotateSettings
from varbind.errors import UsageError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("check_ref", "z"),
        ("check_ref", None),
        ("tss", "some"),
        ("index", "bai"),
        ("top", 0),
        ("top", None),
        ("top", 1.5),
        ("max_indel", -1),
        ("max_indel", "50"),
        ("batch_size", 0),
        ("batch_size", (1 << 16) + 1),
        ("explain", -1),
        ("explain", True),
        ("explain", "10"),
        ("threads", 0),
        ("threads", True),
        ("threads", 1025),
        ("prefix", "1A"),
    ],
)
def test_what_the_command_line_refuses(name, value):
    with pytest.raises(UsageError, match=name) as caught:
        AnnotateSettings(**{name: value})
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"check_ref": "e", "tss": "all", "index": "tbi", "threads": None},
        {"explain": 0},
        {"explain": None},
        {"explain": 25},
        {"top": 1, "max_indel": 1 << 40, "batch_size": 1 << 16, "threads": 1024},
    ],
)
def test_what_the_command_line_takes(settings):
    made = AnnotateSettings(**settings)
    assert {name: getattr(made, name) for name in settings} == settings
