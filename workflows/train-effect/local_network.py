"""The local network of the activity head, distilled from a published network of reporter activity.

    python workflows/train-effect/local_network.py DATA STATE/local

The teacher is the convolutional model of MPRA-DragoNN (Movva et al. 2019, PLoS ONE 14:e0218073; MIT licence), which was
trained on the activity of 487,000 sequences. Its last layer changes in 13 positions when a base changes. The local
network learns the 32 leading principal components of that change, summed over positions and averaged over strands, for
all three SNVs in the middle of 25 bases drawn from regions of open chromatin and from reporter sequences. No
measurement is used, and no sequence that shares 30 bases with an element whose variants were measured.

The targets and the state of the training are kept in STATE/local.training, so that an interrupted run is resumed; the
result is a second stage with a local head only, which `varbind train effect --local` reads. It needs h5py.
"""

from __future__ import annotations

import csv
import gzip
import sys
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np
import torch

from varbind.core.sequence import encode, reverse_complement
from varbind.effect.effect_model import EffectCard, EffectModel
from varbind.effect.local import LocalHead
from varbind.io.effects import write_effect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

BASES, MIDDLE, WIDTH = 25, 12, 5
SHARED = 30
"""The number of bases that no sequence may share with an element."""
NAMES = ("first", "second", "third")


@dataclass(frozen=True)
class Setting:
    """What determines the result."""

    windows: int = 300_000
    validation: int = 8_192
    units: int = 48
    outputs: int = 32
    epochs: int = 2
    batch: int = 256
    rate: float = 2e-3
    seed: int = 1


def main() -> None:
    """Write the second stage."""
    data, folder = map(Path, sys.argv[1:3])
    setting, state = Setting(), folder.with_name(f"{folder.name}.training")
    state.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    windows = kept(state / "windows.npy", lambda: drawn_windows(data, setting))
    targets = kept(state / "targets.npy", lambda: Teacher(data / "reporter" / "dragonn-convmodel").changes(windows))
    components, total = principal_components(targets, setting.outputs)
    student, explained = distilled(windows, targets @ components / np.sqrt(total), setting, state / "student.pt")
    facts = {
        "teacher": "MPRA-DragoNN ConvModel (Movva et al. 2019), MIT, kundajelab/MPRA-DragoNN at 2799ed8",
        "sequences": "open chromatin (chipseq-hg38), Mattioli 2020 and lentiMPRA sequences, MIT",
        "setting": asdict(setting),
        "held_out": {
            "measure": "share of the variance of the teacher's changes",
            "value": round(explained, 4),
            "data": "windows that did not train",
            "variants": 3 * setting.validation,
        },
    }
    write_effect(folder, EffectModel(card_of(facts), {LocalHead.name: head_of(student)}))


def kept(path: Path, make: object) -> NDArray[np.generic]:
    """The array of a file, which is made if it does not exist."""
    if not path.exists():
        np.save(path.with_suffix(".part.npy"), make())
        path.with_suffix(".part.npy").rename(path)
    return np.load(path)


def drawn_windows(data: Path, setting: Setting) -> NDArray[np.uint8]:
    """One window of 25 known bases from each sequence, in random order, (N, 25)."""
    rng, avoided, found = np.random.default_rng(setting.seed), shared_words(data), []
    for text in sequences(data):
        if len(text) < BASES or any(text[place : place + SHARED] in avoided for place in range(len(text) - SHARED + 1)):
            continue
        place = int(rng.integers(0, len(text) - BASES + 1))
        found.append(encode(text[place : place + BASES]))
    known = np.stack([codes for codes in found if codes.max() < 4])
    return known[rng.permutation(len(known))][: setting.windows]


