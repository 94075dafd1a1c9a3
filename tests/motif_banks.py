"""Banks of networks that count how much of a motif they find, and sets in which a motif is planted."""

import numpy as np
from planted import sequence, write_lines

from varbind.bank.bank import Bank
from varbind.bank.model_card import BankCard, ModelCard
from varbind.core.deepbind import DeepBindConfig, DeepBindStack
from varbind.io.banks import write_bank

E_BOX, CRE, TATA = "CACGTGAC", "TGACGTCA", "TATAAAGG"


def motif_model(model_id, protein, motif, *, double_stranded=True, training=None):
    """A card, and a network of one detector: its score is the number of matching bases at the best place."""
    shape = DeepBindConfig(
        window=31,
        detector_len=len(motif),
        detectors=1,
        mean_pooling=False,
        hidden=0,
        double_stranded=double_stranded,
    )
    arrays = {name: np.zeros(size, dtype=np.float32) for name, size in shape.array_shapes(1).items()}
    arrays["detectors"][0, range(len(motif)), ["ACGT".index(base) for base in motif], 0] = 1
    arrays["weights1"][:] = 1
    card = ModelCard(
        model_id=model_id,
        protein=protein,
        family=protein,
        species="Homo sapiens",
        assay="none",
        experiment="none",
        config=shape,
        default=True,
        training=training or {},
    )
    return card, DeepBindStack(shape, (model_id,), arrays)


def motif_bank(*models, name="motifs"):
    """A bank of what `motif_model` gives."""
    cards, stacks = zip(*models, strict=True)
    card = BankCard(name=name, version="1", description="motifs", source="tests", licence="none", models=cards)
    return Bank((card,), cards, tuple(DeepBindStack.by_config(stacks)), background=None)


def write_motif_bank(folder, *models):
    """The same on disk."""
    write_bank(folder, motif_bank(*models, name=folder.name))
    return folder


def planted(motif, count=60, length=40, seed=0, share=1.0):
    """Letters and whether they are bound; of the bound ones, only a share has the motif."""
    rng = np.random.default_rng([seed, 77])
    found = []
    for row in range(count):
        text, start = sequence(rng, length), int(rng.integers(length - len(motif)))
        bound = row % 2 == 0
        has = bound and rng.random() < share
        found.append((text[:start] + motif + text[start + len(motif) :] if has else text, int(bound)))
    return found


def write_labels(path, motif, **options):
    """A table of labelled sequences."""
    return write_lines(path, [f"{text}\t{bound}" for text, bound in planted(motif, **options)])


def write_intensities(path, motif, seed=0, **options):
    """A table of positive values, large where the motif is."""
    rng = np.random.default_rng([seed, 78])
    rows = [f"{text}\t{np.exp(bound + rng.normal(0, 0.3)):.5f}" for text, bound in planted(motif, seed=seed, **options)]
    return write_lines(path, rows)


def write_sets(path, *rows):
    """A table of sets: id, protein, file, kind, task."""
    return write_lines(path, ["id\tprotein\tfile\tkind\ttask", *("\t".join(row) for row in rows)])
