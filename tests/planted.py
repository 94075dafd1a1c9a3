"""Small binding data with a planted motif, as files."""

import numpy as np

MOTIF = "TGACGTCA"
ONE_WAY = "TGTGACCA", "TGGTCACA"
"""A motif that is not its own complement, and its complement."""
CHROMOSOMES = ("chr1", "chr2", "chr3", "chr4")
PEAKS_A_CHROMOSOME = 20
SPACING = 300


def sequence(rng, length):
    """Random letters."""
    return "".join("ACGT"[code] for code in rng.integers(0, 4, length))


def sequences(count=80, length=30, seed=0):
    """Letters and whether the motif is in them; every other one is bound."""
    rng = np.random.default_rng(seed)
    found = []
    for row in range(count):
        text, start = sequence(rng, length), int(rng.integers(length - len(MOTIF)))
        bound = row % 2 == 0
        found.append((text[:start] + MOTIF + text[start + len(MOTIF) :] if bound else text, int(bound)))
    return found


def one_way_sequences(count=120, length=30, seed=0):
    """Letters and whether the motif stands there as it is; else its complement does."""
    rng = np.random.default_rng(seed)
    found = []
    for row in range(count):
        motif, start = ONE_WAY[row % 2], int(rng.integers(length - len(ONE_WAY[0])))
        text = sequence(rng, length)
        found.append((text[:start] + motif + text[start + len(motif) :], 1 - row % 2))
    return found


def repeated_sequences(count=240, spacers=80, most=8, seed=0):
    """Letters and how often the motif is in them, on either strand; all of one length."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        copies = int(rng.integers(most + 1))
        places = rng.permutation(spacers + most)[:most]
        pieces = list(sequence(rng, spacers + most))
        for number, place in enumerate(places):
            other = sequence(rng, len(ONE_WAY[0]))
            pieces[place] += ONE_WAY[rng.integers(2)] if number < copies else other
        found.append(("".join(pieces), copies))
    return found


def write_reference(folder, chromosomes=CHROMOSOMES):
    """A reference with a motif in the middle of every peak, and its index."""
    rng = np.random.default_rng(1)
    length = SPACING * (PEAKS_A_CHROMOSOME + 1)
    text, index = "", ""
    for name in chromosomes:
        letters = list(sequence(rng, length))
        for start in peak_starts():
            letters[start + 96 : start + 96 + len(MOTIF)] = MOTIF
        text += f">{name}\n"
        index += f"{name}\t{length}\t{len(text)}\t{length}\t{length + 1}\n"
        text += "".join(letters) + "\n"
    (folder / "reference.fa").write_text(text)
    (folder / "reference.fa.fai").write_text(index)
    return folder / "reference.fa"


def peak_starts():
    """Of 200-base peaks."""
    return [SPACING * (number + 1) for number in range(PEAKS_A_CHROMOSOME)]


def peak_lines(chromosomes=CHROMOSOMES):
    """Lines of a narrowPeak; the later the stronger."""
    places = [(name, start) for name in chromosomes for start in peak_starts()]
    return [
        "\t".join([name, str(start), str(start + 200), ".", "0", ".", str(rank), "-1", "-1", "100"])
        for rank, (name, start) in enumerate(places)
    ]


def write_lines(path, lines):
    """One a line."""
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def write_files(folder):
    """Every kind of input, and a table that names them."""
    rng = np.random.default_rng(2)
    found = sequences()
    write_reference(folder)
    write_lines(folder / "peaks.narrowPeak", peak_lines())
    write_lines(folder / "peaks.bed", ["\t".join(line.split("\t")[:3]) for line in peak_lines()])
    write_lines(folder / "bound.fa", [f">s{row}\n{text[:10]}\n{text[10:]}" for row, (text, _) in enumerate(found[::2])])
    write_lines(folder / "labels.tsv", [f"{text}\t{bound}" for text, bound in found])
    values = [f"{text}\t{np.exp(2 * bound + rng.normal(0, 0.2)):.4f}" for text, bound in found]
    write_lines(folder / "values.tsv", ["sequence\tvalue", *values])
    one_way = [f"{text.replace('T', 'U')}\t{bound}" for text, bound in one_way_sequences()]
    write_lines(folder / "one_way.tsv", one_way)
    write_lines(folder / "repeated.tsv", [f"{text}\t{copies}" for text, copies in repeated_sequences()])
    rows = [
        "id\tprotein\tfamily\tfile\tkind\tfasta\tdefault",
        "A.peaks\tA\tbZIP\tpeaks.narrowPeak\t.\treference.fa\tyes",
        "B\tB\tbZIP\tlabels.tsv\tlabels\t\tyes",
        "C\tC\t.\tvalues.tsv\tintensities\t.\tno",
    ]
    write_lines(folder / "sets.tsv", rows)
    return folder
