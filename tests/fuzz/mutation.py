"""Hostile files made of sound ones: what a line, a field, a JSON value, an array file or a container can suffer.

A mutator takes bytes and a `Random` and gives bytes; the runner mixes it with mutations of single bytes.
"""

import json
import struct
from dataclasses import dataclass

from fuzz.world import bgzf

ODD_BYTES = (*(bytes([code]) for code in b"\0\r\n\t \xff\x0b\x1c;"), b"\r\n", b"\xc3\xa9", b"\xc2\x85", b"\x1b[2J")
NUMBERS = (0, 1, -1, 0.5, 255, 1 << 31, 1 << 63, 1 << 70, 1e308, 1e400, -1e400, float("nan"))
TEXTS = ("", ".", "a\tb", "a\nb", "a\u2028b", "\ud800", "\0", "A,B;C=D|E&F", "x" * 300)
JSON_PIECES = (*TEXTS, None, True, False, [], {}, [[]])
INTEGERS = (0, 1, 2, 17, 63, 64, 255, 256, 65_535, (1 << 31) - 1, (1 << 32) - 1, (1 << 63) - 1, (1 << 64) - 1)


@dataclass(frozen=True)
class Lines:
    """Mutates a text of lines of fields.

    Attributes:
        lines: whole lines to put in.
        words: fields to put in.
        separator: of fields.
        repair: called with the fields of a line, it makes them agree with the world.
    """

    lines: tuple[bytes, ...]
    words: tuple[bytes, ...]
    separator: bytes = b"\t"
    repair: object = None

    def __call__(self, data, random):
        lines = data.split(b"\n")
        for _ in range(random.choice((1, 1, 2, 4))):
            random.choice(_LINE_CHANGES)(self, lines, random)
        return b"\n".join(lines)

    def _place(self, lines, random):
        return random.randrange(len(lines)) if lines else 0

    def insert(self, lines, random):
        lines.insert(self._place(lines, random), random.choice(self.lines))

    def repeat(self, lines, random):
        place = self._place(lines, random)
        lines[place:place] = lines[place : place + random.choice((1, 1, 3))] * random.choice((1, 1, 1, 20))

    def drop(self, lines, random):
        if len(lines) > 1:
            del lines[self._place(lines, random)]

    def swap(self, lines, random):
        one, other = self._place(lines, random), self._place(lines, random)
        lines[one], lines[other] = lines[other], lines[one]

    def change_field(self, lines, random):
        place = self._place(lines, random)
        fields = lines[place].split(self.separator)
        number = random.randrange(len(fields))
        word = random.choice(self.words)
        fields[number] = random.choice((word, fields[number] + word, word + fields[number], b""))
        lines[place] = self.separator.join(fields)

    def change_fields(self, lines, random):
        place = self._place(lines, random)
        fields = lines[place].split(self.separator)
        one, other = random.randrange(len(fields)), random.randrange(len(fields))
        change = random.randrange(3)
        if change == 0:
            fields[one], fields[other] = fields[other], fields[one]
        elif change == 1:
            fields.insert(one, fields[other])
        else:
            del fields[one]
        lines[place] = self.separator.join(fields)

    def odd_byte(self, lines, random):
        place = self._place(lines, random)
        cut = random.randint(0, len(lines[place]))
        lines[place] = lines[place][:cut] + random.choice(ODD_BYTES) + lines[place][cut:]

    def line_ends(self, lines, random):
        lines[:] = [line.removesuffix(b"\r") if random.random() < 0.1 else line + b"\r" for line in lines]

    def make_true(self, lines, random):
        place = self._place(lines, random)
        if self.repair:
            lines[place] = self.separator.join(self.repair(lines[place].split(self.separator), random))


_LINE_CHANGES = (
    *[Lines.insert, Lines.change_field] * 4,
    *[Lines.make_true, Lines.repeat] * 2,
    *(Lines.drop, Lines.swap, Lines.change_fields, Lines.odd_byte, Lines.line_ends),
)


def json_text(data, random):
    """A JSON text with a value exchanged, dropped, added or moved."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return data[: random.randint(0, len(data))]
    for _ in range(random.choice((1, 1, 2))):
        tree = _changed(tree, random)
    return json.dumps(tree).encode()


def _changed(tree, random):
    places = list(_places(tree))
    if not places or random.random() < 0.02:
        return random.choice(JSON_PIECES)
    holder, key = random.choice(places)
    kind = random.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[key] = random.choice(NUMBERS)
    elif kind == 2 and isinstance(holder[key], str):
        holder[key] = holder[key] + random.choice(TEXTS)
    elif kind == 3:
        other, place = random.choice(places)
        holder[key] = other[place] if not _holds(other[place], holder) else None
    elif kind == 4 and isinstance(holder, list):
        holder.insert(key, holder[key])
    else:
        holder[key] = random.choice(JSON_PIECES)
    return tree


def _places(tree):
    """Every holder with every key of it."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(items):
        yield tree, key
        yield from _places(value)


