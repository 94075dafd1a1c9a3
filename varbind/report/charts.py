"""The small charts of a report: PHREDs of a file, a variant on its gene, how rare its changes are, its background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from varbind.draw.svg import Drawing, colour, line, path, rectangle, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from varbind.annotate.annotated_variants import NearbyGene

__all__ = ["background_chart", "gene_track", "phred_histogram", "rarity_chart"]

BIN, LAST_BIN = 5, 50
"""The width of a bar of the histogram of PHRED, and where the last bar begins, which has no upper end."""

RAREST = 60
"""The PHRED at the right end of the chart of rarity; rarer changes are drawn there."""

BARS = 41
"""The number of bars of the background; an odd number, so that no change has a bar of its own."""

MINUS = "\N{MINUS SIGN}"


def phred_histogram(phreds: Iterable[float], cutoffs: Sequence[float], *, name: str = "PHRED") -> Drawing:
    """Draw how many alleles have which PHRED, beside the numbers that are expected of random promoter variants.

    Of these a share of 10^(-a / 10) - 10^(-b / 10) lies between a and b, by the definition of PHRED.

    Args:
        phreds: the PHREDs.
        cutoffs: the suggested cut-offs, which are marked.
        name: the name of the key.
    """
    values = np.array(list(phreds), dtype=np.float64)
    edges = [*range(0, LAST_BIN + 1, BIN)]
    counts = np.bincount(np.clip(values // BIN, 0, len(edges) - 1).astype(np.int64), minlength=len(edges))
    beyond = np.array([10 ** (-edge / 10) for edge in edges] + [0.0])
    expected = len(values) * (beyond[:-1] - beyond[1:])
    left, top, height, width = 46.0, 34.0, 130.0, 44.0
    highest = max(float(counts.max(initial=0)), float(expected.max(initial=0)), 1.0)
    shapes = []
    for row, (count, chance) in enumerate(zip(counts.tolist(), expected.tolist(), strict=True)):
        x, y = left + width * row, top + height * (1 - count / highest)
        shapes.append(rectangle(x + 4, y, width - 8, top + height - y, colour("bar")))
        level = top + height * (1 - chance / highest)
        shapes.append(line([(x + 1, level), (x + width - 1, level)], colour("loss")))
        if count:
            shapes.append(text(x + width / 2, y - 4, f"{count:,}", size=11, anchor="middle"))
        label = f"{edges[row]}{MINUS}{edges[row] + BIN}" if row + 1 < len(edges) else f"{edges[row]}+"
        label = label.replace(MINUS, "\N{EN DASH}")
        shapes.append(text(x + width / 2, top + height + 14, label, size=10, anchor="middle", fill="line"))
    right = left + width * len(edges)
    for cutoff in cutoffs:
        x = left + width * min(cutoff / BIN, len(edges))
        shapes += [line([(x, 16), (x, top + height)], colour("line")), text(x + 3, 24, f"{cutoff:g}", size=10)]
    shapes.append(line([(left, top + height), (right, top + height)], colour("line")))
    shapes.append(text((left + right) / 2, top + height + 30, name, size=11, anchor="middle"))
    shapes.append(text(14, top + height / 2, "alleles", size=11, anchor="middle", turned=True))
    words = "; ".join(
        f"{count:,} from {edge}" + (f" to {edge + BIN}" if edge < LAST_BIN else " on")
        for edge, count in zip(edges, counts.tolist(), strict=True)
        if count
    )
    return Drawing(
        right + 8, top + height + 38, "".join(shapes), f"Distribution of {name}", f"Alleles by {name}: {words}."
    )


def gene_track(genes: Sequence[NearbyGene], promoter: tuple[int, int]) -> Drawing:
    """Draw a variant to scale on the starts of its genes, each in the direction in which it is read.

    Args:
        genes: the genes, nearest first.
        promoter: the number of bases of a promoter before and after the start.
    """
    up, down = promoter
    low, high = min(-up, *(gene.distance for gene in genes)), max(down, *(gene.distance for gene in genes))
    left, width, row = 26.0, 430.0, 58.0

    def at(place: float) -> float:
        return left + width * (place - low) / max(high - low, 1)

    shapes = []
    for number, gene in enumerate(genes):
        base = 34 + row * number
        start, x = at(0), at(gene.distance)
        shapes.append(line([(at(low), base), (start, base)], colour("line")))
        shapes.append(rectangle(start, base - 6, at(high) - start, 12, colour("gene")))
        shapes.append(line([(start, base - 6), (start, base - 20), (start + 16, base - 20)], colour("ink")))
        shapes.append(path(f"M{start + 16:.1f} {base - 24:.1f}l7 4l-7 4z", colour("ink")))
        shapes.append(text(start + 28, base - 14, gene.symbol or "gene without a symbol", size=12))
        shapes.append(line([(x, base - 9), (x, base + 12)], colour("mark")))
        shapes.append(path(f"M{x - 5:.1f} {base + 20:.1f}h10l-5 -8z", colour("mark")))
        near_end = x > left + width - 130
        label = f"{_signed(gene.distance)} bases"
        shapes.append(
            text(x + (-8 if near_end else 8), base + 20, label, size=11, anchor="end" if near_end else "start")
        )
    bottom = 34 + row * len(genes)
    step = next(size for size in (50, 100, 250, 500, 1000, 5000, 10**5, 10**7, 10**9) if (high - low) / size <= 9)
    for place in range(-(-low // step) * step, high + 1, step):
        shapes.append(line([(at(place), bottom - 10), (at(place), bottom - 5)], colour("line")))
        shapes.append(text(at(place), bottom + 6, _signed(place), size=10, anchor="middle", fill="line"))
    words = " ".join(
        f"The variant is at {_signed(gene.distance)} from the start of {gene.symbol or 'a gene'}." for gene in genes
    )
    return Drawing(left + width + 26, bottom + 12, "".join(shapes), "The variant on its gene, to scale", words)


def rarity_chart(phreds: Sequence[tuple[str, float]]) -> Drawing:
    """Draw PHREDs on the scale of the shares that they stand for.

    Args:
        phreds: what is rare, and its PHRED.
    """
    left, width, row = 104.0, 340.0, 26.0

    def at(phred: float) -> float:
        return left + width * min(phred, RAREST) / RAREST

    bottom = 12 + row * len(phreds)
    shapes = []
    for place in range(0, RAREST + 1, 10):
        shapes.append(line([(at(place), 6), (at(place), bottom)], colour("faint")))
        label = "1 million" if place == RAREST else f"{10 ** (place // 10):,}"
        shapes.append(text(at(place), bottom + 14, label, size=10, anchor="middle", fill="line"))
    for number, (name, phred) in enumerate(phreds):
        y = 10 + row * number
        shapes.append(text(left - 10, y + 11, name, size=11, anchor="end"))
        shapes.append(rectangle(left, y + 2, at(phred) - left, 10, colour("bar")))
        shapes.append(path(f"M{at(phred):.1f} {y:.1f}l7 7l-7 7l-7 -7z", colour("mark")))
        near_end = at(phred) > left + width - 40
        shapes.append(
            text(
                at(phred) + (-12 if near_end else 12),
                y + 11,
                f"{phred:.1f}",
                size=11,
                anchor="end" if near_end else "start",
            )
        )
    shapes.append(text(left - 10, bottom + 14, "one in", size=10, anchor="end", fill="line"))
    words = "; ".join(f"{name} {phred:.1f}" for name, phred in phreds)
    return Drawing(left + width + 40, bottom + 22, "".join(shapes), "How rare the changes are", f"PHREDs: {words}.")


def background_chart(background: NDArray[np.floating], change: float, protein: str) -> Drawing:
    """Draw the changes of what a protein binds over background variants, on a logarithmic scale, with one variant.

    Args:
        background: the bound changes on the background variants of the same kind.
        change: the bound change of the variant.
        protein: the name of the protein.
    """
    values = np.asarray(background, dtype=np.float64)
    limit = 1.05 * max(float(np.abs(values).max(initial=0)), abs(change), 1e-9)
    counts, _ = np.histogram(np.clip(values, -limit, limit), bins=BARS, range=(-limit, limit))
    left, top, width, height = 46.0, 26.0, 410.0, 90.0
    highest = np.log10(max(int(counts.max(initial=1)), 1)) + 0.5
    step = width / BARS
    sizes = np.where(counts > 0, height * (np.log10(np.maximum(counts, 1)) + 0.5) / highest, 0.0)
    shapes = [
        path(
            "".join(
                f"M{left + step * column + 0.5:.1f} {top + height:g}v-{size:.1f}h{step - 1:.1f}v{size:.1f}z"
                for column, size in enumerate(sizes.tolist())
                if size
            ),
            colour("bar"),
        )
    ]
    for power in range(int(highest) + 1):
        y = top + height - height * (power + 0.5) / highest
        shapes.append(text(left - 6, y + 3, f"{10**power:,}", size=9, anchor="end", fill="line"))
        shapes.append(line([(left - 3, y), (left, y)], colour("line")))
    shapes.append(text(8, top - 12, "variants", size=10, fill="line"))
    shapes.append(line([(left, top + height), (left + width, top + height)], colour("line")))
    x = left + width * (change + limit) / (2 * limit)
    shapes += [line([(x, top - 6), (x, top + height)], colour("mark")), _pointer(x, top - 12)]
    anchor = "end" if x > left + width / 2 else "start"
    shapes.append(text(x + (-8 if anchor == "end" else 8), top - 4, "this variant", size=11, anchor=anchor))
    for place, words in ((0.0, "binds less"), (0.5, "no change"), (1.0, "binds more")):
        at = ("start", "middle", "end")[int(2 * place)]
        shapes.append(text(left + width * place, top + height + 14, words, size=10, anchor=at, fill="line"))
    at_least = int(np.count_nonzero(values <= change if change < 0 else values >= change))
    words = f"Of {len(values):,} background variants {at_least:,} change what {protein} binds at least as much."
    title = f"What random promoter variants change for {protein}"
    return Drawing(left + width + 12, top + height + 22, "".join(shapes), title, words)


def _pointer(x: float, top: float) -> str:
    """A triangle that points down."""
    return path(f"M{x - 5:.1f} {top:.1f}h10l-5 8z", colour("mark"))


def _signed(number: int) -> str:
    """A distance with its sign; none for 0."""
    return f"{number:+,}".replace("-", MINUS) if number else "0"
