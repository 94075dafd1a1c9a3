"""The program under guard: its memory limited and measured, or every use of the network its end."""

import os
import sys
from pathlib import Path

from integration.runs import spawn

ADDRESSES = 8 << 30
"""Bytes: what is never refused ends the run before it ends the machine."""

BEYOND_SOUND = 300 << 20
"""Bytes that hostile input may take beyond what a sound run takes."""

MEASURED = [
    sys.executable,
    "-c",
    f"""
import os, re, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, ({ADDRESSES}, {ADDRESSES}))
from varbind.cli.main import _run
code = _run()
status = Path("/proc/self/status")
peak = re.search(r"VmHWM:\\s+([0-9]+)", status.read_text())[1] if status.exists() else 0
Path(os.environ["PEAK"]).write_text(str(int(peak) << 10))
sys.exit(code)
""",
]

AUDITED = [
    sys.executable,
    "-c",
    """
import os, sys
FORBIDDEN = ("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "os.system", "os.exec", "os.posix_spawn")
def refuse(event, arguments):
    if event.startswith(FORBIDDEN):
        os.write(2, f"forbidden: {event} {arguments}\\n".encode())
        os._exit(99)
sys.addaudithook(refuse)
from varbind.cli.main import _run
words, calls = sys.argv[1:], []
while words:
    end = words.index("then") if "then" in words else len(words)
    sys.argv = ["varbind", *words[:end]]
    if code := _run():
        sys.exit(code)
    words = words[end + 1:]
""",
]
"""Several calls, one after the other, with the word `then` between them."""


def measured(folder, *words, **options):
    """A run, and the most memory it had, in bytes; 0 where the system does not say."""
    peak = Path(folder) / "peak"
    done = spawn(*words, program=MEASURED, env={**os.environ, "PEAK": str(peak)}, **options)
    return done, int(peak.read_text())
