"""The promise, held against one run: an error is one line and leaves nothing; a success loses and alters nothing."""

import gzip
import os
import re
import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

import pysam
from fuzz.world import OLD, PROMOTER, RESULT
from integration.runs import call

from varbind.annotate.info_schema import KEY_NAMES, TRACK_STEM

CODES = {0, 2, 3, 4, 5}
_COUNT = re.compile(r"^varbind: ([\d,]+) records read, ([\d,]+) written", re.MULTILINE)
# Blanks, control characters, and what some readers take for a line end.
_BREAKING = re.compile(r"[\0-\x20\x7f-\x9f\u2028\u2029]")
_OUR_LINE = (b"##INFO=<ID=%s_", b"##varbind_")


@dataclass(frozen=True)
class Outcome:
    """What a run said, and what it wrote; None of a run that was refused."""

    run: object
    output: bytes | None

    @property
    def code(self):
        return self.run.code

    def decompressed(self):
        """The same, of a result that was compressed."""
        return Outcome(self.run, gzip.decompress(self.output))


def annotation(world, source, *options, reference=None, genes=None, bank=None):
    """The words of an annotation in a small world."""
    words = ["annotate", source, "-o", world.output, "-f", reference or world.reference]
    return [*words, "--genes", genes or world.genes, "--bank", bank or world.bank, *PROMOTER, *options]


def held(world, *words, codes=CODES, results=()):
    """Run, and hold what was said and what is left against the promise."""
    world.output.write_bytes(OLD)
    before = _left(world)
    run = _quiet_call(world, *words)
    assert run.code in codes, (run.code, run.err)
    assert all(line.startswith("varbind: ") for line in run.lines), run.err
    assert _left(world) == before
    assert not os.listdir(world.temporary)  # noqa: PTH208 (quick)
    found = world.output.read_bytes()
    if run.code:
        assert run.error
        assert run.out == b"" or words[0] != "annotate"
        assert os.listdir(world.results) == [RESULT]  # noqa: PTH208
        assert found == OLD
        return Outcome(run, None)
    assert "error:" not in run.err
    assert set(os.listdir(world.results)) <= {RESULT, *results}  # noqa: PTH208
    return Outcome(run, found)


def _quiet_call(world, *words):
    """In this process; a warning of a library is an error, as no user should meet one."""
    with warnings.catch_warnings(), mock.patch.object(tempfile, "tempdir", str(world.temporary)):
        warnings.simplefilter("error")
        return call(*words)


def _left(world):
    """What no run may touch: names, sizes and times of the inputs."""
    found = {}
    for folder in (world.case, world.sound):
        for path in folder.rglob("*"):
            state = path.stat()
            found[path] = state.st_size, state.st_mtime_ns, state.st_ino
    return found


@contextmanager
def without_blocks():
    """Every record is looked at by itself."""
    with mock.patch("varbind.io.vcf.variants.VcfBlock.parse", return_value=None):
        yield


def same_again(world, text, outcome, options, **files):
    """What was annotated is annotated anew: the same bytes."""
    again = held(world, *annotation(world, world.file("again.vcf", outcome.output), *options, "--overwrite", **files))
    assert again.code == 0, again.run.err
    if b"##varbind_" not in text:
        assert again.output == outcome.output


def check_kept(source, outcome, prefix="VARBIND", *, overwrite=False):
    """Hold the output against the decompressed input, byte by byte, without the package's own eyes."""
    given, found = _parts(source), _parts(outcome.output)
    ours = tuple(start.replace(b"%s", prefix.encode()) for start in _OUR_LINE)
    kept = [line for line in given.header if not (overwrite and _is_ours(line, prefix))]
    assert found.header[: len(kept)] == kept
    assert all(line.startswith(ours) and line.endswith(b"\n") for line in found.header[len(kept) :])
    assert found.columns == given.columns
    assert len(found.lines) == len(given.lines)
    for before, after in zip(given.lines, found.lines, strict=True):
        _check_line(before, after, prefix, overwrite=overwrite)
    count = sum(bool(line.strip(b"\r\n")) for line in given.lines)
    assert counted(outcome.run) == (count, count)


