"""Faults at every system call that concerns the folder of results, as a table of faults and calls.

Needs strace. One traced run tells the calls; then each run meets one fault at one of them.

python tests/faults/syscalls.py -o TABLE.md
"""

import argparse
import errno
import os
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.aftermath import JOBS, SIGNAL_CODES, Job, Scene, said_wrong
from integration.runs import PROGRAM, spawn

NAMES = ["openat", "read", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "close", "rename", "unlink"]
SIGNALS = [signal.SIGKILL, signal.SIGTERM]
# What each call may meet on a disk that is full, broken, remounted or taken away.
ERRORS = {
    "EIO": set(NAMES),
    "ENOSPC": {"openat", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "close", "rename"},
    "EDQUOT": {"openat", "write", "pwrite64", "fsync", "close"},
    "EROFS": {"openat", "rename", "unlink"},
    "EACCES": {"openat", "rename", "unlink"},
}
SIZES = {"scored": 40, "passed": 200}
_CALL = re.compile(r"^\d+ +(?P<name>\w+)\((?P<words>.*)$")
_OPENED = re.compile(r"= (\d+)<")


@dataclass(frozen=True)
class Call:
    """One system call of a run.

    Attributes:
        name: of the call.
        number: which of its name it is, from 1.
        place: what it concerns: the last words of the file's temporary name, or its name.
        writes: whether a failure may lose bytes: what opens to write, writes, syncs, closes what was written, renames.
    """

    name: str
    number: int
    place: str
    writes: bool


@dataclass
class Strike:
    """One run with one fault at one call.

    Attributes:
        job: what was written.
        fault: a signal or an error.
        call: where it was placed.
        met: whether the run met it in the folder of results.
        code: how it ended.
        flaws: what is against the promise.
        wrong_code: whether it ended with another code or message.
    """

    job: Job
    fault: str
    call: Call
    met: bool = False
    code: int = 0
    flaws: list[str] = field(default_factory=list)
    wrong_code: bool = False

    def __str__(self):
        call = self.call
        return (
            f"{self.job}, {self.fault} at {call.name} {call.number} of {call.place}: exit {self.code}, {self.flaws}, "
            f"wrong {self.wrong_code}"
        )


def calls_of(scene):
    """The calls of an unbroken run that concern its folder of results."""
    scene.restore()
    done, lines = traced(scene, ["-e", f"trace={','.join(NAMES)}"])
    assert done.code == 0, done.err
    counts, written, found = Counter(), {}, []
    for line in lines:
        match = _CALL.match(line)
        if match is None:
            continue
        name, words = match["name"], match["words"]
        counts[name] += 1
        if str(scene.results) not in words:
            continue
        descriptor = _OPENED.search(words) if name == "openat" else re.match(r"(\d+)<", words) or [0, ""]
        if name == "openat" and descriptor:
            written[descriptor[1]] = "O_WRONLY" in words or "O_RDWR" in words
        is_written = bool(descriptor) and written.get(descriptor[1], False)
        folder = f"<{scene.results}>" in words
        writes = name in {"write", "pwrite64", "ftruncate", "rename"} or (name in {"openat", "close"} and is_written)
        writes |= name in {"fsync", "fdatasync"} and not folder
        found.append(Call(name, counts[name], _place(words, scene), writes))
    return found


def traced(scene, options):
    """Run under strace: what the run said, and the lines of the trace."""
    log = scene.temporary.parent / "trace"
    program = ["strace", "-f", "-y", "-s", "0", "-o", str(log), *options, *PROGRAM]
    # One thread and one order of everything, so that the calls have the same numbers in every run.
    done = spawn(*scene.words, "--threads", "1", program=program, env={**scene.environment, "PYTHONHASHSEED": "0"})
    return done, log.read_text(errors="replace").splitlines()


def strikes_of(job, calls, faults):
    """A strike for every call and every fault that it may meet."""
    return [Strike(job, fault, call) for call in calls for fault in faults if call.name in ERRORS.get(fault, NAMES)]


