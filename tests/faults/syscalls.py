"""Faults at the system calls that concern the folder of results, as a table of faults and calls.

Needs strace. One traced run tells the calls; then each run meets one fault at one of them. Of the calls of one kind,
those at a few places are chosen by chance.

python tests/faults/syscalls.py -o TABLE.md
"""

import argparse
import errno
import functools
import os
import random
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import counting
from faults.aftermath import JOBS, SIGNAL_CODES, STATS, Job, Scene, said_wrong
from integration.runs import PROGRAM, spawn

# Those that take the hidden folder away.
CLEARING = ["unlink", "unlinkat", "rmdir"]
WRITING = ["mkdir", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "rename"]
NAMES = ["openat", "read", "close", *WRITING, *CLEARING]
SIGNALS = [signal.SIGKILL, signal.SIGTERM]
# What each call may meet on a disk that is full, broken, remounted or taken away.
ERRORS = {
    "EIO": set(NAMES),
    "ENOSPC": {"openat", "close", *WRITING},
    "EDQUOT": {"openat", "close", "mkdir", "write", "pwrite64", "fsync"},
    "EROFS": {"openat", "mkdir", "rename", *CLEARING},
    "EACCES": {"openat", "mkdir", "rename", *CLEARING},
}
FAULTS = [*(number.name for number in SIGNALS), *ERRORS]
PLACES = 3
HIDDEN = "the hidden folder"
SIZES = {"scored": 40, "passed": 200}
CHOSEN = [job for job in JOBS if job.old and job.stats]
_CALL = re.compile(r"^\d+ +(?P<name>\w+)\((?P<words>.*)$")
_OPENED = re.compile(r"= (\d+)<")
_HIDDEN = re.compile(r"^\.[^/]+\.varbind-\w{8}(/|$)", re.ASCII)
_RANDOM = re.compile(r"\.varbind-\w{8}", re.ASCII)


@dataclass(frozen=True)
class Call:
    """One system call of a run.

    Attributes:
        name: of the call.
        number: which of its name it is, from 1.
        place: the file that it concerns, or that is renamed to: in the hidden folder, or in that of results.
        writes: whether a failure may lose bytes: what opens to write, writes, syncs, closes what was written, renames.
        clears: whether a failure may leave temporary files: what takes them away, or looks for them.
    """

    name: str
    number: int
    place: str
    writes: bool
    clears: bool


@dataclass
class Strike:
    """One run with one fault at one call.

    Attributes:
        job: what was written.
        fault: a signal or an error.
        call: where it was placed.
        met: whether the run came to this call; where not, it counts as nothing.
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

    @property
    def row(self):
        return self.fault

    @property
    def column(self):
        return self.call.name


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
        place = _place(words, scene)
        # A folder that is not synced loses no bytes; the hidden one is opened to be taken away.
        clears = name in CLEARING or (name in {"openat", "close"} and place == HIDDEN)
        writes = is_written if name in {"openat", "close"} else name in WRITING and f"<{scene.results}>" not in words
        found.append(Call(name, counts[name], place, writes and not clears, clears))
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


def sample(strikes, *, places, draw):
    """Of each kind of call and fault one strike at each of so many places, by chance."""
    kinds = defaultdict(lambda: defaultdict(list))
    for one in strikes:
        kinds[one.fault, one.call.name][one.call.place].append(one)
    return [
        draw.choice(kind[place])
        for kind in kinds.values()
        for place in draw.sample(sorted(kind), min(places, len(kind)))
    ]


def strike(scene, one):
    """Run with the fault; look at what is left."""
    scene.restore()
    what = f"signal={one.fault}" if one.fault.startswith("SIG") else f"error={one.fault}"
    name = one.call.name
    done, lines = traced(scene, ["-e", f"trace={name}", "-e", f"inject={name}:{what}:when={one.call.number}"])
    one.code, one.met = done.code, _is_met(scene, one.call, lines)
    if not one.met:
        return done
    killed = one.fault == "SIGKILL"
    # What cannot be taken away is left.
    one.flaws = scene.flaws(done, killed=killed or (one.call.clears and one.fault in ERRORS))
    if name == "rename" and one.fault in ERRORS and one.call.place in {scene.index, STATS}:
        # Names are given one after the other: the result, its index, the counts. Where the index or the counts cannot
        # be given theirs, and then only, the new result stands beside old counts or without an index, and exit code 5
        # says so.
        one.flaws = [flaw for flaw in one.flaws if not flaw.startswith("exit 5, yet")]
    if one.fault == "SIGTERM":
        number = signal.SIGTERM
        one.wrong_code = done.code != 0 and said_wrong(done, SIGNAL_CODES[number], f"stopped by {number.name}")
    elif not killed:
        told = not said_wrong(done, 5, "" if _is_of_htslib(one) else os.strerror(getattr(errno, one.fault)))
        # An old index that cannot be moved away is removed instead, and then all is well.
        is_old_index = name == "rename" and one.call.place.startswith("old-")
        one.wrong_code = not told and (done.code != 0 or (one.call.writes and not is_old_index))
    return done


def _is_met(scene, call, lines):
    """Whether the call of this number concerned, in this run too, what it did in the traced one."""
    words = [match["words"] for match in map(_CALL.match, lines) if match and match["name"] == call.name]
    met = words[call.number - 1 : call.number]
    return bool(met) and str(scene.results) in met[0] and _place(met[0], scene) == call.place


def _is_of_htslib(one):
    """Whether the call may be htslib's, which does not say why it failed."""
    call = one.call
    reads = call.name == "read" or (call.name == "openat" and not call.writes)
    return one.job.output.endswith(".bcf") or call.place.endswith(".csi") or reads


def _place(words, scene):
    """What a call concerns, without what differs from run to run."""
    name = words.rpartition(str(scene.results))[2].lstrip("/").partition('"')[0].partition(">")[0]
    if _HIDDEN.match(name):
        return _HIDDEN.sub("", name) or HIDDEN
    return _RANDOM.sub("", name) or "the folder"


def table(strikes, every):
    """Faults and calls, of those that were met."""
    met = [one for one in strikes if one.met]
    remark = f"{len(strikes)} of {every} pairs of a call and a fault were chosen; {len(strikes) - len(met)} not met."
    return counting.table(met, rows=FAULTS, columns=NAMES, remark=remark)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", default="-")
    parser.add_argument("--faults", default=",".join(FAULTS))
    parser.add_argument("--only", default="", help="a part of the name of the output")
    parser.add_argument("--places", type=int, default=PLACES, help="of each kind of call and fault")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if shutil.which("strace") is None:
        parser.error("needs strace")
    draw, every, chosen = random.Random(asked.seed), 0, []
    with tempfile.TemporaryDirectory() as folder:
        for job in (one for one in CHOSEN if asked.only in one.output):
            scene = Scene(Path(folder, job.output), job, **SIZES)
            assert scene.new
            found = strikes_of(job, calls_of(scene), asked.faults.split(","))
            every += len(found)
            chosen += [(scene, one) for one in sample(found, places=asked.places, draw=draw)]
        runs = ((one, strike(scene, one)) for scene, one in chosen)
        tabulated = functools.partial(table, every=every)
        sys.exit(counting.counted(runs, count=len(chosen), output=asked.output, tabulated=tabulated))


if __name__ == "__main__":
    main()
