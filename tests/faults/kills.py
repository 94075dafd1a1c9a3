"""Runs stopped by signals at random moments, as a table of faults and moments.

python tests/faults/kills.py --kills 240 -o TABLE.md
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.aftermath import JOBS, SIGNAL_CODES, Job, Scene, said_wrong
from integration.runs import PROGRAM, Run

SIGNALS = [*SIGNAL_CODES, signal.SIGKILL]
PHASES = ["start", "opening", "scoring", "converting", "indexing", "named"]
LIMIT = 120
SIZES = {"scored": 1_000, "passed": 60_000}


@dataclass
class Kill:
    """One run that was stopped.

    Attributes:
        job: what was written.
        number: the signal.
        share: of the time of an unbroken run at which it was sent.
        phase: that it met.
        code: how the run ended.
        flaws: what is against the promise.
        wrong_code: whether it ended with another code or message.
    """

    job: Job
    number: signal.Signals
    share: float
    phase: str = ""
    code: int = 0
    flaws: list[str] = field(default_factory=list)
    wrong_code: bool = False

    def __str__(self):
        return f"{self.job}, {self.number.name} at {self.share:.3f} ({self.phase}): exit {self.code}, {self.flaws}"


def moments(kills, seed):
    """Job, signal and moment of each kill: every pair of a job and a signal in turn, at random moments."""
    draw = random.Random(seed)
    pairs = [(job, number) for number in SIGNALS for job in JOBS]
    rounds = -(-kills // len(pairs))
    chosen = [pair for _ in range(rounds) for pair in draw.sample(pairs, len(pairs))][:kills]
    return [Kill(job, number, draw.uniform(0, 1.02)) for job, number in chosen]


def strike(scene, kill):
    """Stop a run; look at what it left, and run once more."""
    assert scene.new
    scene.restore()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": scene.environment}
    with subprocess.Popen([*PROGRAM, *map(str, scene.words)], **streams) as process:
        time.sleep(kill.share * scene.seconds)
        kill.phase = phase(scene, process.pid)
        process.send_signal(kill.number)
        out, err = process.communicate(timeout=LIMIT)
    done = Run(process.returncode, out, err.decode())
    kill.code = done.code
    # Before its handlers stand and after they are gone, the interpreter dies of a signal without a word.
    bare = kill.phase in ("start", "named")
    if kill.number is signal.SIGKILL:
        kill.flaws = scene.flaws(done, killed=True)
    else:
        kill.flaws = scene.flaws(done, killed=False, may_stop=bare)
        kill.wrong_code = not (bare and done.code == -kill.number) and (
            not done.lines[-1:] or "records read" not in done.lines[-1]
            if done.code == 0
            else said_wrong(done, SIGNAL_CODES[kill.number], f"stopped by {kill.number.name}")
        )
    again = scene.run()
    if again.code or any((scene.results / name).read_bytes() != data for name, data in scene.new.items()):
        kill.flaws.append("the next run gives something else")
    return done


def phase(scene, pid):
    """What the run is at, told by its handlers and by the files that are there."""
    names = [path.name for path in scene.results.iterdir() if path.name.startswith(".")]
    if not names and scene.is_named:
        return "named"
    if not _handles(pid, signal.SIGTERM):
        return "start"
    if any(name.endswith(".csi") for name in names):
        return "indexing"
    if any(name.endswith(".declared") for name in names):
        return "converting"
    return "scoring" if names else "opening"


def _handles(pid, number):
    """Whether a process handles a signal."""
    try:
        rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return False
    caught = next((row.split()[1] for row in rows if row.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (number - 1) & 1)


def strikes(kills, folder, *, sizes=SIZES, tell=sys.stderr.write):
    """Stop a run for every kill, in a scene of its job."""
    scenes = {}
    for number, kill in enumerate(kills):
        if kill.job not in scenes:
            scenes[kill.job] = Scene(folder / str(len(scenes)), kill.job, **sizes)
        done = strike(scenes[kill.job], kill)
        if kill.flaws or kill.wrong_code:
            tell(f"{number}: {kill}\n{done.err}\n")


def table(kills):
    """Faults and moments as a table of Markdown: kills, partial outputs, wrong exit codes."""
    cells = defaultdict(list)
    for kill in kills:
        for row in (kill.number.name, "all"):
            for column in (kill.phase, "all"):
                cells[row, column].append(kill)
    columns = [*PHASES, "all"]
    rows = [*(number.name for number in SIGNALS), "all"]
    lines = [f"| {row} | {' | '.join(_cell(cells[row, column]) for column in columns)} |" for row in rows]
    head = [f"| fault | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    what = "Each cell: kills / with a flaw in what is left / with a wrong exit code."
    return "\n".join([*head, *lines, "", what, ""])


def _cell(kills):
    if not kills:
        return "-"
    return f"{len(kills)} / {sum(bool(kill.flaws) for kill in kills)} / {sum(kill.wrong_code for kill in kills)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", default="-")
    asked = parser.parse_args()
    kills = moments(asked.kills, asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        strikes(kills, Path(folder), tell=sys.stderr.write)
    text = table(kills)
    if asked.output == "-":
        sys.stdout.write(text)
    else:
        Path(asked.output).write_text(text, encoding="utf-8")
    sys.exit(any(kill.flaws or kill.wrong_code for kill in kills))


if __name__ == "__main__":
    main()