def strike(scene, one):
    """Run with the fault; look at what is left."""
    scene.restore()
    what = f"signal={one.fault}" if one.fault.startswith("SIG") else f"error={one.fault}"
    name = one.call.name
    done, lines = traced(scene, ["-e", f"trace={name}", "-e", f"inject={name}:{what}:when={one.call.number}"])
    one.code = done.code
    if one.fault.startswith("SIG"):
        one.met = any(f"--- {one.fault} " in line or f"killed by {one.fault}" in line for line in lines)
    else:
        one.met = any("(INJECTED)" in line and str(scene.results) in line for line in lines)
    killed = one.fault == "SIGKILL"
    one.flaws = scene.flaws(done, killed=killed or name == "unlink")
    if name == "rename" and one.call.place != scene.job.output and not one.fault.startswith("SIG"):
        # Names are given one after the other: what has its own already keeps it.
        one.flaws = [flaw for flaw in one.flaws if not flaw.startswith("exit 5, yet")]
    if one.fault == "SIGTERM":
        number = signal.SIGTERM
        one.wrong_code = done.code != 0 and said_wrong(done, SIGNAL_CODES[number], f"stopped by {number.name}")
    elif not killed and one.met:
        told = not said_wrong(done, 5, "" if _is_of_htslib(one) else os.strerror(getattr(errno, one.fault)))
        one.wrong_code = not told and (done.code != 0 or one.call.writes)
    return done


def _is_of_htslib(one):
    """Whether the call may be htslib's, which does not say why it failed."""
    call = one.call
    reads = call.name == "read" or (call.name == "openat" and not call.writes)
    return one.job.output.endswith(".bcf") or call.place.endswith(".csi") or reads


def _place(words, scene):
    """What a call concerns, without what differs from run to run."""
    name = words.rpartition(str(scene.results))[2].lstrip("/").partition('"')[0].partition(">")[0]
    return re.sub(r"\.varbind-[0-9a-f]+", "", name) or "the folder"


def table(strikes):
    """Faults and calls as a table of Markdown."""
    cells = defaultdict(list)
    for one in strikes:
        for row in (one.fault, "all"):
            for column in (one.call.name, "all"):
                cells[row, column].append(one)
    columns = [name for name in NAMES if ("all", name) in cells] + ["all"]
    rows = [*(number.name for number in SIGNALS), *ERRORS, "all"]
    lines = [f"| {row} | {' | '.join(_cell(cells[row, column]) for column in columns)} |" for row in rows]
    head = [f"| fault | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    return "\n".join([*head, *lines, "", "Each cell: runs / with a flaw in what is left / with a wrong exit code.", ""])


def _cell(strikes):
    if not strikes:
        return "-"
    return f"{len(strikes)} / {sum(bool(one.flaws) for one in strikes)} / {sum(one.wrong_code for one in strikes)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", default="-")
    parser.add_argument("--faults", default=",".join([*(number.name for number in SIGNALS), *ERRORS]))
    parser.add_argument("--only", default="", help="a part of the name of the output")
    parser.add_argument("--share", type=int, default=1, help="every n-th strike")
    asked = parser.parse_args()
    if shutil.which("strace") is None:
        parser.error("needs strace")
    strikes = []
    with tempfile.TemporaryDirectory() as folder:
        for number, job in enumerate(one for one in JOBS if one.old and one.stats and asked.only in one.output):
            scene = Scene(Path(folder, str(number)), job, **SIZES)
            assert scene.new
            for one in strikes_of(job, calls_of(scene), asked.faults.split(","))[:: asked.share]:
                done = strike(scene, one)
                strikes.append(one)
                if one.flaws or one.wrong_code:
                    sys.stderr.write(f"{one}\n{done.err}\n")
    text = table(strikes)
    if asked.output == "-":
        sys.stdout.write(text)
    else:
        Path(asked.output).write_text(text, encoding="utf-8")
    sys.exit(any(one.flaws or one.wrong_code for one in strikes))


if __name__ == "__main__":
    main()
