"""Capture `varbind demo` and `varbind show` as a terminal shows them: the SVG files beside this script.

python docs/pictures/terminal.py
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from io import StringIO
from pathlib import Path

from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.text import Text

ROWS = 60
RESULT = "varbind-demo/annotated.vcf.gz"
PICTURES = {
    "demo.svg": (("demo",), 120),
    "demo-100.svg": (("demo",), 100),
    "demo-80.svg": (("demo",), 80),
    "show-100.svg": (("show", RESULT, "--top", "10"), 100),
    "show-80.svg": (("show", RESULT, "--top", "10"), 80),
    "show-variant-100.svg": (("show", RESULT, "chr2:8573"), 100),
    "show-variant-80.svg": (("show", RESULT, "chr2:8573"), 80),
}
"""The arguments of varbind and the width of the terminal in columns, for each picture."""

# Without the font that rich would load from the network: a page may not, and a picture must not.
SVG_FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code, monospace", "DejaVu Sans Mono, Menlo, Consolas, monospace"
)


def main() -> None:
    """Capture every picture."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (arguments, columns) in PICTURES.items():
            text = captured(arguments, columns, folder)
            picture = svg(f"$ varbind {' '.join(arguments)}", text, columns)
            Path(__file__).with_name(name).write_text(picture, encoding="utf-8")


def captured(arguments: tuple[str, ...], columns: int, folder: str) -> str:
    """Run varbind in a terminal with a number of columns, and return what it writes there, colours included."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    hidden = {"COLUMNS", "NO_COLOR", "FORCE_COLOR", "COLORTERM"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"TERM": "xterm-256color", "PYTHONUTF8": "1"}
    # The package that this interpreter imports, also where the folder is another one.
    command = [sys.executable, "-m", "varbind", *arguments]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, cwd=folder, env=environment) as process:  # noqa: S603
        os.close(theirs)
        written = b""
        while part := _read(ours):
            written += part
    os.close(ours)
    if process.returncode:
        message = f"{' '.join(command)} ended with exit code {process.returncode}"
        raise RuntimeError(message)
    return written.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # how Linux reports the end of a terminal
        return b""


def svg(command: str, text: str, columns: int) -> str:
    """Draw a command and its output."""
    console = Console(record=True, width=columns, file=StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text(command, style="bold"), soft_wrap=True)
    console.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=True)
    picture = console.export_svg(title="", code_format=SVG_FORMAT)
    return "".join(f"{line.rstrip()}\n" for line in picture.splitlines() if line.strip())


if __name__ == "__main__":
    main()