def _holds(tree, sought):
    return tree is sought or any(holder[key] is sought for holder, key in _places(tree))


def array_file(data, random):
    """A safetensors file with another header, or other values in an array."""
    size = int.from_bytes(data[:8], "little")
    header, body = data[8 : 8 + size], bytearray(data[8 + size :])
    kind = random.randrange(4)
    if kind == 0 or len(data) < 8:
        changed = json_text(header, random)
        return len(changed).to_bytes(8, "little") + changed + body
    if kind == 1:
        return _renamed(header, random, bytes(body))
    if kind == 2 and len(body) >= 4:
        value = random.choice((float("nan"), float("inf"), -1e38, 3e38, 0.0, -0.0, 1e-45, 1e20))
        for _ in range(random.choice((1, 1, 8, 200))):
            place = random.randrange(len(body) // 4) * 4
            body[place : place + 4] = struct.pack("<f", value)
        return data[: 8 + size] + body
    return number(data, random)


def _renamed(header, random, body):
    """Two arrays of the file change their places, or one its type or shape to as many bytes."""
    try:
        tree = json.loads(header)
        names = [name for name in tree if name != "__metadata__"]
        one, other = random.choice(names), random.choice(names)
        if random.random() < 0.5:
            tree[one], tree[other] = tree[other], tree[one]
        else:
            tree[one]["dtype"] = random.choice(("F32", "I32", "U32", "F16", "U8", "F64", "BOOL", "BF16", "F8_E4M3"))
            tree[one]["shape"] = random.choice((tree[one]["shape"][::-1], [1, *tree[one]["shape"]], [], [0]))
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return header
    changed = json.dumps(tree).encode()
    return len(changed).to_bytes(8, "little") + changed + body


def number(data, random):
    """A number of 1 to 8 bytes anywhere, most of all near the start, where headers are."""
    found = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 3))):
        width = random.choice((1, 2, 4, 8))
        if len(found) <= width:
            break
        end = len(found) - width if random.random() < 0.5 else min(len(found) - width, 128)
        place = random.randint(0, end)
        value = random.choice(INTEGERS) % (1 << 8 * width)
        found[place : place + width] = value.to_bytes(width, "little")
    return bytes(found)


def binary_records(data, random):
    """A BCF whose header is left alone, most of the time; its length stands behind the magic."""
    start = 9 + int.from_bytes(data[5:9], "little")
    if start >= len(data) or random.random() < 0.2:
        return number(data, random)
    body = data[start:]
    if random.random() < 0.3:
        place = random.randrange(len(body))
        return data[: start + place] + random.choice(ODD_BYTES)[:1] + body[place + 1 :]
    return data[:start] + number(body, random)


def container(data, random):
    """A compressed file with a block lost, doubled, moved, cut or followed by something."""
    blocks = data.split(b"\x1f\x8b")
    place, other = random.randrange(len(blocks)), random.randrange(len(blocks))
    kind = random.randrange(6)
    if kind == 0:
        del blocks[place]
    elif kind == 1:
        blocks.insert(place, blocks[other])
    elif kind == 2:
        blocks[place], blocks[other] = blocks[other], blocks[place]
    elif kind == 3:
        blocks[place] = blocks[place][: random.randint(0, len(blocks[place]))]
    elif kind == 4:
        blocks.append(random.choice((b"", b"\0", b"garbage", b"\x1f\x8b", bgzf(b"")[2:])))
    else:
        return number(data, random)
    return b"\x1f\x8b".join(blocks)


def mixed(data, random, max_size, *, own, blind, controls):
    """One step of the runner: the first bytes choose, the rest is changed by its own mutator or blindly."""
    head, body = data[:controls].ljust(controls, b"\0"), data[controls:]
    if controls and random.random() < 0.15:
        place = random.randrange(controls)
        head = head[:place] + bytes([random.randrange(64)]) + head[place + 1 :]
    is_own = random.random() < 0.7
    body = own(body, random) if is_own else blind(body or b"\n", max(max_size - controls, 1))
    return (head + body)[:max_size]
