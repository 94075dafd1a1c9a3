"""Write the command reference from the commands themselves: docs/commands.md.

python docs/commands.py
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from varbind.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator


def reference() -> str:
    """The whole reference as Markdown."""
    parts = ["# Commands\n\nMade from the code by `docs/commands.py`.\n"]
    for words, command in _commands(main, ("varbind",)):
        context = click.Context(command, info_name=" ".join(words), max_content_width=100, terminal_width=100)
        parts.append(f"## {' '.join(words)}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def _commands(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, group
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*words, name))
        elif command is not None:
            yield (*words, name), command


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(reference(), encoding="utf-8")
