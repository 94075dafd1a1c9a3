"""Kinds of binding sites: whose matrices describe them, who else binds them, and whose own sites resemble them.

The kinds serve two purposes. Sites of a kind are planted and broken to see which family a bank names
(`broken_sites.py`), and the sites of other kinds are balanced between bound and unbound regions, so that a network does
not learn the site of a partner (`partners.py`). A protein that is in no kind has sites that resemble none of these.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class SiteKind:
    """A kind of binding site.

    Attributes:
        planted: proteins whose matrices describe it.
        also: further proteins that bind it.
        similar: proteins whose own sites resemble it or contain it.
    """

    planted: frozenset[str]
    also: frozenset[str] = frozenset()
    similar: frozenset[str] = frozenset()

    @property
    def binders(self) -> frozenset[str]:
        """The proteins that bind it."""
        return self.planted | self.also


def _kind(planted: str, also: str = "", similar: str = "") -> SiteKind:
    return SiteKind(*(frozenset(names.split()) for names in (planted, also, similar)))


JUDGED = {
    "ETS": _kind(
        "ELF1 ELF2 ELK1 ELK3 ELK4 ERG ETS1 ETS2 ETV1 ETV4 ETV5 FEV FLI1 GABPA SPI1",
        "EHF ELF3 ELF4 ELF5 ERF ETV2 ETV3 ETV6 ETV7 SPDEF SPIB SPIC",
        "STAT2 IRF4 IRF8",
    ),
    "SP/KLF": _kind(
        "SP1 SP2 SP3 SP4 KLF3 KLF4 KLF5 KLF6 KLF9 KLF12",
        "SP5 SP8 SP9 KLF1 KLF2 KLF7 KLF8 KLF10 KLF11 KLF13 KLF14 KLF15 KLF16 KLF17",
        "EGR1 EGR2 EGR3 EGR4 WT1 MAZ PATZ1 VEZF1 ZNF281 ZNF148 ZNF740 ZFX ZNF263 ZBTB7A ZNF467 ZBTB17 GLIS1 E2F1",
    ),
    "CTCF": _kind("CTCF", "CTCFL"),
    "GATA": _kind("GATA1 GATA2 GATA3 GATA4 GATA6", "GATA5"),
    "NRF1": _kind("NRF1"),
    "YY1": _kind("YY1", "YY2 ZFP42"),
    "REST": _kind("REST", "", "MEIS1 MEIS2 MEIS3 PKNOX1 TGIF1 TGIF2"),
    "CREB/ATF": _kind(
        "ATF1 ATF2 CREB1 CREM",
        "ATF3 ATF6 ATF6B ATF7 CREB3 CREB3L1 CREB3L2 CREB3L3 CREB3L4 CREB5 JDP2 XBP1",
        "ATF4 CEBPB CEBPD CEBPG CEBPE DBP HLF TEF NFIL3 BATF BATF3 MAFB MAF MAFG MAFK MAFF",
    ),
    "AP-1": _kind(
        "FOS FOSB FOSL1 FOSL2 JUN JUNB JUND",
        "ATF3 BATF BATF3 JDP2 BACH1 BACH2 NFE2 NFE2L1 NFE2L2",
        "MAF MAFA MAFB MAFF MAFG MAFK NRL ATF1 ATF2 ATF7 CREB1 CREB5 CREM",
    ),
    "NFY": _kind("NFYA NFYB NFYC"),
    "bHLH": _kind(
        "MAX MYC MYCN USF1 USF2",
        "AHR ARNT ARNTL BHLHE40 BHLHE41 CLOCK EPAS1 HEY1 HEY2 HIF1A MITF MLX MLXIPL MNT MXI1 NPAS2 SREBF1 SREBF2 TFE3 "
        "TFEB TFEC USF3",
        "TFAP4 MYOD1 MYOG MSC",
    ),
    "SRF": _kind("SRF"),
    "TATA": _kind("TBP", "", "MEF2A MEF2B MEF2C MEF2D SRF CDX1 CDX2 HOXA10 HOXA13 HOXB13 HOXC10 HOXD10 HOXD13"),
    "FOX": _kind(
        "FOXA1 FOXA2 FOXA3 FOXC1 FOXJ2 FOXJ3 FOXK1 FOXO1 FOXO3 FOXO4 FOXP1 FOXP2",
        "FOXB1 FOXC2 FOXD1 FOXD2 FOXD3 FOXF1 FOXF2 FOXG1 FOXI1 FOXK2 FOXL1 FOXL2 FOXM1 FOXN3 FOXO6 FOXP3 FOXP4 FOXQ1 "
        "FOXS1",
    ),
    "HNF4": _kind("HNF4A HNF4G", "", "NR2F1 NR2F2 NR2F6 NR2C1 NR2C2 RXRA RXRB RXRG PPARA PPARG NR1H4 RARA TCF7L2"),
    "HNF1": _kind("HNF1A HNF1B", "", "HMBOX1"),
}
"""The kinds on which the bank is judged."""

OTHERS = {
    "C/EBP": _kind("CEBPA CEBPB CEBPD", "CEBPE CEBPG", "ATF4 DBP HLF TEF NFIL3"),
    "RUNX": _kind("RUNX1 RUNX2 RUNX3", "CBFB"),
    "IRF": _kind("IRF1 IRF2 IRF3 IRF8", "IRF4 IRF5 IRF6 IRF7 IRF9 STAT2 PRDM1"),
    "STAT": _kind("STAT1 STAT3 STAT4 STAT5A STAT5B", "STAT6", "BCL6 ZNF143"),
    "NF-kB": _kind("NFKB1 NFKB2 REL RELA RELB"),
    "TEAD": _kind("TEAD1 TEAD4", "TEAD2 TEAD3"),
    "MEF2": _kind("MEF2A MEF2C MEF2D", "MEF2B", "TBP SRF"),
    "POU": _kind("POU2F1 POU2F2 POU5F1", "POU1F1 POU3F1 POU3F2"),
    "SOX": _kind("SOX2 SOX4 SOX9 SOX10", "SOX3 SOX5 SOX6 SOX13 SOX17 SRY"),
    "TCF/LEF": _kind("LEF1 TCF7 TCF7L1 TCF7L2"),
    "EBF": _kind("EBF1"),
    "NFI": _kind("NFIA NFIC", "NFIB NFIX", "HIC1"),
    "RFX": _kind("RFX1 RFX2 RFX3 RFX5", "RFX4 RFX6 RFX7"),
    "p53": _kind("TP53 TP63 TP73"),
    "E-box CAGCTG": _kind(
        "ASCL1 MYOD1 MYOG TCF3 TCF12",
        "ATOH1 BHLHA15 FIGLA LYL1 MSC NEUROD1 NEUROD2 NEUROG1 OLIG2 OLIG3 PTF1A TAL1 TCF4 TFAP4 TWIST1",
        "ZEB1 SNAI1 SNAI2",
    ),
    "E2F": _kind("E2F1 E2F3 E2F4", "E2F2 E2F5 E2F6 E2F7 TFDP1", "SP1 ZBTB7A"),
    "EGR": _kind("EGR1 EGR2", "EGR3 EGR4 WT1", "SP1 SP2 SP3 SP4 KLF3 KLF4 KLF5 KLF6 MAZ"),
    "AP-2": _kind("TFAP2A TFAP2C", "TFAP2B TFAP2E", "EBF1"),
    "ZNF143": _kind("ZNF143", "ZNF76 THAP11", "STAT1 STAT3 STAT4 STAT5A STAT5B BCL6"),
    "NR3": _kind("AR NR3C1 PGR", "NR3C2", "ESR1 ESR2"),
    "ESR": _kind("ESR1 ESR2", "", "RARA NR2F1 NR2F2 AR NR3C1 PGR NR3C2 ESRRA ESRRB ESRRG"),
    "COUP": _kind(
        "NR2F1 NR2F2 NR2C2",
        "NR2C1 NR2F6 RXRA RXRB RXRG PPARA PPARG",
        "HNF4A HNF4G ESR1 ESR2 NR1H4 ESRRA ESRRB ESRRG NR4A1 NR4A2 NR5A1 NR5A2",
    ),
    "NR5": _kind(
        "ESRRA ESRRB NR5A2",
        "ESRRG NR4A1 NR4A2 NR5A1",
        "RORA RORC NR2F1 NR2F2 NR2F6 NR2C1 NR2C2 RXRA ESR1 ESR2 HNF4A HNF4G",
    ),
    "GRHL": _kind("GRHL2", "GRHL1 GRHL3 TFCP2 UBP1"),
    "HOX/CDX": _kind("CDX1 CDX2 HOXB13", "HOXA10 HOXA13 HOXC10 HOXD10 HOXD13"),
    "ONECUT": _kind("ONECUT1", "CUX1 CUX2 ONECUT2 ONECUT3"),
    "MYB": _kind("MYB", "MYBL1 MYBL2"),
    "MAF": _kind("MAFF MAFG MAFK", "MAF MAFB NRL", "BACH1 BACH2 NFE2 NFE2L1 NFE2L2"),
    "GFI1": _kind("GFI1 GFI1B"),
    "ZEB": _kind(
        "ZEB1 SNAI2",
        "SNAI1 SCRT1",
        "ASCL1 ATOH1 BHLHA15 FIGLA MSC MYOD1 MYOG TCF3 TCF4 TCF12 TFAP4 TWIST1",
    ),
    "HSF": _kind("HSF1 HSF2", "HSF4"),
    "T-box": _kind("TBX21", "EOMES T TBR1"),
    "MEIS/PKNOX": _kind("MEIS1 PKNOX1", "MEIS2 MEIS3 TGIF1 TGIF2 PBX1 PBX2 PBX3"),
    "MAZ": _kind("MAZ", "", "SP1 SP2 SP3 SP4 KLF3 KLF4 KLF5 KLF6 KLF9 ZNF740 ZNF263 PATZ1 EGR1 WT1"),
}
"""Further kinds, so that no choice is made on the judged kinds alone."""

SITE_KINDS = JUDGED | OTHERS


def kinds_bound_by(protein: str) -> set[str]:
    """The kinds of sites that a protein binds."""
    return {name for name, kind in SITE_KINDS.items() if protein.upper() in kind.binders}


def kinds_of_family(binds: Sequence[set[str]]) -> list[str]:
    """The kinds of sites that most models of a family bind, the most frequent first, from those of each model."""
    counts = Counter(kind for own in binds for kind in own)
    return [kind for kind, count in counts.most_common() if 2 * count > len(binds)]


def foreign_kinds(protein: str) -> list[str]:
    """The kinds that a protein does not bind, and that do not resemble its own sites."""
    return [name for name, kind in SITE_KINDS.items() if protein.upper() not in kind.binders | kind.similar]
