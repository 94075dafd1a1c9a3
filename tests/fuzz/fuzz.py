"""Coverage-guided fuzzing of every kind of input, by hand and for as long as one likes.

    pip install atheris==3.0.0
    python tests/fuzz/fuzz.py vcf --seconds 60 --corpus corpus
    nohup nice -n 10 python tests/fuzz/fuzz.py all --seconds 0 --corpus corpus --seeds DIR --log log.tsv &

`TARGET` is a name in `targets.py`, or `all` for one after the other; `--seconds 0` goes on until it is stopped, in
turns of two minutes a target where there are several. New inputs go to CORPUS/TARGET and are built on by the next
run. What breaks the promise goes to CORPUS/crashes, one input for each place where it broke, with the traceback beside
it; the run goes on. Files of a seed folder are tried as a VCF, as a container and, if they are one, as a BCF.

    python tests/fuzz/fuzz.py vcf --repeat CORPUS/crashes/vcf-1a2b3c4d

runs one input alone. `--log` gets one line a turn: target, start, seconds, executions, crashes, commit. The whole:

    awk -F'\t' '{h += $3 / 3600; n += $4; c += $5} END {print h, "hours", n, "executions", c, "finds"}' log.tsv

TMPDIR should name a folder in memory, such as one under /dev/shm: each execution writes a few small files.
"""

import argparse
import hashlib
import importlib
import json
import os
import pkgutil
import random
import subprocess
import sys
import tempfile
import time
import traceback
from collections import deque
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PACKAGES = ("varbind.io", "varbind.annotate", "varbind.api", "varbind.bank", "varbind.core", "varbind.cli")
TURN = 120
LINES_SHOWN = 30
LONGEST = 4096
LONGEST_OF = dict.fromkeys(("bank-card", "bank-background", "bcf", "effect-weights", "rank", "track"), 1 << 15)
# The kernels compile themselves in the first execution.
LONGEST_SECONDS = 60
MEMORY_MB = 4096


def main():
    """Read the words and run."""
    # This folder would hide the package of its name.
    sys.path[0] = str(TESTS)
    sys.path.insert(1, str(TESTS.parent))
    asked = _asked()
    if asked.repeat:
        return _repeat(asked)
    if asked.here:
        return _fuzz(asked)
    return _turns(asked)


def _asked():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, default=60, help="of each target; 0 = until it is stopped")
    parser.add_argument("--executions", type=int, help="of each target, the same in every run, whatever the seconds")
    parser.add_argument("--corpus", type=Path, help="folder of inputs; default: one that is thrown away")
    parser.add_argument("--seeds", type=Path, nargs="*", default=[], help="folders of real files")
    parser.add_argument("--sound", type=Path, help="folder of what is built once; default: one that is thrown away")
    parser.add_argument("--log", type=Path, help="table of turns")
    parser.add_argument("--repeat", type=Path, help="one input to run alone")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _turns(asked):
    """One process a target: what is not caught ends one turn alone."""
    from fuzz.targets import TARGETS

    names = list(TARGETS) if asked.target == "all" else [asked.target]
    unknown = set(names) - set(TARGETS)
    if unknown:
        sys.exit(f"no target {unknown.pop()}; there are: all, {', '.join(TARGETS)}")
    finds, first = 0, True
    with tempfile.TemporaryDirectory(prefix="varbind-fuzz-") as thrown_away:
        corpus = asked.corpus or Path(thrown_away)
        while first or asked.seconds == 0:
            # In another order each time, so that a run that is often stopped leaves none out.
            random.shuffle(names)
            finds += sum(_turn(name, asked, corpus, Path(thrown_away)) for name in names)
            first = False
    return int(finds > 0)


def _turn(name, asked, corpus, folder):
    """The number of new finds of one target."""
    (corpus / "crashes").mkdir(parents=True, exist_ok=True)
    known = _finds(corpus)
    start, state = time.time(), folder / "state.json"
    state.write_text('{"executions": 0}')
    words = [name, "--here", "--corpus", corpus, "--seconds", asked.seconds or TURN]
    words += ["--sound", asked.sound or folder / "sound"]
    words += ["--seeds", *asked.seeds] if asked.seeds else []
    words += ["--executions", asked.executions] if asked.executions else []
    settings = {"OMP_NUM_THREADS": "1", "VARBIND_TRACEBACK": "1", "RUST_BACKTRACE": "0", "PYTHONHASHSEED": "0"}
    with (folder / "said").open("w+b") as said:
        done = subprocess.run(
            [sys.executable, __file__, *map(str, words)],
            env=os.environ | settings | {"VARBIND_FUZZ_STATE": str(state)},
            stdin=subprocess.DEVNULL,
            stderr=said,
            check=False,
        )
        said.seek(0)
        last = deque(said, maxlen=LINES_SHOWN)
    seconds, executions = time.time() - start, json.loads(state.read_text())["executions"]
    finds = sorted(_finds(corpus) - known)
    rate = f"{executions:,} executions in {seconds:.0f} s, {executions / seconds:.0f} a second"
    lines = [f"{name}: {rate}, {len(finds)} finds", *(f"  {corpus / 'crashes' / find}" for find in finds)]
    if done.returncode and not finds:
        lines.append(b"".join(last).decode(errors="replace"))
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    if asked.log:
        started = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(start))
        row = [name, started, f"{seconds:.0f}", str(executions), str(len(finds)), _commit()]
        with asked.log.open("a") as log:
            log.write("\t".join(row) + "\n")
    return len(finds) or int(done.returncode != 0)


