"""Sites of known motifs in generated promoters, each broken at its most informative position: what does a bank name?

    python workflows/train-bank/planted.py DATA BANK --collection hocomoco --seed 1 -o TABLE

TABLE gets a row for each kind of site and each kind that is named first among the losses of the default models.
Choices are made on the sites of HOCOMOCO with seed 1, and the result is judged once on those of JASPAR 2026, with
seed 2.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from motif_collections import COLLECTIONS, read_collection

from varbind import load_bank
from varbind.bank.background import VariantKind
from varbind.bank.binding_changes import BindingEffects
from varbind.core.sequence import reverse_complement
from varbind.core.window import Window
from varbind.scoring.background import CONTEXT, PromoterSource
from varbind.scoring.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from motif_collections import Collection
    from numpy.typing import NDArray

    from varbind import Bank

KINDS = {
    "ETS": "ELF1 ELF2 ELF3 ELF4 ELF5 EHF ELK1 ELK3 ELK4 ERF ERG ETS1 ETS2 ETV1 ETV2 ETV3 ETV4 ETV5 ETV6 FEV FLI1 GABPA "
    "SPDEF SPI1 SPIB SPIC",
    "SP/KLF": "SP1 SP2 SP3 SP4 SP5 SP8 SP9 KLF1 KLF2 KLF3 KLF4 KLF5 KLF6 KLF7 KLF8 KLF9 KLF10 KLF11 KLF12 KLF13 KLF14 "
    "KLF15 KLF16 KLF17",
    "CTCF": "CTCF CTCFL",
    "GATA": "GATA1 GATA2 GATA3 GATA4 GATA5 GATA6",
    "NRF1": "NRF1",
    "YY1": "YY1 YY2 ZFP42",
    "REST": "REST",
    "CREB/ATF": "CREB1 CREB3 CREB3L1 CREB3L2 CREB3L3 CREB3L4 CREB5 CREM ATF1 ATF2 ATF3 ATF6 ATF6B ATF7 JDP2 XBP1",
    "AP-1": "FOS FOSB FOSL1 FOSL2 JUN JUNB JUND BATF BATF3 BACH1 BACH2 NFE2 NFE2L1 NFE2L2 JDP2 ATF3",
    "NFY": "NFYA NFYB NFYC",
    "bHLH": "USF1 USF2 USF3 MYC MYCN MAX MXI1 MNT MLX MLXIPL MITF TFE3 TFEB TFEC BHLHE40 BHLHE41 ARNTL CLOCK NPAS2 "
    "SREBF1 SREBF2 HEY1 HEY2 ARNT HIF1A EPAS1 AHR",
    "SRF": "SRF",
    "TATA": "TBP",
    "FOX": "FOXA1 FOXA2 FOXA3 FOXB1 FOXC1 FOXC2 FOXD1 FOXD2 FOXD3 FOXF1 FOXF2 FOXG1 FOXI1 FOXJ2 FOXJ3 FOXK1 FOXK2 "
    "FOXL1 FOXL2 FOXM1 FOXN3 FOXO1 FOXO3 FOXO4 FOXO6 FOXP1 FOXP2 FOXP3 FOXP4 FOXQ1 FOXS1",
    "HNF4": "HNF4A HNF4G",
    "HNF1": "HNF1A HNF1B",
}
"""Kinds of sites, and the proteins that bind them; a few bind two kinds."""

PLANTED_ONLY = {
    "CREB/ATF": "ATF1 ATF2 CREB1 CREM CREB5 ATF7",
    "AP-1": "FOS FOSB FOSL1 FOSL2 JUN JUNB JUND",
    "bHLH": "USF1 USF2 MYC MYCN MAX",
}
"""Kinds whose sites are those of a few proteins, because the others also bind half sites or other sites."""

LEAST_SCORE = 0.8
"""Of the largest score of the matrix."""

CASES = 500
PSEUDO_SHARE = 0.01


def main() -> None:
    """Judge a bank, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("bank")
    parser.add_argument("--collection", choices=COLLECTIONS, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    bank = load_bank(options.bank)
    default = bank.select([model.model_id for model in bank.models if model.default])
    collection = read_collection(options.data / "pwm", options.collection)
    cases = {kind: planted_cases(collection, kind, options.seed) for kind in KINDS}
    named = named_first(default, {kind: changes_of(default, windows) for kind, windows in cases.items()})
    lines = ["planted\tnamed\tcases"]
    lines += [f"{kind}\t{name}\t{count}" for kind, counts in named.items() for name, count in counts.most_common()]
    options.output.write_text("\n".join([*lines, ""]))


def kinds_of(protein: str) -> set[str]:
    """The kinds of sites that a protein binds; none for proteins that are not in `KINDS`."""
    return {kind for kind, proteins in KINDS.items() if protein.upper() in proteins.split()}


def planted_cases(collection: Collection, kind: str, seed: int) -> list[Window]:
    """`CASES` windows in whose reference allele a site stands that the alternate allele breaks."""
    rng = np.random.default_rng([seed, list(KINDS).index(kind)])
    proteins = PLANTED_ONLY.get(kind, KINDS[kind]).split()
    matrices = [shares for shares, protein in collection.values() if protein in proteins]
    if not matrices:
        raise SystemExit(f"the collection has no matrix of {kind}")
    promoters = PromoterSource().draw(CASES, 2 * CONTEXT + 1, rng)
    return [_planted(matrices[int(rng.integers(len(matrices)))], codes, rng) for codes in promoters]


def _planted(shares: NDArray[np.float64], promoter: NDArray[np.uint8], rng: np.random.Generator) -> Window:
    """A site of a matrix, on either strand, whose most informative position is in the middle of the promoter."""
    site = _drawn_site(shares, rng)
    smoothed = (shares + PSEUDO_SHARE) / (shares + PSEUDO_SHARE).sum(axis=1, keepdims=True)
    place = int((smoothed * np.log2(smoothed)).sum(axis=1).argmax())
    broken = site.copy()
    broken[place] = shares[place].argmin()
    if rng.integers(2):
        site, broken, place = reverse_complement(site), reverse_complement(broken), len(site) - 1 - place
    start = CONTEXT - place
    ref, alt = promoter.copy(), promoter.copy()
    ref[start : start + len(site)], alt[start : start + len(site)] = site, broken
    return Window(ref, alt, padded=False)


def _drawn_site(shares: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A site drawn from the shares of each position, again until its score is high and its best base can be broken."""
    smoothed = (shares + PSEUDO_SHARE) / (shares + PSEUDO_SHARE).sum(axis=1, keepdims=True)
    scores = np.log2(4 * smoothed)
    place = int((smoothed * scores).sum(axis=1).argmax())
    positions = np.arange(len(shares))
    while True:
        site = (rng.random((len(shares), 1)) >= np.cumsum(shares, axis=1)[:, :3]).sum(axis=1).astype(np.uint8)
        if (
            scores[positions, site].sum() >= LEAST_SCORE * scores.max(axis=1).sum()
            and site[place] != shares[place].argmin()
        ):
            return site


def changes_of(bank: Bank, windows: Sequence[Window]) -> NDArray[np.float32]:
    """Alternate minus reference scores of all models, (N, M)."""
    with Scorer(bank, flank=CONTEXT) as scorer:
        return scorer.score(windows, batch_size=CASES).delta


def named_first(bank: Bank, changes: Mapping[str, NDArray[np.float32]]) -> dict[str, Counter[str]]:
    """For each kind of site, how often each kind is the first among the losses.

    A family is of a kind if most of its models are of proteins that bind the kind; other families go by their names.
    """
    effects = BindingEffects(bank.models, bank.background)
    named: dict[str, Counter[str]] = {}
    for planted, delta in changes.items():
        described = effects.describe(delta, [VariantKind.SNV] * len(delta), top=1)
        firsts = [effect.losses[0].model.family if effect.losses else "none" for effect in described]
        named[planted] = Counter(_as_kind(bank, family, planted) for family in firsts)
    return named


def _as_kind(bank: Bank, family: str, planted: str) -> str:
    kinds = [kinds_of(model.protein) for model in bank.models if model.family == family]
    if not kinds:
        return family
    counts = Counter(kind for own in kinds for kind in own)
    most = [kind for kind, count in counts.items() if 2 * count > len(kinds)]
    return planted if planted in most else most[0] if most else family


if __name__ == "__main__":
    main()
