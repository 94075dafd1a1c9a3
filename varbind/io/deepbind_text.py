"""The published DeepBind parameter files and their index.

A folder contains the index `db.tsv`, and one parameter file per model, `params/*.txt`: the line `# deepbind 0.1`, then
lines `key = value`. `detectors` is flat, with the index detector + D * (base + 4 * position) and the bases A C G T.
"""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from varbind.bank.model_card import ModelCard
from varbind.core.deepbind import DeepBindConfig, DeepBindStack, deepbind_stacks
from varbind.errors import ResourceError, output_errors
from varbind.io.output.atomic_files import whole_folder
from varbind.io.size_limits import whole_bytes, without_mark

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from varbind.core.network_stack import NetworkStack

__all__ = ["read_deepbind_folder", "read_parameter_file", "write_deepbind_folder"]

logger = logging.getLogger(__name__)

# The published second stage reads the central 25, 31 or 51 bases for detectors of length 20, 24 or 32. No rule is
# published for other lengths; they use the nearest of the three.
WINDOW_OF_DETECTOR_LEN = {14: 25, 16: 25, 20: 25, 24: 31, 32: 51, 36: 51}

# Proteins with a ChIP-seq model that the index lists as transcription factors, although they have no DNA-binding
# domain: chromatin modifiers, general factors and co-factors. The index does not state a family for most of them.
NOT_SEQUENCE_SPECIFIC = frozenset({"BRCA1", "KDM5A", "KDM5B", "MTA3", "RCOR1", "SETDB1"})
# The index spells two families in two ways each.
FAMILY_SPELLINGS = {"znfC2H2": "C2H2 ZF", "Homeodomain + POU": "Homeodomain,POU"}
SEQUENCE_SPECIFIC_WITHOUT_FAMILY = {"NFYB": "CBF/NF-Y", "NRF1": "NRF"}

PARAMETERS_BYTES_MAX = 1 << 22
INDEX_BYTES_MAX = 1 << 24
NAMED_MAX = 10

_HEADER = ("reverse_complement", "num_detectors", "detector_len", "has_avg_pooling", "num_hidden")
_COLUMNS = ("ID", "Protein", "Type", "Species", "Family", "Experiment", "Experiment Details", "Labels", "Cite")
_ARRAYS = ("detectors", "thresholds", "weights1", "biases1", "weights2", "biases2")


def read_deepbind_folder(
    folder: str | Path, *, allow_missing: bool = False
) -> tuple[list[ModelCard], list[DeepBindStack]]:
    """Read every parameter file of a folder, in the order of the ids.

    Args:
        folder: the folder.
        allow_missing: whether models of the index without a parameter file are left out with a warning.

    Returns:
        One card per model, and one stack per configuration.

    Raises:
        ResourceError: a file is missing or malformed, or a model is not in the index. Only deprecated models, which
            were published without parameters, need no file.
    """
    folder = Path(folder)
    paths = sorted((folder / "params").glob("*.txt"))
    if not paths:
        raise ResourceError("no params/*.txt here", path=folder, remedy="give the folder that holds db.tsv and params/")
    index = _read_index(folder / "db.tsv")
    for path in paths:
        if path.stem not in index:
            raise ResourceError(f"model {path.stem} is not in the index", path=folder / "db.tsv")
    _look_for_missing(index, {path.stem for path in paths}, folder / "db.tsv", allow_missing=allow_missing)
    models: list[ModelCard] = []
    singles: dict[DeepBindConfig, list[DeepBindStack]] = {}
    for path in paths:
        stack = read_parameter_file(path)
        try:
            models.append(_card(path.stem, index[path.stem], stack.config))
            models[-1].check()
        except ValueError as error:
            raise ResourceError(f"model {path.stem!r} cannot be imported: {error}", path=folder / "db.tsv") from error
        singles.setdefault(stack.config, []).append(stack)
    return models, [DeepBindStack.concatenate(singles[config]) for config in sorted(singles)]


