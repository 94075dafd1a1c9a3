"""The results as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goals import goals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["markdown"]


def markdown(results: Mapping[str, Any]) -> str:
    """The whole document."""
    parts = [
        *_title(results),
        *_goals(results),
        *_scoring(results),
        *_efficiency(results),
        *_scaling(results),
        *_annotation(results),
        *_startup(results),
        *_memory(results),
    ]
    return "\n".join(parts) + "\n"


def _table(*rows: Iterable[str]) -> Iterator[str]:
    """The first row is the head."""
    for number, row in enumerate(rows):
        cells = list(row)
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            yield "|" + "---|" * len(cells)


def _number(value: float | None) -> str:
    """Three digits."""
    if value is None:
        return "-"
    if 0 < abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _title(results: Mapping[str, Any]) -> Iterator[str]:
    settings, machine = results["settings"], results["machine"]
    packages = ("python", "numpy", "numba", "llvmlite", "torch", "pysam")
    versions = ", ".join(f"{name} {machine[name]}" for name in packages if machine[name])
    yield "# Benchmarks\n"
    yield (
        f"`{settings['command']}`: {settings['models']} models, seed {settings['seed']}, rounds: {settings['rounds']}. "
        "In a round the ways take turns; one round before warms up. Ratios are medians over the rounds. Rates are per "
        "second of processor time, which other users of the machine disturb less than the clock; two threads go by "
        "the clock.\n"
    )
    yield (
        f"Machine: {machine['system']} {machine['architecture']}, {machine['processor']}, {machine['cores']} cores, "
        f"flags {', '.join(machine['flags']) or 'none of those looked for'}, {machine['lanes']} lanes; {versions}. "
        f"Load over a minute {settings['load_before']} before and {settings['load_after']} after: where it exceeds "
        "the 1 to 2 of this run, other processes shared the cores."
    )


def _goals(results: Mapping[str, Any]) -> Iterator[str]:
    yield "\n## Goals\n"
    verdict = {True: "met", False: "**not met**", None: "not measured"}
    rows = [
        (
            goal.what,
            f"{'>=' if goal.at_least else '<='} {goal.goal:g} {goal.unit}".rstrip(),
            "-" if goal.measured is None else f"{goal.measured:.4g} {goal.unit}".rstrip(),
            verdict[goal.is_met],
        )
        for goal in goals(results)
    ]
    yield from _table(("what", "goal", "measured", ""), *rows)
    yield ""
    yield (
        "Measured elsewhere: records outside promoters, training, GPU. Scoring goals are those of window 101; shares "
        "of annotating are with this bank, every record scored, of the time that grows with the records."
    )


def _scoring(results: Mapping[str, Any]) -> Iterator[str]:
    settings = results["settings"]
    for name, scoring in results["scoring"].items():
        ways, agreement, gains = scoring["ways"], scoring["agreement"], scoring["gains"]
        yield f"\n## Both alleles of {settings['variants']} SNVs, {name}\n"
        differences, same = agreement["largest_difference"], agreement["same_bytes"]
        rows = [
            (
                way["what"],
                str(way["variants"]),
                _number(way["variants_per_second" if key == "kernel-2" else "variants_per_cpu_second"]),
                _number(gains["two_threads_to_loop"] if key == "kernel-2" else way["ratio"]),
                "same bytes as the kernel" if same.get(key) else _number(differences.get(key)),
            )
            for key, way in ways.items()
        ]
        yield from _table(("way", "variants a round", "variants/s", "ratio", "largest difference"), *rows)
        yield ""
        yield (
            "All ways are complete: both strands, mean pools, heads. Differences are from the loop in double "
            f"precision, on {agreement['sequences']} sequences with scores up to "
            f"{_number(agreement['largest_score'])}; the kernel's own is {_number(differences['kernel'])}."
        )
        if "kernel-avx2" in ways:
            yield (
                "\nAVX2 is emulated: numba and torch are told so, in a process of its own. There the kernel is "
                f"{_number(gains['avx2_to_avx2_loop'])} x the loop."
            )


def _efficiency(results: Mapping[str, Any]) -> Iterator[str]:
    yield "\n## Efficiency of the kernel, changed positions only\n"
    parts = results["efficiency"]
    times = ("pooling", "heads", "planning", "rest")
    rows = []
    for name, part in parts.items():
        rates = part["machine_load_adds_per_second"]
        counts = part["load_adds"]
        rows.append(
            (
                name,
                _number(sum(counts.values()) / 1e6),
                _percent(counts["table"] / sum(counts.values())),
                _number(sorted(rates)[len(rates) // 2] / 1e9),
                _percent(part["share_of_machine"]),
                *(_percent(part["share_of_time"][time]) for time in times),
            )
        )
    head = ("", "million load+adds", "for tables", "machine, 10^9/s", "kernel's share", *times)
    yield from _table(head, *rows)
    yield ""
    yield (
        f"A load+add is one of {results['machine']['lanes']} whole numbers at once; they are counted from the batch's "
        "plan. The kernel's share is their rate while pooling, by the rate of nothing but loading from first-level "
        "cache and adding, measured in the same rounds. The other shares are of the time of a batch.\n"
    )
    threads = results["threads"]
    yield (
        f"A second thread gained {_number(threads['kernel_gain'])} x by the clock in the round that others disturbed "
        f"least: the machine's loads and adds gained {_number(threads['machine_gain'])} x in it. In processor time two "
        f"threads took {_number(threads['processor_time_ratio'])} times what one took."
    )


def _scaling(results: Mapping[str, Any]) -> Iterator[str]:
    scaling = results["scaling"]
    yield f"\n## Scaling of the kernel, one thread, {scaling['variants']} SNVs a round\n"
    rows = [
        (way["what"], _number(way["variants_per_cpu_second"]), _number(way["ratio"]))
        for way in scaling["ways"].values()
    ]
    yield from _table(("", "variants/s", "ratio"), *rows)
    yield ""
    yield f"Unless said: {scaling['models']} models, window 101, batches of 256. Fewer models are spread over the bank."


def _annotation(results: Mapping[str, Any]) -> Iterator[str]:
    runs = results["annotation"]
    records = next(iter(runs.values()))["records"]
    yield f"\n## `varbind annotate`, {records} SNVs, one thread, VCF to vcf.gz\n"
    stages = next(iter(runs.values()))["shares"]
    rows = [(stage, *(_percent(run["shares"][stage]) for run in runs.values())) for stage in stages]
    rows.append(("seconds of all that", *(_number(sum(run["growing"].values())) for run in runs.values())))
    rows.append(("seconds once a run", *(_number(sum(run["once"].values())) for run in runs.values())))
    rows.append(("of them effects", *(_number(run["once"]["effects and PHRED"]) for run in runs.values())))
    head = (f"{name} ({run['models']} models)" for name, run in runs.items())
    yield from _table(("stage", *head), *rows)
    yield ""
    yield (
        "Shares of the processor time that grows with the records. `promoters`: with genes, in whose promoters about "
        "half of the records lie. Once a run: with ten records, kernels loaded, the bank read."
    )


def _startup(results: Mapping[str, Any]) -> Iterator[str]:
    startup = results["startup"]
    names = {"help": "`varbind --help`"}
    for key, bank in (("shipped", "shipped"), ("bank", "this")):
        for more, records in (("", "ten"), (", many", "1,000")):
            names[f"{key}{more}"] = f"{records} variants, {bank} bank, kernels cached"
            names[f"{key}{more}, cold"] = "the same, no kernels cached"
    yield "\n## Start-up\n"
    rows = [
        (what, _number(startup[key]["wall"]), _number(startup[key]["cpu"]))
        for key, what in names.items()
        if key in startup
    ]
    yield from _table(("", "seconds", "of the processor"), *rows)
    yield ""
    heavy = ", ".join(f"{name} {1000 * spent:.0f} ms" for name, spent in startup["imports"]["heavy"].items())
    torch = "" if startup["imports"]["torch"] else "not "
    yield f"Imported for 1,000 variants with this bank: {heavy}; torch is {torch}among them."


def _memory(results: Mapping[str, Any]) -> Iterator[str]:
    yield "\n## Peak memory of `varbind annotate` with this bank\n"
    rows = [(count, _number(peak)) for count, peak in results["memory"]["peak_mib"].items()]
    yield from _table(("records", "MiB"), *rows)
