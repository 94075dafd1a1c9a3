"""Files become what a network learns from: negatives, groups, normalised values; too little is refused."""

from contextlib import ExitStack

import numpy as np
import pytest
from oracles import dinucleotides
from planted import CHROMOSOMES, peak_lines, write_files, write_lines

from varbind.core.sequence import decode
from varbind.datasets.binding_dataset import BindingDataset, DataKind, NegativeSource
from varbind.datasets.dataset_loading import load_dataset
from varbind.errors import InputError, UsageError
from varbind.io.banks import sha256_of
from varbind.io.reference import Reference


@pytest.fixture
def prepared(tmp_path):
    """Prepares a file of the folder."""
    with ExitStack() as opened:

        def run(name, *, folds=3, top=None, seed=1, min_negatives=0, renamed=None, **fields):
            own = BindingDataset(id="A", protein="A", file=str(tmp_path / name), **fields)
            reference = lambda path: opened.enter_context(Reference(path))  # noqa: E731
            return load_dataset(
                own, reference, folds=folds, top=top, seed=seed, min_negatives=min_negatives, renamed=renamed
            )

        yield run


def pairs(codes):
    """Counts of dinucleotides by row."""
    words = codes[:, :-1] * 5 + codes[:, 1:]
    return [np.bincount(row, minlength=25).tolist() for row in words]


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("peaks.narrowPeak", None, DataKind.PEAKS),
        ("peaks.bed", None, DataKind.PEAKS),
        ("bound.fa", None, DataKind.BOUND),
        ("labels.tsv", None, DataKind.LABELS),
        ("labels.tsv", DataKind.VALUES, DataKind.VALUES),
        ("values.tsv", None, DataKind.VALUES),
        ("values.tsv", DataKind.INTENSITIES, DataKind.INTENSITIES),
    ],
)
def test_the_kind_is_told_by_the_content(tmp_path, prepared, name, kind, told):
    write_files(tmp_path)
    data, facts = prepared(name, kind=kind, fasta=str(tmp_path / "reference.fa"))
    assert facts.kind is told
    assert (
        data.is_classification
        == (told in {DataKind.PEAKS, DataKind.BOUND, DataKind.LABELS})
        == (facts.bound is not None)
    )
    assert (facts.sequences, facts.length) == data.sequences.codes.shape
    assert facts.sha256 == sha256_of(tmp_path / name)
    assert facts.file == name


def test_peaks_stand_against_their_shuffles_by_chromosome(tmp_path, prepared):
    write_files(tmp_path)
    data, facts = prepared("peaks.narrowPeak", fasta=str(tmp_path / "reference.fa"))
    half = len(data.sequences.codes) // 2
    assert data.targets.tolist() == [1] * half + [0] * half
    assert pairs(data.sequences.codes[:half]) == pairs(data.sequences.codes[half:])
    assert (data.sequences.codes[:half] != data.sequences.codes[half:]).any(axis=1).all()
    assert data.groups[:half].tolist() == data.groups[half:].tolist() == np.repeat(range(4), 20).tolist()
    assert facts.folds == "chromosomes"


