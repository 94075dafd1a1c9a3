# %% [markdown]
# # Notebook: from a VCF to a mutation map
#
# The same analysis as in the [tutorial](tutorial.md), in Python with pandas. `docs/notebook.py` is a notebook in the
# percent format of Jupytext: `jupytext --to notebook docs/notebook.py` converts it, and it also runs as a script. It
# writes its files into the folder `varbind-notebook`, and needs nothing but varbind.

# %%
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import pandas as pd

import varbind
from varbind.annotate.rank import RankSettings, rank_vcf
from varbind.draw.heat_map import MapMark, MapRow, draw_mutation_map

folder = Path("varbind-notebook")
with as_file(files("varbind") / "data" / "example") as example:
    shutil.copytree(example, folder, dirs_exist_ok=True)
fasta = folder / "reference.fa"

# %% [markdown]
# ## Annotate
#
# The bank is loaded once and serves all steps. The counts say how many alleles were scored, and why others were not.

# %%
bank = varbind.load_bank()
annotated = folder / "annotated.vcf.gz"
counts = varbind.annotate_vcf(
    folder / "variants.vcf", annotated, reference=fasta, bank=bank, genes=folder / "genes.gtf"
)
print(counts.sentence())

# %% [markdown]
# ## Shortlist
#
# `rank_vcf` writes the table of `varbind rank`: one row for each allele and gene. pandas reads it.

# %%
table = folder / "ranked.tsv"
rank_vcf(annotated, table, settings=RankSettings(samples=()))
ranked = pd.read_csv(table, sep="\t")
shortlist = ranked[ranked["phred"] >= 20]
print(
    shortlist[["id", "symbol", "tss_distance", "phred", "activity", "loss_protein", "carriers"]].to_string(index=False)
)

# %% [markdown]
# The IDs of the example say what was planted. Gains are ranked by a key of their own.

# %%
gains = ranked.sort_values("gain_phred", ascending=False)
print(gains[["id", "symbol", "gain_phred", "gain_protein", "activity"]].head(5).to_string(index=False))

# %% [markdown]
# How many alleles of each kind reach the cut-off? The first word of the ID says whether a site was broken or made.

# %%
kind = ranked["id"].str.split("_").str[0]
alleles = ranked.assign(kind=kind, listed=ranked["phred"] >= 20).drop_duplicates(["id", "alt"])
print(alleles.groupby("kind")["listed"].agg(["sum", "size"]))

# %% [markdown]
# ## One variant
#
# The candidates for the loss of the first allele of the shortlist, rarest loss first, with the scores of both alleles.

# %%
first = shortlist.iloc[0]
variant = varbind.normalise(first["chrom"], int(first["pos"]), first["ref"], first["alt"], fasta)
scores = varbind.score_variants([variant], fasta, bank).to_frame([variant])
candidates = pd.DataFrame(
    [candidate.split("|") for candidate in first["bind_loss"].split("&")],
    columns=["family", "protein", "model_id", "delta", "z"],
)
both = candidates.merge(scores[["model_id", "ref_score", "alt_score"]], on="model_id")
print(both.to_string(index=False))

# %% [markdown]
# ## Mutation map
#
# The change of the score for every substitution around the variant, and its picture. The ring is on the variant.

# %%
flank = 12
with varbind.Reference(fasta) as reference:
    sequence = reference.fetch(first["chrom"], first["pos"] - 1 - flank, first["pos"] + flank)
changes = varbind.mutation_map(sequence, bank, model_id=first["loss_model"])
mark = MapMark(0, flank, flank + 1, base=first["alt"])
picture = draw_mutation_map(
    [MapRow(sequence, changes, "reference")],
    title=f"{first['loss_protein']} at {first['chrom']}:{first['pos']}",
    first=int(first["pos"]) - flank,
    marks=[mark],
)
(folder / "map.svg").write_text(picture.document(), encoding="utf-8")