def _look_for_missing(
    index: Mapping[str, Mapping[str, str]], found: set[str], path: Path, *, allow_missing: bool
) -> None:
    """Refuse an index with models that have no file, or warn of them."""
    without = [model_id for model_id in index if model_id not in found]
    missing = [model_id for model_id in without if not _is_deprecated(index[model_id])]
    if deprecated := len(without) - len(missing):
        logger.info("%s: %d deprecated models without a parameter file are left out", path, deprecated)
    if not missing:
        return
    named = ", ".join(missing[:NAMED_MAX]) + (", ..." if len(missing) > NAMED_MAX else "")
    what = f"{len(missing):,} of {len(index):,} models have no parameter file params/ID.txt: {named}"
    if not allow_missing:
        raise ResourceError(what, path=path, remedy="add the files, or --allow-missing to import the others")
    logger.warning("%s: %s; they are left out", path, what)


def read_parameter_file(path: str | Path) -> DeepBindStack:
    """Read one model.

    Returns:
        A stack of one, named after the file.

    Raises:
        ResourceError: the file is missing or malformed.
    """
    path = Path(path)
    values = _read_assignments(path)
    try:
        double_stranded, detectors, detector_len, mean_pooling, hidden = (int(values[key]) for key in _HEADER)
        if {double_stranded, mean_pooling} - {0, 1} or min(detectors, detector_len) < 1 or hidden < 0:
            raise ValueError("a size or a flag is out of range")  # noqa: TRY301
        window = WINDOW_OF_DETECTOR_LEN.get(detector_len, 2 * detector_len - 1)
        config = DeepBindConfig(window, detector_len, detectors, bool(mean_pooling), hidden, bool(double_stranded))
        flat = {name: _floats(values[name]) for name in _ARRAYS}
        if not hidden:
            flat["biases2"] = np.zeros(1, dtype=np.float32)
        expected = config.array_shapes(1)
        arrays = {name: flat[name].reshape(expected[name]) for name in _ARRAYS}
        return DeepBindStack(config, (path.stem,), arrays)
    except KeyError as error:
        raise ResourceError(f"the line {error.args[0]} = ... is missing", path=path) from error
    except (ValueError, OverflowError) as error:
        raise ResourceError(f"not a DeepBind parameter file: {error}", path=path) from error
    except ResourceError as error:
        raise ResourceError(error.what, path=path) from error


def _read_assignments(path: Path) -> dict[str, str]:
    try:
        lines = without_mark(whole_bytes(path, PARAMETERS_BYTES_MAX)).decode("ascii").splitlines()
    except OSError as error:
        raise ResourceError(f"cannot be read: {error.strerror}", path=path) from error
    except UnicodeDecodeError as error:
        raise ResourceError(f"cannot be read as text: {error}", path=path) from error
    if not lines or not lines[0].startswith("# deepbind"):
        raise ResourceError("does not start with '# deepbind'", path=path, line=1)
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}