def _finds(corpus):
    return {path.name for path in (corpus / "crashes").iterdir() if path.suffix != ".txt"}


def _commit():
    words = ["git", "-C", str(TESTS), "describe", "--always", "--dirty"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip() or "-"


def _repeat(asked):
    from fuzz.targets import TARGETS
    from fuzz.world import World, build

    os.environ["VARBIND_TRACEBACK"] = "1"
    with tempfile.TemporaryDirectory(prefix="varbind-fuzz-") as folder:
        world = World(build(Path(folder, "sound")), Path(folder, "world"))
        TARGETS[asked.target].check(world, asked.repeat.read_bytes())
    return 0


def _fuzz(asked):
    """Instrument, prepare, and hand over to libFuzzer, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=list(PACKAGES), enable_loader_override=False):
        for name in PACKAGES:
            package = importlib.import_module(name)
            for module in pkgutil.iter_modules(package.__path__, f"{name}."):
                importlib.import_module(module.name)
    from fuzz import mutation
    from fuzz.targets import TARGETS
    from fuzz.world import World, build

    target, corpus = TARGETS[asked.target], asked.corpus / asked.target
    corpus.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="varbind-fuzz-world-", dir=Path(os.environ["VARBIND_FUZZ_STATE"]).parent))
    world = World(build(asked.sound), folder / "world")
    for seed in [*target.seeds(world), *_of_folders(asked.target, asked.seeds)]:
        (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    world.clear()
    watch = _Watch(target, world, asked.corpus / "crashes")

    def mutate(data, max_size, seed):
        return mutation.mixed(
            data, random.Random(seed), max_size, own=target.mutate, blind=atheris.Mutate, controls=target.controls
        )

    until = ["-seed=1", f"-runs={asked.executions}"] if asked.executions else [f"-max_total_time={asked.seconds}"]
    limits = [*until, f"-max_len={LONGEST_OF.get(asked.target, LONGEST)}"]
    limits += [f"-timeout={LONGEST_SECONDS}", f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={watch.prefix}"]
    atheris.Setup([sys.argv[0], *limits, "-print_final_stats=1", str(corpus)], watch, custom_mutator=mutate)
    atheris.Fuzz()


class _Watch:
    """Runs one input after another; a find is written down, once for each place, and does not end the run."""

    def __init__(self, target, world, crashes):
        self._target = target
        self._world = world
        self._crashes = crashes
        self._state = Path(os.environ["VARBIND_FUZZ_STATE"])
        self._executions = 0
        self.prefix = f"{crashes}/{target.name}-ended-"

    def __call__(self, data):
        self._executions += 1
        self._state.write_text(json.dumps({"executions": self._executions}))
        try:
            self._target.check(self._world, data)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is a find)
            self._write_down(error, data)
        self._world.clear()

    def _write_down(self, error, data):
        place = hashlib.sha1(_place(error).encode()).hexdigest()[:8]
        path = self._crashes / f"{self._target.name}-{place}"
        if not path.exists() or path.stat().st_size > len(data):
            path.write_bytes(data)
            path.with_name(path.name + ".txt").write_text("".join(traceback.format_exception(error)))


def _place(error):
    """Where an error was raised, the innermost place in the package first."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/varbind/" in frame.filename] or frames
    return f"{type(error).__name__} {own[-1].filename} {own[-1].name} {own[-1].line}"


def _of_folders(name, folders):
    """Real files as inputs of the targets that read such files."""
    import gzip

    from fuzz.target import decompressed

    for path in (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()):
        data = path.read_bytes()
        text = decompressed(data) or b""
        if name == "vcf" and text.startswith(b"##fileformat"):
            yield b"\0\0\0" + text
        elif name == "bcf" and text.startswith(b"BCF"):
            yield b"\0" + text
        elif name == "container" and data.startswith(gzip.compress(b"")[:2]):
            yield b"\0" + data


if __name__ == "__main__":
    sys.exit(main())
