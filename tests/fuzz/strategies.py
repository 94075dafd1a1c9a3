"""What hypothesis draws: texts of a VCF, of regions and of genes, cards, and arrays, all of them hostile in places."""

import json

import numpy as np
from fuzz import pieces
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load, save

# Any bytes but those that would make other lines and columns of it.
ANY_FIELD = st.binary(max_size=12).map(lambda found: found.translate(None, b"\t\n"))
LINE_ENDS = st.sampled_from([b"\n"] * 9 + [b"\r\n"])


def mostly(sound, odd, *, chances=9):
    """The first, and one time in ten the other."""
    return st.integers(0, chances).flatmap(lambda number: odd if number == chances else sound)


def field(*words):
    """One of the words of a column, or any bytes."""
    return mostly(st.sampled_from(words), ANY_FIELD)


TRUE_RECORDS = st.randoms(use_true_random=False).map(
    lambda random: b"\t".join(
        pieces.true_record([b"", b"", b".", b"", b"A", b".", b"PASS", random.choice(pieces.INFOS)], random)
    )
)
HOSTILE_RECORDS = st.tuples(
    field(*pieces.CHROMS),
    field(*pieces.POSITIONS, *pieces.NUMBERS),
    field(b".", b"rs1"),
    field(*pieces.ALLELES),
    field(*pieces.ALLELES),
    field(b".", b"1e999"),
    field(b"PASS", b"q10;s50"),
    field(*pieces.INFOS),
).map(b"\t".join)
SAMPLES = st.tuples(field(b"GT", b"GT:LAA"), field(*pieces.SAMPLES)).map(b"\t".join)
BLANK = st.sampled_from([b"", b"\r"])
HEADERS = st.lists(mostly(st.sampled_from(pieces.HEADER_LINES[2:22]), ANY_FIELD), max_size=4)


@st.composite
def vcf_texts(draw):
    """A whole file; most records are true, and every column may be hostile."""
    has_samples = draw(st.booleans())
    columns = pieces.COLUMNS + b"\tFORMAT\ts1" * has_samples
    record = st.one_of(TRUE_RECORDS, TRUE_RECORDS, HOSTILE_RECORDS)
    if has_samples:
        record = st.tuples(record, SAMPLES).map(b"\t".join)
    records = draw(st.lists(mostly(record, BLANK), max_size=12))
    lines = [pieces.HEADER.rstrip(b"\n"), *draw(HEADERS), columns, *records]
    text = b"".join(line + draw(LINE_ENDS) for line in lines)
    return draw(mostly(st.just(text), st.just(text.rstrip(b"\r\n"))))


def lines_of(lines, words):
    """Lines of a table, each sound or of fields taken from anywhere."""
    mixed = st.lists(mostly(st.sampled_from(words), ANY_FIELD), min_size=1, max_size=9).map(b"\t".join)
    return st.lists(mostly(st.sampled_from(lines), mixed, chances=3), max_size=6).map(b"\n".join)


REGIONS = lines_of(pieces.REGION_LINES, pieces.REGION_WORDS)
GENES = lines_of(pieces.GENE_LINES, pieces.GENE_WORDS)
MAPS = lines_of(pieces.MAP_LINES, pieces.CHROMS)
REFERENCES = lines_of((*pieces.FASTA_LINES, *pieces.INDEX_LINES, b"%%"), pieces.INDEX_WORDS)
CONTROLS = st.binary(min_size=3, max_size=3)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=9),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=5,
)


@st.composite
def cards(draw, world, kind):
    """A card with a few of its values exchanged or lost, at any depth."""
    tree = json.loads(world.content(kind, "card.json"))
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from([*_places(tree)] or [({"": tree}, "")]))
        if draw(st.booleans()):
            holder[key] = draw(JSON_VALUES)
        else:
            del holder[key]
    return json.dumps(tree).encode()


def _places(tree):
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield tree, key
        yield from _places(value)


TYPES = ["float32", "float16", "float64", "int32", "uint32", "int64", "uint8", "bool"]
ARRAYS = st.sampled_from(TYPES).flatmap(
    lambda kind: arrays.arrays(kind, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
)


@st.composite
def array_files(draw, world, kind, file):
    """Arrays of which one has other values, another shape or type, is lost, or is too many."""
    found = load(world.content(kind, file))
    array = draw(st.sampled_from(sorted(found)))
    changes = {
        "values": lambda: _with_values(draw, found[array]),
        "any": lambda: draw(ARRAYS),
        "longer": lambda: np.concatenate([found[array], found[array]]) if found[array].ndim else found[array],
        "type": lambda: found[array].astype(draw(st.sampled_from(TYPES))),
        "shape": lambda: found[array].reshape(found[array].shape[::-1]),
    }
    change = draw(st.sampled_from([*changes, "lost", "too many"]))
    if change == "lost":
        del found[array]
    else:
        with np.errstate(all="ignore"):
            found[array + "x" * (change == "too many")] = changes.get(change, changes["any"])()
    return save({own: np.ascontiguousarray(values) if values.ndim else values for own, values in found.items()})


def _with_values(draw, array):
    changed = array.copy().reshape(-1)
    if not changed.size:
        return array
    with np.errstate(all="ignore"):
        value = np.array(draw(st.sampled_from([0, 1, -1, 1e30, -1e30, np.nan, np.inf, 255]))).astype(array.dtype)
    changed[draw(st.integers(0, changed.size - 1)) :] = value
    return changed.reshape(array.shape)
