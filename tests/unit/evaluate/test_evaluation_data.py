"""Test sets are read as training sets are, and drawn from without losing their order."""

from dataclasses import replace

import numpy as np
import pytest
from motif_banks import CRE, write_intensities, write_labels
from planted import write_files, write_lines

from varbind.core.sequence import encode
from varbind.core.sequence_set import SequenceSet
from varbind.datasets.binding_dataset import BindingDataset, DataKind
from varbind.errors import InputError, UsageError
from varbind.evaluate.evaluation_data import EvaluationData, Metric, outliers, read_evaluation_data
from varbind.io.reference import Reference

pytest.importorskip("sklearn", reason="needs the extra `train`")


def read(path, kind=None, seed=1, **options):
    return read_evaluation_data(BindingDataset("A", "A", str(path), kind=kind, **options), Reference, seed=seed)


def test_labels_are_as_in_the_file(tmp_path):
    path = write_labels(tmp_path / "labels.tsv", CRE)
    sample = read(path, DataKind.LABELS)
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    found = {(encode(text).tobytes(), label == "1") for text, label in rows}
    pairs = zip(sample.sequences, sample.bound, strict=True)
    assert {(codes.tobytes(), bool(bound)) for codes, bound in pairs} == found
    assert sample.in_set == len(sample.sequences) == 60
    assert np.array_equal(sample.targets, sample.bound)


def test_bound_sequences_get_shuffles_by_the_seed(tmp_path):
    path = write_files(tmp_path) / "bound.fa"
    samples = [read(path, seed=seed) for seed in (1, 1, 2)]
    assert samples[0].bound.sum() == 40
    assert samples[0].in_set == 80
    shuffles = [sample.sequences.codes[~sample.bound].tobytes() for sample in samples]
    assert shuffles[0] == shuffles[1] != shuffles[2]
    positives = [sample.sequences.codes[sample.bound].tobytes() for sample in samples]
    assert positives[0] == positives[2]


def test_outliers_are_of_values_before_the_logarithm(tmp_path):
    values = [1.0] * 200 + [1000.0, 30.0]
    path = write_lines(tmp_path / "v", [f"{'ACGT' * 3}\t{value}" for value in values])
    sample = read(path, DataKind.INTENSITIES)
    # The mean is 6.1 and the standard deviation 70: of logarithms 30 would lie 6 standard deviations above.
    assert np.flatnonzero(sample.bound).tolist() == [200]
    assert sample.targets[201] - sample.targets[0] == pytest.approx(
        (sample.targets[200] - sample.targets[0]) * np.log(30) / np.log(1000), rel=1e-5
    )


def test_of_each_class_no_more_than_asked_for(tmp_path):
    sample = read(write_labels(tmp_path / "labels.tsv", CRE), DataKind.LABELS)
    drawn = sample.at_most(12)
    assert drawn.bound.sum() == (~drawn.bound).sum() == 12
    assert drawn.in_set == 60
    places = [sample.sequences.codes.tolist().index(codes) for codes in drawn.sequences.codes.tolist()]
    assert places == sorted(places)
    assert sample.at_most(12).sequences.codes.tobytes() == drawn.sequences.codes.tobytes()
    other = read(tmp_path / "labels.tsv", DataKind.LABELS, seed=2).at_most(12)
    assert other.sequences.codes.tobytes() != drawn.sequences.codes.tobytes()
    whole = sample.at_most(30)
    assert whole.sequences.codes.tobytes() == sample.sequences.codes.tobytes()


def test_of_measured_values_twice_as_many(tmp_path):
    sample = read(write_intensities(tmp_path / "v.tsv", CRE), DataKind.INTENSITIES)
    drawn = sample.at_most(12)
    assert len(drawn.sequences) == len(drawn.targets) == len(drawn.bound) == 24
    kept = {(codes.tobytes(), target) for codes, target in zip(sample.sequences, sample.targets, strict=True)}
    assert {(codes.tobytes(), target) for codes, target in zip(drawn.sequences, drawn.targets, strict=True)} <= kept