@pytest.mark.parametrize("folds", [2, 3])
def test_fewer_than_three_chromosomes_are_cut_into_neighbours(tmp_path, prepared, folds):
    write_files(tmp_path)
    write_lines(tmp_path / "peaks.bed", reversed(peak_lines(CHROMOSOMES[:2])))
    data, facts = prepared("peaks.bed", fasta=str(tmp_path / "reference.fa"), folds=folds)
    assert facts.folds == "neighbours on the genome"
    steps = np.diff(data.groups[: len(data.groups) // 2])
    assert (steps >= 0).all()
    assert data.groups.max() == 10 * folds - 1


def test_a_chromosome_of_few_peaks_makes_no_fold(tmp_path, prepared):
    write_files(tmp_path)
    write_lines(tmp_path / "peaks.bed", peak_lines(CHROMOSOMES[:2]) + peak_lines(CHROMOSOMES[2:])[:5])
    assert prepared("peaks.bed", fasta=str(tmp_path / "reference.fa"))[1].folds == "neighbours on the genome"


def test_the_strongest_peaks(tmp_path, prepared):
    write_files(tmp_path)
    _, facts = prepared("peaks.narrowPeak", fasta=str(tmp_path / "reference.fa"), top=35)
    assert facts.bound == 35
    with pytest.raises(UsageError, match="this is a file of labels"):
        prepared("labels.tsv", kind=DataKind.LABELS, top=5)


def test_values_are_normalised(tmp_path, prepared):
    write_files(tmp_path)
    for kind in (DataKind.VALUES, DataKind.INTENSITIES):
        data, _ = prepared("values.tsv", kind=kind)
        assert data.targets.mean() == pytest.approx(0, abs=1e-6)
        assert data.targets.std() == pytest.approx(1, abs=1e-6)
    # Two levels on the logarithmic scale.
    assert np.sort(np.abs(data.targets))[0] > 0.5


def test_equal_sequences_stay_together(tmp_path, prepared):
    lines = (write_files(tmp_path) / "labels.tsv").read_text().splitlines()
    write_lines(tmp_path / "labels.tsv", lines + lines)
    data, _ = prepared("labels.tsv")
    half = len(lines)
    assert data.groups[:half].tolist() == data.groups[half:].tolist()
    assert len(set(data.groups.tolist())) > 3


def test_a_table_in_order_fills_every_fold(tmp_path, prepared):
    lines = (write_files(tmp_path) / "labels.tsv").read_text().splitlines()
    write_lines(tmp_path / "labels.tsv", sorted(lines, key=lambda line: line[-1]))
    data, _ = prepared("labels.tsv")
    for group in set(data.groups.tolist()):
        assert set(data.targets[data.groups == group].tolist()) == {0, 1}


def test_the_seed_draws_the_shuffles(tmp_path, prepared):
    write_files(tmp_path)
    digests = [prepared("bound.fa", seed=seed)[1].examples_sha256 for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("lines", "kind", "text"),
    [
        (["ACGTAC\t0"] * 40, None, r"in: found no bound sequences \(label 1\), expected at least 30 for 3 folds"),
        (["ACGTAC\t1"] * 40, None, r"in: found no sequences that are not bound \(label 0\)"),
        (["ACGTAC\t1", "ACGTTC\t2"], DataKind.LABELS, "in:2: the label is 2, expected 0 or 1"),
        (["ACGTAC\t3"] * 40, None, "in: all 40 values are 3, expected different ones"),
        (["ACGTAC\t3", "ACGTAC\t4"], None, "in: found 2 sequences with values, expected at least 30"),
        (["ACGTAC\t3", "ACGTAC\t-4"], DataKind.INTENSITIES, "in:2: the intensity is -4, expected a positive number"),
        (["ACGTAC"] * 29, None, "in: found 29 bound sequences, expected at least 30 for 3 folds"),
        (["chr1\tx\ty"], None, "in:1: found 'chr1 x y', expected peaks, sequences, or a table"),
        (["%PDF"], None, "in:1: found '%PDF'"),
    ],
)
def test_too_little_is_told(tmp_path, prepared, lines, kind, text):
    write_lines(tmp_path / "in", lines)
    with pytest.raises(InputError, match=text):
        prepared("in", kind=kind)


def test_peaks_need_a_reference_and_enough_of_them(tmp_path, prepared):
    write_files(tmp_path)
    with pytest.raises(UsageError, match="give it with --fasta"):
        prepared("peaks.bed")
    write_lines(tmp_path / "few.bed", peak_lines()[:7])
    with pytest.raises(InputError, match=r"few.bed: found 7 peaks, expected at least 30"):
        prepared("few.bed", fasta=str(tmp_path / "reference.fa"))


def write_labelled(tmp_path, header="sequence\tlabel\tchromosome"):
    """Forty bound sequences rich in GC, then three hundred of any share; two to a chromosome and class."""
    rng = np.random.default_rng(1)
    bound = ["".join(rng.choice(list("ACGT"), 40, p=[0.1, 0.4, 0.4, 0.1])) for _ in range(40)]
    other = ["".join(rng.choice(list("AACGTT"), 40)) for _ in range(100)]
    alike = ["".join(rng.choice(list("ACGT"), 40, p=[0.1, 0.4, 0.4, 0.1])) for _ in range(200)]
    lines = [f"{text}\t1\tchr{row % 5}" for row, text in enumerate(bound)]
    lines += [f"{text}\t0\tchr{row % 5}" for row, text in enumerate(other + alike)]
    write_lines(tmp_path / "labelled.tsv", [header, *lines])


def gc_share(codes):
    return np.isin(codes, (1, 2)).mean(axis=1)


def test_negatives_are_what_is_asked_for(tmp_path, prepared):
    write_labelled(tmp_path)
    counts = {}
    for words in ("file", "gc-matched", "shuffles", "file,shuffles", "gc-matched,shuffles"):
        data, facts = prepared("labelled.tsv", negatives=tuple(map(NegativeSource, words.split(","))))
        assert facts.negatives == ", ".join(words.split(","))
        assert data.targets.tolist() == [1] * 40 + [0] * (len(data.sequences.codes) - 40)
        counts[words] = len(data.sequences.codes) - 40
        if "shuffles" in words:
            assert pairs(data.sequences.codes[:40]) == pairs(data.sequences.codes[-40:])
            assert data.groups[:40].tolist() == data.groups[-40:].tolist()
        if words == "gc-matched":
            assert abs(gc_share(data.sequences.codes[:40]).mean() - gc_share(data.sequences.codes[40:]).mean()) < 0.01
            assert len({row.tobytes() for row in data.sequences.codes[40:]}) == 40
    assert counts == {"file": 300, "gc-matched": 40, "shuffles": 40, "file,shuffles": 340, "gc-matched,shuffles": 80}


@pytest.mark.parametrize("min_negatives", [0, 40, 41, 100])
def test_few_bound_sequences_have_several_negatives_each(tmp_path, prepared, min_negatives):
    write_labelled(tmp_path)
    times = max(1, -(-min_negatives // 40))
    negatives = (NegativeSource.GC_MATCHED, NegativeSource.SHUFFLES)
    data, facts = prepared("labelled.tsv", negatives=negatives, min_negatives=min_negatives)
    assert len(data.sequences.codes) == facts.sequences == 40 + 2 * 40 * times
    shuffles = slice(40 + 40 * times, None)
    assert pairs(data.sequences.codes[shuffles]) == [
        own for own in pairs(data.sequences.codes[:40]) for _ in range(times)
    ]
    assert data.groups[shuffles].tolist() == np.repeat(data.groups[:40], times).tolist()
    assert len({row.tobytes() for row in data.sequences.codes[shuffles]}) == 40 * times
    peaks = write_files(tmp_path) / "peaks.bed"
    data, facts = prepared(peaks.name, fasta=str(tmp_path / "reference.fa"), min_negatives=2 * min_negatives)
    assert facts.bound == 80
    assert pairs(data.sequences.codes[80:]) == [own for own in pairs(data.sequences.codes[:80]) for _ in range(times)]


def test_chromosomes_of_a_table_are_its_groups(tmp_path, prepared):
    write_labelled(tmp_path)
    data, facts = prepared("labelled.tsv")
    assert facts.folds == "groups of the file"
    assert data.groups.tolist() == [row % 5 for row in range(40)] + [row % 5 for row in range(300)]


@pytest.mark.parametrize(
    ("name", "negatives"), [("bound.fa", "file"), ("peaks.bed", "gc-matched"), ("values.tsv", "file")]
)
def test_negatives_that_a_file_cannot_give_are_refused(tmp_path, prepared, name, negatives):
    write_files(tmp_path)
    with pytest.raises(UsageError, match=f"{name}.*negatives"):
        prepared(name, negatives=(NegativeSource(negatives),), fasta=str(tmp_path / "reference.fa"))


def test_the_first_of_a_deepbind_table_are_the_strongest(tmp_path, prepared):
    rows = ["FoldID\tEventID\tseq\tBound", *(f"A\t{i}\t{'ACGT'[i % 4] * 30}{'ACGT'[i // 4 % 4]}\t1" for i in range(90))]
    write_lines(tmp_path / "peaks.seq", rows)
    whole, _ = prepared("peaks.seq")
    data, facts = prepared("peaks.seq", top=40)
    assert facts.bound == 40
    assert data.sequences.codes[:40].tolist() == whole.sequences.codes[:40].tolist()


def test_values_whose_spread_no_number_holds_are_refused(tmp_path, prepared):
    lines = (write_files(tmp_path) / "values.tsv").read_text().splitlines()
    write_lines(tmp_path / "values.tsv", [*lines, f"{lines[-1].split()[0]}\t1e300"])
    with pytest.raises(InputError, match=r"values.tsv: the values reach 1e\+300"):
        prepared("values.tsv", kind=DataKind.VALUES)


def with_labels(tmp_path, name, labels):
    """The labelled sequences with other words for 0 and 1."""
    rows = [line.split("\t") for line in (tmp_path / "labels.tsv").read_text().splitlines()]
    header = [f"sequence\t{name}"] if name else []
    write_lines(tmp_path / "in.tsv", [*header, *(f"{text}\t{labels[int(bound)]}" for text, bound in rows)])


@pytest.mark.parametrize("name", ["label", "bound", "class", ""])
@pytest.mark.parametrize("kind", [None, DataKind.LABELS])
def test_one_and_minus_one_are_labels(tmp_path, prepared, name, kind):
    write_files(tmp_path)
    expected, facts = prepared("labels.tsv")
    with_labels(tmp_path, name, ("-1", "1"))
    data, told = prepared("in.tsv", kind=kind)
    assert told.kind is DataKind.LABELS
    assert told.examples_sha256 == facts.examples_sha256
    assert data.targets.tolist() == expected.targets.tolist()


def test_measured_values_may_be_one_and_minus_one(tmp_path, prepared):
    write_files(tmp_path)
    with_labels(tmp_path, "value", ("-1", "1"))
    assert prepared("in.tsv")[1].kind is DataKind.VALUES
    with_labels(tmp_path, "label", ("-1", "1"))
    data, facts = prepared("in.tsv", kind=DataKind.VALUES)
    assert facts.kind is DataKind.VALUES
    assert set(data.targets.tolist()) == {-1, 1}


def test_labels_that_do_not_say_which_means_bound_are_told(tmp_path, prepared):
    write_files(tmp_path)
    with_labels(tmp_path, "class", ("1", "2"))
    with pytest.raises(InputError, match=r"in.tsv:2: the labels are 1 and 2, expected 1 .*--kind values"):
        prepared("in.tsv")
    assert prepared("in.tsv", kind=DataKind.VALUES)[1].kind is DataKind.VALUES
    with_labels(tmp_path, "class", ("-1", "0"))
    with pytest.raises(InputError, match="the labels are -1 and 0, expected"):
        prepared("in.tsv")
    lines = (tmp_path / "in.tsv").read_text().splitlines()
    write_lines(tmp_path / "in.tsv", [*lines, f"{lines[1].split()[0]}\t1"])
    with pytest.raises(InputError, match="the labels are -1, 0 and 1, expected"):
        prepared("in.tsv")


def test_labels_of_three_kinds_are_told(tmp_path, prepared):
    lines = (write_files(tmp_path) / "labels.tsv").read_text().splitlines()
    write_lines(tmp_path / "in.tsv", [*lines, f"{lines[0][:30]}\t-1"])
    with pytest.raises(InputError, match=rf"in.tsv:{len(lines) + 1}: the labels are -1, 0 and 1, expected 0 or 1 thr"):
        prepared("in.tsv", kind=DataKind.LABELS)
    assert prepared("in.tsv")[1].kind is DataKind.VALUES


def test_a_contig_map_names_the_contigs_of_peaks(tmp_path, prepared):
    write_files(tmp_path)
    reference = str(tmp_path / "reference.fa")
    _, facts = prepared("peaks.narrowPeak", fasta=reference)
    renamed = {f"other{name}": name for name in CHROMOSOMES}
    write_lines(tmp_path / "in.narrowPeak", [f"other{line}" for line in peak_lines()])
    with pytest.raises(InputError, match=r"no peak can be used .*--contig-map"):
        prepared("in.narrowPeak", fasta=reference)
    assert prepared("in.narrowPeak", fasta=reference, renamed=renamed)[1].examples_sha256 == facts.examples_sha256


def test_sequences_of_any_lengths(tmp_path, prepared):
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACGT"), rng.integers(14, 102))) for _ in range(60)]
    write_lines(tmp_path / "bound.txt", texts)
    data, facts = prepared("bound.txt")
    lengths = [len(text) for text in texts]
    assert facts.length == (min(lengths), max(lengths))
    assert data.sequences.lengths.tolist() == lengths + lengths
    assert [decode(codes) for codes in data.sequences][:60] == texts
    bound, shuffles = list(data.sequences)[:60], list(data.sequences)[60:]
    assert [dinucleotides(codes) for codes in shuffles] == [dinucleotides(codes) for codes in bound]
    rows = [f"{text}\t{label}" for text, label in zip(texts, [1, 0] * 30, strict=True)]
    write_lines(tmp_path / "labels.tsv", rows)
    assert prepared("labels.tsv", negatives=(NegativeSource.GC_MATCHED,), folds=2)[1].length[0] >= 14


def test_an_n_at_the_end_is_a_base_of_the_sequence(tmp_path, prepared):
    """It looks like the padding of a shorter sequence, which is another sequence in another group."""
    digests = set()
    for last in ("N", ""):
        texts = [f"{'ACGT' * 3}{'ACGT'[row % 4]}{'ACGT'[row // 4 % 4]}{'ACGT'[row // 16]}N" for row in range(60)]
        rows = enumerate([*texts, texts[0][:-1] + last])
        write_lines(tmp_path / "labels.tsv", [f"{text}\t{row % 2}" for row, text in rows])
        data, facts = prepared("labels.tsv")
        digests.add(facts.examples_sha256)
        groups = [data.groups[row] for row, codes in enumerate(data.sequences) if decode(codes)[:15] == texts[0][:15]]
        assert (len(set(groups)) == 1) == (last == "N")
    assert len(digests) == 2


def write_rounds(tmp_path):
    """Reads of a late round as FASTQ, some of whose qualities start with #, and of the first one as a list."""
    rng = np.random.default_rng(0)
    late, first = (["".join(rng.choice(list("ACGT"), rng.integers(14, 41))) for _ in range(40)] for _ in range(2))
    reads = [line for row, text in enumerate(late) for line in (f"@{row}", text, "+", "#" * len(text))]
    write_lines(tmp_path / "late.fastq", reads)
    write_lines(tmp_path / "first.txt", first)
    return late, first


def test_reads_of_a_round_stand_against_those_of_an_earlier_one(tmp_path, prepared):
    late, first = write_rounds(tmp_path)
    data, facts = prepared("late.fastq", unbound=str(tmp_path / "first.txt"))
    assert [decode(codes) for codes in data.sequences] == late + first
    assert data.targets.tolist() == [1] * 40 + [0] * 40
    assert (facts.kind, facts.bound, facts.negatives) == (DataKind.BOUND, 40, "file")
    both = (NegativeSource.GC_MATCHED, NegativeSource.SHUFFLES)
    assert prepared("late.fastq", unbound=str(tmp_path / "first.txt"), negatives=both)[1].sequences == 120
    assert prepared("late.fastq")[1].negatives == "shuffles"


def test_a_read_of_both_rounds_is_in_one_fold(tmp_path, prepared):
    late, first = write_rounds(tmp_path)
    write_lines(tmp_path / "first.txt", [*first[:-1], late[0]])
    data, _ = prepared("late.fastq", unbound=str(tmp_path / "first.txt"))
    assert data.groups[0] == data.groups[-1]


def test_unbound_sequences_need_bound_ones(tmp_path, prepared):
    write_files(tmp_path)
    with pytest.raises(UsageError, match=r"labels.tsv: unbound sequences are compared with bound ones"):
        prepared("labels.tsv", unbound=str(tmp_path / "bound.fa"))


def test_a_part_of_a_table(tmp_path, prepared):
    rng = np.random.default_rng(0)
    rows = [f"{''.join(rng.choice(list('ACGU'), 30))}\t{rng.normal():.3f}\t{'AB'[row % 2]}" for row in range(80)]
    write_lines(tmp_path / "probes.tsv", ["sequence\tvalue\tset", *rows])
    found = {part: prepared("probes.tsv", part=part) for part in ("A", "B", "")}
    whole = {codes.tobytes() for codes in found[""][0].sequences}
    halves = [{codes.tobytes() for codes in found[part][0].sequences} for part in "AB"]
    assert halves[0] | halves[1] == whole
    assert not halves[0] & halves[1]
    assert [facts.as_dict().get("part") for _, facts in found.values()] == ["A", "B", None]
    with pytest.raises(InputError, match="no row is of the set 'C', expected one of A, B"):
        prepared("probes.tsv", part="C")
    write_lines(tmp_path / "two.tsv", ["sequence\tvalue\tset\tprobe_set", *rows])  # no row has the last column
    assert prepared("two.tsv")[1].sequences == 80
    with pytest.raises(InputError, match=r"two.tsv:1: 2 columns are named set"):
        prepared("two.tsv", part="A")
    write_files(tmp_path)
    with pytest.raises(InputError, match=r"values.tsv:1: no columns are named set"):
        prepared("values.tsv", part="A")
    write_lines(tmp_path / "bare.tsv", rows)
    with pytest.raises(InputError, match=r"bare.tsv: no header names a column set"):
        prepared("bare.tsv", part="A")
    with pytest.raises(UsageError, match=r"bound.fa: the part 'A' needs a table"):
        prepared("bound.fa", part="A")
