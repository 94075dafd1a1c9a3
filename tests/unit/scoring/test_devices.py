"""Devices by name, and the test that a device has to pass before any command or function uses it."""

import numpy as np
import pytest
from integration.runs import FASTA, VCF, call

import varbind
from varbind.errors import ResourceError, UsageError
from varbind.io import banks
from varbind.scoring.devices import checked_device, require_scores_of_cpu, resolve_device
from varbind.scoring.ensemble import Ensemble


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:0", "cuda:12"])
def test_devices_by_name(name):
    assert resolve_device(name) == name


@pytest.mark.parametrize("name", ["", "gpu", "cuda:", "cuda:x", "cpu:0", "CUDA", "mps", "cuda:-1"])
def test_an_unknown_device(name):
    with pytest.raises(UsageError, match="unknown device"):
        resolve_device(name)


def test_a_device_that_scores_as_the_cpu_passes(tiny_bank):
    """Of part of a bank too, which has no golden scores of its own."""
    pytest.importorskip("torch", reason="needs the extra `gpu`")
    require_scores_of_cpu(tiny_bank, "torch:cpu")
    require_scores_of_cpu(tiny_bank.select_proteins(["ELK1"]), "torch:cpu")


@pytest.fixture
def wrong_device(monkeypatch):
    """Torch on the CPU in the place of a GPU, with one wrong score."""
    device = pytest.importorskip("varbind.kernels.gpu.device", reason="needs the extra `gpu`")
    honest, place = device.DeviceStacks.score, device.torch_device
    monkeypatch.setattr(device, "torch_device", lambda _: place("torch:cpu"))

    def wrong(value):
        def score(self, plan):
            scores = honest(self, plan)
            scores[3, 0] = value if np.isnan(value) else np.nextafter(scores[3, 0], np.float32(value))
            return scores

        monkeypatch.setattr(device.DeviceStacks, "score", score)

    return wrong


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_device_with_one_wrong_score_is_refused(tiny_bank, wrong_device, value):
    wrong_device(value)
    with pytest.raises(ResourceError, match=r"device cuda:3 fails the self-test: \d+ scores differ.*use --device cpu"):
        checked_device("cuda:3", tiny_bank)


def test_the_cpu_is_not_compared_with_itself(tiny_bank, monkeypatch):
    monkeypatch.setattr(Ensemble, "score", lambda *_: 1 / 0)
    assert checked_device("cpu", tiny_bank) == "cpu"
    with pytest.raises(UsageError, match="unknown device"):
        checked_device("tpu", tiny_bank)


@pytest.mark.parametrize(
    "words",
    [
        ["annotate", VCF, "-f", FASTA, "--everywhere", "--bank"],
        ["score", VCF, "-f", FASTA, "--bank"],
        ["score", FASTA, "--bank"],
        ["train", "binding", FASTA, "--protein", "A", "-o", "bank"],
        ["train", "effect", "--classes", VCF, "-o", "effect", "--bank"],
        ["check", VCF, "-f", FASTA, "--everywhere", "--bank"],
        ["evaluate", "effect", "--classes", VCF, "-o", "evaluation", "--bank"],
    ],
    ids=lambda words: f"{words[0]} {getattr(words[1], 'name', words[1])}",
)
def test_no_command_uses_a_device_that_fails(wrong_device, tiny_bank, tiny_bank_path, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    # A training of binding has no bank yet, and scores the models of the shipped one.
    monkeypatch.setattr(banks, "load_bank", lambda _: tiny_bank)
    wrong_device(np.nan)
    done = call(*words, *([tiny_bank_path] if words[-1] == "--bank" else []), "--device", "cuda")
    assert done.code == 4
    assert "device cuda fails the self-test" in done.error
    assert done.out == b""
    assert not list(tmp_path.iterdir())


def test_sequences_are_not_scored_on_a_device_that_fails(tiny_bank, wrong_device):
    wrong_device(np.inf)
    with pytest.raises(ResourceError, match="device cuda fails the self-test"):
        varbind.score_sequences(["ACGT"], tiny_bank, device="cuda")


def test_auto_is_a_device_that_scores(tiny_bank):
    texts = ["ACGTTGCAACG"]
    found = varbind.score_sequences(texts, tiny_bank, device="auto")
    assert found.tobytes() == varbind.score_sequences(texts, tiny_bank).tobytes()
