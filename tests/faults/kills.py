"""Runs stopped by signals in every phase of their work, as a table of faults and phases.

python tests/faults/kills.py --kills 240 -o TABLE.md
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import counting
from faults.aftermath import JOBS, SIGNAL_CODES, Job, Scene, said_wrong
from integration.runs import PROGRAM, Run, default_signals, without_times

SIGNALS = [*SIGNAL_CODES, signal.SIGKILL]
# In order, with the longest time in seconds that is waited on after a phase has begun.
PHASES = {
    "start": 0.1,
    "opening": 0.5,
    "scoring": 0.05,
    "converting": 0.02,
    "reading back": 0.02,
    "indexed": 0.002,
    "named": 0.02,
}
OVER = "over"
ORDER = list(PHASES)
LIMIT = 120
LOOK = 0.0005
SIZES = {"scored": 300, "passed": 20_000}


@dataclass
class Kill:
    """One run that was stopped.

    Attributes:
        job: what was written.
        number: the signal.
        waits: the phase that was waited for.
        share: of the bytes that are written while records are scored, waited for in that phase.
        delay: seconds from then on.
        phase: that it met; `over` where the run had ended.
        code: how the run ended.
        flaws: what is against the promise.
        wrong_code: whether it ended with another code or message.
    """

    job: Job
    number: signal.Signals
    waits: str
    share: float = 0.0
    delay: float = 0.0
    phase: str = ""
    code: int = 0
    flaws: list[str] = field(default_factory=list)
    wrong_code: bool = False

    def __str__(self):
        waited = f"{self.waits} {self.share:.2f} + {self.delay:.4f} s"
        return f"{self.job}, {self.number.name} at {waited} ({self.phase}): exit {self.code}, {self.flaws}"

    @property
    def row(self):
        return self.number.name

    @property
    def column(self):
        return self.phase


def phases_of(job):
    """The phases that a job has."""
    absent = {"converting"} if not job.output.endswith(".bcf") else set()
    absent |= {"indexed"} if "-W" not in job.options else set()
    return [name for name in PHASES if name not in absent]


def moments(kills, seed):
    """Job, signal and phase of each kill: every pair of a job and a signal in turn, its phases in a random order."""
    draw = random.Random(seed)
    pairs = [(job, number) for number in SIGNALS for job in JOBS]
    orders = {pair: draw.sample(phases_of(pair[0]), len(phases_of(pair[0]))) for pair in pairs}
    chosen = []
    for turn in range(-(-kills // len(pairs))):
        for pair in draw.sample(pairs, len(pairs)):
            waits = orders[pair][turn % len(orders[pair])]
            delay = draw.choice([0, draw.uniform(0, PHASES[waits])])
            chosen.append(Kill(*pair, waits, share=draw.uniform(0, 0.95), delay=delay))
    return chosen[:kills]


def strike(scene, kill):
    """Stop a run; look at what it left, and run once more where it could leave something."""
    assert scene.new
    scene.restore()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": scene.environment}
    streams["preexec_fn"] = default_signals
    with subprocess.Popen([*PROGRAM, *map(str, scene.words)], **streams) as process:
        limit = time.monotonic() + LIMIT
        while process.poll() is None and not _is_reached(scene, kill, process.pid):
            assert time.monotonic() < limit
            time.sleep(LOOK)
        time.sleep(kill.delay)
        met = phase(scene, process.pid)
        kill.phase = met if process.poll() is None else OVER
        process.send_signal(kill.number)
        out, err = process.communicate(timeout=LIMIT)
    done = Run(process.returncode, out, err.decode())
    kill.code = done.code
    if kill.number is signal.SIGKILL:
        kill.flaws = scene.flaws(done, killed=True)
        again = scene.run()
        left = {name: without_times((scene.results / name).read_bytes()) for name in scene.new}
        if again.code or left != scene.new:
            kill.flaws.append("the next run gives something else")
        return done
    # Before its handlers stand and after they are gone, the interpreter dies of a signal without a word.
    bare = kill.phase == "start" or scene.is_named
    kill.flaws = scene.flaws(done, killed=False, may_stop=bare)
    died = done.code == -kill.number or _died_before_program(done)
    kill.wrong_code = not (bare and died) and (
        not done.lines[-1:] or "records read" not in done.lines[-1]
        if done.code == 0
        else said_wrong(done, SIGNAL_CODES[kill.number], f"stopped by {kill.number.name}")
    )
    return done


def _died_before_program(done):
    """Whether the interpreter was interrupted while it made itself ready: it ends with 1, and names its own modules."""
    return done.code == 1 and "<frozen site>" in done.err and "varbind" not in done.err.rpartition("<frozen site>")[2]


def phase(scene, pid):
    """What the run is at, told by its handlers and by the files that are there."""
    if scene.is_named:
        return "named"
    if not _handles(pid, signal.SIGTERM):
        return "start"
    sizes = scene.temporaries
    if sizes is None:
        return "opening"
    if any(name.endswith(".csi") for name in sizes):
        return "indexed"
    # The same bytes come out of every run, so that its size tells when the result has its end.
    if sizes.get(f"result{scene.job.output.removeprefix('out')}") == len(scene.new[scene.job.output]):
        return "reading back"
    return "converting" if sizes.keys() & {"text.vcf.declared", "result.bcf"} else "scoring"


def _is_reached(scene, kill, pid):
    """Whether the phase that is waited for has begun, or is over."""
    met = phase(scene, pid)
    if met == kill.waits == "scoring":
        # The text of a BCF is a little larger than the input.
        is_bcf = scene.job.output.endswith(".bcf")
        whole = scene.source.stat().st_size if is_bcf else len(scene.new[scene.job.output])
        return max((scene.temporaries or {}).values(), default=0) >= kill.share * whole
    return ORDER.index(met) >= ORDER.index(kill.waits)


def _handles(pid, number):
    """Whether a process handles a signal."""
    try:
        rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return False
    caught = next((row.split()[1] for row in rows if row.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (number - 1) & 1)


def strikes(kills, folder, *, sizes=SIZES):
    """Stop a run for every kill, in a scene of its job: the kill, and what the run said."""
    scenes = {}
    for kill in kills:
        if kill.job not in scenes:
            scenes[kill.job] = Scene(folder / str(len(scenes)), kill.job, **sizes)
        yield kill, strike(scenes[kill.job], kill)


def table(kills):
    """Signals and the phases that they met."""
    met = sum(kill.phase == kill.waits for kill in kills)
    remark = f"{met} of {len(kills)} met the phase that was waited for."
    return counting.table(kills, rows=[number.name for number in SIGNALS], columns=[*PHASES, OVER], remark=remark)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", default="-")
    asked = parser.parse_args()
    kills = moments(asked.kills, asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        runs = strikes(kills, Path(folder))
        sys.exit(counting.counted(runs, count=len(kills), output=asked.output, tabulated=table))


if __name__ == "__main__":
    main()
