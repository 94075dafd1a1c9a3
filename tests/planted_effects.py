"""A genome with motifs whose changes have effects, and tables of variants with those effects, for second stages."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from integration.runs import call, unpacked
from motif_banks import CRE, E_BOX, TATA, motif_bank, motif_model
from oracles import TextReference
from planted import sequence, write_lines
from second_stages import random_effect

from varbind.api.variants import score_variants
from varbind.bank.binding_scale import BindingScale
from varbind.core.variant import Variant
from varbind.io.banks import write_bank
from varbind.io.effects import write_effect
from varbind.scoring.background import BackgroundRecipe, add_background

LENGTH = 3_000
TRAINED, UNSEEN = [f"chr{number}" for number in range(1, 7)], ["chr7", "chr8"]
SPACING, ISLAND = 50, 100
MOTIFS = {"USF1": E_BOX, "CREB1": CRE, "TBP": TATA}
QUICK = ("--networks", "2", "--background-snvs", "1000", "--threads", "1")


@dataclass
class World:
    """A genome with motifs, two tracks over it, a bank that knows the motifs, and tables of variants."""

    folder: Path

    def __post_init__(self):
        self.rng = np.random.default_rng(7)
        self.contigs, self.motif_starts = {}, {}
        for name in (*TRAINED, *UNSEEN):
            text = list(sequence(self.rng, LENGTH))
            starts = range(SPACING, LENGTH - SPACING, SPACING)
            for place, start in enumerate(starts):
                motif = list(MOTIFS.values())[place % 3]
                text[start : start + 8] = motif
            self.contigs[name] = "".join(text)
            self.motif_starts[name] = {
                motif: [start for place, start in enumerate(starts) if list(MOTIFS.values())[place % 3] == motif]
                for motif in MOTIFS.values()
            }
        self._write_genome()
        self._write_tracks()
        models = [motif_model(name, name, motif) for name, motif in MOTIFS.items()]
        self.bank = add_background(motif_bank(*models, name="motifs"), recipe=BackgroundRecipe(600, 100, 5))
        write_bank(self.folder / "bank", self.bank)
        self._write_local()
        self._write_tables()
        self._write_pairs()

    def _write_genome(self):
        write_lines(self.folder / "genome.fa", [f">{name}\n{text}" for name, text in self.contigs.items()])
        genes = [
            f"{name}\t{tss}\t{tss + 300}\t{name}.{tss}\t0\t{'+-'[tss % 2]}"
            for name in self.contigs
            for tss in (801, 2000)
        ]
        write_lines(self.folder / "genes.bed", genes)

    def _write_tracks(self):
        """Every other stretch of 100 bases is conserved; the second track is a share, and says nothing."""
        import pybigtools

        lengths = dict.fromkeys(self.contigs, LENGTH)
        high = {name: self.rng.normal(size=LENGTH) + 2 * self.islands() for name in self.contigs}
        share = {name: self.rng.random(LENGTH) for name in self.contigs}
        for track, values in (("a", high), ("b", share)):
            rows = [(name, base, base + 1, float(own[base])) for name, own in values.items() for base in range(LENGTH)]
            pybigtools.open(str(self.folder / f"{track}.bw"), "w").write(lengths, iter(rows))

    @staticmethod
    def islands():
        return np.arange(LENGTH) // ISLAND % 2 == 1

    def snv(self, contig, base):
        """A random change of a base, 0-based."""
        ref = self.contigs[contig][base]
        return Variant(contig, base + 1, ref, str(self.rng.choice([alt for alt in "ACGT" if alt != ref])))

    def in_motifs(self, contig, motif, count):
        starts = self.rng.choice(self.motif_starts[contig][motif], count)
        return [self.snv(contig, int(start + self.rng.integers(8))) for start in starts]

    def anywhere(self, contig, count, chosen=None):
        places = np.arange(LENGTH) if chosen is None else np.flatnonzero(chosen)
        return [self.snv(contig, int(base)) for base in self.rng.choice(places, count, replace=False)]

    def planted_effects(self, variants):
        """What would be measured without noise: the bound change of the first motif."""
        scores = score_variants(variants, TextReference(**self.contigs), self.bank.select(["USF1"]))
        scale = BindingScale.of_cards(self.bank.models[:1], self.bank.cards[0].quantile_levels)
        return scale.bound_change(scores.ref, scores.alt)[:, 0]

    def _write_local(self):
        """A second stage with a local network of random weights alone."""
        made = random_effect(self.bank, heads=("local",), curves=())
        facts = {"held_out": {"measure": "share", "value": 0.5, "data": "other windows", "variants": 9}}
        write_effect(self.folder / "local", replace(made, card=replace(made.card, heads={"local": facts})))

    def _write_tables(self):
        self.activity, self.classes, self.pathogenic = [], [], []
        rows = []
        for name in TRAINED[:5]:
            variants = unique(self.in_motifs(name, E_BOX, 35) + self.anywhere(name, 40))
            effects = self.planted_effects(variants) + self.rng.normal(0, 0.3, len(variants))
            rows += [row_of(v, f"{e:.4f}", "0.1", f"enhancer {name}") for v, e in zip(variants, effects, strict=True)]
            self.activity += variants
        write_lines(self.folder / "activity.tsv", ["chrom\tpos\tref\talt\teffect\tse\tlocus", *rows])
        rows = []
        for name in TRAINED:
            broken = [v for v in self.in_motifs(name, CRE, 60) if self.islands()[v.start]]
            derived = [v for v in self.anywhere(name, 60, ~self.islands()) if v not in broken]
            rows += [row_of(v, 1) for v in unique(broken)] + [row_of(v, 0) for v in derived]
            self.classes += broken + derived
        write_lines(self.folder / "classes.tsv", ["chrom\tpos\tref\talt\tlabel", *rows])
        rows = []
        for name in TRAINED:
            for label, chosen in ((1, self.islands()), (0, ~self.islands())):
                variants = self.anywhere(name, 15, chosen)
                rows += [row_of(v, label) for v in variants]
                self.pathogenic += variants
        write_lines(self.folder / "pathogenic.tsv", ["chrom\tpos\tref\talt\tlabel", *rows])

    def _write_pairs(self):
        """Of two sources, on a contig that no locus is on and on one of a locus."""
        self.pairs = unique(self.in_motifs(TRAINED[5], E_BOX, 60) + self.anywhere(TRAINED[5], 60))
        self.pairs += [v for v in self.anywhere(TRAINED[0], 30) if v not in self.activity]
        effects = self.planted_effects(self.pairs) + self.rng.normal(0, 0.3, len(self.pairs))
        sources = np.where(np.arange(len(self.pairs)) % 2 == 0, "first\t2", "other\t1")
        rows = [row_of(v, f"{e:.4f}", "0.1", s) for v, e, s in zip(self.pairs, effects, sources, strict=True)]
        write_lines(self.folder / "pairs.tsv", ["chrom\tpos\tref\talt\teffect\tse\tsource\tweight", *rows])

    def with_pairs(self):
        """The options of a local network and of pairs."""
        return ["--local", self.folder / "local", "--pairs", self.folder / "pairs.tsv"]

    def tracks(self):
        return [word for name in "ab" for word in ("--conservation", f"{name}={self.folder / name}.bw")]

    def train(self, output, *options, heads=("activity", "classes", "pathogenic")):
        tables = [word for head in heads for word in (f"--{head}", self.folder / f"{head}.tsv")]
        return [*self.words(output, *tables), "--genes", self.folder / "genes.bed", *self.tracks(), *options]

    def words(self, output, *options):
        where = ["--bank", self.folder / "bank", "-f", self.folder / "genome.fa", "-o", output]
        return ["train", "effect", *where, *QUICK, *options]

    def annotate(self, source, output, *options, bank="bank", tracks=True, genes=True):
        where = ["-f", self.folder / "genome.fa", "--everywhere"]
        where += ["--genes", self.folder / "genes.bed"] if genes else []
        words = [
            "annotate",
            source,
            "-o",
            output,
            *where,
            "--bank",
            self.folder / bank,
            *(self.tracks() if tracks else []),
        ]
        done = call(*words, *options)
        assert done.code == 0, done.err
        return unpacked(output)

    def write_vcf(self, path, variants):
        lines = ["##fileformat=VCFv4.3", *(f"##contig=<ID={name},length={LENGTH}>" for name in self.contigs)]
        lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
        return write_lines(path, lines + [f"{v.chrom}\t{v.pos}\t.\t{v.ref}\t{v.alt}\t.\tPASS\t." for v in variants])


def row_of(variant, *words):
    return "\t".join(map(str, (variant.chrom, variant.pos, variant.ref, variant.alt, *words)))


def unique(variants):
    """Each once, in order."""
    return list(dict.fromkeys(variants))