def check_chosen(source, outcome, prefix="VARBIND"):
    """As `check_kept`, where some of the records were asked for: those that came, in order and without change."""
    given, found = _parts(source), _parts(outcome.output)
    assert found.header[: len(given.header)] == given.header
    rest = iter(given.lines)
    for after in found.lines:
        bare = _bare(after, prefix)
        assert any(_bare(before, prefix) == bare for before in rest), after
    count = sum(bool(line.strip(b"\r\n")) for line in found.lines)
    assert counted(outcome.run) == (count, count)


def counted(run):
    """Records read and written, as said."""
    (found,) = _COUNT.findall(run.err)
    return tuple(int(number.replace(",", "")) for number in found)


def check_binary(world, outcome):
    """A BCF holds as many records as were read."""
    with mock.patch.object(tempfile, "tempdir", str(world.temporary)), pysam.VariantFile(str(world.output)) as found:
        count = sum(1 for _ in found)
    assert counted(outcome.run) == (count, count)


@dataclass(frozen=True)
class _Parts:
    header: list[bytes]
    columns: bytes
    lines: list[bytes]


def _parts(data):
    """Header lines, the `#CHROM` line, and the lines behind it; only a line feed ends a line."""
    *whole, last = data.split(b"\n")
    lines = [line + b"\n" for line in whole] + [last] * bool(last)
    place = next(number for number, line in enumerate(lines) if line.startswith(b"#CHROM"))
    return _Parts(lines[:place], lines[place], lines[place + 1 :])


def _is_ours(line, prefix):
    names = "|".join([*KEY_NAMES, rf"{TRACK_STEM}[0-9A-Za-z_.]+"])
    return re.match(rf"##(?:INFO=<(?:[^>]*?,)?ID={re.escape(prefix)}_(?:{names})[,>]|varbind_\w+=)".encode(), line)


def _check_line(before, after, prefix, *, overwrite):
    if before == after:
        return
    old, new = before.split(b"\t"), after.split(b"\t")
    assert len(old) == len(new)
    assert old[:7] == new[:7]
    assert old[8:] == new[8:]
    body, end = _without_end(old[7])
    added, new_end = _without_end(new[7])
    assert end == new_end
    if overwrite:
        assert _foreign(body, prefix) == _foreign(added, prefix)
        added = b";".join(item for item in added.split(b";") if _is_our_key(item, prefix))
    elif body == b".":
        assert added != b"."
    else:
        assert added.startswith(body + b";")
        added = added[len(body) + 1 :]
    _check_added(added.decode(), old[4].count(b",") + 1, prefix)


def _without_end(field):
    body = field.rstrip(b"\r\n")
    return body, field[len(body) :]


def _check_added(text, alleles, prefix):
    """Our keys: each once, one value an ALT, and nothing in them that a reader would trip over."""
    items = [item.split("=") for item in text.split(";") if item]
    keys = [item[0] for item in items]
    assert len(set(keys)) == len(keys)
    assert all(len(item) == 2 and item[0].startswith(f"{prefix}_") for item in items), text
    assert not _BREAKING.search(text), text
    assert all(value.count(",") + 1 == alleles for _, value in items), text
    assert f"{prefix}_STATUS" in keys or not keys
    assert not {"nan", "inf", "-inf"} & {value for _, values in items for value in values.split(",")}, text


def _is_our_key(item, prefix):
    key = item.partition(b"=")[0].decode("latin-1")
    stem = key.removeprefix(f"{prefix}_")
    return key.startswith(f"{prefix}_") and (
        stem in set(KEY_NAMES) or re.fullmatch(rf"{TRACK_STEM}[0-9A-Za-z_.]+", stem)
    )


def _foreign(body, prefix):
    found = [item for item in body.split(b";") if not _is_our_key(item, prefix)]
    return [] if found == [b"."] else found


def _bare(line, prefix):
    fields = line.split(b"\t")
    if len(fields) < 8:
        return line
    body, end = _without_end(fields[7])
    return [*fields[:7], _foreign(body, prefix), end, fields[8:]]