def _floats(text: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    with np.errstate(over="ignore"):  # the stack refuses infinite values
        return np.array([float(word) for word in text.split(",") if word], dtype=np.float32)


def _read_index(path: Path) -> dict[str, dict[str, str]]:
    """The rows of db.tsv by model id."""
    try:
        lines = without_mark(whole_bytes(path, INDEX_BYTES_MAX)).decode("utf-8", "replace").splitlines()
    except OSError as error:
        raise ResourceError(f"cannot be read: {error.strerror}", path=path) from error
    rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
    try:
        if not set(_COLUMNS) <= set(rows.fieldnames or ()):
            raise ResourceError(f"the index lacks the columns {', '.join(sorted(_COLUMNS))}", path=path)
        listed = list(rows)
    except csv.Error as error:
        raise ResourceError(f"the index cannot be read: {error}", path=path) from error
    index: dict[str, dict[str, str]] = {}
    for row in listed:
        if None in row.values():
            raise ResourceError(f"the row of {row['ID']} is cut short", path=path)
        if row["ID"] in index:
            remedy = "leave one of the rows out"
            raise ResourceError(f"the model {row['ID']} has two rows", path=path, remedy=remedy)
        index[row["ID"]] = row
    return index


def _card(model_id: str, row: dict[str, str], config: DeepBindConfig) -> ModelCard:
    listed = FAMILY_SPELLINGS.get(row["Family"], row["Family"])
    family = listed or SEQUENCE_SPECIFIC_WITHOUT_FAMILY.get(row["Protein"], "")
    return ModelCard(
        model_id=model_id,
        protein=row["Protein"],
        family=family or row["Protein"],
        species=row["Species"],
        assay=row["Experiment"],
        experiment=row["Experiment Details"],
        config=config,
        default=_binds_on_its_own(row, family),
        training={
            "type": row["Type"],
            "labels": row["Labels"],
            "class": row.get("Class", ""),
            "cite": row["Cite"],
        },
    )


def _binds_on_its_own(row: dict[str, str], family: str) -> bool:
    """Whether the model shows the DNA-binding preference of a human protein itself."""
    if row["Type"] != "TF" or row["Species"].lower() != "homo sapiens" or _is_deprecated(row):
        return False
    in_vitro = row["Experiment"] != "ChIP-seq"
    return in_vitro or (bool(family) and row["Protein"] not in NOT_SEQUENCE_SPECIFIC)


def _is_deprecated(row: Mapping[str, str]) -> bool:
    return "deprecated" in row["Labels"]


def write_deepbind_folder(folder: Path, models: Sequence[ModelCard], stacks: Sequence[NetworkStack[Any]]) -> None:
    """Write networks as parameter files with an index, as `read_deepbind_folder` reads them.

    The format does not have ensembles, so that each network of an ensemble becomes a model.

    Raises:
        OutputError: the folder exists or cannot be written.
        UsageError: a network has another architecture.
    """
    networks = deepbind_stacks(stacks, needed_for="a folder of DeepBind parameter files")
    config_of = {model_id: stack.config for stack in networks for model_id in stack.model_ids}
    with whole_folder(folder, parents=True) as partial, output_errors(folder):
        (partial / "params").mkdir()
        for stack in map(DeepBindStack.unstack, networks):
            for row, model_id in enumerate(stack.model_ids):
                text = _parameter_text(stack, row)
                (partial / "params" / f"{model_id}.txt").write_text(text, encoding="ascii")
        named = [
            (model, member_id)
            for model in models
            for member_id in config_of[model.network_id].member_ids(model.model_id)
        ]
        rows = ["\t".join(_COLUMNS), *("\t".join(_index_row(model, model_id)) for model, model_id in named)]
        (partial / "db.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _parameter_text(stack: DeepBindStack, row: int) -> str:
    config = stack.config
    header = (config.double_stranded, config.detectors, config.detector_len, config.mean_pooling, config.hidden)
    lines = ["# deepbind 0.1", *(f"{key} = {int(value)}" for key, value in zip(_HEADER, header, strict=True))]
    for name in _ARRAYS:
        values = getattr(stack, name)[row].ravel()
        if not config.hidden and name == "biases2":
            values = values[:0]
        # Nine digits after the point restore every float32.
        lines.append(f"{name} = {','.join(f'{value:.9e}' for value in values)}")
    return "\n".join(lines) + "\n"


def _index_row(model: ModelCard, model_id: str) -> list[str]:
    kind = str(model.training.get("type", "TF" if model.config.double_stranded else "RBP"))
    family = "" if model.family == model.protein else model.family
    row = {
        "ID": model_id,
        "Protein": model.protein,
        "Type": kind,
        "Species": model.species,
        "Family": family,
        "Experiment": model.assay,
        "Experiment Details": model.experiment,
        "Labels": str(model.training.get("labels", "")),
        "Cite": str(model.training.get("cite", "")),
    }
    return [row[column] for column in _COLUMNS]
