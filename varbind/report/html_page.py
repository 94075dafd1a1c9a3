"""Makes the HTML of a report: one file that loads nothing, and whose scripts and styles are the only ones allowed.

Texts of the file are escaped by jinja2, whose autoescape is on. The page has a Content-Security-Policy that forbids
every request, and every script and style but our own, which it names by their SHA-256.

The table holds all alleles. The details of an allele, most of which are drawings, are compressed by DEFLATE (RFC 1951),
some alleles at a time, and unpacked by the browser when one is opened, because those of hundreds of alleles would take
tens of megabytes.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from varbind._version import __version__
from varbind.gate import optional_import
from varbind.report.number_texts import frequency, known, one_decimal, percent, sentence, signed, two_decimals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from varbind.draw.svg import Drawing
    from varbind.report.reported_page import Entry

__all__ = ["render"]

TOGETHER = 10
"""The number of alleles whose details are compressed together: more take less room, and longer to open."""

SEPARATOR = "\f"
"""What separates the details of alleles; no text of the page contains it, because control characters are escaped."""

FILTERS = {
    "frequency": frequency,
    "known": known,
    "one_decimal": one_decimal,
    "percent": percent,
    "sentence": sentence,
    "signed": signed,
    "two_decimals": two_decimals,
}


def render(overview: dict[str, object], entries: Sequence[Entry], *, missing: Sequence[str] = ()) -> bytes:
    """Make the page.

    Args:
        overview: what stands above the alleles, from `varbind.report.reported_page.overview`.
        entries: the alleles.
        missing: what could not be drawn, in sentences.

    Raises:
        UsageError: the package jinja2 is not installed.
    """
    environment = _environment()
    detail = environment.get_template("variant.html.j2")
    pieces = [detail.render(entry=entry) for entry in entries]
    details = [_packed(SEPARATOR.join(pieces[at : at + TOGETHER])) for at in range(0, len(pieces), TOGETHER)]
    style, script = _resource("report.css"), _resource("report.js")
    policy = (
        f"default-src 'none'; script-src 'sha256-{_digest(script)}'; style-src 'sha256-{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    page = environment.get_template("report.html.j2").render(
        **overview,
        entries=entries,
        missing=missing,
        # Base64 and the brackets of JSON hold no character that HTML reads as markup.
        details=_markup(json.dumps({"together": TOGETHER, "packed": details}, separators=(",", ":"))),
        policy=policy,
        style=_markup(style),
        script=_markup(script),
        version=__version__,
    )
    return str(page).encode("utf-8", "replace")


def _packed(html: str) -> str:
    """HTML as raw DEFLATE in Base64."""
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b64encode(squeezed.compress(html.encode("utf-8", "replace")) + squeezed.flush()).decode("ascii")


@cache
def _environment() -> Any:
    jinja2 = optional_import("jinja2", needed_for="varbind report")
    names = ("report.html.j2", "variant.html.j2")
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({name: _resource(name) for name in names}),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS, svg=_svg)
    return environment


def _svg(drawing: Drawing, prefix: str) -> Any:
    """A drawing as an element of the page, which is escaped already."""
    return _markup(drawing.inline(prefix))


def _markup(html: str) -> Any:
    """HTML of our own, which is not escaped again."""
    return optional_import("markupsafe", needed_for="varbind report").Markup(html)


@cache
def _resource(name: str) -> str:
    return files("varbind.report").joinpath("templates", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The SHA-256 of a script or a style as a Content-Security-Policy states it."""
    return b64encode(sha256(text.encode()).digest()).decode("ascii")
