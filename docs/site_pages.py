"""A hook of MkDocs: pages outside docs/ and the notebook become pages of the site, and all links hold there.

In the repository, pages link to one another by their paths, as GitHub shows them. In the site, the folder docs/ is the
root, and the README, the cards of the banks and a few more pages lie beside its pages.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
TOP = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
CARDS = ("models/**/README.md", "models/**/*.svg")
LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)\s#]+)")
CODE_IN_TABLE = re.compile(r"(?<!`)`[^`\n]+`(?!`)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside docs/, at their paths in the repository."""
    cards = [path.relative_to(ROOT).as_posix() for pattern in CARDS for path in sorted(ROOT.glob(pattern))]
    for name in (*TOP, *cards):
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    notebook = (ROOT / "docs" / "notebook.py").read_text(encoding="utf-8")
    files.append(File.generated(config, "notebook.md", content=page_of_notebook(notebook)))
    return files


def page_of_notebook(text: str) -> str:
    """A notebook in the percent format of Jupytext as a page: its text, and its code in blocks."""
    cells = re.split(r"^# %%(.*)\n", text, flags=re.MULTILINE)[1:]
    return "\n".join(
        re.sub(r"^# ?", "", cell, flags=re.MULTILINE) if "[markdown]" in kind else f"```python\n{cell.strip()}\n```\n"
        for kind, cell in zip(cells[::2], cells[1::2], strict=True)
    )


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 (as MkDocs calls it)
    """Rewrite the links of a page to other files, and the bars in code of its tables."""
    source = page.file.src_uri
    in_repository = source if (ROOT / source).is_file() else f"docs/{source}"
    linked = LINK.sub(lambda match: in_site(match[1], in_repository, source), markdown)
    return "\n".join(plain_bars(line) if line.startswith("|") else line for line in linked.splitlines())


def in_site(target: str, in_repository: str, source: str) -> str:
    """The link from a page of the site to what a page of the repository links to."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(in_repository), target))
    path = path.replace("docs/notebook.py", "docs/notebook.md")
    return posixpath.relpath(path.removeprefix("docs/"), posixpath.dirname(source) or ".")


def plain_bars(row: str) -> str:
    r"""Write `|` for the `\|` in code, which GitHub needs in a table and Python-Markdown would print."""
    return CODE_IN_TABLE.sub(lambda match: match[0].replace(r"\|", "|"), row)
