"""Draw the pictures of docs/gallery.md, and print the table of its variants.

    python workflows/gallery/draw_gallery.py DATA -w FOLDER

DATA has `known-sites` (elements.fa.gz, sites.tsv) and `mpra` (elements.fa.gz). FOLDER gets `elements.fa`, whose contigs
are the elements, `known.vcf` with the ten variants at their places in them, and the pictures. Each picture is made by
the command that the page shows, and the pictures of the page are then replaced by those of FOLDER.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import varbind
from varbind.bank.background import kind_of
from varbind.bank.binding_changes import BindingEffects

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "gallery"
SEEN = 0.01
"""A site counts as seen if at most this share of background SNVs changes the model as much in the right direction."""


@dataclass(frozen=True, slots=True)
class Site:
    """A documented variant, and what the literature says that it does.

    Attributes:
        place: the element and the position in it.
        name: the name of the picture.
        models: the models of the proteins whose binding changes.
        sign: 1 = the variant creates the site, -1 = it breaks the site.
    """

    place: str
    name: str
    models: tuple[str, ...]
    sign: int


SITES = (
    Site("TERT:125", "tert-c228t", ("GABPA",), 1),
    Site("TERT:147", "tert-c250t", ("GABPA",), 1),
    Site("TERT:58", "tert-57", ("GABPA",), 1),
    Site("HBB:78", "hbb-28", ("TBP",), -1),
    Site("HBB:137", "hbb-87", ("KLF4", "KLF1"), -1),
    Site("HBB:138", "hbb-88", ("KLF4", "KLF1"), -1),
    Site("HBG1:228", "hbg1-175", ("GATA1", "TAL1", "TCF12"), 1),
    Site("HBG1:170", "hbg1-117", ("BCL11A",), -1),
    Site("LDLR:177", "ldlr-142", ("SP1",), -1),
    Site("LDLR:183", "ldlr-136", ("SP1",), -1),
)

REGIONS = {"f9-hnf4a": ("F9:101-300", "HNF4A"), "pklr-gata1": ("PKLR-24h:51-240", "GATA1")}
LOGOS = ("ELK1", "GATA1", "HNF4A", "CTCF", "KLF4", "USF1")


def main() -> None:
    """Write the inputs, run the commands, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("-w", dest="folder", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    write_inputs(options.data, options.folder)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for command in commands():
        subprocess.run([sys.executable, "-m", "varbind", *command.split()[1:]], cwd=options.folder, check=True)  # noqa: S603
        name = command.split()[-1]
        shutil.copyfile(options.folder / name, PICTURES / name)
        print(command, f"{(PICTURES / name).stat().st_size:,} bytes")
    print_table(options.folder)


def commands() -> list[str]:
    """The command of each picture, as the page shows it; the last word is the picture."""
    known = [
        f"varbind map known.vcf -f elements.fa -t {site.place} --protein {','.join(site.models)} -o {site.name}.svg"
        for site in SITES
    ]
    regions = [
        f"varbind map {region} -f elements.fa --protein {protein} -o {name}.svg"
        for name, (region, protein) in REGIONS.items()
    ]
    return [*known, *regions, f"varbind models logo {' '.join(LOGOS)} --top 1 -o logos.svg"]


def write_inputs(data: Path, folder: Path) -> None:
    """Write the elements and the known variants."""
    elements = {**read_elements(data / "mpra"), **read_elements(data / "known-sites")}
    fasta = "".join(f">{name}\n{letters}\n" for name, letters in elements.items())
    (folder / "elements.fa").write_text(fasta, encoding="ascii")
    records = []
    with (data / "known-sites" / "sites.tsv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            offset = int(row["offset_in_element"])
            if elements[row["gene"]][offset] != row["ref"]:
                raise SystemExit(f"{row['gene']}: the base at {offset} is not {row['ref']}")
            records.append(f"{row['gene']}\t{offset + 1}\t.\t{row['ref']}\t{row['alt']}\t.\t.\t.\n")
    head = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (folder / "known.vcf").write_text(head + "".join(records), encoding="ascii")


def read_elements(folder: Path) -> dict[str, str]:
    """The sequences of the elements by name."""
    found: dict[str, str] = {}
    name = ""
    with gzip.open(folder / "elements.fa.gz", "rt", encoding="ascii") as stream:
        for line in stream:
            if line.startswith(">"):
                name = line[1:].split()[0]
                found[name] = ""
            else:
                found[name] += line.strip()
    return found


def print_table(folder: Path) -> None:
    """Print how each model changes at each variant, as rows of Markdown."""
    bank = varbind.load_bank()
    alleles = {}
    for line in (folder / "known.vcf").read_text(encoding="ascii").splitlines():
        if not line.startswith("#"):
            chrom, pos, _, ref, alt, *_ = line.split("\t")
            alleles[f"{chrom}:{pos}"] = (chrom, int(pos), ref, alt)
    with varbind.Reference(folder / "elements.fa") as genome:
        for site in SITES:
            variant = varbind.normalise(*alleles[site.place], genome)
            for model in site.models:
                one = bank.select([model])
                scores = varbind.score_variants([variant], genome, one)
                (effect,) = BindingEffects.of_bank(one).describe(scores, [kind_of(variant)], top=1)
                share = next((change.share for change in (effect.gains if site.sign > 0 else effect.losses)), None)
                verdict = "seen" if share is not None and share <= SEEN else "missed"
                text = "wrong direction" if share is None else f"{100 * share:.2g} %"
                cells = (f"{site.place} {variant.ref}>{variant.alt}", model, "gain" if site.sign > 0 else "loss")
                numbers = (f"{scores.ref[0, 0]:.2f}", f"{scores.alt[0, 0]:.2f}", text, verdict)
                print("| " + " | ".join((*cells, *numbers)) + " |")


if __name__ == "__main__":
    main()