def test_a_matrix_is_no_data(tmp_path):
    with pytest.raises(InputError, match="nothing can be evaluated on a matrix"):
        read(tmp_path / "m", DataKind.MATRIX)


def test_outliers_are_four_standard_deviations_above_the_mean():
    # 99 zeros and a one: mean 0.01, standard deviation sqrt(0.01 * 0.99) = 0.0995, threshold 0.408.
    values = np.zeros(100)
    values[7] = 1
    assert np.flatnonzero(outliers(values)).tolist() == [7]
    # Of 16 zeros and a one: mean 0.0588, standard deviation 0.2353, threshold exactly 1, which is not above.
    assert not outliers(np.eye(17)[0] - 1e-12).any()
    assert np.flatnonzero(outliers(np.eye(18)[0])).tolist() == [0]
    assert not outliers(-values).any()


def sample(*, bound, targets, is_classification):
    targets = np.array(targets, dtype=np.float64)
    sequences = SequenceSet.of_one_length(np.zeros((len(targets), 5), dtype=np.uint8))
    kind = DataKind.LABELS if is_classification else DataKind.VALUES
    return EvaluationData(sequences, targets, np.array(bound), is_classification, len(targets), kind, "", 1)


def test_each_kind_of_data_has_its_metrics():
    scores = np.array([1.0, 2.0, 3.0])
    labelled = sample(bound=[False, True, True], targets=[0, 1, 1], is_classification=True)
    assert labelled.metrics_of(scores) == {Metric.AUC: 1, Metric.AUPRC: 1}
    assert labelled.rating_of(scores) == 1
    measured = sample(bound=[False, False, True], targets=[1, 2, 3], is_classification=False)
    assert measured.metrics_of(scores) == pytest.approx({"pearson": 1, "spearman": 1, "dream5_auc": 1})
    assert measured.rating_of(scores) == pytest.approx(1)
    assert measured.rating_of(np.ones(3)) == 0


def test_what_is_undefined_is_left_out():
    constant = np.ones(3)
    measured = sample(bound=[False] * 3, targets=[1, 2, 3], is_classification=False)
    assert measured.metrics_of(constant) == {}
    labelled = sample(bound=[False, True, True], targets=[0, 1, 1], is_classification=True)
    assert labelled.metrics_of(constant) == pytest.approx({Metric.AUC: 0.5, Metric.AUPRC: 2 / 3})


@pytest.mark.parametrize("double_stranded", [True, False])
def test_probes_that_share_words_have_the_correlations_of_words(tmp_path, double_stranded):
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("AC"), rng.integers(30, 42))) for _ in range(300)]
    values = np.array([text.count("ACC") for text in texts]) + rng.normal(0, 0.5, len(texts))
    path = write_lines(tmp_path / "v", [f"{text}\t{value}" for text, value in zip(texts, values, strict=True)])
    data = read(path, DataKind.VALUES)
    data = replace(data, double_stranded=double_stranded)
    names = {Metric.E_PEARSON, Metric.E_SPEARMAN, Metric.Z_PEARSON, Metric.Z_SPEARMAN}
    perfect, chance = data.metrics_of(data.targets), data.metrics_of(rng.permutation(data.targets))
    assert names < set(perfect)
    assert [perfect[name] for name in names] == pytest.approx([1] * 4)
    assert max(abs(chance[name]) for name in names) < 0.5
    assert not names & set(data.metrics_of(np.ones(len(texts))))
    few = replace(data, sequences=data.sequences[:40], targets=data.targets[:40], bound=data.bound[:40])
    assert not names & set(few.metrics_of(few.targets))


def test_peaks_have_no_single_strand(tmp_path):
    folder = write_files(tmp_path)
    own = BindingDataset("A", "A", str(folder / "peaks.bed"), fasta=str(folder / "reference.fa"))
    with pytest.raises(UsageError, match=r"peaks.bed: peaks do not say which strand is bound"):
        read_evaluation_data(own, Reference, seed=1, double_stranded=False)
