"""The documentation as a site: every page is in its navigation, links hold, and nothing is loaded from elsewhere."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import varbind

MKDOCS = os.environ.get("VARBIND_MKDOCS") or shutil.which("mkdocs")
ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def hook():
    """The functions of the hook, without MkDocs."""
    files = ModuleType("mkdocs.structure.files")
    files.File = SimpleNamespace(generated=lambda config, name, **source: name)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("mkdocs", "mkdocs.structure"):
            patch.setitem(sys.modules, name, ModuleType(name))
        patch.setitem(sys.modules, "mkdocs.structure.files", files)
        return runpy.run_path(ROOT / "docs" / "site_pages.py")


def test_every_page_is_in_the_navigation(hook):
    listed = re.findall(r": (\S+\.md)$", CONFIGURATION.split("\nnav:")[1], re.MULTILINE)
    pages = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert sorted(listed) == sorted({*pages, *(name for name in hook["on_files"]([], None) if name.endswith(".md"))})


@pytest.mark.parametrize(
    ("page", "link", "expected"),
    [
        ("faq.md", "../SECURITY.md", "SECURITY.md"),
        ("faq.md", "pictures/a.svg", "pictures/a.svg"),
        ("README.md", "docs/faq.md", "faq.md"),
        ("README.md", "docs/notebook.py", "notebook.md"),
        ("README.md", "models/promoter-v2/README.md", "models/promoter-v2/README.md"),
        ("models/promoter-v2/README.md", "held-out.svg", "held-out.svg"),
    ],
)
def test_links_of_the_repository_become_links_of_the_site(hook, page, link, expected):
    opened = SimpleNamespace(file=SimpleNamespace(src_uri=page))
    rewritten = hook["on_page_markdown"](f"[x]({link}#y) [z](https://a/{link}) [w](#v)", opened, None, None)
    assert rewritten == f"[x]({expected}#y) [z](https://a/{link}) [w](#v)"


def test_bars_in_code_of_tables_are_plain(hook):
    assert hook["plain_bars"](r"| `a\|b` | c\|d |") == r"| `a|b` | c\|d |"


def test_the_notebook_becomes_text_and_code(hook):
    text = "# %% [markdown]\n# # Title\n#\n# Words.\n\n# %%\nprint(1)\n"
    assert hook["page_of_notebook"](text) == "# Title\n\nWords.\n\n\n```python\nprint(1)\n```\n"


def test_the_reference_has_every_public_name():
    shown = re.findall(r"^::: varbind\.\S*\.(\w+)$", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    assert sorted([*shown, "__version__"]) == sorted(varbind.__all__)


@pytest.mark.slow
@pytest.mark.skipif(not MKDOCS, reason="needs mkdocs-material and mkdocstrings-python, or VARBIND_MKDOCS=PROGRAM")
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    command = [MKDOCS, "build", "--strict", "-d", tmp_path / "site"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert re.findall(r"""<(?:script|img|iframe)[^>]*\ssrc=["']?(?:https?:)?//[^"'\s>]*""", text) == [], page
        assert re.findall(r"""<link[^>]*rel=["']?stylesheet["']?[^>]*href=["']?(?:https?:)?//""", text) == [], page
    reference = (tmp_path / "site" / "api" / "index.html").read_text(encoding="utf-8")
    assert all(f'id="{varbind._HOME[name]}.{name}"' in reference for name in varbind.__all__ if name in varbind._HOME)
