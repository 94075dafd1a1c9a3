"""PHREDs of new background variants, sent through the command line: no more of them are rare than a PHRED says.

A background sample has finitely many variants, and so has the new one: both errors are allowed for.
"""

import numpy as np
import pytest
from integration.runs import call, records
from quick_cases import first_quick

from varbind.bank.background import BackgroundTable, VariantKind
from varbind.bank.binding_changes import BindingEffects
from varbind.bank.binding_scale import BindingScale
from varbind.core.scores import BindingScores
from varbind.core.sequence import decode
from varbind.io.banks import load_bank
from varbind.scoring.background import CONTEXT, BackgroundRecipe, PromoterSource, background_windows
from varbind.scoring.scorer import Scorer, batches

SEED = 77
"""Neither that of a bank's background nor that of the curves of a second stage."""
ERRORS = 3.5
"""Standard errors allowed; some forty shares are tested at once."""


class FreshVariants:
    """New background variants of every kind as a VCF, each kind on a contig of its own."""

    def __init__(self, folder, recipe):
        source = PromoterSource()
        self.vcf, self.fasta = folder / "in.vcf", folder / "reference.fa"
        lines, contigs = [], {}
        for kind in VariantKind:
            windows = list(background_windows(kind, recipe.count(kind), source, recipe.stream(kind)))
            contigs[kind] = "".join(decode(window.ref) for window in windows)
            start = 0
            for window in windows:
                # An empty allele needs the base before it.
                first = start + CONTEXT - 1
                ref, alt = (decode(codes[CONTEXT - 1 : len(codes) - CONTEXT]) for codes in (window.ref, window.alt))
                lines.append(f"{kind}\t{first + 1}\t.\t{ref}\t{alt}\t.\t.\t.\n")
                start += len(window.ref)
        header = "".join(f"##contig=<ID={kind},length={len(bases)}>\n" for kind, bases in contigs.items())
        columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        self.vcf.write_text(f"##fileformat=VCFv4.3\n{header}{columns}{''.join(lines)}")
        self.fasta.write_text("".join(f">{kind}\n{bases}\n" for kind, bases in contigs.items()))

    def phreds(self, key, proteins):
        """PHREDs of every kind, (kind, values)."""
        out = self.vcf.with_name(f"{proteins}.vcf")
        if not out.exists():
            # The second stage has curves of the default models, and changes the PHREDs of no other choice.
            effect = () if proteins == "default" else ("--effect", "none")
            words = ["--everywhere", "--proteins", proteins, "-q", "-o", out, *effect]
            done = call("annotate", self.vcf, "-f", self.fasta, *words)
            assert done.code == 0, done.err
        values = np.array([float(row[f"VARBIND_{key}"]) for row in records(out.read_bytes())])
        kinds = [line.split("\t")[0] for line in self.vcf.read_text().splitlines() if not line.startswith("#")]
        return [(kind, values[np.array(kinds) == kind]) for kind in VariantKind]


def share_is_no_larger(values, phred, background, kind):
    """Whether the share at or above a PHRED is what the PHRED says, or smaller."""
    stated = 10 ** (-phred / 10)
    # The changes of one site go together: so many SNVs tell no more than as many sites, at worst.
    sizes = np.array([len(values), background]) / kind.alleles_per_site
    return np.mean(values >= phred) <= stated + ERRORS * np.sqrt(stated * (1 - stated) * (1 / sizes).sum())


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return FreshVariants(tmp_path_factory.mktemp("few"), BackgroundRecipe(snvs=3_000, others=200, seed=SEED))


@pytest.mark.parametrize("key", first_quick(["LOSS_PHRED", "GAIN_PHRED"]))
@pytest.mark.parametrize("proteins", first_quick(["all", "ZBTB32", "default", "ZNF454"]))
def test_snvs_are_no_rarer_than_stated(few, key, proteins):
    _, snvs = few.phreds(key, proteins)[0]
    for phred in (3, 10, 20, 30):
        assert share_is_no_larger(snvs, phred, 15_000, VariantKind.SNV), phred
    # And no test passes because nothing is ever rare.
    assert proteins.startswith("Z") or 0.5 < np.mean(snvs >= 10) / 0.1 < 1.5


@pytest.mark.parametrize("key", ["LOSS_PHRED", "GAIN_PHRED"])
def test_all_kinds_are_no_rarer_than_stated(few, key):
    for kind, values in few.phreds(key, "all"):
        assert share_is_no_larger(values, 10, 1_000, kind), kind


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    return FreshVariants(tmp_path_factory.mktemp("many"), BackgroundRecipe(snvs=24_000, others=4_000, seed=SEED + 1))


@pytest.mark.slow
@pytest.mark.parametrize("key", ["LOSS_PHRED", "GAIN_PHRED"])
@pytest.mark.parametrize("proteins", ["default", "all"])
def test_many_variants_are_no_rarer_than_stated(many, key, proteins):
    """At 10 and 20 for every kind, at 30 for SNVs."""
    for kind, values in many.phreds(key, proteins):
        for phred in (10, 20, 30)[: 3 if kind is VariantKind.SNV else 2]:
            background = load_bank("default").background.changes[kind].variants
            assert share_is_no_larger(values, phred, background, kind), (kind, phred)


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(VariantKind))
def test_every_model_alone_is_no_rarer_than_stated(kind):
    """The 1,342 losses and gains of the shipped bank: none is far off, and in the mean they are not too rare."""
    bank, recipe = load_bank("default"), BackgroundRecipe(snvs=9_000, others=2_000, seed=SEED + 2)
    with Scorer(bank) as scorer:
        windows = background_windows(kind, recipe.count(kind), PromoterSource(), recipe.stream(kind))
        cut = [[window.inner(CONTEXT - scorer.flank) for window in batch] for batch in batches(windows, 500)]
        scores = [scorer.score(batch) for batch in cut]
    ref, alt = (np.concatenate([getattr(own, allele) for own in scores]) for allele in ("ref", "alt"))
    table = bank.background.changes[kind]
    sizes = np.array([len(ref), table.variants]) / kind.alleles_per_site
    excesses = []
    for column, model in enumerate(bank.models):
        scale = BindingScale.of_cards([model], bank.cards[0].quantile_levels)
        effects = BindingEffects([model], scale, BackgroundTable({kind: table.take([column])}))
        own = BindingScores((model.model_id,), ref[:, [column]], alt[:, [column]])
        described = effects.describe(own, [kind] * len(ref), top=0)
        for key in ("loss_phred", "gain_phred"):
            phreds = np.array([getattr(effect, key) for effect in described])
            excesses.append([np.mean(phreds >= 10) - 0.1, np.mean(phreds >= 20) - 0.01])
    errors = np.sqrt(np.array([0.09, 0.0099]) * (1 / sizes).sum())
    assert (np.max(excesses, axis=0) <= [5.5, 6.5] * errors).all()
    assert (np.mean(excesses, axis=0) <= 0.3 * errors).all()