def shared_words(data: Path) -> set[str]:
    """All stretches of 30 bases of the elements whose variants were measured, of both strands."""
    found: set[str] = set()
    for folder in ("mpra", "known-sites"):
        with gzip.open(data / folder / "elements.fa.gz", "rt", encoding="ascii") as text:
            for entry in text.read().split(">")[1:]:
                forward = "".join(entry.splitlines()[1:]).upper()
                for strand in (forward, forward[::-1].translate(str.maketrans("ACGT", "TGCA"))):
                    found.update(strand[place : place + SHARED] for place in range(len(strand) - SHARED + 1))
    return found


def sequences(data: Path) -> Iterator[str]:
    """Sequences of open chromatin, and those of reporter assays without their adapters."""
    for path in sorted((data / "chipseq-hg38").glob("sequences.200bp.*.fa.gz")):
        with gzip.open(path, "rt", encoding="ascii") as text:
            yield from (line.strip().upper() for line in text if not line.startswith(">"))
    tables = [(f"mattioli2020_{name}_tss", "element", 0) for name in ("human", "mouse")]
    tables += [(f"lentimpra_WTC11_{name}", "seq", 15) for name in ("test", "valid")]
    for name, column, adapter in tables:
        with gzip.open(data / "reporter" / f"{name}.tsv.gz", "rt", encoding="ascii") as text:
            for row in csv.DictReader(text, delimiter="\t"):
                yield row[column].upper()[adapter : len(row[column]) - adapter]


