"""Training sets become a bank: what was left by a killed run is taken or cleared, and seeds are each set's own."""

import pytest
from planted import write_files

from varbind.errors import InputError, OutputError, UsageError
from varbind.io.bank import read_bank
from varbind.pipeline.background import BackgroundRecipe
from varbind.train.calibration import Calibration
from varbind.train.sets import TrainingSet
from varbind.train.training import TrainingPlan, train_bank

pytest.importorskip("sklearn", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")

PLAN = TrainingPlan(
    Calibration(settings=2, checkpoints=(5,), detector_len=6, window=11), BackgroundRecipe(snvs=300, others=100)
)


@pytest.fixture
def bound(tmp_path):
    """One small set."""
    return TrainingSet(id="A", protein="A", file=str(write_files(tmp_path) / "bound.fa"))


def test_a_bank_is_written_and_returned(tmp_path, bound):
    bank = train_bank([bound], tmp_path / "bank", PLAN)
    assert read_bank(tmp_path / "bank").models == bank.models
    assert bank.models[0].training["data"]["folds"] == "neighbours in the file"
    assert {path.name for path in (tmp_path / "bank").iterdir()} >= {"card.json", "ratings.tsv"}


def test_what_a_killed_run_left_does_not_show(tmp_path, bound):
    train_bank([bound], tmp_path / "bank", PLAN)
    for name in ("bank", "bank.partial"):
        (tmp_path / "other.training" / name).mkdir(parents=True)
        (tmp_path / "other.training" / name / "card.json").write_text("cut")
    (tmp_path / "other.training" / "A.safetensors").write_bytes(b"cut")
    (tmp_path / "other.training" / "A.partial").write_bytes(b"cut")
    train_bank([bound], tmp_path / "other", PLAN)
    for name in ("weights.safetensors", "background.safetensors", "ratings.tsv"):
        assert (tmp_path / "other" / name).read_bytes() == (tmp_path / "bank" / name).read_bytes()
    assert not (tmp_path / "other.training").exists()


def test_an_output_that_cannot_be_made_is_told(tmp_path, bound):
    with pytest.raises(OutputError, match="cannot be written"):
        train_bank([bound], f"{bound.file}/bank", PLAN)


def test_equal_ids_are_refused(tmp_path, bound):
    with pytest.raises(UsageError, match="two sets have the same id"):
        train_bank([bound, bound], tmp_path / "bank", PLAN)


def test_sequences_that_are_all_equal_make_no_folds(tmp_path, bound):
    (tmp_path / "bound.fa").write_text(">a\nACGTACGTTA\n" * 40)
    with pytest.raises(InputError, match=r"bound.fa: 1 groups of sequences cannot make 3 folds"):
        train_bank([bound], tmp_path / "bank", PLAN)


def test_a_set_has_its_own_seed():
    sets = [TrainingSet(id=name, protein="A", file="x") for name in ("A", "B")]
    seeds = {TrainingPlan(PLAN.calibration, PLAN.recipe, seed).seed_of(own) for seed in (1, 2) for own in sets}
    assert len(seeds) == 4
