"""The README has its two commands, and leads to every page of the documentation."""

import re
from pathlib import Path

from varbind.annotate.info_schema import INFO_KEYS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


def links(page):
    """What a page links to in the repository, without the anchor."""
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return {target.partition("#")[0] for target in targets if not target.startswith(("http", "#"))}


def test_exactly_two_commands_set_up():
    set_up = TEXT.split("## Set-up")[1].split("## ")[0]
    commands = re.findall(r"```sh\n(.*?)\n```", set_up, re.DOTALL)
    assert len(commands) == 2
    assert all("\n" not in command and "-c constraints.txt" in command for command in commands)
    assert commands[0].endswith("varbind demo")
    assert "pytest" in commands[1]


def test_the_table_of_keys_follows_the_schema():
    rows = re.findall(r"^\| `VARBIND_(\w+)` \| (\w+) \|", TEXT, flags=re.MULTILINE)
    assert sorted(rows) == sorted((key.name, key.type) for key in INFO_KEYS)


def test_it_links_to_every_page():
    pages = {str(page.relative_to(ROOT)) for page in PAGES if page.parent.name == "docs"}
    assert pages <= links(ROOT / "README.md")


def test_every_link_leads_to_a_file():
    broken = [(page.name, link) for page in PAGES for link in links(page) if not (page.parent / link).is_file()]
    assert not broken