def four_alleles(windows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each window with its own base and with the three others in the middle, (N, 4, 25)."""
    alleles = np.repeat(windows[:, None], 4, axis=1)
    for step in (1, 2, 3):
        alleles[:, step, MIDDLE] = (windows[:, MIDDLE] + step) % 4
    return alleles


def one_hot(codes: NDArray[np.uint8]) -> torch.Tensor:
    """(N, 4, L); 0 where the base is unknown."""
    return torch.eye(5)[torch.from_numpy(codes).long()][:, :, :4].transpose(1, 2)


class Teacher:
    """The convolutional layers of the published network."""

    def __init__(self, folder: Path) -> None:
        with h5py.File(folder / "pretrained.hdf5") as file:

            def array(name: str) -> torch.Tensor:
                return torch.from_numpy(np.array(file[name]))

            self._layers = []
            for number in (1, 2, 3):
                layer, norm = (f"{kind}_{number}/{kind}_{number}/" for kind in ("conv1d", "batch_normalization"))
                scale = array(f"{norm}gamma:0") / torch.sqrt(array(f"{norm}moving_variance:0") + 1e-3)
                shift = array(f"{norm}beta:0") - array(f"{norm}moving_mean:0") * scale
                kernel = array(f"{layer}kernel:0").permute(2, 1, 0).contiguous()
                self._layers.append((kernel, array(f"{layer}bias:0"), scale[:, None], shift[:, None]))
        self.units = len(self._layers[-1][0])

    def changes(self, windows: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The change of the sum over positions of each unit of the last layer, mean of both strands, (N, 3, 120)."""
        found = []
        for first in range(0, len(windows), 256):
            alleles = four_alleles(windows[first : first + 256])
            flat = alleles.reshape(-1, BASES)
            sums = self._both_strands(flat).reshape(len(alleles), 4, -1)
            found.append(sums[:, 1:] - sums[:, :1])
            tell(first, len(windows), "windows by the teacher")
        return np.concatenate(found)

    def sums(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The sum over positions of each unit of the last layer, mean of both strands, (N, 120)."""
        return np.concatenate([self._both_strands(codes[first : first + 1024]) for first in range(0, len(codes), 1024)])

    @torch.no_grad()
    def _both_strands(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        return ((self._sums(codes) + self._sums(reverse_complement(codes))) / 2).numpy()

    def _sums(self, codes: NDArray[np.uint8]) -> torch.Tensor:
        layer = one_hot(codes)
        for kernel, bias, scale, shift in self._layers:
            layer = torch.relu(torch.nn.functional.conv1d(layer, kernel, bias)) * scale + shift
        return layer.sum(dim=2)


def principal_components(targets: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], float]:
    """The leading directions of the changes, (120, count), uncentred, and the total mean square."""
    flat = targets.reshape(-1, targets.shape[2])
    values, vectors = np.linalg.eigh(flat.T.astype(np.float64) @ flat / len(flat))
    return vectors[:, ::-1][:, :count].astype(np.float32), float(values.sum())


class Student(torch.nn.Module):
    """The local network in torch."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        sizes = (4, setting.units, setting.units, setting.units)
        layers = [torch.nn.Conv1d(before, after, WIDTH) for before, after in pairwise(sizes)]
        self.layers = torch.nn.ModuleList(layers)
        self.output = torch.nn.Linear(setting.units, setting.outputs, bias=False)

    def forward(self, windows: NDArray[np.uint8]) -> torch.Tensor:
        """The outputs for the three SNVs of each window, (N, 3, outputs)."""
        forward = one_hot(four_alleles(windows).reshape(-1, BASES))
        layer = torch.cat([forward, forward.flip(1, 2)])
        for convolution in self.layers:
            layer = torch.relu(convolution(layer))
        sums = layer.sum(dim=2).reshape(2, len(windows), 4, -1).mean(dim=0)
        return self.output(sums[:, 1:] - sums[:, :1])


def distilled(
    windows: NDArray[np.uint8], targets: NDArray[np.float32], setting: Setting, path: Path
) -> tuple[Student, float]:
    """The trained student, and the share of the variance of the targets of left-out windows that it explains."""
    torch.manual_seed(setting.seed)
    student, steps = Student(setting), setting.epochs * (len(windows) - setting.validation) // setting.batch
    optimiser = torch.optim.AdamW(student.parameters(), lr=setting.rate, weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, setting.rate, total_steps=steps, pct_start=0.1)
    parts, done = {"student": student, "optimiser": optimiser, "schedule": schedule}, 0
    if path.exists():
        stored = torch.load(path, weights_only=True)
        done = stored.pop("done")
        for name, part in parts.items():
            part.load_state_dict(stored[name])
    orders = np.random.default_rng([setting.seed, 1])
    order = np.concatenate([orders.permutation(len(windows) - setting.validation) for _ in range(setting.epochs)])
    wanted = torch.from_numpy(targets)
    for step in range(done, steps):
        rows = setting.validation + order[step * setting.batch : (step + 1) * setting.batch]
        loss = ((student(windows[rows]) - wanted[rows]) ** 2).sum(dim=2).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if (step + 1) % 100 == 0:
            torch.save({"done": step + 1} | {name: part.state_dict() for name, part in parts.items()}, path)
            tell(step, steps, f"steps, loss {loss.item():.3f}")
    left_out, own = wanted[: setting.validation], windows[: setting.validation]
    with torch.no_grad():
        predicted = torch.cat([student(own[first : first + 512]) for first in range(0, len(own), 512)])
    return student, 1 - float(((predicted - left_out) ** 2).sum() / (left_out**2).sum())


def head_of(student: Student) -> LocalHead:
    """The head with the weights of the student."""
    arrays = {}
    for name, layer in zip(NAMES, student.layers, strict=True):
        arrays[name] = layer.weight.detach().permute(2, 1, 0).contiguous().numpy()
        arrays[f"{name}_bias"] = layer.bias.detach().numpy()
    return LocalHead(**arrays, output=student.output.weight.detach().T.contiguous().numpy())


def card_of(facts: dict[str, object]) -> EffectCard:
    """The card of a second stage with a local head only."""
    text = "a local network, for `varbind train effect --local`"
    return EffectCard("local", "1", text, "MIT", {"name": "none"}, ["none"], ["none"], heads={LocalHead.name: facts})


def tell(done: int, total: int, what: str) -> None:
    """Progress, now and then."""
    if done % 6_400 < 256 or "loss" in what:
        print(f"{done:,} of {total:,} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
